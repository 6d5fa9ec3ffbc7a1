/** The conformance suite on every local store, and random operations that must agree between them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { storeSuite } from '../../test/conformance/store.ts';
import type { Awaitable } from '../core/awaitable.ts';
import { compareKeys } from '../core/bytes.ts';
import { CellTag, makeCell } from './cell.ts';
import { openFs } from './fs.ts';
import { openLmdb } from './lmdb.ts';
import { memoryStore } from './memory.ts';
import { openDisk } from './open.ts';
import { pathKey, separator } from './path.ts';
import { type Bounds, type Entry, group, link, put, type Row, remove, type Store } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'stores-'));
let counter = 0;
const fresh = (): string => join(directory, String(counter++));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const nameTooLong = 'file systems take names of 255 bytes';
storeSuite({ name: 'memory', open: async () => memoryStore() });
storeSuite({ name: 'lmdb', open: () => openLmdb({ directory: fresh() }) });
storeSuite({
  name: 'fs',
  open: async () => openFs({ directory: fresh() }),
  lacks: { longNames: nameTooLong },
});

test('a directory whose mark is not finished is one that a store is just being made in', async () => {
  for (const mark of ['', 'hyperbeam-ts st']) {
    const at = fresh();
    mkdirSync(at);
    writeFileSync(join(at, 'FORMAT'), mark);
    await expect(openLmdb({ directory: at, readOnly: true })).rejects.toThrow('There is no store');
    await using store = await openLmdb({ directory: at });
    await store.write([put('a', new Uint8Array(1))]);
    expect(() => openFs({ directory: at })).toThrow('holds');
  }
});

test('a directory whose mark was lost keeps its kind', async () => {
  for (const mark of ['', undefined]) {
    for (const kind of ['fs', 'lmdb']) {
      const at = fresh();
      {
        await using store = kind === 'fs' ? openFs({ directory: at }) : await openLmdb({ directory: at });
        await store.write([put('a', Uint8Array.of(1))], { durable: true });
      }
      if (mark === undefined) rmSync(join(at, 'FORMAT'));
      else writeFileSync(join(at, 'FORMAT'), mark);
      if (kind === 'fs') await expect(openLmdb({ directory: at })).rejects.toThrow('holds files of');
      else expect(() => openFs({ directory: at })).toThrow('holds files of');
      await using store = await openDisk({ directory: at });
      expect(store.read('a')).toEqual(Uint8Array.of(1));
    }
  }
});

test('a journal whose end a power cut has taken is dropped, the others count', async () => {
  const at = fresh();
  await openFs({ directory: at })[Symbol.asyncDispose]();
  const entry = (key: string): Buffer => {
    const cell = makeCell(key, CellTag.value, Uint8Array.of(1));
    return Buffer.concat([Buffer.of(0, 0, 0, 1), Buffer.from(key), Buffer.of(0, 0, 0, cell.length), cell]);
  };
  for (const [number, bytes] of [
    [1, entry('a')],
    [2, Buffer.concat([entry('b'), entry('c').subarray(0, -1)])],
    [3, entry('d')],
    [4, Buffer.of(0, 0)],
  ] as const) {
    writeFileSync(join(at, 'journal', String(number).padStart(16, '0')), bytes);
  }
  await using store = openFs({ directory: at });
  expect(store.list('')).toEqual(['a', 'd']);
  await store.flush();
  expect(readdirSync(join(at, 'journal'))).toEqual([]);
});

test('what a crash left of large values goes in time, and what is being written stays', async () => {
  for (const open of [(at: string) => openLmdb({ directory: at }), async (at: string) => openFs({ directory: at })]) {
    const at = fresh();
    const shard = join(at, 'blobs', '00');
    mkdirSync(shard, { recursive: true });
    const [old, young] = [join(shard, '00.1.tmp'), join(shard, '00.2.tmp')];
    for (const file of [old, young]) writeFileSync(file, 'half');
    utimesSync(old, 1, 1);
    await using _ = await open(at);
    expect(readdirSync(shard)).toEqual(['00.2.tmp']);
  }
});

const segment = fc.constantFrom('a', 'b', 'a-b', 'A', 'ab', '..', '\x00', '\x01', 'é', '\u{1f4a9}', '0');
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(path, fc.uint8Array({ maxLength: 4 })).map(([at, value]) => put(at, value)),
  fc.tuple(path, path).map(([to, at]) => link(to, at)),
  path.map((at) => group(at)),
  path.map((at) => remove(at)),
);
const bounds: fc.Arbitrary<Bounds> = fc.record(
  { from: path, limit: fc.nat(5), reverse: fc.boolean() },
  { requiredKeys: [] },
);
const batch = fc.tuple(
  fc.array(entry, { maxLength: 4 }),
  fc.boolean(),
  fc.option(fc.tuple(path, fc.uint8Array({ maxLength: 2 }))),
);

test('random operations agree between memory, files and LMDB', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { maxLength: 12 }),
      fc.array(fc.tuple(path, bounds), { maxLength: 12 }),
      async (batches, questions) => {
        await using memory = memoryStore();
        await using lmdb = await openLmdb({ directory: fresh() });
        await using files = openFs({ directory: fresh() });
        const stores: Store[] = [memory, lmdb, files];
        for (const [entries, durable, condition] of batches) {
          const when =
            condition === null
              ? []
              : [{ path: condition[0], is: condition[1].length === 0 ? undefined : condition[1] }];
          const answers = await Promise.all(stores.map(async (store) => store.write(entries, { durable, when })));
          expect(new Set(answers).size).toBe(1);
        }
        for (const [at, within] of [...questions, ['', {}] as const]) {
          const answers = await Promise.all(
            stores.map(async (store) => ({
              read: await store.read(at),
              type: await store.type(at),
              list: await store.list(at, within),
              resolve: await store.resolve(at),
              scan: await store.scan(at, within),
            })),
          );
          expect(answers[1]).toEqual(answers[0]);
          expect(answers[2]).toEqual(answers[0]);
        }
      },
    ),
    { numRuns: 60 },
  );
}, 120_000);

test('bounds are what they say: a part of the whole listing', async () => {
  const paths = fc.array(path, { maxLength: 12 });
  const key = (at: string): string => pathKey(at);
  await fc.assert(
    fc.asyncProperty(paths, paths, path, bounds, async (values, groups, at, { from, limit, reverse = false }) => {
      await using store = memoryStore();
      await store.write([...values.map((one) => put(one, new Uint8Array(1))), ...groups.map((one) => group(one))]);
      const part = (all: readonly string[]): string[] => {
        const ordered = reverse ? all.toReversed() : [...all];
        const within = (name: string): boolean => {
          if (from === undefined || key(name) === key(from)) return true;
          // Backwards all that is below the last one is in front of it.
          if (reverse && key(name).startsWith(key(from) + separator)) return true;
          return compareKeys(key(name), key(from)) > 0 !== reverse;
        };
        return ordered.filter(within).slice(0, limit);
      };
      for (const top of ['', at]) {
        const within = { ...(from === undefined ? {} : { from }), ...(limit === undefined ? {} : { limit }), reverse };
        const rows = (found: readonly Row[]): string[] => found.map((row) => row.path);
        expect(rows(store.scan(top, within))).toEqual(part(rows(store.scan(top))));
        const names = store.list(top);
        const first = from?.split('/')[0];
        if (from === first) expect(store.list(top, within)).toEqual(names && part(names));
      }
    }),
    { numRuns: 500 },
  );
});

test('what was written is there after closing and opening again', async () => {
  for (const open of [(at: string) => openLmdb({ directory: at }), async (at: string) => openFs({ directory: at })]) {
    const at = fresh();
    {
      await using store = await open(at);
      await store.write([put('a/b', Uint8Array.of(1)), link('a/b', 'l'), put('big', new Uint8Array(400_000))], {
        durable: true,
      });
    }
    await using again = await open(at);
    expect(await again.read('l')).toEqual(Uint8Array.of(1));
    expect((await again.read('big'))?.length).toBe(400_000);
  }
});

test('durable writes that wait for a flush are not lost by closing, and are gone after a reset', async () => {
  for (const [end, kept] of [
    ['close', 2],
    ['reset', 0],
  ] as const) {
    const directory = mkdtempSync(join(tmpdir(), 'turns-'));
    const store = await openLmdb({ directory });
    const written = [store.write([put('a', new Uint8Array(1))], { durable: true })];
    await setImmediate();
    written.push(store.write([put('b', new Uint8Array(1))], { durable: true }));
    if (end === 'reset') await store.reset();
    else await store[Symbol.asyncDispose]();
    expect(await Promise.all(written)).toEqual([true, true]);
    await store[Symbol.asyncDispose]();
    await using again = await openLmdb({ directory });
    expect((await again.list('')) ?? []).toHaveLength(kept);
    rmSync(directory, { recursive: true });
  }
});

test('of batches that want the same vacancy at once one is written whole, and their neighbours are', async () => {
  await using memory = memoryStore();
  await using lmdb = await openLmdb({ directory: fresh() });
  await using files = openFs({ directory: fresh() });
  for (const store of [memory, lmdb, files]) {
    await store.write([put('taken', Uint8Array.of(0))]);
    const contend = (by: number): Awaitable<boolean> =>
      store.write([put('slot', Uint8Array.of(by)), put(`of/${by}`, Uint8Array.of(by)), remove(`was/${by}`)], {
        durable: true,
        when: [{ path: 'slot', is: undefined }],
      });
    const late = store.write([put('late', Uint8Array.of(1))], { when: [{ path: 'taken', is: undefined }] });
    const answers = await Promise.all([contend(1), store.write([put('plain', Uint8Array.of(9))]), contend(2), late]);
    expect(answers).toEqual([true, true, false, false]);
    expect(store.list('')).toEqual(['of', 'plain', 'slot', 'taken']);
    expect([store.read('slot'), store.list('of')]).toEqual([Uint8Array.of(1), ['1']]);
  }
});

test('a store of another kind is refused', async () => {
  const at = fresh();
  await (await openLmdb({ directory: at }))[Symbol.asyncDispose]();
  expect(() => openFs({ directory: at })).toThrow(/holds/);
});

test('a read-only store reads and refuses to write', async () => {
  const at = fresh();
  await using writer = await openLmdb({ directory: at });
  await writer.write([put('a', Uint8Array.of(1))], { durable: true });
  await using reader = await openLmdb({ directory: at, readOnly: true });
  expect(reader.read('a')).toEqual(Uint8Array.of(1));
  expect(() => reader.write([put('a', Uint8Array.of(2))])).toThrow(/reading only/);
  expect(() => reader.reset()).toThrow(/reading only/);
  await expect(openLmdb({ directory: fresh(), readOnly: true })).rejects.toThrow(/no store/);
});

test('a full store says so, and keeps reading', async () => {
  await using store = await openLmdb({ directory: fresh(), capacity: 1024 * 1024 });
  await store.write([put('first', Uint8Array.of(1))]);
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 200; i++) await store.write([put(`fill/${i}`, new Uint8Array(20_000))]);
  };
  await expect(fill()).rejects.toMatchObject({ code: 'disk-full' });
  expect(store.read('first')).toEqual(Uint8Array.of(1));
  expect(await store.write([remove('first')])).toBe(true);
});

test('a closed store says so', async () => {
  const store = await openLmdb({ directory: fresh() });
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  expect(() => store.read('a')).toThrow(/is closed/);
  await expect(async () => await store.write([put('a', Uint8Array.of(1))])).rejects.toMatchObject({
    code: 'store-failed',
  });
});
