/**
 * Who goes first when there is more to do than there are cores: the thread that answers requests, then Node's pool, then lane workers.
 *
 * Lane workers compute for as long as they are asked to; the thread that answers has a little to do at a time, and somebody waits for it.
 * Measured on two cores with one of them computing: the slowest hundredth of reads took about twice as long as on an idle node, with this
 * 1.2 to 1.7 times.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** A third of the share of a thread of ordinary priority, when both want the same core. */
const niceness = 5;
/** Half of it. */
const poolNiceness = 3;
const lowest = constants.priority.PRIORITY_LOW;

/** Lets the other threads go before the one that calls this. Where threads cannot be told apart (not on Linux) nothing happens. */
export function stepBack(): void {
  try {
    // `PID/task/TID`; what is set for a thread's id counts for that thread alone.
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (!Number.isSafeInteger(thread) || thread === process.pid) return;
    // From where it is: a node that was started with `nice` may not go forward again.
    setPriority(thread, Math.min(lowest, getPriority(thread) + niceness));
  } catch {
    // Not allowed, or no such system: then all threads are equal.
  }
}

/**
 * Lets the thread that answers go before those of Node's pool, which sign, verify and write: it feeds them. With equal shares it fell behind
 * while they worked off what it had given them, and then they stood still (measured on two cores: a tenth of the time). The pool exists
 * once something has used it. Nothing happens where threads have no names (not on Linux).
 */
export function poolStepsBack(): void {
  try {
    const own = getPriority(process.pid);
    for (const thread of readdirSync('/proc/self/task')) {
      if (readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim() !== 'libuv-worker') continue;
      setPriority(Number(thread), Math.min(lowest, own + poolNiceness));
    }
  } catch {
    // As above.
  }
}
