/**
 * A store over an engine: paths, links, groups, conditions. See store.ts for what each operation means.
 *
 * Links are followed at the path itself and at every prefix of it, at most {@link maxHops} times: a circle ends as "nothing there".
 */
import { createHash } from 'node:crypto';
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { sameBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { type Cell, CellTag, linkCell, linkTarget, makeCell, readCell } from './cell.ts';
import type { Change, Engine, Guard } from './engine.ts';
import { translate } from './failure.ts';
import { afterChildren, isTooLong, keyPath, pathKey, separator, tooLong, writableKey } from './path.ts';
import type { Bounds, Condition, Entry, EntryType, Row, Store, StoredFile, WriteOptions } from './store.ts';

const maxHops = 64;
/** A child with more descendants than this is left by a seek instead of by walking. */
const maxWalk = 16;

interface KeyCondition {
  readonly key: string;
  readonly is: Condition['is'];
}

export class PathStore implements Store {
  readonly engine: Engine;
  readonly scope: string;

  constructor(engine: Engine, scope = 'local') {
    this.engine = engine;
    this.scope = scope;
  }

  get name(): string {
    return this.engine.name;
  }

  get readOnly(): boolean {
    return this.engine.readOnly;
  }

  get shareable(): boolean {
    return this.engine.shareable;
  }

  get forgets(): boolean {
    return this.engine.forgets ?? false;
  }

  read(path: string): Uint8Array | undefined {
    const found = this.#locate(path);
    return found?.cell === undefined ? undefined : this.#bytes(found.key, found.cell);
  }

  open(path: string): StoredFile | undefined {
    const found = this.#locate(path);
    if (found?.cell?.tag !== CellTag.blob) return undefined;
    const [hash, size] = [blobHash(found.cell), blobLength(found.cell)];
    return this.engine.blobs?.size(hash) === size ? this.engine.blobs.open(hash, size) : noFile(found.key);
  }

  type(path: string): EntryType | undefined {
    const found = this.#locate(path);
    if (found === undefined) return undefined;
    if (found.cell !== undefined) return 'simple';
    return this.#hasChildren(found.key) ? 'composite' : undefined;
  }

  resolve(path: string): string | undefined {
    const found = this.#locate(path);
    if (found === undefined) return undefined;
    return found.cell !== undefined || this.#hasChildren(found.key) ? keyPath(found.key) : undefined;
  }

  list(path: string, bounds: Bounds = {}): readonly string[] | undefined {
    const found = this.#locate(path);
    if (found === undefined) return undefined;
    const names = [...this.#children(found.key, bounds)];
    return names.length > 0 || this.#hasChildren(found.key) ? names : undefined;
  }

  scan(prefix: string, { from, limit = Number.POSITIVE_INFINITY, reverse = false }: Bounds = {}): readonly Row[] {
    const rows: Row[] = [];
    if (limit <= 0) return rows;
    const top = pathKey(prefix);
    if (isTooLong(top)) return rows;
    const base = childBase(top);
    for (const key of this.#range(base, from === undefined ? undefined : pathKey(from), reverse)) {
      const bytes = this.engine.get(key);
      if (bytes === undefined) continue;
      const cell = readCell(key, bytes);
      const isMark = key.endsWith(separator);
      // The prefix's own mark is not below it.
      if (isMark && key.length <= base.length) continue;
      const name = keyPath(isMark ? key.slice(base.length, -1) : key.slice(base.length));
      if (cell.tag === CellTag.link) rows.push({ path: name, kind: 'link', value: linkText(cell) });
      else if (cell.tag === CellTag.group) rows.push({ path: name, kind: 'group', value: cell.payload });
      else rows.push({ path: name, kind: 'value', value: this.#bytes(key, cell) });
      if (rows.length >= limit) break;
    }
    return rows;
  }

  write(batch: readonly Entry[], { durable = false, when = [] }: WriteOptions = {}): Awaitable<boolean> {
    if (this.readOnly) raise('store-failed', `The store ${this.name} is open for reading only.`);
    const large: Promise<void>[] = [];
    const changes = this.#changes(batch, large);
    const conditions = when.map(({ path, is }) => ({ key: writableKey(path), is }));
    const guard = conditions.length === 0 ? undefined : this.#guard(conditions);
    const commit = (): Awaitable<boolean> => this.engine.commit(changes, durable, guard);
    try {
      const done = large.length === 0 ? commit() : Promise.all(large).then(commit);
      return done instanceof Promise ? done.catch((error) => translate(error, this.name)) : done;
    } catch (error) {
      return translate(error, this.name);
    }
  }

  flush(): Awaitable<void> {
    return this.engine.flush();
  }

  reset(): Awaitable<void> {
    if (this.readOnly) raise('store-failed', `The store ${this.name} is open for reading only.`);
    return andThen(this.engine.clear(), () => this.engine.blobs?.clear());
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.engine[Symbol.asyncDispose]();
  }

  /** Checks everything before anything is queued: a batch with an invalid entry changes nothing and harms no neighbour. */
  #changes(batch: readonly Entry[], large: Promise<void>[]): Change[] {
    const changes: Change[] = [];
    const threshold = this.engine.blobs?.threshold ?? Number.POSITIVE_INFINITY;
    const blobs: [hash: Uint8Array, value: Uint8Array][] = [];
    for (const entry of batch) {
      const key = writableKey(entry.path);
      if (entry.kind === 'value') {
        const hash = entry.value.length > threshold ? sha256(entry.value) : undefined;
        if (hash !== undefined) blobs.push([hash, entry.value]);
        const cell =
          hash === undefined
            ? makeCell(key, CellTag.value, entry.value)
            : makeCell(key, CellTag.blob, blobPayload(hash, entry.value.length));
        changes.push({ key, cell });
      } else if (entry.kind === 'link') {
        const target = writableKey(entry.to);
        if (target !== key) changes.push({ key, cell: linkCell(key, target) });
      } else if (entry.kind === 'group') {
        changes.push({ key: key + separator, cell: makeCell(key + separator, CellTag.group) });
      } else changes.push({ key, cell: undefined }, { key: key + separator, cell: undefined });
    }
    for (const [hash, value] of blobs) large.push(this.engine.blobs!.write(hash, value));
    return changes;
  }

  #guard(conditions: readonly KeyCondition[]): Guard {
    const [first] = conditions;
    return {
      holds: () => conditions.every((one) => this.#holds(one)),
      vacant: conditions.length === 1 && first!.is === undefined ? first!.key : undefined,
    };
  }

  #holds({ key, is }: KeyCondition): boolean {
    const bytes = this.engine.get(key);
    const cell = bytes === undefined ? undefined : readCell(key, bytes);
    if (cell === undefined || cell.tag === CellTag.link) return is === undefined && cell === undefined;
    return is !== undefined && sameBytes(this.#bytes(key, cell), is);
  }

  /** Where a path leads, and the cell there; `undefined` for circles. */
  #locate(path: string): { readonly key: string; readonly cell: Cell | undefined } | undefined {
    let key = pathKey(path);
    for (let hops = 0; hops < maxHops; hops++) {
      if (isTooLong(key)) return undefined;
      const cell = this.#cell(key);
      if (cell?.tag === CellTag.link) key = linkTarget(cell);
      else if (cell !== undefined) return { key, cell };
      else {
        const next = this.#throughPrefix(key);
        if (next === undefined) return { key, cell: undefined };
        key = next;
      }
    }
    return undefined;
  }

  /** The key with its first prefix that is a link replaced. */
  #throughPrefix(key: string): string | undefined {
    for (let at = key.indexOf(separator); at > 0; at = key.indexOf(separator, at + 1)) {
      const cell = this.#cell(key.slice(0, at));
      if (cell?.tag === CellTag.link) return linkTarget(cell) + key.slice(at);
    }
    return undefined;
  }

  #cell(key: string): Cell | undefined {
    if (key === '') return undefined;
    const bytes = this.engine.get(key);
    return bytes === undefined ? undefined : readCell(key, bytes);
  }

  #bytes(key: string, cell: Cell): Uint8Array {
    if (cell.tag !== CellTag.blob) return cell.payload;
    const bytes = this.engine.blobs?.read(blobHash(cell));
    if (bytes === undefined || bytes.length !== blobLength(cell)) return noFile(key);
    return sameBytes(sha256(bytes), blobHash(cell)) ? bytes : noFile(key, 'has another content');
  }

  #hasChildren(key: string): boolean {
    const base = childBase(key);
    for (const _ of this.engine.keys(base, key === '' ? undefined : key + afterChildren, false)) return true;
    return false;
  }

  *#children(key: string, { from, limit = Number.POSITIVE_INFINITY, reverse = false }: Bounds): Generator<string> {
    const base = childBase(key);
    let last: string | undefined;
    let left = limit;
    let bound = from === undefined ? undefined : pathKey(from);
    let exclusive = false;
    if (left <= 0) return;
    scan: for (;;) {
      let walked = 0;
      for (const found of this.#range(base, bound, reverse, exclusive)) {
        const end = found.indexOf(separator, base.length);
        const child = end < 0 ? found.slice(base.length) : found.slice(base.length, end);
        if (child === '' || child === last) {
          if (++walked <= maxWalk) continue;
          bound = last!;
          exclusive = true;
          continue scan;
        }
        walked = 0;
        last = child;
        yield keyPath(child);
        if (--left <= 0) return;
      }
      return;
    }
  }

  /**
   * Keys below `base`. Ascending: from the bound on; `exclusive`: behind the bound and all below it. Descending: up to the bound and all
   * below it; `exclusive`: before it.
   */
  #range(base: string, bound: string | undefined, reverse: boolean, exclusive = false): Iterable<string> {
    const end = base === '' ? undefined : base.slice(0, -1) + afterChildren;
    if (bound === undefined) return this.engine.keys(base, end, reverse);
    const edge = base + bound;
    if (isTooLong(edge)) tooLong();
    if (reverse) return this.engine.keys(base, exclusive ? edge : edge + afterChildren, true);
    return this.engine.keys(exclusive ? edge + afterChildren : edge, end, false);
  }
}

/** What every key below `key` begins with. */
function childBase(key: string): string {
  return key === '' ? '' : key + separator;
}

function linkText(cell: Cell): Uint8Array {
  return new TextEncoder().encode(keyPath(linkTarget(cell)));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** What the cell of a large value says: its hash and its length. */
export function blobPayload(hash: Uint8Array, length: number): Uint8Array {
  const payload = new Uint8Array(40);
  payload.set(hash);
  new DataView(payload.buffer).setBigUint64(32, BigInt(length));
  return payload;
}

function noFile(key: string, how = 'is missing or cut short'): never {
  raise('store-failed', `The file with the value of \`${keyPath(key)}\` ${how}.`, 'Run `hyperbeam store verify`.');
}

function blobHash(cell: Cell): Uint8Array {
  return cell.payload.subarray(0, 32);
}

/** Number of bytes a blob cell stands for. */
export function blobLength(cell: Cell): number {
  return Number(new DataView(cell.payload.buffer, cell.payload.byteOffset).getBigUint64(32));
}
