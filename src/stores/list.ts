/**
 * Several stores as one (spec 05 §1.3, §1.4): a read goes on to the next store until one has something, a write goes to the first store
 * that takes writes, and never to a second one.
 *
 *     storeList([{ store: fast, access: ['read'] }, { store: main }])
 *
 * Access policies say which operations a store is asked for; without any it is asked for all. A store that fails is passed over like one
 * that has nothing; only if none has an answer is its failure the answer. Rows alone are those of all stores, so that commitments which
 * a message got in one of them don't hide those in another.
 */
import { type Awaitable, andThen, isPromise, mapInOrder } from '../core/awaitable.ts';
import { compareKeys } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { pathKey, separator } from './path.ts';
import type { Bounds, Entry, EntryType, Row, Store, StoredFile, WriteOptions } from './store.ts';

export interface Listed {
  readonly store: Store;
  /** `read`, `write`, `admin`. Unknown policies admit nothing. */
  readonly access?: readonly string[];
}

type Operation = 'read' | 'write' | 'reset';

const policies: ReadonlyMap<string, readonly Operation[]> = new Map([
  ['read', ['read']],
  ['write', ['write', 'reset']],
  ['admin', ['reset']],
]);

/** The stores as one, in this order. It owns them: closing it closes them. */
export function storeList(stores: readonly Listed[]): Store {
  return new StoreList(stores);
}

/** Only stores of these scopes. */
export function withScope<T extends { readonly store: Store }>(
  stores: readonly T[],
  scopes: string | readonly string[],
): T[] {
  const wanted = typeof scopes === 'string' ? [scopes] : scopes;
  return stores.filter(({ store }) => wanted.includes(store.scope));
}

/** Stores of the preferred scopes first, in order of preference; the others keep their order behind them. */
export function sortByScope<T extends { readonly store: Store }>(
  stores: readonly T[],
  preference: readonly string[],
): T[] {
  const rank = ({ store }: T): number => {
    const at = preference.indexOf(store.scope);
    return at < 0 ? preference.length : at;
  };
  return [...stores].sort((a, b) => rank(a) - rank(b));
}

class StoreList implements Store {
  readonly scope: string;
  readonly #stores: readonly Listed[];

  constructor(stores: readonly Listed[]) {
    this.#stores = stores;
    this.scope = stores[0]?.store.scope ?? 'local';
  }

  get name(): string {
    return this.#stores.map(({ store }) => store.name).join(', ');
  }

  get readOnly(): boolean {
    return this.#for('write').length === 0;
  }

  get shareable(): boolean {
    return this.#for('write').every((store) => store.shareable);
  }

  get forgets(): boolean {
    return this.#for('write').some((store) => store.forgets);
  }

  read(path: string): Awaitable<Uint8Array | undefined> {
    return this.#first((store) => store.read(path));
  }

  open(path: string): Awaitable<StoredFile | undefined> {
    return this.#first((store) => store.open?.(path));
  }

  type(path: string): Awaitable<EntryType | undefined> {
    return this.#first((store) => store.type(path));
  }

  list(path: string, bounds?: Bounds): Awaitable<readonly string[] | undefined> {
    return this.#first((store) => store.list(path, bounds));
  }

  resolve(path: string): Awaitable<string | undefined> {
    return this.#first((store) => store.resolve(path));
  }

  scan(prefix: string, bounds?: Bounds): Awaitable<readonly Row[]> {
    const stores = this.#for('read');
    if (stores.length === 1) return stores[0]!.scan(prefix, bounds);
    const answers = mapInOrder(stores, (store) => attempt(() => store.scan(prefix, bounds)));
    return andThen(answers, (all) => mergeRows(all, bounds));
  }

  write(batch: readonly Entry[], options?: WriteOptions): Awaitable<boolean> {
    const [first] = this.#for('write');
    if (first === undefined) raise('store-failed', `None of the stores ${this.name} takes writes.`);
    return first.write(batch, options);
  }

  async flush(): Promise<void> {
    for (const store of this.#for('write')) await store.flush();
  }

  /** Every store that may be reset. */
  async reset(): Promise<void> {
    for (const store of this.#for('reset')) await store.reset();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of this.#stores) await store[Symbol.asyncDispose]();
  }

  #for(operation: Operation): Store[] {
    return this.#stores
      .filter(({ store, access }) => admits(access, operation) && !(store.readOnly && operation !== 'read'))
      .map(({ store }) => store);
  }

  #first<T>(ask: (store: Store) => Awaitable<T | undefined>): Awaitable<T | undefined> {
    return askFrom(this.#for('read'), 0, ask, undefined);
  }
}

function admits(access: readonly string[] | undefined, operation: Operation): boolean {
  return access === undefined || access.some((policy) => policies.get(policy)?.includes(operation));
}

function askFrom<T>(
  stores: readonly Store[],
  from: number,
  ask: (store: Store) => Awaitable<T | undefined>,
  failure: { readonly thrown: unknown } | undefined,
): Awaitable<T | undefined> {
  for (let at = from; at < stores.length; at++) {
    try {
      const answer = ask(stores[at]!);
      if (isPromise(answer)) {
        return answer.then(
          (found) => found ?? askFrom(stores, at + 1, ask, failure),
          (thrown) => askFrom(stores, at + 1, ask, failure ?? { thrown }),
        );
      }
      if (answer !== undefined) return answer;
    } catch (thrown) {
      failure ??= { thrown };
    }
  }
  if (failure !== undefined) throw failure.thrown;
  return undefined;
}

type Answer<T> = { readonly found: T } | { readonly thrown: unknown };

function attempt<T>(ask: () => Awaitable<T>): Awaitable<Answer<T>> {
  try {
    const answer = ask();
    if (!isPromise(answer)) return { found: answer };
    return answer.then(
      (found) => ({ found }),
      (thrown: unknown) => ({ thrown }),
    );
  } catch (thrown) {
    return { thrown };
  }
}

/** The rows of all answers in order; of those at one path the first. */
function mergeRows(answers: readonly Answer<readonly Row[]>[], bounds: Bounds = {}): readonly Row[] {
  const { limit, reverse = false } = bounds;
  const rows = new Map<string, Row>();
  for (const answer of answers) {
    if (!('found' in answer)) continue;
    for (const row of answer.found) {
      // A group's mark may stand beside a value.
      const key = pathKey(row.path) + (row.kind === 'group' ? separator : '');
      if (!rows.has(key)) rows.set(key, row);
    }
  }
  const failure = answers.find((answer) => 'thrown' in answer);
  if (rows.size === 0 && failure !== undefined) throw failure.thrown;
  const sorted = [...rows].sort(([a], [b]) => (reverse ? compareKeys(b, a) : compareKeys(a, b)));
  return sorted.slice(0, limit === undefined ? undefined : Math.max(limit, 0)).map(([, row]) => row);
}
