/** Lists, tiers, memory with a budget, configuration. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { cacheSuite } from '../../test/conformance/cache.ts';
import { readText, storeSuite } from '../../test/conformance/store.ts';
import { cacheWorld, testWallet } from '../../test/support/cache-world.ts';
import { commitmentsOf } from '../core/commitments.ts';
import { AoError, AoException } from '../core/errors.ts';
import { type Message, message } from '../core/message.ts';
import { atom } from '../core/value.ts';
import {
  isLocal,
  type LocalConfig,
  openStores,
  readStoreMessage,
  type StoreConfig,
  underDirectory,
  withDefaults,
} from './config.ts';
import { storeKind } from './format.ts';
import { openFs } from './fs.ts';
import { sortByScope, storeList, withScope } from './list.ts';
import { openLmdb } from './lmdb.ts';
import { lruStore } from './lru.ts';
import { memoryStore } from './memory.ts';
import { openDisk } from './open.ts';
import { ReopeningStore } from './reopening.ts';
import { type Bounds, group, link, put, type Store } from './store.ts';
import { tieredStore } from './tiered.ts';

const directory = mkdtempSync(join(tmpdir(), 'composed-'));
let counter = 0;
const fresh = (): string => join(directory, String(counter++));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const bytes = (text: string | number): Uint8Array =>
  typeof text === 'number' ? new Uint8Array(text) : new TextEncoder().encode(text);

storeSuite({ name: 'list of two', open: async () => storeList([{ store: memoryStore() }, { store: memoryStore() }]) });
storeSuite({
  name: 'lru over fs',
  open: async () => lruStore({ capacity: 500, below: openFs({ directory: fresh() }) }),
  lacks: { longNames: 'file names' },
});
storeSuite({
  name: 'lru over lmdb',
  open: async () => lruStore({ capacity: 5000, below: await openLmdb({ directory: fresh() }) }),
});
storeSuite({ name: 'volatile', open: async () => memoryStore({ maxTtlMs: 600_000, maxSize: 100_000 }) });
storeSuite({ name: 'lru alone', open: async () => lruStore({ capacity: 10_000_000 }) });
storeSuite({
  name: 'tiers',
  open: async () => tieredStore({ front: lruStore({ capacity: 1000 }), back: memoryStore() }),
});
storeSuite({
  name: 'opened when needed',
  open: async () => new ReopeningStore({ name: 'memory', open: () => memoryStore() }),
});
cacheSuite({
  name: 'tiers',
  open: async () => tieredStore({ front: lruStore({ capacity: 10_000 }), back: memoryStore() }),
});
cacheSuite({
  name: 'opened when needed',
  open: async () => new ReopeningStore({ name: 'memory', open: () => memoryStore() }),
});

describe('lists and access policies', () => {
  const two = () => ({ a: memoryStore({ name: 'a' }), b: memoryStore({ name: 'b' }) });

  test('[row S7] a store for reading only gets no writes', async () => {
    const { a, b } = two();
    const list = storeList([{ store: a, access: ['read'] }, { store: b }]);
    await list.write([put('k', bytes('v'))]);
    expect(await readText(list, 'k')).toBe('v');
    expect(await readText(a, 'k')).toBeUndefined();
    expect(await readText(b, 'k')).toBe('v');
  });

  test('[row S8] a store for writing only is not read', async () => {
    const { a, b } = two();
    const list = storeList([{ store: a, access: ['write'] }, { store: b }]);
    await list.write([put('k', bytes('v'))]);
    expect(await readText(list, 'k')).toBeUndefined();
    expect(await readText(a, 'k')).toBe('v');
  });

  test('[row S9] all policies together', async () => {
    const list = storeList([{ store: memoryStore(), access: ['admin', 'read', 'write'] }]);
    await list.write([put('k', bytes('v'))]);
    expect(await readText(list, 'k')).toBe('v');
    await list.reset();
    expect(await readText(list, 'k')).toBeUndefined();
  });

  test('[row S10] reset reaches every store that admits it', async () => {
    const { a, b } = two();
    await b.write([put('k', bytes('b'))]);
    const list = storeList([
      { store: a, access: ['read', 'write'] },
      { store: b, access: ['admin'] },
    ]);
    await list.write([put('k', bytes('v'))]);
    expect(await readText(list, 'k')).toBe('v');
    await list.reset();
    expect(await readText(a, 'k')).toBeUndefined();
    expect(await readText(b, 'k')).toBeUndefined();
  });

  test('[row S11] reads and writes part ways', async () => {
    const { a, b } = two();
    const list = storeList([{ store: a, access: ['read'] }, { store: b, access: ['write'] }, { store: memoryStore() }]);
    await list.write([put('k', bytes('v'))]);
    expect(await readText(list, 'k')).toBeUndefined();
    expect(await readText(b, 'k')).toBe('v');
  });

  test('[row S12] unknown policies admit nothing', async () => {
    const { a, b } = two();
    const list = storeList([{ store: a, access: ['invalid-policy', 'constructor'] }, { store: b }]);
    await list.write([put('k', bytes('v'))]);
    expect(await readText(list, 'k')).toBe('v');
    expect(await readText(a, 'k')).toBeUndefined();
  });

  test('[row S13] groups and listings', async () => {
    const { a, b } = two();
    const list = storeList([{ store: a, access: ['read'] }, { store: b }]);
    await list.write([group('list-test-group')]);
    await list.write([put('list-test-group/list-test-key', bytes('v'))]);
    expect(await list.list('list-test-group')).toEqual(['list-test-key']);
    expect(await readText(list, 'list-test-group/list-test-key')).toBe('v');
  });

  test('[row S14] links', async () => {
    const { a, b } = two();
    const list = storeList([{ store: a, access: ['write', 'read'] }, { store: b }]);
    await list.write([put('link-target', bytes('v')), link('link-target', 'link-source')]);
    expect(await readText(list, 'link-source')).toBe('v');
  });

  test('[row A2] a message only in the second store is read whole', async () => {
    const second = memoryStore();
    const value = message({ a: '1', b: { c: { d: 'e' } } });
    const path = await cacheWorld(second).cache.write(value);
    await using lmdb = await openLmdb({ directory: fresh() });
    const { cache } = cacheWorld(storeList([{ store: lmdb }, { store: second }]));
    expect(await cache.read(`${path}/b/c/d`)).toBe('e');
    expect(((await cache.read(path)) as ReturnType<typeof message>).get('a')).toBe('1');
  });

  test('a store that fails is passed over, and its failure told only if nobody has an answer', async () => {
    const broken: Store = new ReopeningStore({
      name: 'broken',
      open: () => {
        throw new AoException(new AoError('store-failed', 'gone'));
      },
    });
    const b = memoryStore();
    await b.write([put('k', bytes('v'))]);
    const list = storeList([{ store: broken, access: ['read'] }, { store: b }]);
    expect(await readText(list, 'k')).toBe('v');
    await expect(async () => await list.read('absent')).rejects.toMatchObject({ code: 'store-failed' });
  });

  test('every commitment of a message is read, whichever store it is in', async () => {
    const [own, shared] = [memoryStore(), memoryStore()];
    const value = message({ a: '1' });
    const { cache, sign } = cacheWorld(shared);
    const [one, two] = [await sign(value), await sign(value, testWallet('rsa4096-2'))];
    const path = await cache.write(one);
    const both = storeList([{ store: own }, { store: shared, access: ['read'] }]);
    await cacheWorld(both).cache.write(two);
    const found = (await cacheWorld(both).cache.read(path)) as Message;
    const ids = [...commitmentsOf(one), ...commitmentsOf(two)].map(([id]) => id);
    expect(commitmentsOf(found).map(([id]) => id)).toEqual([...new Set(ids)].sort());
  });

  test('rows are those of all stores, in order, within bounds', async () => {
    const [a, b] = [memoryStore(), memoryStore()];
    await a.write([put('p/2', bytes('a')), put('p/4', bytes('a')), group('p/4')]);
    await b.write([put('p/1', bytes('b')), put('p/2', bytes('b')), put('p/3/x', bytes('b')), link('p/1', 'p/5')]);
    const both = storeList([{ store: a }, { store: b }]);
    const rows = async (bounds: Bounds): Promise<string> =>
      (await both.scan('p', bounds)).map(({ path, kind, value }) => `${path}${kind[0]}${value[0] ?? ''}`).join(' ');
    expect(await rows({})).toBe('1v98 2v97 3/xv98 4v97 4g 5l112');
    expect(await rows({ reverse: true, limit: 3 })).toBe('5l112 4g 4v97');
    expect(await rows({ from: '2', limit: 2 })).toBe('2v97 3/xv98');
    expect(await rows({ from: '3', reverse: true })).toBe('3/xv98 2v97 1v98');
    expect(await rows({ limit: 0 })).toBe('');
  });

  test('queries end, and find what is in a store that is only read', async () => {
    const [own, shared] = [memoryStore(), memoryStore()];
    const path = await cacheWorld(shared).cache.write(message({ a: '1' }));
    const { cache } = cacheWorld(storeList([{ store: own }, { store: shared, access: ['read'] }]));
    const mine = await cache.write(message({ a: '1', b: '2' }));
    for (let i = 0; i < 2; i++) expect(await cache.match(message({ a: '1' }))).toEqual([path, mine].sort());
    const later = await cacheWorld(shared).cache.write(message({ a: '1', c: '3' }));
    expect(await cache.match(message({ a: '1', c: '3' }))).toEqual([later]);
    expect(await cacheWorld(shared).cache.match(message({ a: '1' }))).toEqual([path, later].sort());
  });

  test('scopes select and sort', () => {
    const near = { store: memoryStore({ scope: 'in-memory' }) };
    const local = { store: memoryStore() };
    const far = { store: memoryStore({ scope: 'remote' }) };
    expect(withScope([far, local, near], 'local')).toEqual([local]);
    expect(withScope([far, local, near], ['local', 'in-memory'])).toEqual([local, near]);
    expect(sortByScope([far, local, near], ['in-memory', 'local'])).toEqual([near, local, far]);
  });

  test('nothing to write to is an error', () => {
    expect(() => storeList([{ store: memoryStore(), access: ['read'] }]).write([])).toThrow(/takes writes/);
  });
});

describe('a failing store', () => {
  test('is opened again, as often as it may', async () => {
    let opened = 0;
    const open = (): Store => {
      opened++;
      const store = memoryStore();
      if (opened < 3) {
        Object.defineProperty(store, 'read', {
          value: () => {
            throw new Error('disk went away');
          },
        });
      }
      return store;
    };
    const store = new ReopeningStore({ name: 'flaky', open, maxRetries: 1 });
    await expect(store.read('k')).rejects.toThrow('disk went away');
    expect(opened).toBe(2);
    expect(await store.read('k')).toBeUndefined();
    expect(opened).toBe(3);
  });

  test('is not opened again for what the caller did wrong', async () => {
    let opened = 0;
    const store = new ReopeningStore({ name: 'm', open: () => memoryStore({ name: String(++opened) }) });
    await expect(store.write([put('k'.repeat(2000), bytes('v'))])).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(opened).toBe(1);
  });
});

const values = async (store: Store, ...names: string[]) =>
  Promise.all(names.map(async (name) => (await store.read(name)) !== undefined));
/** A local store as a node message describes it. */
const localConfig = (keys: { readonly [key: string]: string | number }): LocalConfig => {
  const config = readStoreMessage(message(keys));
  return isLocal(config) ? config : expect.unreachable();
};

