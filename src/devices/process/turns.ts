/** Who may work on the state of a process: one at a time. What computes or saves it goes before what only looks at it. */
import { fail, type Outcome } from '../../core/outcome.ts';

/** Inspections that wait for their turn; further ones are refused. */
const maxLooking = 32;

export class Turns {
  #working = false;
  readonly #computing: (() => void)[] = [];
  readonly #looking: (() => void)[] = [];

  /** Somebody works or waits. */
  get busy(): boolean {
    return this.#working;
  }

  /** Runs `work` when everything before it is done. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(this.#computing, work);
  }

  /** Runs `work` when nobody else wants to. */
  async look(work: () => Promise<Outcome>): Promise<Outcome> {
    return this.#looking.length < maxLooking ? this.#run(this.#looking, work) : tooMany;
  }

  async #run<T>(queue: (() => void)[], work: () => Promise<T>): Promise<T> {
    if (this.#working) await new Promise<void>((begin) => queue.push(begin));
    this.#working = true;
    try {
      return await work();
    } finally {
      const next = this.#computing.shift() ?? this.#looking.shift();
      // The place is handed over: nobody gets in between.
      if (next === undefined) this.#working = false;
      else next();
    }
  }
}

const tooMany = fail(
  'unavailable',
  'Too many dry runs of this process are waiting.',
  'Ask again in a while, or schedule the message.',
);
