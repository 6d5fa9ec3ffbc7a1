/**
 * The lane of one process: its serial home (architecture §5). At most one fold runs; callers wait for a slot and are answered as soon as
 * that slot is computed and stored.
 *
 *     compute(7) ─┐                       ┌─ slot 7 stored → answer
 *     compute(9) ─┼─ wanted = 9 ─ fold ───┤
 *     compute(8) ─┘   state(n) = execution-device(state(n-1), assignment(n))
 *
 * What a lane holds in memory can be dropped at any time ({@link ProcessLane.release}): it comes back from the newest snapshot and the
 * slots after it. A slot that fails ends the fold; the error is the slot's result. Failures that may pass are not stored. A definition with
 * `on-failure: skip` has the process go on: the state is the one before, the error its results.
 */
import type { Ao, Clock } from '../../core/device.ts';
import { type AoError, errorFrom } from '../../core/errors.ts';
import { textIn } from '../../core/fields.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { fail, failed, type Outcome, ok } from '../../core/outcome.ts';
import { setPrivate } from '../../core/private.ts';
import type { Assignments } from './assignments.ts';
import { begin, contentOf, snapshotRequest } from './beginning.ts';
import type { Definition } from './definition.ts';
import { execute, executeDry, isInLane, leftBehind, publicState } from './execution.ts';
import { isExhausting, isLost, mayPass, missingIn, slotOutcome, storedError, withPhase } from './failures.ts';
import { failureResults, skippedState } from './skipped.ts';
import type { Slots, SlotWriter } from './slots.ts';
import type { Snapshots } from './snapshots.ts';
import { Turns } from './turns.ts';

export interface LaneParts {
  readonly slots: Slots;
  readonly snapshots: Snapshots;
  readonly assignments: Assignments;
  readonly clock: Clock;
  /** AO-Core for one step of the fold; aborted by the signal. Programs end at the deadline (`performance.now()`) if there is one. */
  readonly toolbox: (signal: AbortSignal, deadline?: number) => Ao;
  /** Lets other work of this thread run. */
  readonly breathe: () => Promise<void>;
  /** Frees what the private handles of a state lead to (machines). The state is not used again. */
  readonly dispose: (state: Message) => void;
}

export interface LaneOptions {
  /** Wall time of one slot. */
  readonly slotTimeMs: number;
  /** Wall time of a dry run. */
  readonly dryRunTimeMs: number;
  /** A snapshot is taken when this much computing would have to be repeated without it. */
  readonly snapshotEveryMs: number;
  /** Slots whose results may wait to be written during a long fold, before it waits for the disk. */
  readonly maxUnwritten: number;
}

export const defaultLaneOptions: LaneOptions = {
  slotTimeMs: 60_000,
  dryRunTimeMs: 1_000,
  snapshotEveryMs: 250,
  maxUnwritten: 4_096,
};

/** What a lane is doing, for people. */
export type LaneStatus =
  | { readonly status: 'idle'; readonly slot: number }
  | { readonly status: 'computing'; readonly slot: number; readonly target: number }
  | { readonly status: 'waiting'; readonly slot: number; readonly for: string }
  | { readonly status: 'failed'; readonly slot: number; readonly error: string };

interface Waiter {
  readonly slot: number;
  readonly answer: (outcome: Outcome) => void;
}

interface Live {
  readonly state: Message;
  readonly slot: number;
  readonly writer: SlotWriter;
  /** Up to here slots may have been computed before; those that were skipped then are skipped again. */
  readonly known: number;
}

/** How long a fold may keep its thread before others get a turn. */
const breathEveryMs = 10;

export class ProcessLane {
  readonly definition: Definition;
  readonly #parts: LaneParts;
  readonly #options: LaneOptions;
  #waiters: Waiter[] = [];
  readonly #turns = new Turns();
  /** A fold has been given a turn and has not ended. */
  #folding = false;
  /** The live state, with the private handles of its devices, and the writer that continues after it. */
  #live: Live | undefined;
  #status: LaneStatus = { status: 'idle', slot: -1 };
  /** Computing time since the last snapshot. */
  #unsavedMs = 0;
  #snapshotCostMs = 0;
  /** A slot that used up its budget, and until when that is the answer. */
  #exhausted: { readonly slot: number; readonly until: number; readonly outcome: Outcome } | undefined;
  /** The slot before which machines were lost and rebuilt, so that this is tried once only. */
  #rebuiltFor = -1;
  #lastUsed: number;

