/**
 * A store of plain files, in plain JavaScript: for platforms without a prebuilt LMDB, and for people who want to look inside with `ls`.
 * Slower than LMDB, as safe. One writer at a time; other processes may open it for reading.
 *
 *     directory/FORMAT     directory/cells/d-a/c-b     directory/blobs/…     directory/journal/…     directory/tmp/…
 *
 * Writers queue up; everything that waits is written as one group: new files beside their places, then the journal (flushed if any of
 * the group is durable), then renames only. A full disk shows before the journal is there, so a group that fails has changed nothing.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareKeys } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { BlobFiles, leftMs } from './blob-files.ts';
import type { Change, Engine, Guard } from './engine.ts';
import { translate } from './failure.ts';
import { claimDirectory } from './format.ts';
import { Journal } from './fs-journal.ts';
import { filePath, readName } from './fs-names.ts';
import { afterChildren, keyPath, separator } from './path.ts';
import { PathStore } from './path-store.ts';

export interface FsOptions {
  readonly directory: string;
  readonly readOnly?: boolean;
  readonly scope?: string;
}

/** Opens the store in a directory, making it if need be and finishing what a crash left undone. */
export function openFs({ directory, readOnly = false, scope }: FsOptions): PathStore {
  try {
    if (!readOnly) mkdirSync(directory, { recursive: true });
    claimDirectory(directory, 'fs', readOnly);
    return new PathStore(new FsEngine(directory, readOnly), scope);
  } catch (error) {
    return translate(error, directory);
  }
}

/** Journals are put away when there are this many, or when nothing was written for this long. */
const maxKept = 64;
const idleMs = 200;
/** Directories remembered as made. */
const maxMade = 10_000;

interface Waiting {
  readonly changes: readonly Change[];
  readonly durable: boolean;
  readonly guard: Guard | undefined;
  readonly resolve: (applied: boolean) => void;
  readonly reject: (error: unknown) => void;
}

class FsEngine implements Engine {
  readonly name: string;
  readonly readOnly: boolean;
  readonly shareable = false;
  /** Large values apart, so that they can be read in pieces. */
  readonly blobs: BlobFiles;
  readonly #cells: string;
  readonly #temporary: string;
  readonly #journal: Journal;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  /** Cells of the group in the making, so that conditions of a later batch see the earlier ones. */
  #group: Map<string, Uint8Array | undefined> | undefined;
  /** Journals still on disk, oldest first, with the files that must be flushed before they go. */
  #kept: { readonly number: number; readonly files: readonly string[] }[] = [];
  #retiring: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why journals could not be put away the last time. */
  #failure: unknown;
  #counter = 0;
  /** Directories that are known to be there. */
  readonly #made = new Set<string>();

