/**
 * The store: an ordered tree of paths with atomic batches (spec 05 §1). Everything durable in a node stands on this interface: message
 * cells, the schedule log, named links, snapshots.
 *
 * A path is text of segments joined by `/`; leading, trailing and repeated slashes mean nothing, and a segment may be any other text
 * (`..`, NUL and upper case are plain characters). At a path stands a value (bytes), a link to another path, an explicit group, or
 * nothing; a path that has anything below it is a group as well. Order is bytewise by segment, a path before what is below it.
 *
 * Methods answer at once where the backend can (memory, LMDB and file reads) and with a promise where it can't.
 */
import type { Awaitable } from '../core/awaitable.ts';

export interface Store extends AsyncDisposable {
  /** For messages and logs: the kind and where it is, `lmdb /data/store`. */
  readonly name: string;
  /** `local`, `remote` or a tag of the operator (spec 05 §1.6). */
  readonly scope: string;
  readonly readOnly: boolean;
  /** Whether several threads and processes may have it open for writing. */
  readonly shareable: boolean;
  /** Whether what was written may be gone without being removed, as from memory with limits. */
  readonly forgets: boolean;

  /** The value at a path, links followed; `undefined` for groups and where nothing is. Throws `store-failed` on damage. */
  read(path: string): Awaitable<Uint8Array | undefined>;
  /** The value at a path, links followed, to be read in pieces, if it is kept as a file of its own; else `undefined`. */
  open?(path: string): Awaitable<StoredFile | undefined>;
  /** What stands at a path, links followed. */
  type(path: string): Awaitable<EntryType | undefined>;
  /** Names directly below a path in order, links followed; `undefined` if it is not a group. */
  list(path: string, bounds?: Bounds): Awaitable<readonly string[] | undefined>;
  /** The path with its links replaced; `undefined` if nothing is there, or the links run in a circle. */
  resolve(path: string): Awaitable<string | undefined>;
  /** Everything below exactly this path, in order. Links are shown, not followed. */
  scan(prefix: string, bounds?: Bounds): Awaitable<readonly Row[]>;

  /**
   * Applies a batch: all of it or nothing, later entries over earlier ones. `false` if one of the conditions of `when` does not hold;
   * they are checked and the batch applied in one step, against every other writer. When the answer is there, the batch can be read
   * and survives a crash of the process; with `durable` it survives a crash of the machine.
   */
  write(batch: readonly Entry[], options?: WriteOptions): Awaitable<boolean>;

  /** Waits until everything written is on disk. */
  flush(): Awaitable<void>;
  /** Removes everything. */
  reset(): Awaitable<void>;
}

/** A large value that is read piece by piece. */
export interface StoredFile {
  readonly size: number;
  /**
   * The bytes from `start` to before `end`. The file is opened with the first piece and closed with the last, or when the reader breaks off.
   * Throws `store-failed` where the file is missing or too short, and if a reading of the whole is not what was stored: then before its
   * last piece is given, so that nobody takes it for whole.
   */
  read(start?: number, end?: number): AsyncIterable<Uint8Array>;
}

export type EntryType = 'simple' | 'composite';

export type Entry =
  | { readonly kind: 'value'; readonly path: string; readonly value: Uint8Array }
  /** `path` leads to `to`. A link to itself changes nothing. */
  | { readonly kind: 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'group'; readonly path: string }
  /** Takes away the value, link or group mark at this path; what is below stays. */
  | { readonly kind: 'remove'; readonly path: string };

export interface WriteOptions {
  readonly durable?: boolean;
  readonly when?: readonly Condition[];
}

/** The value at exactly this path (no links followed) is this; `undefined`: nothing stands there. */
export interface Condition {
  readonly path: string;
  readonly is: Uint8Array | undefined;
}

export interface Bounds {
  /**
   * First name or path below the prefix, inclusive; need not exist. With `reverse` the last one. `limit-exceeded` if no path can be so
   * long.
   */
  readonly from?: string;
  /** At most this many; all of them if absent. */
  readonly limit?: number;
  /** Descending. */
  readonly reverse?: boolean;
}

export interface Row {
  /** Below the prefix that was scanned. */
  readonly path: string;
  readonly kind: 'value' | 'link' | 'group';
  /** The bytes of a value, the target of a link, empty for a group. */
  readonly value: Uint8Array;
}

export function put(path: string, value: Uint8Array): Entry {
  return { kind: 'value', path, value };
}

/** Argument order as in the specs: what is there, then its new name. */
export function link(existing: string, name: string): Entry {
  return { kind: 'link', path: name, to: existing };
}

export function group(path: string): Entry {
  return { kind: 'group', path };
}

export function remove(path: string): Entry {
  return { kind: 'remove', path };
}
