/**
 * A bounded memory of recent answers, for things that are cheap to compute again (split paths, parsed requests). Two generations instead
 * of a list of uses: a hit costs one `Map.get`, and when the young generation is full the old one is forgotten as a whole.
 */
export class Recent<K, V> {
  readonly #max: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** Keeps between `max` and twice as many entries. */
  constructor(max: number) {
    this.#max = max;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#max) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
