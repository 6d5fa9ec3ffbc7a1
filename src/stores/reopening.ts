/**
 * A store that is opened when it is first needed, and once more when it fails (spec 05 §1.3): a database whose file was replaced, or a
 * disk that was away, comes back without a restart of the node. What the caller did wrong and a full disk are not repeated.
 */
import type { Awaitable } from '../core/awaitable.ts';
import { AoException, type ErrorCode } from '../core/errors.ts';
import type { Bounds, Entry, EntryType, Row, Store, StoredFile, WriteOptions } from './store.ts';

export interface ReopeningOptions {
  readonly name: string;
  readonly open: () => Awaitable<Store>;
  readonly scope?: string;
  readonly shareable?: boolean;
  readonly readOnly?: boolean;
  /** How often a failing call is repeated. */
  readonly maxRetries?: number;
}

const final: readonly ErrorCode[] = ['limit-exceeded', 'bad-request', 'disk-full', 'unavailable'];

export class ReopeningStore implements Store {
  readonly name: string;
  readonly scope: string;
  readonly shareable: boolean;
  readonly readOnly: boolean;
  /** What is opened again may be something else. */
  readonly forgets = true;
  readonly #open: () => Awaitable<Store>;
  readonly #maxRetries: number;
  #store: Promise<Store> | undefined;

  constructor(options: ReopeningOptions) {
    this.name = options.name;
    this.scope = options.scope ?? 'local';
    this.shareable = options.shareable ?? false;
    this.readOnly = options.readOnly ?? false;
    this.#open = options.open;
    this.#maxRetries = options.maxRetries ?? 1;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#call((store) => store.read(path));
  }

  open(path: string): Promise<StoredFile | undefined> {
    return this.#call((store) => store.open?.(path));
  }

  type(path: string): Promise<EntryType | undefined> {
    return this.#call((store) => store.type(path));
  }

  list(path: string, bounds?: Bounds): Promise<readonly string[] | undefined> {
    return this.#call((store) => store.list(path, bounds));
  }

  resolve(path: string): Promise<string | undefined> {
    return this.#call((store) => store.resolve(path));
  }

  scan(prefix: string, bounds?: Bounds): Promise<readonly Row[]> {
    return this.#call((store) => store.scan(prefix, bounds));
  }

  write(batch: readonly Entry[], options?: WriteOptions): Promise<boolean> {
    return this.#call((store) => store.write(batch, options));
  }

  flush(): Promise<void> {
    return this.#call((store) => store.flush());
  }

  reset(): Promise<void> {
    return this.#call((store) => store.reset());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #call<T>(operation: (store: Store) => Awaitable<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        this.#store ??= Promise.resolve(this.#open());
        return await operation(await this.#store);
      } catch (error) {
        if (tries >= this.#maxRetries || (error instanceof AoException && final.includes(error.code))) throw error;
        await this.#close();
      }
    }
  }

  async #close(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    try {
      await (await store)?.[Symbol.asyncDispose]();
    } catch {
      // It is being given up because it fails.
    }
  }
}
