/**
 * The journal of the file store: what makes a batch of files one step. Before files are put in their places, all of the batch stands in
 * one journal file, itself put in place by a rename; after a crash whatever journals are left are applied again, oldest first.
 *
 *     journal/0000000000000042     (key-length key cell-length-or-0 cell)*   lengths: 32 bits, big-endian; 0: remove
 *
 * A journal may go only after everything in it is on disk, and never before an older one: applied again, the older one would undo the
 * younger. So while any is left every change is written through a journal.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { keyFromBytes, keyToBytes } from '../core/bytes.ts';
import { syncDirectory } from './blob-files.ts';
import type { Change } from './engine.ts';

export class Journal {
  readonly #directory: string;
  #next = 0;

  constructor(directory: string, readOnly: boolean) {
    this.#directory = directory;
    if (!readOnly) mkdirSync(directory, { recursive: true });
  }

  /** The journals a crash left behind, oldest first. */
  *leftovers(): Generator<{ readonly number: number; readonly changes: readonly Change[] }> {
    for (const name of readdirSync(this.#directory).sort()) {
      if (!/^\d{16}$/.test(name)) unlinkSync(join(this.#directory, name));
      else {
        const number = Number(name);
        this.#next = number + 1;
        const changes = readChanges(readFileSync(join(this.#directory, name)));
        // A power cut has left a beginning of it: nobody was told that it would last.
        if (changes === undefined) this.remove(number);
        else yield { number, changes };
      }
    }
  }

  async write(changes: readonly Change[], durable: boolean): Promise<number> {
    const number = this.#next++;
    const file = this.#file(number);
    const temporary = `${file}.tmp`;
    try {
      const handle = await open(temporary, 'w');
      try {
        await handle.writeFile(writeChanges(changes));
        if (durable) await handle.sync();
      } finally {
        await handle.close();
      }
      renameSync(temporary, file);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    if (durable) await syncDirectory(this.#directory);
    return number;
  }

  remove(number: number): void {
    rmSync(this.#file(number), { force: true });
  }

  #file(number: number): string {
    return join(this.#directory, String(number).padStart(16, '0'));
  }
}

function writeChanges(changes: readonly Change[]): Uint8Array {
  const rows = changes.map(({ key, cell }) => ({ key: keyToBytes(key), cell: cell ?? new Uint8Array(0) }));
  const out = new Uint8Array(rows.reduce((sum, { key, cell }) => sum + 8 + key.length + cell.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { key, cell } of rows) {
    for (const part of [key, cell]) {
      view.setUint32(at, part.length);
      out.set(part, at + 4);
      at += 4 + part.length;
    }
  }
  return out;
}

/** `undefined` if the end is missing. */
function readChanges(bytes: Uint8Array): Change[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const changes: Change[] = [];
  let at = 0;
  const part = (): Uint8Array | undefined => {
    const start = at + 4;
    if (start > bytes.length) return undefined;
    at = start + view.getUint32(at);
    return at > bytes.length ? undefined : bytes.subarray(start, at);
  };
  while (at < bytes.length) {
    const key = part();
    const cell = key && part();
    if (key === undefined || cell === undefined) return undefined;
    changes.push({ key: keyFromBytes(key), cell: cell.length === 0 ? undefined : cell });
  }
  return changes;
}
