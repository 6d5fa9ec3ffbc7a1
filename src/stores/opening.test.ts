/** Processes that open a database in which others write. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openLmdb } from './lmdb.ts';
import { put } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'opening-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const child = fileURLToPath(new URL('../../test/support/store-child.ts', import.meta.url));

test('whoever opens a store beside a busy writer takes nothing from it', async () => {
  const at = join(directory, 'busy');
  const writer = fork(child, ['count', at]);
  await once(writer, 'message');
  let opened = 0;
  for (const end = performance.now() + 3_000; performance.now() < end; opened++) {
    await using store = await openLmdb({ directory: at, readOnly: opened % 2 === 0 });
    if (!store.readOnly) await store.write([put(`mine/${opened}`, new Uint8Array(1))]);
  }
  writer.send('stop');
  const [{ done, lost }] = (await once(writer, 'message')) as [{ done: number; lost: number }];
  expect(opened).toBeGreaterThan(5);
  expect(done).toBeGreaterThan(100);
  expect(lost).toBe(0);
  await once(writer, 'exit');
  await using store = await openLmdb({ directory: at, readOnly: true });
  expect(store.list('mine')?.length).toBe(Math.floor(opened / 2));
  expect(readdirSync(join(at, 'open'))).toEqual([]);
}, 30_000);

test('a writer that does not answer is waited for a while, one that was killed is not', async () => {
  const at = join(directory, 'silent');
  const writer = fork(child, ['count', at]);
  await once(writer, 'message');
  if (process.platform !== 'win32') {
    writer.kill('SIGSTOP');
    await expect(openLmdb({ directory: at, patienceMs: 300 })).rejects.toThrow(
      `Process ${writer.pid} has the store in ${join(at, 'open')} open and is busy.`,
    );
  }
  const exited = once(writer, 'exit');
  writer.kill('SIGKILL');
  await exited;
  // Of those that were killed while they opened the store.
  for (const text of [`${writer.pid} 1 x`, '']) {
    writeFileSync(join(at, 'open', 'opening'), text);
    writeFileSync(join(at, 'open', 'writer-x'), text);
    const store = await openLmdb({ directory: at, patienceMs: 300 });
    await store.write([put('after', new Uint8Array(1))], { durable: true });
    await store[Symbol.asyncDispose]();
    expect(readdirSync(join(at, 'open'))).toEqual([]);
  }
}, 30_000);

test('what is written while somebody opens the store comes after that, in order', async () => {
  const at = join(directory, 'order');
  await using store = await openLmdb({ directory: at });
  mkdirSync(join(at, 'open'), { recursive: true });
  const mark = join(at, 'open', 'opening');
  // The parent of the tests stands for another process.
  writeFileSync(mark, `${process.ppid} ? x`);
  const still = (): boolean => readdirSync(join(at, 'open')).some((name) => name.startsWith('still-'));
  while (!still()) await new Promise((go) => setTimeout(go, 5));
  const order: string[] = [];
  const write = async (name: string, durable: boolean): Promise<void> => {
    await store.write([put('last', new TextEncoder().encode(name))], { durable });
    order.push(name);
  };
  const all = ['a', 'b', 'c'].map((name, i) => write(name, i === 1));
  await new Promise((go) => setTimeout(go, 50));
  expect([order, store.read('last')]).toEqual([[], undefined]);
  rmSync(mark);
  await Promise.all(all);
  expect(new TextDecoder().decode(store.read('last')!)).toBe('c');
  expect(still()).toBe(false);
});
