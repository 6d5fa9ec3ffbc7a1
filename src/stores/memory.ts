/** A store in memory: for tests, tiny nodes and as the front of a tier. Gone with the process. */
import type { Change, Engine } from './engine.ts';
import { PathStore } from './path-store.ts';
import { SortedKeys } from './sorted-keys.ts';

export interface MemoryOptions {
  readonly name?: string;
  readonly scope?: string;
}

/** Opens an empty store in memory. */
export function memoryStore(options: MemoryOptions = {}): PathStore {
  return new PathStore(new MemoryEngine(options.name ?? 'memory'), options.scope);
}

export class MemoryEngine implements Engine {
  readonly name: string;
  readonly readOnly = false;
  readonly shareable = false;
  readonly #cells = new Map<string, Uint8Array>();
  readonly #keys = new SortedKeys();
  #bytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  get(key: string): Uint8Array | undefined {
    return this.#cells.get(key);
  }

  keys(from: string, to: string | undefined, reverse: boolean): Iterable<string> {
    return this.#keys.range(from, to, reverse);
  }

  commit(changes: readonly Change[], _durable: boolean, holds?: () => boolean): boolean {
    if (holds?.() === false) return false;
    for (const { key, cell } of changes) {
      this.#bytes += (cell?.length ?? 0) - (this.#cells.get(key)?.length ?? 0);
      if (cell === undefined) {
        this.#cells.delete(key);
        this.#keys.delete(key);
      } else {
        this.#cells.set(key, cell);
        this.#keys.add(key);
      }
    }
    return true;
  }

  flush(): void {}

  clear(): void {
    this.#cells.clear();
    this.#keys.clear();
    this.#bytes = 0;
  }

  stats(): { readonly [name: string]: number } {
    return { keys: this.#cells.size, 'bytes-used': this.#bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
