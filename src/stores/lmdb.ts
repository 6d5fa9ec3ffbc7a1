/**
 * The default store: LMDB, one environment per directory. Several threads and processes may have it open, for reading and writing.
 *
 *     directory/FORMAT        what this is
 *     directory/cells.mdb     keys and cells            (cells.mdb-lock: LMDB's own)
 *     directory/blobs/…       values over 256 KiB
 *
 * Reads are synchronous. All writes of one turn of the event loop, whoever makes them, become one LMDB transaction, and all durable
 * ones wait for the same flush: many concurrent writers cost one. A conditional batch runs inside the write transaction, so nothing can
 * come between its check and its changes, not even from another process.
 *
 * The package loads prebuilt binaries. Where there is none for the platform, `openLmdb` fails with `unavailable` and `openDisk`
 * (open.ts) takes the file store instead.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import type { Awaitable } from '../core/awaitable.ts';
import { keyFromBytes, keyToBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { BlobFiles, blobThreshold } from './blob-files.ts';
import type { Change, Engine } from './engine.ts';
import { translate } from './failure.ts';
import { claimDirectory } from './format.ts';
import { PathStore } from './path-store.ts';

export interface LmdbOptions {
  readonly directory: string;
  readonly readOnly?: boolean;
  readonly scope?: string;
  /** The database file may grow to this many bytes. Default 16 TiB: the disk decides. */
  readonly capacity?: number;
  /** Values over this many bytes are files of their own. */
  readonly blobThreshold?: number;
}

const defaultCapacity = 2 ** 44;

/** Opens the store in a directory, making it if need be. */
export async function openLmdb(options: LmdbOptions): Promise<PathStore> {
  let lmdb: typeof import('lmdb');
  try {
    lmdb = await import('lmdb');
  } catch (cause) {
    return raise('unavailable', 'There is no prebuilt LMDB for this platform.', {
      hint: 'Use the file store: set the store\u2019s kind to `fs`.',
      cause,
    });
  }
  const { directory, readOnly = false } = options;
  try {
    if (!readOnly) mkdirSync(directory, { recursive: true });
    claimDirectory(directory, 'lmdb', readOnly);
    const database = lmdb.open<Uint8Array, string>({
      path: join(directory, 'cells.mdb'),
      encoding: 'binary',
      keyEncoder,
      readOnly,
      separateFlushed: true,
      maxReaders: 510,
    });
    const blobs = new BlobFiles(join(directory, 'blobs'), options.blobThreshold ?? blobThreshold);
    const engine = new LmdbEngine(database, directory, readOnly, options.capacity ?? defaultCapacity, blobs);
    return new PathStore(engine, options.scope);
  } catch (error) {
    return translate(error, directory);
  }
}

/** Keys are nearly always ASCII: written and read without a buffer in between. */
const keyEncoder = {
  writeKey(key: string, target: Uint8Array, position: number): number {
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i);
      if (code > 0x7f) {
        const bytes = keyToBytes(key);
        target.set(bytes, position);
        return position + bytes.length;
      }
      target[position + i] = code;
    }
    return position + key.length;
  },
  readKey(source: Buffer, start: number, end: number): string {
    for (let i = start; i < end; i++) if (source[i]! > 0x7f) return keyFromBytes(source.subarray(start, end));
    return source.toString('latin1', start, end);
  },
};

type Database = RootDatabase<Uint8Array, string>;
type WithFlushed = Promise<boolean> & { readonly flushed?: Promise<unknown> };

class LmdbEngine implements Engine {
  readonly name: string;
  readonly readOnly: boolean;
  readonly shareable = true;
  readonly blobs: BlobFiles;
  readonly #database: Database;
  readonly #capacity: number;
  /** Bytes that may be written before the size of the file is looked at again. */
  #allowance = 0;
  #closed = false;

