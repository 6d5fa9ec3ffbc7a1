/** LMDB stores to be damaged: entries enough for some hundred pages, and a page of them spoilt. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { put } from '../../src/stores/store.ts';

export const pageSize = 4096;
const perCommit = 100;
const valueBytes = 500;

/** Writes `count` values of 500 bytes as `k/<number>`; gives the file they are in. */
export async function filledStore(directory: string, count: number): Promise<string> {
  await using store = await openLmdb({ directory });
  for (let first = 0; first < count; first += perCommit) {
    const entries = Array.from({ length: perCommit }, (_, i) =>
      put(`k/${first + i}`, new Uint8Array(valueBytes).fill(i)),
    );
    await store.write(entries, { durable: true });
  }
  return join(directory, 'cells.mdb');
}

/** Spoils a page with entries, and not the one that leads to it. */
export function spoilPage(file: string): void {
  const page = Math.floor(readFileSync(file).indexOf(new Uint8Array(400).fill(7)) / pageSize);
  const handle = openSync(file, 'r+');
  writeSync(handle, new Uint8Array(pageSize), 0, pageSize, page * pageSize);
  closeSync(handle);
}
