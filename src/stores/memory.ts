/**
 * A store in memory: for tests, tiny nodes and as the front of a tier. Gone with the process.
 *
 * With a limit of time or number it is volatile (spec 05 §2.8): when the limit is passed everything goes at once, and it begins anew.
 */
import type { Change, Engine, Guard } from './engine.ts';
import { PathStore } from './path-store.ts';
import { SortedKeys } from './sorted-keys.ts';

export interface MemoryOptions extends VolatileLimits {
  readonly name?: string;
  readonly scope?: string;
}

export interface VolatileLimits {
  /** Milliseconds after its first write at which an empty store forgets everything again. */
  readonly maxTtlMs?: number;
  /** Entries; the write that makes it more empties the store. */
  readonly maxSize?: number;
}

/** Opens an empty store in memory. */
export function memoryStore(options: MemoryOptions = {}): PathStore {
  const { name = 'memory', scope, maxTtlMs, maxSize } = options;
  const isVolatile = maxTtlMs !== undefined || maxSize !== undefined;
  return new PathStore(isVolatile ? new VolatileEngine(name, options) : new MemoryEngine(name), scope);
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

  commit(changes: readonly Change[], _durable: boolean, guard?: Guard): boolean {
    if (guard?.holds() === false) return false;
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

/** A memory engine that empties itself. */
class VolatileEngine extends MemoryEngine {
  readonly forgets = true;
  readonly #limits: VolatileLimits;
  #timer: NodeJS.Timeout | undefined;

  constructor(name: string, limits: VolatileLimits) {
    super(name);
    this.#limits = limits;
  }

  override commit(changes: readonly Change[], durable: boolean, guard?: Guard): boolean {
    if (!super.commit(changes, durable, guard)) return false;
    const { maxTtlMs, maxSize = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.stats()['keys']! > maxSize) this.clear();
    else if (maxTtlMs !== undefined) this.#timer ??= setTimeout(() => this.clear(), maxTtlMs).unref();
    return true;
  }

  override clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    super.clear();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
  }
}