describe('memory with a budget', () => {
  const put200 = (store: Store, name: string, size = 200) => store.write([put(name, bytes(size))]);

  test('[row U3] what was used longest ago goes first', async () => {
    const store = lruStore({ capacity: 500 });
    await put200(store, 'key1');
    await put200(store, 'key2');
    await store.read('key1');
    await put200(store, 'key3');
    expect(await values(store, 'key1', 'key2', 'key3')).toEqual([true, false, true]);
  });

  test('[row U4] as much goes as is needed', async () => {
    const store = lruStore({ capacity: 500 });
    await put200(store, 'key1');
    await put200(store, 'key2');
    await put200(store, 'key3', 400);
    expect(await values(store, 'key1', 'key2', 'key3')).toEqual([false, false, true]);
  });

  test('[row U5, U6] nothing is lost over another store, also when it closes', async () => {
    const at = fresh();
    const store = lruStore({ capacity: 500, below: openFs({ directory: at }) });
    for (const name of ['key1', 'key2', 'key3']) await put200(store, name);
    await put200(store, 'sub/key', 600);
    expect(await values(store, 'key1', 'key2', 'key3', 'sub/key')).toEqual([true, true, true, true]);
    await store[Symbol.asyncDispose]();
    await using below = openFs({ directory: at });
    expect(await values(below, 'key1', 'key2', 'sub/key')).toEqual([true, true, true]);
  });

  test('[row U8, U9, U10] lists, types and re-pointed links', async () => {
    const store = lruStore({ capacity: 500, below: openFs({ directory: fresh() }) });
    await store.write([
      group('sub'),
      put('hello', bytes('world')),
      put('sub/key1', bytes(200)),
      put('sub/key2', bytes(200)),
    ]);
    expect(await store.list('sub')).toEqual(['key1', 'key2']);
    await store.write([put('sub/key3', bytes(200)), put('sub/inner/key1', bytes(200)), link('hello', 'keylink')]);
    expect(await store.list('sub')).toEqual(['inner', 'key1', 'key2', 'key3']);
    expect(await Promise.all(['hello', 'sub', 'keylink'].map((path) => store.type(path)))).toEqual([
      'simple',
      'composite',
      'simple',
    ]);
    expect(await readText(store, 'keylink')).toBe('world');
    await store.write([put('key2', bytes('Hello2')), link('key2', 'keylink')]);
    expect(await readText(store, 'keylink')).toBe('Hello2');
  });
});

