/**
 * Which processes wait for which: a program that asks for a slot of another process holds up its own until it has the answer. One whose
 * question would close a circle is refused, or everybody in it would wait until their time is over.
 *
 *     A ─ now of B ─► B ─ now of C ─► C ─ now of A ─► refused
 *
 * Whoever keeps the waits has to see all of them: with lanes in several threads, that is the node's main thread.
 */
import type { Outcome } from '../../core/outcome.ts';
import { recursion } from '../../core/resolve/lanes.ts';

export class Waits {
  /** For each process that waits: how often for which ones. */
  readonly #waiting = new Map<string, Map<string, number>>();

  /** Runs `work`, for which `by` waits for `target`. Without `by` nobody is held up. */
  async during(by: string | undefined, target: string, work: () => Promise<Outcome>): Promise<Outcome> {
    if (by === undefined) return work();
    if (this.#reaches(target, by)) return recursion;
    const mine = this.#waiting.get(by) ?? new Map<string, number>();
    this.#waiting.set(by, mine);
    mine.set(target, (mine.get(target) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (mine.get(target) ?? 0) - 1;
      if (left > 0) mine.set(target, left);
      else mine.delete(target);
      if (mine.size === 0) this.#waiting.delete(by);
    }
  }

  #reaches(from: string, to: string): boolean {
    const seen = new Set([from]);
    for (const next of seen) {
      if (next === to) return true;
      for (const other of this.#waiting.get(next)?.keys() ?? []) seen.add(other);
    }
    return false;
  }
}
