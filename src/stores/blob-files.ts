/**
 * Large values as files named by their hash: `blobs/3f/3fa9…`. A file is written beside its place, flushed, and renamed; so a file that
 * is there is whole. The cell that names it is written afterwards: a crash in between leaves a file nobody names, never a name without
 * a file.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sameBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { freeOnDisk, reserveBytes } from './disk-space.ts';
import type { Blobs } from './engine.ts';
import type { StoredFile } from './store.ts';
import { storedFile } from './stored-file.ts';

/** Measured: above this, files are faster than LMDB's overflow pages, and the database stays small. */
export const blobThreshold = 256 * 1024;

/** What is unfinished for so long was left by a crash: nobody takes an hour between two pieces. */
export const leftMs = 60 * 60 * 1000;

const nothing = new Uint8Array(0);

export class BlobFiles implements Blobs {
  readonly threshold: number;
  readonly #directory: string;
  #counter = 0;
  /** How many were written, or tried. */
  written = 0;
  /** Bytes of those that are being written. */
  #writing = 0;

  constructor(directory: string, threshold: number = blobThreshold) {
    this.#directory = directory;
    this.threshold = threshold;
  }

  async write(hash: Uint8Array, bytes: Uint8Array): Promise<void> {
    const file = this.#file(hash);
    const parent = dirname(file);
    // Looked at whole: one that went bad is written anew.
    if (this.size(hash) === bytes.length && sameBytes(await readFile(file).catch(() => nothing), bytes)) {
      // Whoever put it there may not have come so far.
      await syncDirectory(parent);
      return;
    }
    await mkdir(parent, { recursive: true });
    if (freeOnDisk(parent) - this.#writing - bytes.length < reserveBytes) {
      raise(
        'disk-full',
        `The disk of ${this.#directory} is full. Nothing was written; reading still works.`,
        'Free some space.',
      );
    }
    this.#writing += bytes.length;
    const temporary = `${file}.${process.pid}.${performance.now()}.${this.#counter++}.tmp`;
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      this.#writing -= bytes.length;
      this.written++;
    }
    await syncDirectory(parent);
  }

  read(hash: Uint8Array): Uint8Array | undefined {
    try {
      const file = readFileSync(this.#file(hash));
      return new Uint8Array(file.buffer, file.byteOffset, file.length);
    } catch {
      return undefined;
    }
  }

  open(hash: Uint8Array, size: number): StoredFile {
    return storedFile(this.#file(hash), hash, size);
  }

  size(hash: Uint8Array): number | undefined {
    return statSync(this.#file(hash), { throwIfNoEntry: false })?.size;
  }

  *hashes(): Generator<Uint8Array> {
    for (const shard of this.#shards()) {
      for (const name of readdirSync(shard)) if (/^[0-9a-f]{64}$/.test(name)) yield Uint8Array.fromHex(name);
    }
  }

  remove(hash: Uint8Array): void {
    rmSync(this.#file(hash), { force: true });
  }

  clear(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  removeUnfinished(olderThanMs = 0): void {
    const before = Date.now() - olderThanMs;
    for (const shard of this.#shards()) {
      for (const name of readdirSync(shard)) {
        if (!name.endsWith('.tmp')) continue;
        const file = join(shard, name);
        const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
        if (olderThanMs === 0 || written < before) rmSync(file, { force: true });
      }
    }
  }

  #shards(): string[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .filter((shard) => /^[0-9a-f]{2}$/.test(shard))
      .map((shard) => join(this.#directory, shard));
  }

  #file(hash: Uint8Array): string {
    const name = hash.toHex();
    return join(this.#directory, name.slice(0, 2), name);
  }
}

/** Makes a rename last. Windows has no such thing, and needs none. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