  constructor(directory: string, readOnly: boolean) {
    this.name = `fs ${directory}`;
    this.readOnly = readOnly;
    this.blobs = new BlobFiles(join(directory, 'blobs'));
    this.#cells = join(directory, 'cells');
    this.#temporary = join(directory, 'tmp');
    this.#journal = new Journal(join(directory, 'journal'), readOnly);
    if (readOnly) return;
    rmSync(this.#temporary, { recursive: true, force: true });
    this.blobs.removeUnfinished(leftMs);
    for (const made of [this.#cells, this.#temporary]) mkdirSync(made, { recursive: true });
    for (const { number, changes } of this.#journal.leftovers()) {
      this.#place(this.#prepare(changes, true));
      this.#kept.push({ number, files: this.#files(changes) });
    }
    this.#retire();
  }

  get(key: string): Uint8Array | undefined {
    if (this.#group?.has(key)) return this.#group.get(key);
    const file = this.#file(key);
    if (file === undefined || statSync(file, { throwIfNoEntry: false }) === undefined) return undefined;
    try {
      const bytes = readFileSync(file);
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    } catch (error) {
      // Removed in between, by the writer.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      return translate(error, this.name);
    }
  }

  keys(from: string, to: string | undefined, reverse: boolean): Iterable<string> {
    return this.#walk(this.#cells, '', { from, to, reverse });
  }

  commit(changes: readonly Change[], durable: boolean, guard?: Guard): Promise<boolean> {
    for (const { key, cell } of changes) {
      if (cell !== undefined && this.#file(key) === undefined) {
        raise(
          'limit-exceeded',
          `A name in \`${keyPath(key)}\` is too long for a file.`,
          'Use a shorter name, or its hash.',
        );
      }
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, durable, guard, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  async flush(): Promise<void> {
    while (this.#working !== undefined || this.#kept.length > 0) {
      await this.#working;
      this.#retire();
      await this.#retiring;
      if (this.#failure !== undefined) translate(this.#failure, this.name);
    }
  }

  async clear(): Promise<void> {
    await this.flush();
    rmSync(this.#cells, { recursive: true, force: true });
    this.#made.clear();
    mkdirSync(this.#cells);
  }

  stats(): { readonly [name: string]: number } {
    let keys = 0;
    let bytes = 0;
    for (const key of this.keys('', undefined, false)) {
      keys++;
      bytes += statSync(this.#file(key)!, { throwIfNoEntry: false })?.size ?? 0;
    }
    return { keys, 'bytes-used': bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
  }

  async #work(): Promise<void> {
    // Let everything that is being written in this turn join the group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#writeGroup(group);
    }
    this.#working = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    const cells = new Map<string, Uint8Array | undefined>();
    const answers: { readonly batch: Waiting; readonly applied: boolean }[] = [];
    let durable = false;
    this.#group = cells;
    for (const batch of group) {
      try {
        const applied = batch.guard?.holds() ?? true;
        answers.push({ batch, applied });
        if (!applied) continue;
        for (const { key, cell } of batch.changes) cells.set(key, cell);
        durable ||= batch.durable;
      } catch (error) {
        batch.reject(error);
      }
    }
    this.#group = undefined;
    const changes = [...cells].map(([key, cell]) => ({ key, cell }));
    let prepared: readonly Prepared[] = [];
    try {
      prepared = this.#prepare(changes, durable);
      if (durable || changes.length > 1 || this.#kept.length > 0) {
        const number = await this.#journal.write(changes, durable);
        this.#kept.push({ number, files: durable ? this.#files(changes) : [] });
      }
      this.#place(prepared);
    } catch (error) {
      for (const { temporary } of prepared) if (temporary !== undefined) rmSync(temporary, { force: true });
      for (const { batch } of answers) batch.reject(error);
      return;
    }
    for (const { batch, applied } of answers) batch.resolve(applied);
    if (this.#kept.length >= maxKept) this.#retire();
    else if (this.#kept.length > 0) this.#timer ??= setTimeout(() => this.#retire(), idleMs).unref();
  }

  /**
   * Everything that needs space on the disk. What takes the place of another file is flushed first unless the journal is: a file that was
   * durable must not be replaced by one that a power cut leaves empty.
   */
  #prepare(changes: readonly Change[], journalled: boolean): Prepared[] {
    const prepared: Prepared[] = [];
    try {
      for (const { key, cell } of changes) {
        const file = this.#file(key);
        if (file === undefined) continue;
        if (cell === undefined) {
          prepared.push({ file, temporary: undefined });
          continue;
        }
        const temporary = join(this.#temporary, String(this.#counter++));
        prepared.push({ file, temporary });
        writeFileSync(temporary, cell, { flush: !journalled && existsSync(file) });
        this.#makeDirectory(dirname(file));
      }
    } catch (error) {
      for (const { temporary } of prepared) if (temporary !== undefined) rmSync(temporary, { force: true });
      throw error;
    }
    return prepared;
  }

  #place(prepared: readonly Prepared[]): void {
    for (const { file, temporary } of prepared) {
      if (temporary !== undefined) {
        // A removal in the same group may have pruned the directory.
        this.#makeDirectory(dirname(file));
        renameSync(temporary, file);
      } else if (statSync(file, { throwIfNoEntry: false }) !== undefined) {
        unlinkSync(file);
        this.#prune(dirname(file));
      }
    }
  }

  #makeDirectory(directory: string): void {
    if (this.#made.has(directory)) return;
    mkdirSync(directory, { recursive: true });
    if (this.#made.size >= maxMade) this.#made.clear();
    this.#made.add(directory);
  }

  /** A directory is there only if something is in it: removes empty ones upwards. */
  #prune(directory: string): void {
    while (directory !== this.#cells && readdirSync(directory).length === 0) {
      rmdirSync(directory);
      this.#made.delete(directory);
      directory = dirname(directory);
    }
  }

  /** Flushes what the journals hold, then removes them, oldest first. One round at a time, in the background. */
  #retire(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#kept.length === 0 || this.#retiring !== undefined) return;
    this.#failure = undefined;
    this.#retiring = this.#retireAll([...this.#kept]).then(
      () => {
        this.#retiring = undefined;
      },
      // The journals stay and are applied again at the next start; the next write tries once more.
      (error: unknown) => {
        this.#retiring = undefined;
        this.#failure = error;
      },
    );
  }

  async #retireAll(kept: readonly { readonly number: number; readonly files: readonly string[] }[]): Promise<void> {
    for (const file of new Set(kept.flatMap(({ files }) => files))) await syncFile(file);
    for (const { number } of kept) this.#journal.remove(number);
    this.#kept = this.#kept.slice(kept.length);
  }

  #files(changes: readonly Change[]): string[] {
    return changes.flatMap(({ key }) => {
      const file = this.#file(key);
      return file === undefined ? [] : [file, dirname(file)];
    });
  }

  #file(key: string): string | undefined {
    const names = filePath(key);
    return names === undefined ? undefined : join(this.#cells, ...names);
  }

  *#walk(directory: string, base: string, range: Range): Generator<string> {
    const found = new Map<string, { cell: boolean; directory: boolean }>();
    for (const name of readDirectory(directory)) {
      const read = readName(name);
      if (read === undefined) continue;
      const entry = found.get(read.segment) ?? { cell: false, directory: false };
      if (read.kind === 'directory') entry.directory = true;
      else entry.cell = true;
      found.set(read.segment, entry);
    }
    const names = [...found.keys()].sort(compareKeys);
    if (range.reverse) names.reverse();
    for (const name of names) {
      const key = base + name;
      const entry = found.get(name)!;
      // The mark's segment is empty: it comes first, and `key` is then the mark itself.
      const below = name !== '' && entry.directory && overlaps(key, range);
      if (entry.cell && !range.reverse && within(key, range)) yield key;
      if (below) yield* this.#walk(join(directory, directoryName(key)), key + separator, range);
      if (entry.cell && range.reverse && within(key, range)) yield key;
    }
  }
}

interface Prepared {
  readonly file: string;
  /** Where the new content waits; `undefined`: the file is to be removed. */
  readonly temporary: string | undefined;
}

interface Range {
  readonly from: string;
  readonly to: string | undefined;
  readonly reverse: boolean;
}

function within(key: string, { from, to }: Range): boolean {
  return compareKeys(key, from) >= 0 && (to === undefined || compareKeys(key, to) < 0);
}

/** Whether anything below `key` can be within the range. */
function overlaps(key: string, { from, to }: Range): boolean {
  return compareKeys(key + afterChildren, from) > 0 && (to === undefined || compareKeys(key, to) < 0);
}

/** The last directory in the path of anything below `key`. */
function directoryName(key: string): string {
  return filePath(key + separator)!.at(-2)!;
}

function readDirectory(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

async function syncFile(file: string): Promise<void> {
  try {
    const handle = await open(file, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Replaced or removed since: then a later journal has it. Directories cannot be flushed on Windows.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'EPERM' && code !== 'EISDIR') throw error;
  }
}
