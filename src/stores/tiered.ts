/**
 * A fast store in front of a slow one: memory before a database on the network. Reads of content-addressed paths are answered by the
 * front and fill it; everything else, and every write, goes to the back. The front may lose anything at any time, and fail.
 */
import { type Awaitable, andThen, isPromise } from '../core/awaitable.ts';
import { data, messages } from './layout.ts';
import {
  type Bounds,
  type Entry,
  type EntryType,
  put,
  type Row,
  type Store,
  type StoredFile,
  type WriteOptions,
} from './store.ts';

export interface TieredOptions {
  readonly front: Store;
  readonly back: Store;
  /** Whether what is at a path can never change. Default: the groups of the message cache that hold content by its hash. */
  readonly isImmutable?: (path: string) => boolean;
}

/** What the front fails with is as if it had nothing. */
function ignoreFailure<T>(ask: () => Awaitable<T>): Awaitable<T | undefined> {
  try {
    const answer = ask();
    return isPromise(answer) ? answer.catch(() => undefined) : answer;
  } catch {
    return undefined;
  }
}

export function tieredStore(options: TieredOptions): Store {
  return new TieredStore(options);
}

const immutableGroups: readonly string[] = [data, messages];

function isContent(path: string): boolean {
  return immutableGroups.some((group) => path.startsWith(`${group}/`));
}

class TieredStore implements Store {
  readonly #front: Store;
  readonly #back: Store;
  readonly #isImmutable: (path: string) => boolean;

  constructor({ front, back, isImmutable = isContent }: TieredOptions) {
    this.#front = front;
    this.#back = back;
    this.#isImmutable = isImmutable;
  }

  get name(): string {
    return `${this.#front.name} before ${this.#back.name}`;
  }

  get scope(): string {
    return this.#back.scope;
  }

  get readOnly(): boolean {
    return this.#back.readOnly;
  }

  get shareable(): boolean {
    return this.#back.shareable;
  }

  get forgets(): boolean {
    return this.#back.forgets;
  }

  read(path: string): Awaitable<Uint8Array | undefined> {
    if (!this.#isImmutable(path)) return this.#back.read(path);
    const near = ignoreFailure(() => this.#front.read(path));
    return andThen(near, (found): Awaitable<Uint8Array | undefined> => {
      if (found !== undefined) return found;
      return andThen(this.#back.read(path), (far): Awaitable<Uint8Array | undefined> => {
        if (far === undefined) return undefined;
        const kept = ignoreFailure(() => this.#front.write([put(path, far)]));
        return andThen(kept, () => far);
      });
    });
  }

  /** Of the back: what is too large for it to hold in memory is no load for the front either. */
  open(path: string): Awaitable<StoredFile | undefined> {
    return this.#back.open?.(path);
  }

  type(path: string): Awaitable<EntryType | undefined> {
    return this.#back.type(path);
  }

  list(path: string, bounds?: Bounds): Awaitable<readonly string[] | undefined> {
    return this.#back.list(path, bounds);
  }

  resolve(path: string): Awaitable<string | undefined> {
    return this.#back.resolve(path);
  }

  scan(prefix: string, bounds?: Bounds): Awaitable<readonly Row[]> {
    return this.#back.scan(prefix, bounds);
  }

  write(batch: readonly Entry[], options?: WriteOptions): Awaitable<boolean> {
    return andThen(this.#back.write(batch, options), (applied): Awaitable<boolean> => {
      const removed = applied ? batch.filter(({ kind, path }) => kind === 'remove' && this.#isImmutable(path)) : [];
      return removed.length === 0 ? applied : andThen(this.#front.write(removed), () => applied);
    });
  }

  flush(): Awaitable<void> {
    return this.#back.flush();
  }

  reset(): Awaitable<void> {
    return andThen(this.#back.reset(), () => this.#front.reset());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#front[Symbol.asyncDispose]();
    await this.#back[Symbol.asyncDispose]();
  }
}
