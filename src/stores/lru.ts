/**
 * Memory with a byte budget, alone or in front of another store (spec 05 §2.5). Values used longest ago make room for new ones.
 *
 * With a store below, everything is written there at once and memory only saves reading it again, so nothing is ever lost by eviction or
 * a crash. Alone, what is evicted is gone. Only values count: links and groups are kept, as they are small and others lean on them.
 *
 * Memory is right as long as nobody else writes to the store below.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { CellTag } from './cell.ts';
import type { Change, Engine, Guard } from './engine.ts';
import { MemoryEngine } from './memory.ts';
import { PathStore } from './path-store.ts';
import { WeightedLru } from './weighted-lru.ts';

export interface LruOptions {
  /** Bytes of values. */
  readonly capacity: number;
  readonly below?: PathStore;
  readonly name?: string;
  readonly scope?: string;
}

export function lruStore({ capacity, below, name = 'lru', scope }: LruOptions): PathStore {
  const engine =
    below === undefined
      ? new ForgetfulEngine(name, capacity)
      : new CachingEngine(`${name} over ${below.name}`, capacity, below.engine);
  return new PathStore(engine, scope ?? below?.scope);
}

function isValue(cell: Uint8Array): boolean {
  return cell[0] === CellTag.value || cell[0] === CellTag.blob;
}

/** A memory engine that drops values over its budget. */
class ForgetfulEngine extends MemoryEngine {
  readonly forgets = true;
  readonly #capacity: number;
  readonly #used = new Map<string, number>();
  #bytes = 0;

  constructor(name: string, capacity: number) {
    super(name);
    this.#capacity = capacity;
  }

  override get(key: string): Uint8Array | undefined {
    const size = this.#used.get(key);
    if (size !== undefined) {
      this.#used.delete(key);
      this.#used.set(key, size);
    }
    return super.get(key);
  }

  override commit(changes: readonly Change[], durable: boolean, guard?: Guard): boolean {
    if (!super.commit(changes, durable, guard)) return false;
    for (const { key, cell } of changes) {
      this.#forget(key);
      if (cell === undefined || !isValue(cell)) continue;
      this.#used.set(key, cell.length);
      this.#bytes += cell.length;
    }
    const evicted: Change[] = [];
    for (const key of this.#used.keys()) {
      if (this.#bytes <= this.#capacity) break;
      this.#forget(key);
      evicted.push({ key, cell: undefined });
    }
    super.commit(evicted, false);
    return true;
  }

  override clear(): void {
    super.clear();
    this.#used.clear();
    this.#bytes = 0;
  }

  #forget(key: string): void {
    this.#bytes -= this.#used.get(key) ?? 0;
    this.#used.delete(key);
  }
}

/** Another engine with its cells remembered. */
class CachingEngine implements Engine {
  readonly name: string;
  readonly readOnly: boolean;
  readonly shareable = false;
  readonly forgets: boolean;
  readonly blobs?: NonNullable<Engine['blobs']>;
  readonly #below: Engine;
  readonly #cells: WeightedLru<Uint8Array>;

  constructor(name: string, capacity: number, below: Engine) {
    this.name = name;
    this.readOnly = below.readOnly;
    this.forgets = below.forgets ?? false;
    if (below.blobs !== undefined) this.blobs = below.blobs;
    this.#below = below;
    this.#cells = new WeightedLru(capacity);
  }

  get(key: string): Uint8Array | undefined {
    const kept = this.#cells.get(key);
    if (kept !== undefined) return kept;
    const cell = this.#below.get(key);
    if (cell !== undefined) this.#cells.set(key, cell, cell.length + key.length);
    return cell;
  }

  keys(from: string, to: string | undefined, reverse: boolean): Iterable<string> {
    return this.#below.keys(from, to, reverse);
  }

  commit(changes: readonly Change[], durable: boolean, guard?: Guard): Awaitable<boolean> {
    const forget = (): void => {
      for (const { key } of changes) this.#cells.delete(key);
    };
    // Conditions must see what is below, and reads in between may bring the old cells back: forget before and after.
    forget();
    const fresh = guard && {
      ...guard,
      holds: (): boolean => {
        this.#cells.clear();
        return guard.holds();
      },
    };
    return andThen(this.#below.commit(changes, durable, fresh), (applied) => {
      forget();
      return applied;
    });
  }

  flush(): Awaitable<void> {
    return this.#below.flush();
  }

  clear(): Awaitable<void> {
    this.#cells.clear();
    return this.#below.clear();
  }

  stats(): { readonly [name: string]: number } {
    return { ...this.#below.stats?.(), 'bytes-in-memory': this.#cells.weight };
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#below[Symbol.asyncDispose]();
  }
}
