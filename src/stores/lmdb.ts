/**
 * The default store: LMDB, one environment per directory. Several threads and processes may have it open, for reading and writing.
 *
 *     directory/FORMAT        what this is
 *     directory/cells.mdb     keys and cells            (cells.mdb-lock: LMDB's own)
 *     directory/blobs/…       values over 256 KiB
 *     directory/open/…        who has it open (opening.ts)
 *
 * Reads are synchronous. All writes of one turn of the event loop, whoever makes them, become one LMDB transaction, and all durable
 * ones wait for the same flush; those that come meanwhile share the next one (flush-turns.ts): many concurrent writers cost one. A conditional batch runs inside the write transaction, so nothing can
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
import { BlobFiles, blobThreshold, leftMs } from './blob-files.ts';
import { freeOnDisk, reserveBytes } from './disk-space.ts';
import type { Change, Engine, Guard } from './engine.ts';
import { translate } from './failure.ts';
import { FlushTurns } from './flush-turns.ts';
import { claimDirectory } from './format.ts';
import { checkFile, damaged } from './lmdb-file.ts';
import { type Opened, openAlone, StandsStill } from './opening.ts';
import { PathStore } from './path-store.ts';

export interface LmdbOptions {
  readonly directory: string;
  readonly readOnly?: boolean;
  readonly scope?: string;
  /** The database file may grow to this many bytes. Default 16 TiB: the disk decides. */
  readonly capacity?: number;
  /** Values over this many bytes are files of their own. */
  readonly blobThreshold?: number;
  /** How long another process that writes there may take to stand still, in milliseconds. */
  readonly patienceMs?: number;
}