test('a front that fails is as if it had nothing', async () => {
  const [front, back] = [memoryStore(), memoryStore()];
  const failing = (): never => {
    throw new Error('The front is full.');
  };
  await back.write([put('data/x', bytes('1'))]);
  vi.spyOn(front, 'write').mockImplementation(failing);
  expect(await readText(tieredStore({ front, back }), 'data/x')).toBe('1');
  vi.spyOn(front, 'read').mockImplementation(failing);
  expect(await readText(tieredStore({ front, back }), 'data/x')).toBe('1');
});

describe('a volatile store', () => {
  test('[row X1] forgets everything after its time, and can be used again', async () => {
    vi.useFakeTimers();
    try {
      await using store = await openStores([localConfig({ 'store-module': 'hb_store_volatile', 'max-ttl-ms': 100 })]);
      for (let round = 0; round < 2; round++) {
        await store.write([put('a/b', bytes('v')), link('a/b', 'l')]);
        vi.advanceTimersByTime(60);
        await store.write([put('late', bytes('v'))]);
        expect(await values(store, 'a/b', 'l', 'late')).toEqual([true, true, true]);
        vi.advanceTimersByTime(60);
        expect(await values(store, 'a/b', 'l', 'late')).toEqual([false, false, false]);
        expect(await store.list('')).toBeUndefined();
      }
    } finally {
      vi.useRealTimers();
    }
  });

  test('[row X2] holds so many entries; the write that makes it more leaves none', async () => {
    await using store = await openStores([localConfig({ kind: 'memory', 'max-size': 2 })]);
    await store.write([put('a', bytes('1'))]);
    await store.write([put('b', bytes('2'))]);
    expect(await values(store, 'a', 'b')).toEqual([true, true]);
    await store.write([put('b', bytes('again'))]);
    expect(await values(store, 'a', 'b')).toEqual([true, true]);
    await store.write([put('c', bytes('3'))]);
    expect(await values(store, 'a', 'b', 'c')).toEqual([false, false, false]);
    await store.write([put('c', bytes('3'))]);
    expect(await values(store, 'c')).toEqual([true]);
  });

  test('limits are checked where they are configured', () => {
    for (const wrong of [{ 'max-size': 0 }, { 'max-ttl': 3_000_000 }, { 'max-ttl-ms': '1e9' }]) {
      expect(() => localConfig({ kind: 'memory', ...wrong })).toThrow(AoException);
    }
  });
});

