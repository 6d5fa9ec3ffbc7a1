/**
 * Lanes (spec 01 §4): calls in the same lane run one after another, and identical calls that meet in a lane run once and share the outcome.
 * A call that would wait for itself, directly or through other lanes, is refused instead.
 *
 *     lane "process/ID":   [running: compute 7] ← compute 7 (shares it) ← compute 8 (its turn next)
 */
import { type Awaitable, isPromise } from '../awaitable.ts';
import { equal } from '../equal.ts';
import { type Message, message } from '../message.ts';
import { fail, type Outcome } from '../outcome.ts';
import { cancelled, type Execution } from './execution.ts';

interface Job {
  readonly base: Message;
  readonly key: string;
  readonly request: Message | undefined;
  readonly outcome: Promise<Outcome>;
}

export class Lane {
  readonly jobs: Job[] = [];
  /** Settles when everything queued so far is done. */
  tail: Promise<unknown> = Promise.resolve();
  /** Lanes that calls inside this lane are waiting for. */
  readonly waitsFor = new Map<Lane, number>();
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  /** Runs `work` in the lane of this name, now if it is free. */
  enter(
    name: string,
    x: Execution,
    base: Message,
    key: string,
    request: Message | undefined,
    work: (lane: Lane) => Awaitable<Outcome>,
  ): Awaitable<Outcome> {
    const lane = this.#lanes.get(name);
    if (lane === undefined) return this.#lead(name, base, key, request, work);
    if (x.holds(lane)) return x.session.allowRecursion ? work(lane) : recursion;
    if (wouldDeadlock(lane, x)) return recursion;
    for (const job of lane.jobs) {
      if (job.key === key && sameRequest(job.request, request) && equal(job.base, base)) {
        return this.#share(job, name, x, base, key, request, work, lane);
      }
    }
    const turn = waiting(x, lane, lane.tail).then(() => work(lane));
    this.#add(name, lane, { base, key, request, outcome: turn });
    return unlessAborted(x, turn);
  }

  #lead(
    name: string,
    base: Message,
    key: string,
    request: Message | undefined,
    work: (lane: Lane) => Awaitable<Outcome>,
  ): Awaitable<Outcome> {
    const lane = new Lane();
    this.#lanes.set(name, lane);
    let outcome: Awaitable<Outcome> | undefined;
    try {
      outcome = work(lane);
      if (isPromise(outcome)) this.#add(name, lane, { base, key, request, outcome });
      return outcome;
    } finally {
      if (!isPromise(outcome) && lane.jobs.length === 0) this.#lanes.delete(name);
    }
  }

  #add(name: string, lane: Lane, job: Job): void {
    lane.jobs.push(job);
    const done = (): void => {
      lane.jobs.splice(lane.jobs.indexOf(job), 1);
      if (lane.jobs.length === 0) this.#lanes.delete(name);
    };
    lane.tail = job.outcome.then(done, done);
  }

  /** The outcome of an identical call. If that one was given up by its own caller, ours starts again. */
  async #share(
    job: Job,
    name: string,
    x: Execution,
    base: Message,
    key: string,
    request: Message | undefined,
    work: (lane: Lane) => Awaitable<Outcome>,
    lane: Lane,
  ): Promise<Outcome> {
    const outcome = await unlessAborted(x, waiting(x, lane, job.outcome));
    const givenUp =
      outcome.status === 'error' && (outcome.error.code === 'cancelled' || outcome.error.code === 'out-of-budget');
    return givenUp && !x.session.signal.aborted ? this.enter(name, x, base, key, request, work) : outcome;
  }
}

/** What a call gets that would wait for itself (spec 01 §4). */
export const recursion = fail('infinite-recursion', 'Request creates infinite recursion.', {
  status: 508,
  hint: 'What is asked for waits for the one who asks. Ask for a result that is there already.',
  value: message({ status: 508, body: 'Request creates infinite recursion.' }),
});

function sameRequest(a: Message | undefined, b: Message | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equal(a, b));
}

/** The outcome, or at once that of a request which was given up in the meantime. */
function unlessAborted(x: Execution, outcome: Promise<Outcome>): Promise<Outcome> {
  const { signal } = x.session;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(cancelled(x));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    outcome.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** Notes, while `x` waits for `lane`, that every lane it holds waits for that one, too. */
async function waiting<T>(x: Execution, lane: Lane, promise: Promise<T>): Promise<T> {
  const held: Lane[] = [];
  for (let at: Execution | undefined = x; at !== undefined; at = at.parent)
    if (at.lane !== undefined) held.push(at.lane);
  for (const mine of held) mine.waitsFor.set(lane, (mine.waitsFor.get(lane) ?? 0) + 1);
  try {
    return await promise;
  } finally {
    for (const mine of held) {
      const count = mine.waitsFor.get(lane)! - 1;
      if (count === 0) mine.waitsFor.delete(lane);
      else mine.waitsFor.set(lane, count);
    }
  }
}

/** Whether waiting for `lane` would close a circle: something in it waits, over other lanes perhaps, for a lane that `x` holds. */
function wouldDeadlock(lane: Lane, x: Execution): boolean {
  const seen = new Set<Lane>([lane]);
  for (const next of seen) {
    for (const other of next.waitsFor.keys()) {
      if (x.holds(other)) return true;
      seen.add(other);
    }
  }
  return false;
}
