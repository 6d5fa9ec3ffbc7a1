/**
 * Answers by content: equal content is committed and encoded once (architecture §4 "sign what changed"). RSA-4096 takes about 3 ms of a
 * core, which would bound a node at a few hundred answers a second; a remembered answer takes a look-up.
 *
 * Bounded in bytes, in two generations: what is not asked for while one generation fills up is forgotten.
 */
interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
}

export class AnswerCache<T> {
  readonly #half: number;
  #young = new Map<string, Entry<T>>();
  #old = new Map<string, Entry<T>>();
  #youngBytes = 0;

  constructor(maxBytes: number) {
    this.#half = maxBytes / 2;
  }

  get(key: string): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#add(key, old);
    return old.value;
  }

  /** `bytes` is about how much memory the value takes. What is larger than a tenth of the cache isn't kept. */
  set(key: string, value: T, bytes: number): void {
    const entry = { value, bytes: bytes + key.length };
    if (entry.bytes <= this.#half / 5) this.#add(key, entry);
  }

  #add(key: string, entry: Entry<T>): void {
    if (this.#youngBytes + entry.bytes > this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, entry);
    this.#youngBytes += entry.bytes;
  }
}
