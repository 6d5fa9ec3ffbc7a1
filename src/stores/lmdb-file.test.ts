/** Database files that a broken copy or a bad disk has left. */
import {
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filledStore, pageSize, spoilPage } from '../../test/support/damaged-store.ts';
import { openLmdb } from './lmdb.ts';
import { put } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'damaged-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const count = 2_000;
const sound = join(directory, 'sound');

beforeAll(() => filledStore(sound, count));

function copy(name: string): { readonly at: string; readonly file: string } {
  const at = join(directory, name);
  cpSync(sound, at, { recursive: true });
  return { at, file: join(at, 'cells.mdb') };
}

const failed = { code: 'store-failed' };

test.each([1, 100, pageSize, 2 * pageSize, 3 * pageSize, 100 * pageSize + 1, 0.5])(
  'a file of which only %d is left is refused with a sentence, each time',
  async (left) => {
    const { at, file } = copy(`cut-${left}`);
    truncateSync(file, left < 1 ? Math.floor(statSync(file).size * left) : left);
    for (const readOnly of [true, false, false]) {
      const refused = expect(openLmdb({ directory: at, readOnly })).rejects;
      await refused.toMatchObject(failed);
    }
    await expect(openLmdb({ directory: at })).rejects.toThrow(`The database ${file} is damaged.`);
  },
);

test('a file that is something else is refused, and stays as it is', async () => {
  const { at, file } = copy('other');
  const bytes = Buffer.from('#!/bin/sh\n'.repeat(1_000));
  writeFileSync(file, bytes);
  await expect(openLmdb({ directory: at })).rejects.toMatchObject(failed);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test('with one page spoilt what stands on others can still be read and written', async () => {
  const { at, file } = copy('page');
  spoilPage(file);
  await using store = await openLmdb({ directory: at });
  let read = 0;
  const errors: unknown[] = [];
  for (let i = 0; i < count; i++) {
    try {
      if (store.read(`k/${i}`)?.length === 500) read++;
    } catch (error) {
      errors.push(error);
    }
  }
  expect(errors.length).toBeGreaterThan(0);
  expect(read + errors.length).toBe(count);
  expect(read).toBeGreaterThan(count - 20);
  for (const error of errors) expect(error).toMatchObject(failed);
  await store.write([put('z/new', new Uint8Array(3))], { durable: true });
  expect(store.read('z/new')).toHaveLength(3);
});

test('a file that only lacks pages nobody uses is opened', async () => {
  const { at, file } = copy('short');
  const handle = openSync(file, 'r+');
  // Both first pages say that there are a thousand pages more.
  for (const start of [0, pageSize]) {
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(statSync(file).size / pageSize + 1_000));
    writeSync(handle, number, 0, 8, start + 144);
  }
  await using store = await openLmdb({ directory: at });
  expect(store.list('k')).toHaveLength(count);
  await store.write([put('z/new', new Uint8Array(3))], { durable: true });
  expect(store.read('z/new')).toHaveLength(3);
});
