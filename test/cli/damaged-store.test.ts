/** What the command line says of a store whose file is damaged: LMDB alone would end the process without a sentence. */
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { put } from '../../src/stores/store.ts';
import { run } from '../support/child-node.ts';

const directory = mkdtempSync(join(tmpdir(), 'damaged-store-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const pageSize = 4096;
const patience = 60_000;

async function dataDirectory(name: string): Promise<{ readonly at: string; readonly file: string }> {
  const at = join(directory, name);
  mkdirSync(at);
  await using store = await openLmdb({ directory: join(at, 'store') });
  for (let i = 0; i < 10; i++) {
    const entries = Array.from({ length: 100 }, (_, j) => put(`k/${i * 100 + j}`, new Uint8Array(500).fill(j)));
    await store.write(entries, { durable: true });
  }
  return { at, file: join(at, 'store', 'cells.mdb') };
}

test(
  'a file that is cut short: the node does not start, and nothing else reads it',
  async () => {
    const { at, file } = await dataDirectory('cut');
    truncateSync(file, 20 * pageSize);
    for (const command of [
      ['start', '--port', '0'],
      ['store', 'verify'],
      ['store', 'stats'],
      ['store', 'export'],
    ]) {
      const { code, stdout, stderr } = await run([...command, '--data-dir', at]);
      expect([command[0], code, stdout]).toEqual([command[0], 1, '']);
      expect(stderr).toContain(`The database ${file} is damaged. It lacks its end`);
      expect(stderr).toContain('hyperbeam store import');
    }
  },
  patience,
);

test(
  'a page that is spoilt: `store verify` tells',
  async () => {
    const { at, file } = await dataDirectory('spoilt');
    const page = Math.floor(readFileSync(file).indexOf(new Uint8Array(400).fill(7)) / pageSize);
    writeSync(openSync(file, 'r+'), new Uint8Array(pageSize), 0, pageSize, page * pageSize);
    const { code, stderr } = await run(['store', 'verify', '--data-dir', at]);
    expect(code).toBe(1);
    expect(stderr).toContain('is damaged');
    expect(stderr).toContain('hyperbeam store import');
  },
  patience,
);
