import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { cacheWorld } from '../../../test/support/cache-world.ts';
import { message, messageFrom } from '../../core/message.ts';
import { openFs } from '../fs.ts';
import { openLmdb } from '../lmdb.ts';
import { memoryStore } from '../memory.ts';
import { pathKey } from '../path.ts';
import type { PathStore } from '../path-store.ts';
import { group, link, put, remove } from '../store.ts';
import { checkArchive, exportStore, importStore } from './archive.ts';
import { storeStats } from './stats.ts';
import { verifyStore } from './verify.ts';

const directory = mkdtempSync(join(tmpdir(), 'maintenance-'));
let counter = 0;
const fresh = (): string => join(directory, String(counter++));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function filled(store: PathStore) {
  const world = cacheWorld(store);
  const child = await world.sign(message({ child: 'yes', n: 1 }));
  const body = new Uint8Array(10_000).map((_, i) => i);
  const path = await world.cache.write(
    await world.sign(
      messageFrom([
        ['a', 1],
        ['child', child],
        ['body', body],
        ['list', [1, 'x']],
      ]),
    ),
  );
  await world.cache.write(new Uint8Array(400_000).fill(7));
  await world.cache.link(path, 'names/n');
  await world.cache.writeResult(path, 'key', 'result');
  await world.cache.match(message({ child: 'yes' }));
  await store.write([
    group('some/group'),
    link('some/group', 'some/link'),
    put('big', new Uint8Array(300_000).fill(3)),
  ]);
  return { ...world, path };
}

const backends: readonly (readonly [string, () => Promise<PathStore>])[] = [
  ['memory', async () => memoryStore()],
  ['lmdb', () => openLmdb({ directory: fresh() })],
  ['fs', async () => openFs({ directory: fresh() })],
];

describe.each(backends)('verify: %s', (_name, open) => {
  test('a sound store is clean', async () => {
    await using store = await open();
    const { env } = await filled(store);
    const report = await verifyStore(store, { environment: env });
    expect(report).toMatchObject({ damage: [], absent: [], orphans: [] });
    expect(report.entries).toBeGreaterThan(20);
  });

  test('every damaged cell is found', async () => {
    await using store = await open();
    const { env } = await filled(store);
    const keys = [...store.engine.keys('', undefined, false)];
    for (const [i, key] of keys.entries()) {
      const good = store.engine.get(key)!.slice();
      const bad = good.slice();
      bad[(i * 7919) % bad.length]! ^= 1 << (i % 8);
      await store.engine.commit([{ key, cell: i % 5 === 0 ? good.subarray(0, good.length - 1) : bad }], false);
      const { damage } = await verifyStore(store, { environment: env });
      expect(damage.length, key).toBeGreaterThan(0);
      await store.engine.commit([{ key, cell: good }], false);
    }
    expect((await verifyStore(store, { environment: env })).damage).toEqual([]);
  });

  test('what does not fit together is found', async () => {
    await using store = await open();
    const { env, path, cache } = await filled(store);
    const problems = async (): Promise<string> =>
      (await verifyStore(store, { environment: env })).damage
        .map(({ path, problem }) => `${path}: ${problem}`)
        .join('\n');
    await store.write([put('data/IcyY7UXyw8cwFDz7ZAD83fAoNWc6biz3i_f8apOYR78', new Uint8Array(3))]);
    expect(await problems()).toMatch(/data\/Icy.*another hash/);
    await store.write([put(`msg/${'A'.repeat(43)}`, store.read(`msg/${path}`)!)]);
    expect(await problems()).toMatch(/msg\/AAA.*another id/);
    await store.write([link('nowhere', 'dangling')]);
    expect(await problems()).toMatch(/dangling: It is a link to `nowhere`/);
    await store.engine.commit([{ key: pathKey(`msg/${path}`), cell: undefined }], false);
    expect(await problems()).toMatch(/com\/.*message is missing/);
    expect(await problems()).toMatch(/id\/.*message is missing/);
    await cache.write(message({ child: { absent: '1' } }));
    await store.engine.commit(
      [{ key: pathKey(`msg/${env.unsignedId(message({ absent: '1' }), env)}`), cell: undefined }],
      false,
    );
    expect((await verifyStore(store)).absent.length).toBe(1);
  });

  test('stats count', async () => {
    await using store = await open();
    await filled(store);
    const { groups, backend } = await storeStats(store);
    expect(groups.find(({ name }) => name === 'msg')?.values).toBe(3);
    expect(groups.find(({ name }) => name === 'big')?.bytes).toBe(300_000);
    expect(groups.find(({ name }) => name === 'some')).toMatchObject({ links: 1, marks: 1 });
    const keys = groups.reduce((sum, one) => sum + one.values + one.links + one.marks, 0);
    expect(backend).toMatchObject({ keys });
  });

  test('an archive holds everything', async () => {
    await using store = await open();
    const { env, path } = await filled(store);
    const chunks: Uint8Array[] = [];
    for await (const chunk of exportStore(store)) chunks.push(chunk.slice());
    const archive = Buffer.concat(chunks);
    for (const [, openOther] of backends) {
      await using other = await openOther();
      // Cut differently from how it was written.
      const pieces = Array.from({ length: Math.ceil(archive.length / 777) }, (_, i) =>
        archive.subarray(i * 777, i * 777 + 777),
      );
      const count = await importStore(other, pieces);
      expect(other.scan('')).toEqual(store.scan(''));
      expect((await verifyStore(other, { environment: env })).damage).toEqual([]);
      expect(count).toBe((await verifyStore(store)).entries);
      expect(await cacheWorld(other).cache.read(`names/n/child/child`)).toBe('yes');
    }
    const part: Uint8Array[] = [];
    for await (const chunk of exportStore(store, { below: ['msg'] })) part.push(chunk.slice());
    const some = memoryStore();
    expect(await importStore(some, part)).toBe(3);
    expect(some.type(`msg/${path}`)).toBe('simple');
  });
});

