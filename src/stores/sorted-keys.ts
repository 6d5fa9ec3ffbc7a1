/** An ordered set of keys for the memory store: sorted chunks, so that adding to a million keys moves a few hundred of them. */
import { compareKeys } from '../core/bytes.ts';

const maxChunk = 512;

export class SortedKeys {
  readonly #chunks: string[][] = [];

  add(key: string): void {
    if (this.#chunks.length === 0) {
      this.#chunks.push([key]);
      return;
    }
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index]!;
    const at = lowerBound(chunk, key);
    if (chunk[at] === key) return;
    chunk.splice(at, 0, key);
    if (chunk.length > maxChunk) this.#chunks.splice(index + 1, 0, chunk.splice(maxChunk >> 1));
  }

  delete(key: string): void {
    if (this.#chunks.length === 0) return;
    const index = this.#chunkFor(key);
    const chunk = this.#chunks[index]!;
    const at = lowerBound(chunk, key);
    if (chunk[at] !== key) return;
    chunk.splice(at, 1);
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  clear(): void {
    this.#chunks.length = 0;
  }

  /** Keys at or above `from` and below `to`. The set must not change while they are read. */
  *range(from: string, to: string | undefined, reverse: boolean): Generator<string> {
    if (this.#chunks.length === 0) return;
    if (reverse) {
      let index = to === undefined ? this.#chunks.length - 1 : this.#chunkFor(to);
      let at = to === undefined ? this.#chunks[index]!.length - 1 : lowerBound(this.#chunks[index]!, to) - 1;
      for (; index >= 0; index--, at = index >= 0 ? this.#chunks[index]!.length - 1 : 0) {
        for (const chunk = this.#chunks[index]!; at >= 0; at--) {
          if (compareKeys(chunk[at]!, from) < 0) return;
          yield chunk[at]!;
        }
      }
      return;
    }
    let index = this.#chunkFor(from);
    let at = lowerBound(this.#chunks[index]!, from);
    for (; index < this.#chunks.length; index++, at = 0) {
      for (const chunk = this.#chunks[index]!; at < chunk.length; at++) {
        if (to !== undefined && compareKeys(chunk[at]!, to) >= 0) return;
        yield chunk[at]!;
      }
    }
  }

  /** The last chunk that begins at or below `key`, or the first one. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (compareKeys(this.#chunks[middle]![0]!, key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Index of the first key that is not below `key`. */
function lowerBound(chunk: readonly string[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(chunk[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
