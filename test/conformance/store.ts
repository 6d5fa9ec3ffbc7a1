/**
 * What every local store must do (spec 05 §1–2, cases-storage S, L, R, A, X4). Call it with a factory:
 *
 *     storeSuite({ name: 'memory', open: async () => memoryStore() });
 *
 * `open` gives a fresh, empty store; the suite closes it.
 */
import { describe, expect, test } from 'vitest';
import { toText } from '../../src/core/bytes.ts';
import { AoException } from '../../src/core/errors.ts';
import { group, link, put, remove, type Store } from '../../src/stores/store.ts';

export interface StoreFactory {
  readonly name: string;
  readonly open: () => Promise<Store>;
  /** Where the store cannot do something, why. */
  readonly lacks?: { readonly longNames?: string };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The text at a path, `undefined` if there is none. */
export async function readText(store: Store, path: string): Promise<string | undefined> {
  const found = await store.read(path);
  return found === undefined ? undefined : toText(found);
}

export function storeSuite({ name, open, lacks = {} }: StoreFactory): void {
  const check = (title: string, run: (store: Store) => Promise<void>): void => {
    test(title, async () => {
      await using store = await open();
      await run(store);
    });
  };
  const write = (store: Store, path: string, value: string) => store.write([put(path, bytes(value))]);

  describe(`store: ${name}`, () => {
    check('[row S1, S2, L10, R7] links lead to values, also through links', async (store) => {
      await write(store, 'test-file', 'test-data');
      await store.write([link('test-file', 'test-link')]);
      expect(await readText(store, 'test-link')).toBe('test-data');
      await store.write([link('test-link', 'test-link2')]);
      expect(await readText(store, 'test-link2')).toBe('test-data');
    });

    check('[row S3, L9] a link to a group leads below it', async (store) => {
      await store.write([
        group('test-dir1'),
        put('test-dir1/test-file', bytes('test-data')),
        link('test-dir1', 'test-link'),
      ]);
      expect(await store.read('test-link')).toBeUndefined();
      expect(await readText(store, 'test-dir1/test-file')).toBe('test-data');
      expect(await readText(store, 'test-link/test-file')).toBe('test-data');
    });

    check('[row S4] random reads find every key', async (store) => {
      const value = 'v'.repeat(43);
      const count = 200;
      await Promise.all(Array.from({ length: count }, (_, i) => write(store, `key-${i + 1}`, value)));
      for (let i = 0; i < count; i++) {
        const n = 1 + ((i * 7919) % count);
        expect(await readText(store, `key-${n}`)).toBe(value);
      }
    });

    check('[row S5] listing a group names every child', async (store) => {
      for (let g = 0; g < 10; g++) {
        const name = `${g}`.padEnd(43, 'Ab-_');
        await store.write([
          group(name),
          ...Array.from({ length: 10 }, (_, i) => put(`${name}/key-${i}`, bytes(`value-${i}`))),
        ]);
        expect(await store.list(name)).toEqual(Array.from({ length: 10 }, (_, i) => `key-${i}`));
      }
    });

    check('[row L1, R1, U2] reads what was written', async (store) => {
      await write(store, 'Hello', 'World2');
      expect(await readText(store, 'Hello')).toBe('World2');
      await write(store, 'Hello', 'World3');
      expect(await readText(store, 'Hello')).toBe('World3');
    });

    check('[row R2, R11, U1] nothing is found where nothing is', async (store) => {
      expect(await store.read('non_existing')).toBeUndefined();
      expect(await store.type('non_existing')).toBeUndefined();
      expect(await store.resolve('non_existing')).toBeUndefined();
      expect(await store.resolve('non_existing/below')).toBeUndefined();
    });

    check('[row R6, X3] listing what is not there finds nothing, so that the next store is asked', async (store) => {
      expect(await store.list('process/slot')).toBeUndefined();
      expect(await store.list('')).toBeUndefined();
      expect(await store.list('/')).toBeUndefined();
    });

    check('[row L2] lists direct children only', async (store) => {
      expect(await store.list('colors')).toBeUndefined();
      const paths = [
        'red',
        'blue',
        'green',
        'multi/foo',
        'multi/bar',
        'primary/red',
        'primary/blue',
        'nested/deep/value',
      ];
      await store.write([
        ...paths.map((path, i) => put(`colors/${path}`, bytes(String(i)))),
        put('foo/bar', bytes('baz')),
        put('beep/boop', bytes('bam')),
      ]);
      expect(await store.list('colors')).toEqual(['blue', 'green', 'multi', 'nested', 'primary', 'red']);
      expect(await store.list('colors/multi')).toEqual(['bar', 'foo']);
      expect(await store.list('colors/nested')).toEqual(['deep']);
      expect(await store.list('')).toEqual(['beep', 'colors', 'foo']);
    });

    check('[row L3, R13, R16] an explicit group is composite, holds no value and lists as empty', async (store) => {
      await store.write([group('colors')]);
      expect(await store.type('colors')).toBe('composite');
      expect(await store.read('colors')).toBeUndefined();
      expect(await store.list('colors')).toEqual([]);
      await store.write([group('colors')]);
      expect(await store.list('colors')).toEqual([]);
    });

    check('[row L4, L7, R3, R15] links across the tree', async (store) => {
      await write(store, 'foo/bar/baz', 'Bam');
      await store.write([link('foo/bar/baz', 'foo/beep/baz'), link('foo/bar/baz', 'my-link')]);
      expect(await readText(store, 'foo/beep/baz')).toBe('Bam');
      expect(await readText(store, 'my-link')).toBe('Bam');
      expect(await store.resolve('my-link')).toBe('foo/bar/baz');
    });

    check(
      '[row L5, L8] links inside a path are followed, with or without a group mark at their target',
      async (store) => {
        await write(store, 'data/bar/baz', 'Bam');
        await store.write([link('data/bar', 'my-link')]);
        expect(await readText(store, 'my-link/baz')).toBe('Bam');
        expect(await store.resolve('my-link/baz')).toBe('data/bar/baz');
      },
    );

    check('[row L6, R10, R12] types, also through links', async (store) => {
      await store.write([group('assets'), put('assets/1', bytes('bam')), put('messages/key2', bytes('x'))]);
      await store.write([link('messages', 'CompositeKey'), link('messages/key2', 'SimpleKey')]);
      expect(await store.type('assets')).toBe('composite');
      expect(await store.type('assets/1')).toBe('simple');
      expect(await store.type('CompositeKey')).toBe('composite');
      expect(await store.type('SimpleKey')).toBe('simple');
    });

    check('[row L11] a nested message laid out by hand can be walked', async (store) => {
      const leaves: readonly (readonly [string, string])[] = [
        ['target', 'Foo'],
        ['commitments/key1/alg', 'rsa-pss-512'],
        ['commitments/key1/committer', 'unique-id'],
        ['commitments/key2/alg', 'hmac'],
        ['commitments/key2/commiter', 'unique-id-2'],
        ['other-key/other-key-key', 'other-key-value'],
      ];
      const groups = ['root', 'root/commitments', 'root/commitments/key1', 'root/commitments/key2', 'root/other-key'];
      await store.write([
        ...groups.map((path) => group(path)),
        ...leaves.flatMap(([path, value], i) => [put(`data/h${i}`, bytes(value)), link(`data/h${i}`, `root/${path}`)]),
      ]);
      expect(await store.type('root')).toBe('composite');
      expect(await store.type('root/commitments')).toBe('composite');
      expect(await store.list('root')).toEqual(['commitments', 'other-key', 'target']);
      for (const [path, value] of leaves) expect(await readText(store, `root/${path}`)).toBe(value);
    });

    check('[row L12, L13] groups and links to data below them', async (store) => {
      await store.write([
        group('M'),
        group('M/commitments'),
        put('data/h', bytes('test_value')),
        link('data/h', 'M/key_hash_abc'),
      ]);
      expect(await store.list('M')).toEqual(['commitments', 'key_hash_abc']);
      expect(await readText(store, 'M/key_hash_abc')).toBe('test_value');
      expect(await store.type('M/commitments')).toBe('composite');
      expect(await store.read('M/commitments')).toBeUndefined();
    });

    check('[row L14, A3] lists through links, and links to links', async (store) => {
      const names = ['child1', 'child2', 'child3'];
      await store.write([group('real-group'), ...names.map((child) => put(`real-group/${child}`, bytes(child)))]);
      await store.write([link('real-group', 'link-to-group'), link('link-to-group', 'link-to-link')]);
      for (const path of ['real-group', 'link-to-group', 'link-to-link']) expect(await store.list(path)).toEqual(names);
      expect(await readText(store, 'link-to-link/child2')).toBe('child2');
    });

    check('[row R4, R5] a listing has nothing of its neighbours', async (store) => {
      await store.write(
        ['messages/key1', 'messages/key2', 'messages-other/key4', 'other_path/key3'].map((p) => put(p, bytes(p))),
      );
      expect(await store.list('messages')).toEqual(['key1', 'key2']);
      expect(await readText(store, 'messages/key1')).toBe('messages/key1');
    });

    check('[row R8] a link to itself changes nothing', async (store) => {
      await store.write([link('key1', 'key1')]);
      expect(await store.read('key1')).toBeUndefined();
      await write(store, 'key2', 'value');
      await store.write([link('key2', '/key2/')]);
      expect(await readText(store, 'key2')).toBe('value');
    });

    check('[row R9, U7] reset removes everything', async (store) => {
      await store.write([
        put('test_key', bytes('v')),
        group('g'),
        link('test_key', 'l'),
        put('big', new Uint8Array(300_000)),
      ]);
      await store.reset();
      expect(await store.read('test_key')).toBeUndefined();
      expect(await store.list('')).toBeUndefined();
      await write(store, 'test_key', 'again');
      expect(await readText(store, 'test_key')).toBe('again');
    });

    check('[row R14] a plain path resolves to itself', async (store) => {
      await store.write(['item1', 'item2', 'item3'].map((item) => put(`top_level/level1/${item}`, bytes(item))));
      expect(await store.resolve('top_level/level1/item3')).toBe('top_level/level1/item3');
      expect(await store.resolve('//top_level/level1//')).toBe('top_level/level1');
    });

    check('[row R17] marking a group keeps its contents', async (store) => {
      await store.write([put('messages/id', bytes('1')), put('messages/commitments', bytes('2'))]);
      await store.write([group('messages')]);
      expect(await store.list('messages')).toEqual(['commitments', 'id']);
    });

    check('[row R18] groups below groups', async (store) => {
      await store.write([group('messages/ids/items')]);
      expect(await store.list('messages')).toEqual(['ids']);
      expect(await store.list('messages/ids')).toEqual(['items']);
      expect(await store.list('messages/ids/items')).toEqual([]);
    });

    check('[row R19] values below groups', async (store) => {
      await store.write([put('messages/ids/item1', bytes('1')), put('messages/ids/item2', bytes('2'))]);
      expect(await store.list('messages')).toEqual(['ids']);
      expect(await store.list('messages/ids')).toEqual(['item1', 'item2']);
      expect(await readText(store, 'messages/ids/item1')).toBe('1');
    });

    check('[row A4] links in a circle lead nowhere, in bounded time', async (store) => {
      await store.write([link('b', 'a'), link('c', 'b'), link('a', 'c'), link('x/y', 'x')]);
      for (const path of ['a', 'a/below', 'x', 'x/z']) {
        expect(await store.read(path)).toBeUndefined();
        expect(await store.type(path)).toBeUndefined();
        expect(await store.resolve(path)).toBeUndefined();
        expect(await store.list(path)).toBeUndefined();
      }
    });

    check('[row A5] values that look like markers are values', async (store) => {
      for (const value of ['group', 'link:abc', 'raw:group', '', '\x00', '\x02abc']) {
        await write(store, 'odd', value);
        expect(await readText(store, 'odd')).toBe(value);
        expect(await store.type('odd')).toBe('simple');
      }
    });

    check('[row A6] a key that is too long is refused, and its batch changes nothing', async (store) => {
      const long = 'k'.repeat(1001);
      const neighbour = write(store, 'neighbour', 'fine');
      let code: string | undefined;
      try {
        await store.write([put('before', bytes('1')), put(long, bytes('2'))]);
      } catch (error) {
        code = (error as AoException).code;
      }
      await neighbour;
      expect(code).toBe('limit-exceeded');
      expect(await readText(store, 'neighbour')).toBe('fine');
      expect(await store.read('before')).toBeUndefined();
      expect(await store.read(long)).toBeUndefined();
      expect(await store.read(`neighbour/${long}/${long}`)).toBeUndefined();
      const fits = `${'a'.repeat(200)}/${'b'.repeat(200)}/${'c'.repeat(200)}`;
      await write(store, fits, 'fits');
      expect(await readText(store, fits)).toBe('fits');
    });

    if (lacks.longNames === undefined) {
      check('one name may be as long as a path', async (store) => {
        const name = 'N'.repeat(1000);
        await write(store, name, 'fits');
        expect(await readText(store, name)).toBe('fits');
      });
    }

    check('[row A8] of several batches at once the valid ones are kept', async (store) => {
      const batches = Array.from({ length: 20 }, (_, i) => [
        put(i % 3 === 0 ? 'x'.repeat(2000) : `ok-${i}`, bytes(String(i))),
      ]);
      const results = await Promise.allSettled(batches.map(async (batch) => store.write(batch, { durable: true })));
      for (const [i, result] of results.entries()) {
        expect(result.status).toBe(i % 3 === 0 ? 'rejected' : 'fulfilled');
        if (i % 3 !== 0) expect(await readText(store, `ok-${i}`)).toBe(String(i));
      }
    });

    check('[row X4] listings have bounds, both ways', async (store) => {
      await store.write(['a', 'b/x', 'b/y', 'c', 'd'].map((child) => put(`p/${child}`, bytes(child))));
      expect(await store.list('p', { from: 'b', limit: 2 })).toEqual(['b', 'c']);
      expect(await store.list('p', { from: 'bb', limit: 5 })).toEqual(['c', 'd']);
      expect(await store.list('p', { from: 'c', reverse: true })).toEqual(['c', 'b', 'a']);
      expect(await store.list('p', { reverse: true, limit: 2 })).toEqual(['d', 'c']);
      expect(await store.list('p', { from: 'e' })).toEqual([]);
      expect(await store.list('p', { limit: 0 })).toEqual([]);
      const many = Array.from({ length: 1500 }, (_, i) => `child-${String(i).padStart(4, '0')}`);
      await store.write(many.map((child) => put(`many/${child}`, bytes(child))));
      expect(await store.list('many')).toEqual(many);
    });

    check('a listing skips what is far below', async (store) => {
      await store.write(Array.from({ length: 100 }, (_, i) => put(`p/b/${i}`, bytes(''))));
      await store.write([put('p/a', bytes('')), put('p/b-b', bytes('')), put('p/c', bytes(''))]);
      expect(await store.list('p')).toEqual(['a', 'b', 'b-b', 'c']);
      expect(await store.list('p', { reverse: true })).toEqual(['c', 'b-b', 'b', 'a']);
    });

    check('scans in order with bounds, showing links as they are', async (store) => {
      const slot = (n: number): string => String(n).padStart(6, '0');
      await store.write(Array.from({ length: 100 }, (_, i) => put(`log/p/${slot(i)}`, bytes(String(i)))));
      await store.write([put('log/p2/000000', bytes('other')), link('log/p', 'log/p/~link'), group('log/p/group')]);
      const names = async (bounds: Parameters<Store['scan']>[1]) =>
        (await store.scan('log/p', bounds)).map((row) => row.path);
      expect(await names({ from: slot(5), limit: 3 })).toEqual([slot(5), slot(6), slot(7)]);
      expect(await names({ from: slot(42), limit: 2, reverse: true })).toEqual([slot(42), slot(41)]);
      expect(await names({ from: slot(98) })).toEqual([slot(98), slot(99), 'group', '~link']);
      expect((await store.scan('log/p', { reverse: true, limit: 2 })).map(({ kind }) => kind)).toEqual([
        'link',
        'group',
      ]);
      expect(await names({ from: '1' })).toEqual(['group', '~link']);
      expect((await store.scan('log', {})).length).toBe(103);
      expect(await store.scan('lo', {})).toEqual([]);
      expect((await store.scan('', { limit: 1 }))[0]).toMatchObject({ path: 'log/p/000000', kind: 'value' });
    });

    check('an empty value, a group and a link are not confused', async (store) => {
      await store.write([put('empty', new Uint8Array(0)), link('empty', 'l')]);
      expect(await store.read('empty')).toEqual(new Uint8Array(0));
      expect(await store.read('l')).toEqual(new Uint8Array(0));
    });

    check('a path may hold a value and have children', async (store) => {
      await store.write([put('a', bytes('1')), put('a/b', bytes('2'))]);
      expect(await readText(store, 'a')).toBe('1');
      expect(await readText(store, 'a/b')).toBe('2');
      expect(await store.type('a')).toBe('simple');
      expect(await store.list('a')).toEqual(['b']);
    });

    check('re-pointing a link replaces it', async (store) => {
      await store.write([put('key1', bytes('Hello')), put('key2', bytes('Hello2')), link('key1', 'keylink')]);
      expect(await readText(store, 'keylink')).toBe('Hello');
      await store.write([link('key2', 'keylink')]);
      expect(await readText(store, 'keylink')).toBe('Hello2');
      await write(store, 'keylink', 'own');
      expect(await readText(store, 'keylink')).toBe('own');
      expect(await readText(store, 'key2')).toBe('Hello2');
    });

    check('removes values, links and marks, not what is below', async (store) => {
      await store.write([put('a', bytes('1')), put('a/b', bytes('2')), group('g'), link('a', 'l')]);
      await store.write([remove('a'), remove('g'), remove('l'), remove('absent')]);
      expect(await store.read('a')).toBeUndefined();
      expect(await store.type('a')).toBe('composite');
      expect(await store.type('g')).toBeUndefined();
      expect(await store.type('l')).toBeUndefined();
      await store.write([remove('a/b')]);
      expect(await store.type('a')).toBeUndefined();
      expect(await store.list('')).toBeUndefined();
    });

    check('later entries of a batch win', async (store) => {
      await store.write([put('k', bytes('1')), put('k', bytes('2')), put('r', bytes('1')), remove('r')]);
      expect(await readText(store, 'k')).toBe('2');
      expect(await store.read('r')).toBeUndefined();
    });

    check('hostile names are plain names', async (store) => {
      const hostile = [
        '..',
        '.',
        '../../etc/passwd',
        'nul\x00byte',
        '\x01\x02',
        'CON',
        'a\\b',
        'Aux.txt',
        '__proto__',
        'constructor',
        ' ',
        '%2e',
        '^a',
        'é',
        '💩',
        'c-x',
        'd-x',
        '\udc80\udcff',
        'x'.repeat(120),
      ];
      await store.write(hostile.map((name, i) => put(`h/${name}`, bytes(String(i)))));
      for (const [i, name] of hostile.entries()) expect(await readText(store, `h/${name}`)).toBe(String(i));
      const direct = (await store.list('h'))!;
      for (const name of hostile) expect(direct).toContain(name.split('/')[0]);
      expect(await store.read('h/passwd')).toBeUndefined();
      expect(await store.read('h/NUL\x00byte')).toBeUndefined();
      expect(await store.read('h/con')).toBeUndefined();
    });

    check('case matters', async (store) => {
      await store.write([put('aB', bytes('1')), put('Ab', bytes('2')), put('ab', bytes('3'))]);
      expect(await store.list('')).toEqual(['Ab', 'aB', 'ab']);
      expect(await readText(store, 'Ab')).toBe('2');
    });

    check('the highest keys are found from both ends', async (store) => {
      const names = ['a', 'é', '\u{10ffff}x', '\udcff\udcff'];
      await store.write(names.map((name) => put(name, bytes(''))));
      expect(await store.list('')).toEqual(names);
      expect(await store.list('', { reverse: true })).toEqual(names.toReversed());
    });

    check('paths longer than any hold nothing, and whoever asks for them harms nobody', async (store) => {
      await store.write([put('a/b', bytes('1')), link('a', 'l')]);
      for (const long of [
        'x'.repeat(3000),
        'é'.repeat(999),
        `l/${'é'.repeat(600)}`,
        '\x00'.repeat(990),
        'a/'.repeat(900),
      ]) {
        expect(await store.read(long)).toBeUndefined();
        expect(await store.type(long)).toBeUndefined();
        expect(await store.list(long)).toBeUndefined();
        expect(await store.resolve(long)).toBeUndefined();
        expect(await store.scan(long)).toEqual([]);
        for (const reverse of [false, true]) {
          const bounds = { from: long, reverse };
          await expect(async () => await store.list('a', bounds)).rejects.toMatchObject({ code: 'limit-exceeded' });
          await expect(async () => await store.scan('a', bounds)).rejects.toMatchObject({ code: 'limit-exceeded' });
        }
        const when = [{ path: long, is: undefined }];
        for (const refused of [[put(long, bytes('x'))], [link('a', long)], [link(long, 'b')], [group(long)]]) {
          await expect(async () => await store.write(refused)).rejects.toMatchObject({ code: 'limit-exceeded' });
        }
        await expect(async () => await store.write([], { when })).rejects.toMatchObject({ code: 'limit-exceeded' });
      }
      expect([await readText(store, 'l/b'), await store.list('')]).toEqual(['1', ['a', 'l']]);
      expect(await store.list('l', { from: 'a', limit: 1 })).toEqual(['b']);
    });

    check('the root cannot be written', async (store) => {
      await expect(async () => await store.write([put('/', bytes('x'))])).rejects.toThrow(AoException);
    });

    check('large values come back whole, and survive being replaced', async (store) => {
      const large = new Uint8Array(1_000_000).map((_, i) => i * 31);
      await store.write([put('large', large), link('large', 'l')], { durable: true });
      expect(Buffer.compare((await store.read('l'))!, large)).toBe(0);
      expect((await store.scan('', {})).find((row) => row.path === 'large')?.value.length).toBe(1_000_000);
      await write(store, 'large', 'small');
      expect(await readText(store, 'l')).toBe('small');
    });

    check('a condition that does not hold stops the whole batch', async (store) => {
      const when = (path: string, is: string | undefined) => ({
        when: [{ path, is: is === undefined ? undefined : bytes(is) }],
      });
      expect(await store.write([put('head', bytes('0'))], when('head', undefined))).toBe(true);
      expect(await store.write([put('head', bytes('9'))], when('head', undefined))).toBe(false);
      expect(await store.write([put('head', bytes('1')), put('row', bytes('x'))], when('head', '0'))).toBe(true);
      expect(await store.write([put('head', bytes('2')), put('row2', bytes('x'))], when('head', '0'))).toBe(false);
      expect(await readText(store, 'head')).toBe('1');
      expect(await store.read('row2')).toBeUndefined();
      await store.write([link('head', 'alias')]);
      expect(await store.write([put('alias', bytes('3'))], when('alias', '1'))).toBe(false);
    });

    check('of many writers with the same condition exactly one succeeds', async (store) => {
      for (let round = 0; round < 5; round++) {
        const is = round === 0 ? undefined : bytes(String(round - 1));
        const tries = Array.from({ length: 20 }, async (_, i) =>
          store.write([put('head', bytes(String(round))), put(`won/${round}`, bytes(String(i)))], {
            when: [{ path: 'head', is }],
            durable: i % 2 === 0,
          }),
        );
        expect((await Promise.all(tries)).filter(Boolean).length).toBe(1);
      }
    });

    check('an empty batch is fine', async (store) => {
      expect(await store.write([])).toBe(true);
      expect(await store.write([], { durable: true, when: [{ path: 'x', is: undefined }] })).toBe(true);
      await store.flush();
    });
  });
}
