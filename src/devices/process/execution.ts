/**
 * Running the execution device on the live state of a process: told that it is in a lane, cut off when its time is over. Used by the fold, by
 * what begins and saves it, and by dry runs.
 */
import type { Ao } from '../../core/device.ts';
import { AoError, AoException, errorFrom } from '../../core/errors.ts';
import { isPrivateKey, type Message } from '../../core/message.ts';
import { fail, failed, type Outcome } from '../../core/outcome.ts';
import { getPrivate, setPrivate } from '../../core/private.ts';
import type { Value } from '../../core/value.ts';
import { runAs } from './run-as.ts';

/** Runs the execution device. One that waits for something that doesn't come is left behind after this time. */
export function execute(ao: Ao, state: Message, request: Value, timeMs: number): Promise<Outcome> {
  return inTime(timeMs, overTime, () => runAs(ao, 'execution', state, request));
}

/** What `work` gives, or `late` if that takes longer. */
async function inTime(timeMs: number, late: Outcome, work: () => Promise<Outcome>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve(late), timeMs);
  });
  try {
    return await Promise.race([work(), over]);
  } catch (thrown) {
    return failed(errorFrom(thrown, 'device-failed'));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A dry run: `work` gets a signal that ends it when its time is over. What goes on nevertheless is left behind: then this gives
 * {@link leftBehind}, and machines may be in the middle of something.
 */
export async function executeDry(timeMs: number, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
  const ending = new AbortController();
  const timer = setTimeout(() => ending.abort(new AoException(dryOverTime)), timeMs);
  try {
    return await inTime(timeMs + graceMs, leftBehind, () => work(ending.signal));
  } finally {
    clearTimeout(timer);
  }
}

/** How long what is told to end may take for that. */
const graceMs = 1_000;

const overTime = fail(
  'timeout',
  'The slot took longer than this node allows.',
  'Do less in one message, or ask the operator for a higher `slot-time-limit`.',
);

const dryOverTime = new AoError('timeout', 'The dry run took longer than this node allows.', {
  hint: 'Schedule the message, or ask the operator for a higher `dry-run-time-limit`.',
});

export const leftBehind: Outcome = failed(dryOverTime);

/** Tells devices with machines that only the newest state of this process is ever called: they need not keep earlier ones. */
export function inLane(state: Message, process: string): Message {
  return setPrivate(setPrivate(state, 'lane', true), 'lane-process', process);
}

/**
 * Whether this was made of the state before. A key of the state was not, nor was an answer about it: a message that has one of these for its
 * path doesn't put it in the place of the state.
 */
export function isInLane(state: Message): boolean {
  return getPrivate(state, 'lane') === true;
}

/** The state as others may see it and as it is stored: without private data. */
export function publicState(state: Message): Message {
  return state.filter((key) => !isPrivateKey(key) && key !== 'snapshot');
}
