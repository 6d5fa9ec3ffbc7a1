/**
 * Time that only moves when a test says so. Whoever sleeps wakes in the order of their times, and between two of them the event loop
 * gets its turn, so that what one causes happens before the next.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/device.ts';

export interface VirtualClock extends Clock {
  /** Moves on by `ms`, waking everyone whose time has come. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  readonly sleeping: number;
}

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * A clock for tests; starts on 1 January 2026 unless told otherwise.
 *
 *     const clock = virtualClock();
 *     const woken = clock.sleep(60_000).then(() => clock.now());
 *     await clock.advance(3_600_000);
 *     await woken;                     // one minute after the start
 */
export function virtualClock(start = Date.UTC(2026, 0, 1)): VirtualClock {
  let now = start;
  const sleepers = new Set<Sleeper>();
  const next = (): Sleeper | undefined => {
    let first: Sleeper | undefined;
    for (const sleeper of sleepers) if (first === undefined || sleeper.until < first.until) first = sleeper;
    return first;
  };
  return {
    now: () => now,
    get sleeping() {
      return sleepers.size;
    },
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const aborted = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper: Sleeper = {
          until: now + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', aborted);
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', aborted, { once: true });
      });
    },
    async advance(ms) {
      const end = now + ms;
      for (let sleeper = next(); sleeper !== undefined && sleeper.until <= end; sleeper = next()) {
        now = Math.max(now, sleeper.until);
        sleeper.wake();
        await setImmediate();
      }
      now = end;
      await setImmediate();
    },
  };
}