const cellsFile = 'cells.mdb';
const defaultCapacity = 2 ** 44;
const defaultPatienceMs = 10_000;

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
  const { directory, readOnly = false, patienceMs = defaultPatienceMs } = options;
  try {
    if (!readOnly) mkdirSync(directory, { recursive: true });
    claimDirectory(directory, 'lmdb', readOnly);
    const path = join(directory, cellsFile);
    const blobs = new BlobFiles(join(directory, 'blobs'), options.blobThreshold ?? blobThreshold);
    const opened = await openAlone({ directory, writes: !readOnly, patienceMs }, async (isFirst) => {
      if (isFirst) await checkFile(path);
      if (isFirst && !readOnly) blobs.removeUnfinished(leftMs);
      return lmdb.open<Uint8Array, string>({
        path,
        encoding: 'binary',
        keyEncoder,
        readOnly,
        separateFlushed: true,
        maxReaders: 510,
      });
    });
    const engine = new LmdbEngine(opened, directory, readOnly, options.capacity ?? defaultCapacity, blobs);
    try {
      engine.check();
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
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
type Transaction = ReturnType<Database['useReadTransaction']>;
type WithFlushed = Promise<boolean> & { readonly flushed?: Promise<unknown> };

class LmdbEngine implements Engine {
  readonly name: string;
  readonly readOnly: boolean;
  readonly shareable = true;
  readonly blobs: BlobFiles;
  readonly #database: Database;
  readonly #directory: string;
  readonly #capacity: number;
  /** Bytes that may be written before the sizes of the file and the disk are looked at again, and until when. */
  #allowance = 0;
  #allowedUntil = 0;
  /** Files of large values written when that was looked at. */
  #filesSeen = 0;
  /** Bytes of commits under way: they are not on the disk yet. */
  #unwritten = 0;
  #frozen: Transaction | undefined;
  #closed = false;
  #expecting = false;
  #reading = false;
  /** Of durable commits: those of one turn share a transaction and a flush. Others don't wait, and nothing overtakes what came before it. */
  readonly #turns = new FlushTurns();
  readonly #standsStill: StandsStill | undefined;
  /** While another process opens the database: what comes now begins after that. */
  #standing: Promise<void> | undefined;
  #underWay = 0;
  #whenIdle: (() => void) | undefined;

  constructor(opened: Opened<Database>, directory: string, readOnly: boolean, capacity: number, blobs: BlobFiles) {
    this.name = `lmdb ${directory}`;
    this.readOnly = readOnly;
    this.blobs = blobs;
    this.#database = opened.database;
    this.#directory = directory;
    this.#capacity = capacity;
    const { place, name: writer } = opened;
    if (writer !== undefined) this.#standsStill = new StandsStill(place, writer, () => this.#stand());
  }

  /** Begins no transaction any more, and waits for those under way; gives how to go on. */
  async #stand(): Promise<() => void> {
    let goOn = (): void => undefined;
    const standing = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.#standing = standing;
    while (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    return () => {
      goOn();
      // Behind those that wait: nothing overtakes them.
      void standing.then(() => {
        this.#standing = undefined;
      });
    };
  }

  /** Work that writes, once nobody opens the database. */
  #begin<T>(work: () => Promise<T>, bytes = 0): Promise<T> {
    if (this.#standing !== undefined) return this.#standing.then(() => this.#count(work, bytes));
    return this.#count(work, bytes);
  }

  #count<T>(work: () => Promise<T>, bytes: number): Promise<T> {
    this.#underWay++;
    this.#unwritten += bytes;
    const done = work();
    const end = (): void => {
      this.#unwritten -= bytes;
      if (--this.#underWay === 0) this.#whenIdle?.();
    };
    done.then(end, end);
    return done;
  }

  get(key: string): Uint8Array | undefined {
    this.#checkOpen();
    this.#endReading();
    let bytes: Uint8Array | undefined;
    try {
      bytes =
        this.#frozen === undefined
          ? this.#database.getBinary(key)
          : this.#database.get(key, { transaction: this.#frozen });
    } catch (error) {
      this.#unreadable(error);
    }
    return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  keys(from: string, to: string | undefined, reverse: boolean): Iterable<string> {
    this.#checkOpen();
    this.#endReading();
    return this.#readable(this.#keys(from, to, reverse));
  }

  #keys(from: string, to: string | undefined, reverse: boolean): Iterable<string> {
    const frozen = this.#frozen === undefined ? {} : { transaction: this.#frozen };
    if (!reverse) {
      return this.#database.getKeys(
        to === undefined ? { ...frozen, start: from } : { ...frozen, start: from, end: to },
      );
    }
    // A descending range starts at its upper end, which we exclude, and includes its lower one.
    const lower = { ...frozen, end: from, reverse: true, inclusiveEnd: true };
    return this.#database.getKeys(to === undefined ? lower : { ...lower, start: to, exclusiveStart: true });
  }

  *#readable(keys: Iterable<string>): Generator<string> {
    try {
      yield* keys;
    } catch (error) {
      this.#unreadable(error);
    }
  }

  /** Throws `store-failed` for pages that can't be read. Whoever reads next isn't to suffer from it. */
  #unreadable(error: unknown): never {
    this.#database.resetReadTxn();
    return damaged(join(this.#directory, cellsFile), `${(error as Error).message}.`, error);
  }

  /** Throws `store-failed` if nothing can be found in it. */
  check(): void {
    for (const reverse of [false, true]) for (const _ of this.keys('', undefined, reverse)) break;
  }

  /**
   * Ends the transaction of a read before anything else is heard. LMDB's binding would keep it until its next timer, and a busy lane worker
   * that was told of a new slot then didn't find it.
   */
  #endReading(): void {
    if (this.#reading) return;
    this.#reading = true;
    queueMicrotask(() => {
      this.#reading = false;
      if (!this.#closed) this.#database.resetReadTxn();
    });
  }

  /** One read transaction for all that follows. As long as it is open, pages that writers no longer need are not used again. */
  freeze(): void {
    this.#checkOpen();
    this.#frozen ??= this.#database.useReadTransaction();
  }

  commit(changes: readonly Change[], durable: boolean, guard?: Guard): Awaitable<boolean> {
    const bytes = this.#checkRoom(changes);
    return this.#begin(() => {
      if (durable) return this.#turns.run(() => this.#commit(changes, true, guard));
      this.#turns.release();
      return this.#commit(changes, false, guard);
    }, bytes);
  }

  #commit(changes: readonly Change[], durable: boolean, guard: Guard | undefined): Promise<boolean> {
    if (guard === undefined) return this.#plain(changes, durable);
    if (guard.vacant !== undefined) return this.#intoVacancy(guard.vacant, changes, durable);
    return this.#conditional(changes, durable, guard);
  }

  /**
   * Each transaction has a promise of its own inside LMDB's binding that nobody gets to see; when a commit fails, it is an unhandled
   * rejection, which ends the process. It can be had after the binding's own turn, which was queued by the first write before ours.
   */
  #expectFailure(): void {
    if (this.#expecting) return;
    this.#expecting = true;
    setImmediate(() => {
      this.#expecting = false;
      // The failure itself reaches the writers.
      void this.#database.committed.then(
        () => {},
        () => {},
      );
    });
  }

  async #plain(changes: readonly Change[], durable: boolean): Promise<boolean> {
    if (changes.length === 0) return true;
    // Puts of one turn of the event loop share a transaction: nothing may be awaited between them.
    return this.#committed(this.#put(changes)!, durable);
  }

  /** LMDB looks whether the key is there while it writes: the thread that answers has no part in it. */
  #intoVacancy(key: string, changes: readonly Change[], durable: boolean): Promise<boolean> {
    return this.#committed(
      this.#database.ifNoExists(key, () => this.#put(changes)),
      durable,
    );
  }

  /** The promise of the last one. */
  #put(changes: readonly Change[]): WithFlushed | undefined {
    let last: WithFlushed | undefined;
    for (const { key, cell } of changes) {
      last = cell === undefined ? this.#database.remove(key) : this.#database.put(key, cell);
    }
    return last;
  }

  async #committed(written: WithFlushed, durable: boolean): Promise<boolean> {
    const { flushed } = written;
    this.#expectFailure();
    const applied = await written.catch((error) => this.#fail(error));
    if (durable && applied) await flushed;
    return applied;
  }

  async #fail(error: unknown): Promise<never> {
    const reason = await reasonOf(error);
    if ((reason as { code?: unknown }).code !== inputOutputError) throw reason;
    if (freeOnDisk(this.#directory) >= tightBytes) throw reason;
    return this.#diskIsFull(reason);
  }

  /** A child transaction: an exception half-way takes back its own changes and not those of its neighbours. */
  async #conditional(changes: readonly Change[], durable: boolean, guard: Guard): Promise<boolean> {
    this.#expectFailure();
    const applied = await this.#database
      .childTransaction(() => {
        if (!guard.holds()) return false;
        this.#put(changes);
        return true;
      })
      .catch((error) => this.#fail(error));
    if (durable && applied) await this.#database.flushed;
    return applied;
  }

  #checkOpen(): void {
    if (this.#closed) raise('store-failed', `The store ${this.name} is closed.`);
  }

  async flush(): Promise<void> {
    await this.#standing;
    this.#turns.release();
    await this.#database.committed;
    await this.#database.flushed;
  }

  async clear(): Promise<void> {
    await this.#begin(() => {
      this.#turns.release();
      return this.#database.clearAsync();
    });
  }

  stats(): { readonly [name: string]: number } {
    const stats = this.#stats();
    return { keys: stats.entryCount, 'bytes-used': (stats.lastPageNumber + 1) * stats.pageSize };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#standing;
    if (this.#closed) return;
    this.#turns.release();
    this.#closed = true;
    this.#frozen?.done();
    await this.#database.close();
    this.#standsStill?.end();
  }

  /**
   * LMDB lets its file grow; the operator's bound is ours to keep. And it must not meet a full disk: the message it then writes is longer than
   * the memory it has for it, and after some of them the process ends. Gives the bytes of the changes; with none they only remove.
   */
  #checkRoom(changes: readonly Change[]): number {
    let bytes = 0;
    for (const { key, cell } of changes) if (cell !== undefined) bytes += cell.length + key.length;
    const now = performance.now();
    if (bytes <= this.#allowance && now < this.#allowedUntil && this.#filesSeen === this.blobs.written) {
      this.#allowance -= bytes;
      return bytes;
    }
    const { lastPageNumber, pageSize } = this.#stats();
    const free = this.#capacity - (lastPageNumber + 1) * pageSize;
    if (bytes > 0 && bytes > free) {
      raise(
        'disk-full',
        `The store ${this.name} has reached its capacity of ${this.#capacity} bytes. Nothing was written; reading still works.`,
        'Raise the store\u2019s `capacity`.',
      );
    }
    // Pages are split and copied: count what is written four times over, and look often enough.
    const onDisk = freeOnDisk(this.#directory) - 4 * this.#unwritten - (bytes === 0 ? removingBytes : reserveBytes);
    if (4 * bytes > onDisk) this.#diskIsFull(undefined);
    this.#allowance = Math.max(Math.min(free / 4, onDisk / 16, maxAllowance) - bytes, 0);
    this.#allowedUntil = now + allowanceMs;
    this.#filesSeen = this.blobs.written;
    return bytes;
  }

  #diskIsFull(cause: unknown): never {
    raise('disk-full', `The disk of ${this.name} is full. Nothing was written; reading still works.`, {
      hint: 'Free some space.',
      cause,
    });
  }

  #stats(): { entryCount: number; lastPageNumber: number; pageSize: number } {
    return this.#database.getStats() as { entryCount: number; lastPageNumber: number; pageSize: number };
  }
}

/** LMDB's own rejection only points at the reason. */
async function reasonOf(error: unknown): Promise<unknown> {
  const reason = (error as { commitError?: Promise<unknown> }).commitError;
  if (reason === undefined) return error;
  return reason.then(
    () => error,
    (cause: unknown) => cause,
  );
}

/** A page that did not fit on the disk whole is reported as this. */
const inputOutputError = 5;
/** With less than this free, what was cut short was so because the disk is full. */
const tightBytes = 8 * 1024 * 1024;
/** What removing needs. */
const removingBytes = 256 * 1024;
/** Others fill the disk as well: nobody relies for longer than this on what was free. */
const allowanceMs = 250;
const maxAllowance = 16 * 1024 * 1024;
