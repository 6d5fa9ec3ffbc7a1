/**
 * The courier: goes on with what the outbox holds and nobody works on. After a restart that is everything that was under way; while the
 * node runs it is what failed and may work now, and what was pushed without waiting for the answer.
 *
 * The letters of one process are delivered one after the other, those of several side by side: a node that takes its time to answer holds
 * up only those who write to it.
 */
import type { Clock } from '../../core/device.ts';
import { isMessage } from '../../core/message.ts';
import { definitionIn } from '../process/definition.ts';
import type { Outbox, Work } from './outbox.ts';
import type { PushParts } from './post.ts';
import { deliver, walk } from './walk.ts';

export interface CourierParts {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** For one piece of work. */
  readonly push: (signal: AbortSignal) => PushParts;
  readonly failed: (error: unknown) => void;
}

/** Pieces of work taken at a time. */
const maxTaken = 32;
/** While so many processes are worked for, no other one is begun with. */
const maxBusy = 32;
/** The courier looks at least this often. */
const maxSleepMs = 60_000;

export class Courier implements AsyncDisposable {
  readonly #parts: CourierParts;
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  /** The processes that are worked for. */
  readonly #busy = new Map<string, Promise<void>>();

  constructor(parts: CourierParts) {
    this.#parts = parts;
  }

  /** Begins with what an earlier run of this program left. */
  start(): void {
    this.#parts.outbox.attend(() => this.#wake.resolve());
    this.#running ??= this.#run().catch(this.#parts.failed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.outbox.attend(undefined);
    this.#stop.abort();
    this.#wake.resolve();
    await this.#running;
    await Promise.all(this.#busy.values());
  }

  async #run(): Promise<void> {
    const { outbox, clock } = this.#parts;
    await outbox.load();
    const isFree = (process: string): boolean => this.#busy.size < maxBusy && !this.#busy.has(process);
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers();
      const taken = await outbox.take(clock.now(), maxTaken, isFree);
      for (const [process, works] of Map.groupBy(taken, processOf))
        this.#busy.set(process, this.#workFor(process, works));
      if (taken.length > 0) continue;
      const due = outbox.nextDue(isFree) ?? Number.POSITIVE_INFINITY;
      await this.#sleep(Math.min(maxSleepMs, Math.max(0, due - clock.now())));
    }
  }

  async #workFor(process: string, works: readonly Work[]): Promise<void> {
    try {
      for (const work of works) {
        if (this.#stop.signal.aborted) return;
        await this.#do(work).catch(this.#parts.failed);
      }
    } finally {
      this.#busy.delete(process);
      this.#wake.resolve();
    }
  }

  async #do(work: Work): Promise<void> {
    const parts = this.#parts.push(this.#stop.signal);
    const allowance = { messages: parts.options['push-max-messages'] };
    if ('letter' in work) {
      await deliver(parts, work.letter, { resultDepth: 0, maxDepth: work.letter.depth, allowance }, true);
      return;
    }
    const { mark } = work;
    const stored = await parts.cache.read(mark.process);
    if (!isMessage(stored)) {
      await parts.outbox.record(mark, []);
      return;
    }
    const definition = await definitionIn(parts.ao, parts.cache, parts.environment, stored);
    await walk(parts, definition, mark, { resultDepth: 0, maxDepth: mark.depth, allowance });
  }

  /** Until the time is over, or something became due. */
  async #sleep(ms: number): Promise<void> {
    const stopped = new AbortController();
    await Promise.race([this.#parts.clock.sleep(ms, stopped.signal).catch(() => undefined), this.#wake.promise]);
    stopped.abort();
  }
}

function processOf(work: Work): string {
  return 'mark' in work ? work.mark.process : work.letter.process;
}