  constructor(definition: Definition, parts: LaneParts, options: LaneOptions = defaultLaneOptions) {
    this.definition = definition;
    this.#parts = parts;
    this.#options = options;
    this.#lastUsed = parts.clock.now();
  }

  get status(): LaneStatus {
    return this.#status;
  }

  get busy(): boolean {
    return this.#turns.busy;
  }

  get warm(): boolean {
    return this.#live !== undefined;
  }

  /** Milliseconds since 1970. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  /** The state after `slot`, computing what is missing. Answers as soon as that slot is stored. */
  async compute(slot: number): Promise<Outcome> {
    this.#lastUsed = this.#parts.clock.now();
    const computed = await this.computed(slot);
    if (computed !== undefined) return computed;
    if (this.#exhausted !== undefined && slot >= this.#exhausted.slot && this.#lastUsed < this.#exhausted.until) {
      return this.#exhausted.outcome;
    }
    return new Promise((answer) => {
      this.#waiters.push({ slot, answer });
      if (this.#folding) return;
      this.#folding = true;
      void this.#turns.take(() => this.#fold());
    });
  }

  /** What a slot came to, if it is computed already. */
  async computed(slot: number): Promise<Outcome | undefined> {
    const live = this.#live;
    // During a fold the newest ones may not be written yet.
    if (live !== undefined && slot <= live.slot) {
      live.writer.begin();
      await live.writer.flush();
    }
    const stored = await this.#parts.slots.read(this.definition.id, slot);
    return stored === undefined ? undefined : slotOutcome(stored);
  }

  /**
   * Runs `work` on the live state at the newest computed slot, between two folds. What it does to the state is not kept: devices are told
   * by the private mark `inspecting` to leave their machines as they were.
   */
  inspect(work: (state: Message, ao: Ao) => Promise<Outcome>): Promise<Outcome> {
    this.#lastUsed = this.#parts.clock.now();
    return this.#turns.look(async () => {
      try {
        let outcome = await this.#inspect(work);
        if (isLost(outcome)) {
          this.#drop();
          outcome = await this.#inspect(work);
        }
        if (outcome === leftBehind) this.#drop();
        return outcome.status === 'ok' && isMessage(outcome.value) ? ok(publicState(outcome.value)) : outcome;
      } catch (thrown) {
        return failed(errorFrom(thrown, 'device-failed'));
      } finally {
        await this.#parts.breathe();
      }
    });
  }

  async #inspect(work: (state: Message, ao: Ao) => Promise<Outcome>): Promise<Outcome> {
    const refused = await this.#load(this.#toolbox());
    if (refused !== undefined) return refused;
    const newest = (await this.#parts.slots.latestState(this.definition.id))?.slot ?? -1;
    while (this.#live !== undefined && this.#live.slot < newest) {
      const step = await this.#step(this.#live.slot + 1, newest);
      if (step.ended !== undefined) return step.ended;
    }
    const timeMs = Math.min(this.#options.dryRunTimeMs, this.#options.slotTimeMs);
    const deadline = performance.now() + timeMs;
    const state = setPrivate(this.#live!.state, 'inspecting', true);
    return executeDry(timeMs, (signal) => work(state, this.#parts.toolbox(signal, deadline)));
  }

  /** Saves what would be lost and forgets the live state. */
  release(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#live === undefined) return;
      if (this.#unsavedMs > 0) await this.#snapshot(this.#toolbox());
      await this.#live.writer.flush();
      this.#drop();
    });
  }

  #toolbox(): Ao {
    return this.#parts.toolbox(AbortSignal.timeout(this.#options.slotTimeMs));
  }

  // ---- the fold -------------------------------------------------------------------------------------------------------------

  async #fold(): Promise<void> {
    try {
      const refused = await this.#load(this.#toolbox());
      if (refused !== undefined) {
        this.#fail(refused, (await this.#parts.slots.latest(this.definition.id))?.slot);
        return;
      }
      let breath = performance.now();
      while (this.#waiters.length > 0 && this.#live !== undefined) {
        const { slot } = this.#live;
        const target = Math.max(...this.#waiters.map((waiter) => waiter.slot));
        if (slot >= target) {
          await this.#settle();
          continue;
        }
        this.#status = { status: 'computing', slot, target };
        if ((await this.#step(slot + 1, target)).ended !== undefined) return;
        if (performance.now() - breath > breathEveryMs) {
          this.#live.writer.begin();
          await this.#parts.breathe();
          breath = performance.now();
        }
      }
      if (this.#live !== undefined) this.#status = { status: 'idle', slot: this.#live.slot };
    } catch (thrown) {
      this.#drop();
      this.#fail(failed(errorFrom(thrown)));
    } finally {
      this.#folding = false;
    }
  }

  /** Forgets the live state and its machines. */
  #drop(): void {
    if (this.#live !== undefined) this.#parts.dispose(this.#live.state);
    this.#live = undefined;
    this.#unsavedMs = 0;
  }

  /** Ends the fold with an error for everybody who waits. */
  #fail(outcome: Outcome, slot = (this.#live?.slot ?? -1) + 1): void {
    const sentence = outcome.status === 'error' ? outcome.error.message : 'The slot gave no state.';
    const missing = missingIn(outcome);
    this.#status =
      missing === undefined
        ? { status: 'failed', slot, error: sentence }
        : { status: 'waiting', slot: slot - 1, for: missing };
    this.#answerAll(outcome);
  }

  /** Computes one slot. `ended`: why the fold ends before it. */
  async #step(slot: number, target: number): Promise<Step> {
    const live = this.#live!;
    const started = performance.now();
    const ao = this.#toolbox();
    const next = await this.#parts.assignments.next(ao, live.state, this.definition, slot, target);
    if (next.status !== 'ok' || !isMessage(next.value)) {
      await this.#settle();
      this.#status = { status: 'waiting', slot: live.slot, for: `slot ${slot} of the schedule` };
      const ended = withPhase(next, 'get-schedule', slot);
      this.#answerAll(ended);
      return { ended };
    }
    const known = this.#skips && slot <= live.known;
    const results = known ? await this.#parts.slots.skipped(this.definition.id, slot) : undefined;
    if (results !== undefined) {
      await this.#put(slot, skippedState(live.state, slot, results), true);
      // With the next message that fails, everything since the last snapshot would be computed again.
      if (this.#unsavedMs > this.#snapshotCostMs) await this.#snapshot(ao);
      return { ended: undefined };
    }
    const assignment = next.value;
    // A definition that names its function has chosen for every message. The path of one could otherwise name a key of the state, and what
    // is there would be the next state.
    const chosen = this.definition.message.has('function') || !assignment.has('path');
    const request = chosen ? assignment.with('path', 'compute') : assignment;
    const outcome = await execute(ao, live.state.without('results', 'snapshot'), request, this.#options.slotTimeMs);
    if (outcome.status !== 'ok' || !isMessage(outcome.value) || !isInLane(outcome.value)) {
      if (isLost(outcome) && this.#rebuiltFor !== slot) return this.#rebuild(slot);
      const failure = this.#skips && !mayPass(outcome) ? withPhase(outcome, 'compute', slot) : undefined;
      if (failure?.status === 'error') return this.#skip(slot, failure.error);
      return { ended: await this.#failSlot(slot, outcome, performance.now() - started) };
    }
    const state = outcome.value
      .withAll([
        ['device', 'process@1.0'],
        ['at-slot', slot],
        // What a program makes of the definition it was shown is not the definition.
        ['process', this.definition.message],
      ])
      .withOrigin(undefined);
    this.#unsavedMs += performance.now() - started;
    await this.#put(slot, state, false);
    if (this.#unsavedMs > Math.max(this.#options.snapshotEveryMs, 10 * this.#snapshotCostMs)) await this.#snapshot(ao);
    return { ended: undefined };
  }

  /** The state after a slot: the live one from now on, stored soon, and at once where somebody waits for it. */
  async #put(slot: number, state: Message, skipped: boolean): Promise<void> {
    const live = this.#live!;
    const { writer } = live;
    this.#live = { ...live, state, slot };
    writer.add(slot, publicState(state), skipped);
    if (writer.waiting >= this.#options.maxUnwritten || this.#waiters.some((waiter) => waiter.slot <= slot)) {
      await this.#settle();
    } else if (writer.waiting >= 64) writer.begin();
  }

  /** Whether the process goes on behind a slot that fails. */
  get #skips(): boolean {
    return textIn(this.definition.message, 'on-failure') === 'skip';
  }

  /**
   * Stores the state before with the error for its results. What the failed call did to a machine is undone by beginning anew from the newest
   * snapshot; on the way the slot is known, and not run again.
   */
  async #skip(slot: number, error: AoError): Promise<Step> {
    const { state, writer } = this.#live!;
    writer.add(slot, publicState(skippedState(state, slot, failureResults(error))), true);
    await writer.flush();
    return this.#anew();
  }

  /** A machine was lost (it trapped, or its memory was wanted): the fold goes on from the newest snapshot. */
  async #rebuild(slot: number): Promise<Step> {
    this.#rebuiltFor = slot;
    await this.#live?.writer.flush();
    return this.#anew();
  }

  /** Begins again with what is stored. */
  async #anew(): Promise<Step> {
    this.#drop();
    const refused = await this.#load(this.#toolbox());
    if (refused !== undefined) this.#fail(refused);
    return { ended: refused };
  }

  /** Stores the error as the slot's result, unless it may pass, and tells everybody who waits for this slot or a later one. */
  async #failSlot(slot: number, outcome: Outcome, tookMs: number): Promise<Outcome> {
    const error = withPhase(outcome, 'compute', slot);
    if (error.status === 'error' && !mayPass(error)) this.#live!.writer.fail(slot, storedError(error.error));
    if (isExhausting(error)) {
      this.#exhausted = { slot, until: this.#parts.clock.now() + 10 * tookMs, outcome: error };
    }
    await this.#settle();
    this.#fail(error);
    // What the failed call did to a machine is not part of any state.
    this.#drop();
    return error;
  }

  /** Writes what was computed, then answers those whose slot is there. Throws `store-failed`; then nobody was answered. */
  async #settle(): Promise<void> {
    const live = this.#live;
    if (live === undefined) return;
    await live.writer.flush();
    const due = this.#waiters.filter((waiter) => waiter.slot <= live.slot);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.slot > live.slot);
    // Whoever gets the answer and asks is told so, even if a snapshot is still being written.
    if (this.#waiters.length === 0) this.#status = { status: 'idle', slot: live.slot };
    for (const waiter of due) {
      if (waiter.slot === live.slot) {
        waiter.answer(ok(publicState(live.state)));
        continue;
      }
      const stored = await this.#parts.slots.read(this.definition.id, waiter.slot);
      waiter.answer(
        stored === undefined ? fail('internal', `Slot ${waiter.slot} is not stored.`) : slotOutcome(stored),
      );
    }
  }

  #answerAll(outcome: Outcome): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.answer(outcome);
  }

  // ---- beginning and saving -------------------------------------------------------------------------------------------------

  /** Brings the live state to where the stored slots end; gives the outcome that prevents it. */
  async #load(ao: Ao): Promise<Outcome | undefined> {
    const { slots } = this.#parts;
    const { id } = this.definition;
    const latest = await slots.latest(id);
    if (latest !== undefined && 'failed' in latest) {
      // The process ended here; everything before is stored and answered from there.
      if (this.#waiters.some((waiter) => waiter.slot >= latest.slot)) return slotOutcome(latest);
    }
    if (this.#live !== undefined) return undefined;
    const newest = await slots.latestState(id);
    const { state, slot, outcome } = await begin(this.#parts, this.definition, newest, (state, key) =>
      execute(ao, state, key, this.#options.slotTimeMs),
    );
    if (outcome !== undefined) return withPhase(outcome, 'compute', slot + 1);
    this.#live = { state, slot, writer: slots.writer(id), known: newest?.slot ?? -1 };
    this.#unsavedMs = 0;
    return undefined;
  }

  async #snapshot(ao: Ao): Promise<void> {
    const live = this.#live;
    if (live === undefined || live.slot < 0) return;
    const started = performance.now();
    const outcome = await execute(ao, live.state, snapshotRequest, this.#options.slotTimeMs);
    const content = contentOf(outcome);
    if (content === undefined) return;
    const { snapshots } = this.#parts;
    let prepared = await snapshots.prepare(this.definition.id, live.slot, content);
    // Waiting for the store is no work that snapshots cost: counted in, it made them so rare that a node which died computed 1,900 slots of a
    // 10,000-account ledger again.
    this.#snapshotCostMs = performance.now() - started;
    await this.#settle();
    // Each time a page was removed that nobody had needed for long: not twice in a row.
    while (!(await snapshots.save(prepared))) {
      prepared = await snapshots.prepare(this.definition.id, live.slot, content);
    }
    this.#unsavedMs = 0;
  }
}

interface Step {
  readonly ended: Outcome | undefined;
}