  constructor(database: Database, directory: string, readOnly: boolean, capacity: number, blobs: BlobFiles) {
    this.name = `lmdb ${directory}`;
    this.readOnly = readOnly;
    this.blobs = blobs;
    this.#database = database;
    this.#capacity = capacity;
  }

  get(key: string): Uint8Array | undefined {
    const bytes = this.#database.getBinary(key);
    return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  keys(from: string, to: string | undefined, reverse: boolean): Iterable<string> {
    if (!reverse) {
      return this.#database.getKeys(to === undefined ? { start: from } : { start: from, end: to });
    }
    // A descending range starts at its upper end, which we exclude, and includes its lower one.
    const start = to ?? highest;
    return this.#database.getKeys({ start, end: from, reverse: true, exclusiveStart: true, inclusiveEnd: true });
  }

  commit(changes: readonly Change[], durable: boolean, holds?: () => boolean): Awaitable<boolean> {
    this.#checkCapacity(changes);
    return holds === undefined ? this.#plain(changes, durable) : this.#conditional(changes, durable, holds);
  }

  async #plain(changes: readonly Change[], durable: boolean): Promise<boolean> {
    // Puts of one turn of the event loop share a transaction: nothing may be awaited between them.
    let last: WithFlushed | undefined;
    for (const { key, cell } of changes) {
      last = cell === undefined ? this.#database.remove(key) : this.#database.put(key, cell);
    }
    if (last === undefined) return true;
    const { flushed } = last;
    await last.catch(rethrowCommit);
    if (durable) await flushed;
    return true;
  }

  /** A child transaction: an exception half-way takes back its own changes and not those of its neighbours. */
  async #conditional(changes: readonly Change[], durable: boolean, holds: () => boolean): Promise<boolean> {
    const applied = await this.#database
      .childTransaction(() => {
        if (!holds()) return false;
        for (const { key, cell } of changes) {
          if (cell === undefined) this.#database.remove(key);
          else this.#database.put(key, cell);
        }
        return true;
      })
      .catch(rethrowCommit);
    if (durable && applied) await this.#database.flushed;
    return applied;
  }

  async flush(): Promise<void> {
    await this.#database.committed;
    await this.#database.flushed;
  }

  async clear(): Promise<void> {
    await this.#database.clearAsync();
  }

  stats(): { readonly [name: string]: number } {
    const stats = this.#stats();
    return { keys: stats.entryCount, 'bytes-used': (stats.lastPageNumber + 1) * stats.pageSize };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#database.close();
  }

  /** LMDB lets its file grow; the operator's bound is ours to keep. Removing is always allowed. */
  #checkCapacity(changes: readonly Change[]): void {
    let bytes = 0;
    for (const { key, cell } of changes) if (cell !== undefined) bytes += cell.length + key.length;
    if (bytes <= this.#allowance || bytes === 0) {
      this.#allowance -= bytes;
      return;
    }
    const { lastPageNumber, pageSize } = this.#stats();
    const free = this.#capacity - (lastPageNumber + 1) * pageSize;
    if (bytes > free) {
      raise(
        'disk-full',
        `The store ${this.name} has reached its capacity of ${this.#capacity} bytes. Nothing was written; reading still works.`,
        'Raise the store\u2019s `capacity`.',
      );
    }
    // Pages are split and copied: count what is written four times over, and look often enough.
    this.#allowance = Math.min(free / 4, 64 * 1024 * 1024) - bytes;
  }

  #stats(): { entryCount: number; lastPageNumber: number; pageSize: number } {
    return this.#database.getStats() as { entryCount: number; lastPageNumber: number; pageSize: number };
  }
}

/** Above every key of ours: no UTF-8 text begins with byte 255 or U+10FFFF's bytes. */
const highest = '\u{10ffff}';

/** LMDB's own rejection only points at the reason. */
async function rethrowCommit(error: unknown): Promise<never> {
  const reason = (error as { commitError?: Promise<unknown> }).commitError;
  throw reason === undefined
    ? error
    : await reason.then(
        () => error,
        (cause: unknown) => cause,
      );
}
