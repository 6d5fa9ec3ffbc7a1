/**
 * Turns for work that ends in a flush. What comes while a flush is under way waits for it, and then goes out together: a page that several of
 * them change is written once.
 */
export class FlushTurns {
  #underWay = 0;
  /** Whether what starts now shares the flush of what is under way. */
  #joining = false;
  readonly #waiting: (() => void)[] = [];

  /** Runs the work at once if nothing is under way or everything began in this very turn of the event loop, else after that. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#underWay === 0 || this.#joining) return this.#start(work);
    return new Promise((resolve) => this.#waiting.push(() => resolve(this.#start(work))));
  }

  /** Starts what waits. */
  release(): void {
    for (const start of this.#waiting.splice(0)) start();
  }

  async #start<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#joining) {
      this.#joining = true;
      setImmediate(() => {
        this.#joining = false;
      });
    }
    this.#underWay++;
    try {
      return await work();
    } finally {
      if (--this.#underWay === 0) this.release();
    }
  }
}
