/** A disk that gets full: LMDB must not notice, because it writes over memory that isn't its own when a page doesn't fit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { openLmdb } from './lmdb.ts';
import { put, remove } from './store.ts';

const disk = vi.hoisted(() => ({ free: 2 ** 40 }));
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  statfsSync: () => ({ bavail: disk.free / 4096, bsize: 4096 }),
}));

const directory = mkdtempSync(join(tmpdir(), 'full-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const mebibyte = 1024 * 1024;

test('before a disk is full nothing more is written, and removing goes on', async () => {
  disk.free = 4 * mebibyte;
  await using store = await openLmdb({ directory: join(directory, 'a') });
  await store.write([put('first', Uint8Array.of(1))]);
  const fill = (i: number): Promise<boolean> =>
    store.write([put(`fill/${i}`, new Uint8Array(100_000))], { durable: i % 2 === 0 }) as Promise<boolean>;
  // All at once: what is under way is not on the disk yet.
  const answers = await Promise.allSettled(Array.from({ length: 40 }, async (_, i) => fill(i)));
  const written = answers.filter(({ status }) => status === 'fulfilled').length;
  expect(written).toBeGreaterThan(0);
  expect(written).toBeLessThan(8);
  for (const answer of answers)
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'disk-full' });
  expect([store.read('first'), store.list('fill')?.length]).toEqual([Uint8Array.of(1), written]);
  disk.free = mebibyte;
  expect(await store.write([remove('first')])).toBe(true);
  await expect(async () => await fill(99)).rejects.toMatchObject({ code: 'disk-full' });
  disk.free = 100 * mebibyte;
  expect(await fill(99)).toBe(true);
});

test('large values leave the same room', async () => {
  disk.free = 2 ** 40;
  await using store = await openLmdb({ directory: join(directory, 'c') });
  await store.write([put('first', Uint8Array.of(1))]);
  disk.free = 3 * mebibyte;
  const answers = await Promise.allSettled(
    [1, 2, 3, 4].map(async (i) => store.write([put(`large/${i}`, new Uint8Array(400_000).fill(i))])),
  );
  const refused = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason);
  expect(refused).toMatchObject([{ code: 'disk-full' }, { code: 'disk-full' }]);
  expect(store.list('large')).toHaveLength(2);
  // What was free when the first was written counts no more.
  disk.free = 2.5 * mebibyte;
  await expect(async () => await store.write([put('b', new Uint8Array(200_000))])).rejects.toMatchObject({
    code: 'disk-full',
  });
});

test('a disk that others fill is looked at again', async () => {
  disk.free = 2 ** 40;
  await using store = await openLmdb({ directory: join(directory, 'b') });
  await store.write([put('first', Uint8Array.of(1))]);
  disk.free = 0;
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 2_000);
  await expect(async () => await store.write([put('a', Uint8Array.of(1))])).rejects.toMatchObject({
    code: 'disk-full',
  });
  await expect(async () => await store.write([remove('first')])).rejects.toMatchObject({ code: 'disk-full' });
  vi.restoreAllMocks();
});
