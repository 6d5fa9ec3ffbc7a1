/**
 * Where a fold gets its assignments: from this node's log when the process is scheduled here, else from the copies of what another node
 * scheduled, which the scheduler device fetches. Either way a stretch at a time.
 *
 *     fold ─ slot ─► stretch in memory ─► log · copies ─► scheduler device ─► the node that schedules the process
 *                                                └─ while the fold is busy with one page, the next is on its way
 *
 * Pages begin small and grow as long as the other node answers; what is in memory is one stretch and at most one page under way.
 */
import type { Ao } from '../../core/device.ts';
import { errorFrom } from '../../core/errors.ts';
import { integer } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, failed, type Outcome, ok } from '../../core/outcome.ts';
import { setPrivate } from '../../core/private.ts';
import { notYet } from '../scheduler/formats.ts';
import type { ScheduleLog } from '../scheduler/log.ts';
import type { Definition } from './definition.ts';
import { roleDevice, runAs } from './run-as.ts';

/** Assignments read ahead of a fold. */
const stretch = 64;
/** Slots that another node is asked for at a time. */
const firstPage = 128;
const largestPage = 1_000;

/** A process whose schedule another node keeps. */
interface Distant {
  page: number;
  /** Up to here there are copies, as far as this fold knows. */
  through: number;
  /** A page on its way. */
  fetching: Promise<Outcome> | undefined;
}

export class Assignments {
  readonly #log: ScheduleLog;
  readonly #ahead = new Map<string, { readonly from: number; readonly items: readonly Message[] }>();
  readonly #distant = new Map<string, Distant>();

  constructor(log: ScheduleLog) {
    this.#log = log;
  }

  /** The assignment of `slot`, or the error that says why there is none. `target`: how far the fold wants to go. */
  async next(ao: Ao, state: Message, { id }: Definition, slot: number, target: number): Promise<Outcome> {
    const ahead = this.#ahead.get(id);
    const known = ahead?.items[slot - ahead.from];
    if (known !== undefined) return ok(known);
    this.#ahead.delete(id);
    if ((await roleDevice(ao, state, 'scheduler')) !== 'scheduler@1.0') return given(ao, state, slot);
    const last = Math.min(target, slot + stretch - 1);
    let items = await this.#log.range(id, slot, last);
    if (items.length === 0) {
      const refused = await this.#bring(ao, state, id, slot, target);
      if (refused !== undefined) return refused;
      items = await this.#log.copies.range(id, slot, last);
    }
    if (items[0] === undefined) return notYet;
    if (items.length > 1) this.#ahead.set(id, { from: slot, items });
    return ok(items[0]);
  }

  /** Forgets what was read ahead for a process. */
  forget(process: string): void {
    this.#ahead.delete(process);
    this.#distant.delete(process);
  }

  /** Sees to it that there is a copy of `slot`, and that the next page comes in time. Gives the outcome that prevents it. */
  async #bring(ao: Ao, state: Message, id: string, slot: number, target: number): Promise<Outcome | undefined> {
    const distant = this.#distant.get(id) ?? { page: firstPage, through: slot - 1, fetching: undefined };
    this.#distant.set(id, distant);
    const fetch = (from: number): Promise<Outcome> => this.#fetch(ao, state, distant, from, target);
    // What failed on its way is asked for again: the error of a page that nobody waited for says nothing about now.
    if (slot > distant.through) await distant.fetching;
    if (slot > distant.through) {
      const outcome = await fetch(slot);
      if (outcome.status !== 'ok') return outcome;
    }
    if (distant.through < target && distant.fetching === undefined && distant.through >= slot) {
      distant.fetching = fetch(distant.through + 1).finally(() => {
        distant.fetching = undefined;
      });
    }
    return undefined;
  }

  /** Has the scheduler device bring a page; what it brings, it keeps. Never rejects. */
  async #fetch(ao: Ao, state: Message, distant: Distant, from: number, target: number): Promise<Outcome> {
    const to = Math.min(target, from + distant.page - 1);
    const request = setPrivate(message({ path: 'schedule', method: 'GET', from, to }), 'fold', true);
    const outcome = await Promise.resolve(runAs(ao, 'scheduler', state, request)).catch((thrown: unknown) =>
      failed(errorFrom(thrown)),
    );
    const page = outcome.status === 'ok' && isMessage(outcome.value) ? outcome.value.get('assignments') : undefined;
    if (isMessage(page)) {
      distant.through = Math.max(distant.through, from + page.size - 1);
      distant.page = Math.min(largestPage, 2 * Math.max(page.size, stretch));
    } else distant.page = Math.max(1, distant.page >> 2);
    return outcome;
  }
}

/** From a scheduler device of another kind: one at a time. */
async function given(ao: Ao, state: Message, slot: number): Promise<Outcome> {
  const outcome = await runAs(ao, 'scheduler', state, 'next');
  if (outcome.status !== 'ok') return outcome;
  const assignment = isMessage(outcome.value) ? outcome.value.get('body') : undefined;
  if (!isMessage(assignment)) return fail('peer-failed', 'The scheduler gave no assignment.');
  const value = assignment.get('slot');
  const named = value === undefined ? undefined : integer.read(value);
  if (named === slot) return ok(assignment);
  const reason =
    named === undefined
      ? 'Unprocessable slot value received in assignment.'
      : 'Received assignment slot does not match expected slot.';
  const status = named === undefined ? 500 : 404;
  return fail('peer-failed', reason, {
    status,
    value: message({
      status,
      reason,
      ...(named === undefined ? {} : { 'unexpected-slot': named, 'expected-slot': slot }),
    }),
  });
}
