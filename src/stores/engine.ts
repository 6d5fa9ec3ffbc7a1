/**
 * The engine: an ordered map from keys to cells. This is all a local backend has to be; paths, links, groups and checks are the same for
 * all of them and stand in path-store.ts, so backends agree by construction.
 */
import type { Awaitable } from '../core/awaitable.ts';
import type { StoredFile } from './store.ts';

export interface Engine extends AsyncDisposable {
  readonly name: string;
  readonly readOnly: boolean;
  /** Whether several threads and processes may have it open for writing. */
  readonly shareable: boolean;
  /** Whether cells may be gone without being removed. Absent: they stay. */
  readonly forgets?: boolean;
  /** The bytes under a key. They may be shared: never change them. */
  get(key: string): Uint8Array | undefined;
  /** Keys at or above `from` and below `to`, bytewise ascending, or descending with `reverse`. */
  keys(from: string, to: string | undefined, reverse: boolean): Iterable<string>;
  /** From now on reads give what is there at this moment, whoever writes. For copies and checks of a store that others work with. */
  freeze?(): void;
  /** Applies the changes as one, or none of them if there is a guard that does not hold; nobody writes between the two. */
  commit(changes: readonly Change[], durable: boolean, guard?: Guard): Awaitable<boolean>;
  /** Waits until all commits are on disk. */
  flush(): Awaitable<void>;
  clear(): Awaitable<void>;
  /** Where values too large for the engine go. Absent: no value is. */
  readonly blobs?: Blobs;
  /** Bytes used and other numbers, for `stats`. */
  stats?(): { readonly [name: string]: number };
}

/** What must be true of the store for a commit to happen. */
export interface Guard {
  holds(): boolean;
  /** The one key under which there must be nothing, if that is all: an engine may be able to see to it by itself. */
  readonly vacant: string | undefined;
}

/** A cell to put under a key, or `undefined` to remove it. */
export interface Change {
  readonly key: string;
  readonly cell: Uint8Array | undefined;
}

/** Large values, each a file of its own, by hash. */
export interface Blobs {
  /** Larger values belong here. */
  readonly threshold: number;
  /** Puts the bytes on disk for good. */
  write(hash: Uint8Array, bytes: Uint8Array): Promise<void>;
  read(hash: Uint8Array): Uint8Array | undefined;
  /** To be read in pieces: {@link StoredFile}. */
  open(hash: Uint8Array, size: number): StoredFile;
  size(hash: Uint8Array): number | undefined;
  hashes(): Iterable<Uint8Array>;
  remove(hash: Uint8Array): void;
  /** Removes what a crash left half written. All of it only when nobody is writing; else what is old enough. */
  removeUnfinished(olderThanMs?: number): void;
  clear(): void;
}