describe('configuration', () => {
  const lmdb = message({ 'store-module': atom('hb_store_lmdb'), name: 'cache-mainnet/lmdb' });
  const capacity = (bytes: number) => message({ lmdb: { capacity: bytes } });

  test('[row SO1, SO2, SO3, node/store-opts/basic_apply, node/store-opts/empty_defaults, node/store-opts/empty_store_opts] defaults go under stores of their kind', () => {
    expect(withDefaults([lmdb], capacity(1073741824))[0]!.get('capacity')).toBe(1073741824);
    expect(withDefaults([lmdb], message({}))).toEqual([lmdb]);
    expect(withDefaults([], capacity(1))).toEqual([]);
  });

  test('[row SO4, SO5, node/store-opts/nested_stores, node/store-opts/lmdb_capacity_integration] also inside a nested list, and never over what a store says itself', () => {
    const gateway = message({ 'store-module': 'hb_store_gateway', store: [lmdb] });
    const [nested] = withDefaults([gateway], capacity(1073741824));
    expect(nested!.has('capacity')).toBe(false);
    expect((nested!.get('store') as readonly Message[])[0]!.get('capacity')).toBe(1073741824);
    const stores = [lmdb, message({ kind: 'lmdb', name: 'own', capacity: 7 }), message({ kind: 'fs', name: 'f' })];
    expect(withDefaults(stores, capacity(5000)).map((one) => one.get('capacity'))).toEqual([5000, 7, undefined]);
    expect(readStoreMessage(withDefaults(stores, capacity(5000))[0]!)).toEqual({
      kind: 'lmdb',
      name: 'cache-mainnet/lmdb',
      capacity: 5000,
    });
  });

  test('[row V1, V2] stores move to an encrypted volume', () => {
    const stores: StoreConfig[] = [{ kind: 'fs', name: 'cache' }, readStoreMessage(message({ kind: 'gateway' }))];
    const moved = underDirectory(stores, '/encrypted/mount');
    expect(moved[0]).toEqual({ kind: 'fs', name: join('/encrypted/mount', 'cache') });
    expect(moved[1]).toEqual(stores[1]);
  });

  test('the reference\u2019s names are understood, and mistakes are told', () => {
    expect(readStoreMessage(message({ 'store-module': 'hb_store_fs', name: 'x', access: ['read'] }))).toEqual({
      kind: 'fs',
      name: 'x',
      access: ['read'],
    });
    expect(() => readStoreMessage(message({ kind: 'lmdb', name: 'x', capcity: 1 }))).toThrow(/capcity/);
    expect(() => readStoreMessage(message({ kind: 'floppy' }))).toThrow(AoException);
  });

  test('a list of stores opens as one', async () => {
    await using store = await openStores([
      { kind: 'lru', name: 'lru', capacity: 1000, access: ['read'] },
      { kind: 'lmdb', name: fresh(), capacity: 1 << 24, 'max-retries': 1 },
      { kind: 'fs', name: fresh() },
    ]);
    await store.write([put('k', bytes('v'))]);
    expect(await readText(store, 'k')).toBe('v');
  });

  test('without LMDB a new directory gets files, and keeps them', async () => {
    const at = fresh();
    const none = async (): Promise<never> => {
      throw new AoException(new AoError('unavailable', 'no prebuilt binary'));
    };
    {
      await using store = await openDisk({ directory: at }, none);
      await store.write([put('k', bytes('v'))]);
    }
    expect(storeKind(at)).toBe('fs');
    await using again = await openDisk({ directory: at });
    expect(await readText(again, 'k')).toBe('v');
    const other = fresh();
    await (await openLmdb({ directory: other }))[Symbol.asyncDispose]();
    await expect(openDisk({ directory: other }, none)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
