/**
 * Turns on Node's thread pool for RSA, whose jobs take a millisecond or two each. The pool serves in the order of arrival: with sixty posts
 * under way a write to disk waited for forty signatures before it began, and then all its callers were answered in one burst while the
 * pool stood still. So only a few jobs are handed over at a time, and the rest waits here. Signatures go before verifications, since what
 * they belong to is nearly done, but not for ever: every third turn is a verification's if one waits.
 *
 * The pool is the process's, and so is this line.
 */

type Job = (done: () => void) => void;

/** Enough that no thread waits for the one that hands out the jobs: measured on two cores, 12 leave them idle 2 % of the time, 6 leave 5. */
const jobsPerThread = 3;
/** What Node makes of the variable, once, when the pool is first used. */
const defaultThreads = 4;

export class PoolTurns {
  readonly #limit: number;
  readonly #signing: Job[] = [];
  readonly #verifying: Job[] = [];
  #running = 0;
  /** Signatures that went first since the last verification. */
  #ahead = 0;

  constructor(threads: number) {
    this.#limit = threads * jobsPerThread;
  }

  sign(job: Job): void {
    this.#take(job, this.#signing);
  }

  verify(job: Job): void {
    this.#take(job, this.#verifying);
  }

  #take(job: Job, line: Job[]): void {
    if (this.#running < this.#limit) this.#run(job);
    else line.push(job);
  }

  #run(job: Job): void {
    this.#running++;
    job(() => {
      this.#running--;
      const next = this.#next();
      if (next !== undefined) this.#run(next);
    });
  }

  #next(): Job | undefined {
    const verifies = this.#verifying.length > 0 && (this.#ahead >= 2 || this.#signing.length === 0);
    this.#ahead = verifies ? 0 : this.#ahead + 1;
    return verifies ? this.#verifying.shift() : this.#signing.shift();
  }
}

export const poolTurns = new PoolTurns(Number(process.env['UV_THREADPOOL_SIZE']) || defaultThreads);