describe('archives and blobs that are damaged', () => {
  test('a cut or changed archive is refused', async () => {
    const store = memoryStore();
    await store.write([put('a', new Uint8Array(50)), put('b', new Uint8Array(50))]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of exportStore(store)) chunks.push(chunk.slice());
    const archive = Buffer.concat(chunks);
    for (const bad of [
      archive.subarray(0, -1),
      archive.subarray(0, 80),
      archive.subarray(0, 5),
      Buffer.from('something else entirely, no archive'),
    ]) {
      await expect(importStore(memoryStore(), [bad])).rejects.toMatchObject({ code: 'bad-encoding' });
    }
    for (let i = 0; i < archive.length; i += 3) {
      const bad = Buffer.from(archive);
      bad[i]! ^= 255;
      await expect(importStore(memoryStore(), [bad])).rejects.toThrow();
    }
  });

  test('an archive of a stranger takes no memory, puts nothing under a wrong hash, and ends where it ends', async () => {
    const header = 'hyperbeam-ts export 1\n';
    const endless = function* (): Generator<Uint8Array> {
      yield Buffer.from(`${header}\x01`);
      for (let i = 0; i < 1_000; i++) yield new Uint8Array(1_000).fill(0x80);
      throw new Error('It was read on and on.');
    };
    const told = { code: 'bad-encoding' };
    await expect(importStore(memoryStore(), endless())).rejects.toMatchObject(told);
    const huge = function* (): Generator<Uint8Array> {
      yield Buffer.from([...Buffer.from(`${header}\x01\x01a`), 0xff, 0xff, 0xff, 0xff, 0x7f]);
      throw new Error('It was read on and on.');
    };
    await expect(importStore(memoryStore(), huge())).rejects.toMatchObject(told);
    const store = memoryStore();
    await store.write([put(`data/${'a'.repeat(43)}`, new Uint8Array(1))]);
    const archive = Buffer.concat(await Array.fromAsync(exportStore(store)));
    await expect(importStore(memoryStore(), [archive])).rejects.toMatchObject(told);
    await store.reset();
    const empty = Buffer.concat(await Array.fromAsync(exportStore(store)));
    await expect(importStore(memoryStore(), [empty, empty])).rejects.toThrow('follows the end');
  });

  test('an import replaces nothing unless it is asked to, and can be repeated', async () => {
    await using lmdb = await openLmdb({ directory: fresh() });
    const big = new Uint8Array(300_000).fill(1);
    const entries = [put('head', Uint8Array.of(1)), put('big', big), link('head', 'l'), group('g')];
    for (const store of [memoryStore(), lmdb]) {
      await store.write(entries);
      const archive = await Array.fromAsync(exportStore(store));
      expect(await importStore(store, archive)).toBe(4);
      for (const newer of [
        put('head', Uint8Array.of(2)),
        put('big', new Uint8Array(300_000).fill(2)),
        link('big', 'l'),
        link('big', 'head'),
        put('l', Uint8Array.of(1)),
      ]) {
        await store.reset();
        await store.write([newer]);
        const before = store.scan('');
        for (const read of [checkArchive, importStore]) {
          await expect(read(store, archive)).rejects.toMatchObject({ code: 'conflict' });
          expect(store.scan('')).toEqual(before);
        }
        await checkArchive(store, archive, { replace: true });
        expect(store.scan('')).toEqual(before);
        expect(await importStore(store, archive, { replace: true })).toBe(4);
        expect([store.read('head'), store.read('l'), store.read('big')?.[0]]).toEqual([
          Uint8Array.of(1),
          Uint8Array.of(1),
          1,
        ]);
      }
      const cell = store.engine.get('head')!.slice();
      cell[5]! ^= 1;
      await store.engine.commit([{ key: 'head', cell }], false);
      await importStore(store, archive);
      expect(store.read('head')).toEqual(Uint8Array.of(1));
    }
  });

  test('missing, cut and changed files of large values are found, and orphans removed', async () => {
    const at = fresh();
    await using store = await openLmdb({ directory: at });
    for (let i = 0; i < 3; i++) await store.write([put(`big/${i}`, new Uint8Array(300_000).fill(i))]);
    const files = readdirSync(join(at, 'blobs')).map((shard) =>
      join(at, 'blobs', shard, readdirSync(join(at, 'blobs', shard))[0]!),
    );
    rmSync(files[0]!);
    truncateSync(files[1]!, 1000);
    writeFileSync(files[2]!, new Uint8Array(300_000).fill(9));
    const { damage } = await verifyStore(store);
    expect(damage.map(({ problem }) => problem).sort()).toEqual([
      'The file with its value has 1000 of 300000 bytes.',
      'The file with its value has another content.',
      'The file with its value is missing.',
    ]);
    for (const i of [0, 1, 2]) expect(() => store.read(`big/${i}`)).toThrow(/missing or cut short|another content/);
    for (const i of [0, 1, 2]) await store.write([put(`again/${i}`, new Uint8Array(300_000).fill(i))]);
    for (const i of [0, 1, 2]) expect(store.read(`big/${i}`)?.[299_999]).toBe(i);
    for (const i of [0, 1, 2]) await store.write([remove(`again/${i}`)]);
    writeFileSync(join(at, 'blobs', '.DS_Store'), 'of somebody else');
    await store.write([
      put('big/1', new Uint8Array(1)),
      put('big/2', new Uint8Array(1)),
      put('big/0', new Uint8Array(1)),
    ]);
    writeFileSync(`${files[1]}.1.2.3.tmp`, 'half');
    expect((await verifyStore(store, { removeOrphans: true })).orphans.length).toBe(3);
    expect(readdirSync(join(at, 'blobs'), { recursive: true }).filter((name) => String(name).endsWith('.tmp'))).toEqual(
      [],
    );
    expect((await verifyStore(store)).orphans).toEqual([]);
  });
});

test('a frozen store is copied as it was, whoever writes meanwhile', async () => {
  const path = fresh();
  await using writer = await openLmdb({ directory: path });
  const rows = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => put(`log/${String(from + i).padStart(6, '0')}`, Uint8Array.of(1)));
  await writer.write([...rows(0, 3_000), put('log-head', Uint8Array.of(1))]);
  await using reader = await openLmdb({ directory: path, readOnly: true });
  reader.engine.freeze?.();
  const archive: Uint8Array[] = [];
  for await (const chunk of exportStore(reader)) {
    if (archive.push(chunk) % 2_000 === 0) {
      // Rows behind the place that is being read, and a head that speaks of them before it.
      const at = archive.length + 10_000;
      await writer.write([...rows(at, at + 10), put('log-head', Uint8Array.of(2))], { durable: true });
    }
  }
  const copy = memoryStore();
  expect(await importStore(copy, archive)).toBe(3_001);
  expect(copy.read('log-head')).toEqual(Uint8Array.of(1));
  expect(writer.read('log-head')).toEqual(Uint8Array.of(2));
});
