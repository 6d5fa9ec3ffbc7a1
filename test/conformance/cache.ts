/**
 * What a message cache must do, whatever store is below it (spec 05 §3, cases-storage C, K, S6, A2).
 *
 *     cacheSuite({ name: 'memory', open: async () => memoryStore() });
 */
import { describe, expect, test } from 'vitest';
import { everySigner } from '../../src/core/commitments.ts';
import type { DialectName } from '../../src/core/dialect.ts';
import { equal } from '../../src/core/equal.ts';
import { id } from '../../src/core/ids.ts';
import { loadAll } from '../../src/core/links.ts';
import { match } from '../../src/core/match.ts';
import { isMessage, Message, message, messageFrom } from '../../src/core/message.ts';
import { atom, Float, Link, type Value } from '../../src/core/value.ts';
import { signers, verify } from '../../src/core/verify.ts';
import type { Store } from '../../src/stores/store.ts';
import { type CacheWorld, cacheWorld, testWallet } from '../support/cache-world.ts';

export interface CacheFactory {
  readonly name: string;
  readonly open: () => Promise<Store>;
}

const T = (value: Value): Message =>
  messageFrom([
    ['base-test-key', 'base-test-value'],
    ['other-test-key', value],
  ]);

export function cacheSuite({ name, open }: CacheFactory): void {
  const check = (
    title: string,
    run: (world: CacheWorld, store: Store) => Promise<void>,
    dialect?: DialectName,
  ): void => {
    test(title, async () => {
      await using store = await open();
      await run(cacheWorld(store, dialect), store);
    });
  };
  /** Equal in content, links loaded, and for 2025-09 in commitments. */
  const same = async ({ env }: CacheWorld, a: Value, b: Value): Promise<void> => {
    const [x, y] = [await loadAll(a, env), await loadAll(b, env)];
    expect(await match(plain(x), plain(y), env)).toBe(true);
  };

  describe(`cache: ${name}`, () => {
    check('[row C1] an empty message', async (world) => {
      const path = await world.cache.write(Message.empty);
      await same(world, (await world.cache.read(path))!, Message.empty);
    });

    check('[row C2, LK1] bytes by their hash', async ({ cache }) => {
      const path = await cache.write('Simple unsigned data item');
      expect(path).toBe('data/IcyY7UXyw8cwFDz7ZAD83fAoNWc6biz3i_f8apOYR78');
      expect(await cache.read(path)).toBe('Simple unsigned data item');
    });

    check('[row C3] nested messages', async (world) => {
      const value = message({ layer1: { layer2: { layer3: { a: 'b' } }, layer3b: { c: 'd' }, layer3c: {} } });
      const path = await world.cache.write(value);
      const read = (await world.cache.read(path)) as Message;
      expect(read.get('layer1')).toBeInstanceOf(Link);
      await same(world, read, value);
      expect(path).toBe(id(value, 'unsigned', world.env));
      expect(await world.cache.read(`${path}/layer1/layer2/layer3/a`)).toBe('b');
      expect(await world.cache.read(`${path}/layer1/absent`)).toBeUndefined();
    });

    check('[row C4] by the unsigned id', async (world) => {
      const value = T('Simple unsigned data item');
      await world.cache.write(value);
      await same(world, (await world.cache.read(id(value, 'unsigned', world.env)))!, value);
    });

    for (const dialect of ['2025-09', '2025-11'] as const) {
      check(
        `[row C5, C12] a signed message by its signed and by its unsigned id (${dialect})`,
        async (world) => {
          const value = await world.sign(T('Simple signed data item'));
          await world.cache.write(value);
          const signedId = id(value, 'signed', world.env);
          const read = (await world.cache.read(signedId)) as Message;
          expect(await verify(read, world.env, everySigner)).toBe(true);
          expect(await signers(read, world.env)).toEqual([testWallet().address]);
          expect(equal(read, value)).toBe(true);
          await same(world, (await world.cache.read(id(value.without('commitments'), 'unsigned', world.env)))!, value);
        },
        dialect,
      );
    }

    check('[row C6] a deep message with signed parts', async (world) => {
      const level3 = await world.sign(T([1, 2, 3]));
      const level1 = await world.sign(
        messageFrom([
          [
            'level2',
            messageFrom([
              ['level3', level3],
              ['e', 'f'],
              ['z', [1, 2, 3]],
            ]),
          ],
          ['c', 'd'],
          ['g', ['h', 'i']],
          ['j', 1337],
        ]),
      );
      const outer = await world.sign(
        messageFrom([
          ['a', 'b'],
          ['level1', level1],
        ]),
      );
      await world.cache.write(outer);
      for (const which of ['unsigned', 'signed'] as const) {
        const read = await world.cache.read(id(outer, which, world.env));
        const whole = (await loadAll(read!, world.env)) as Message;
        const found = [...['level1', 'level2', 'level3']].reduce<Message>((at, key) => at.get(key) as Message, whole);
        expect(found.get('other-test-key')).toEqual([1, 2, 3]);
        expect(await verify(found, world.env, everySigner)).toBe(true);
        expect(await verify(whole, world.env, everySigner)).toBe(true);
        await same(world, whole, outer);
      }
      expect(await verify((await world.cache.read(id(level1, 'signed', world.env))) as Message, world.env)).toBe(true);
    });

    check('[row C7] lists stay lists, and have an id of their own', async (world) => {
      const value = T(['a', 'b', 'c']);
      const path = await world.cache.write(value);
      await same(world, (await world.cache.read(path))!, value);
      expect(await world.cache.read(id(['a', 'b', 'c'], 'unsigned', world.env))).toEqual(['a', 'b', 'c']);
    });

    check('[row C8, C13] finds messages by their entries', async ({ cache, env }) => {
      const all = [{ x: '1' }, { y: '2', z: '3' }, { x: '4', z: '3' }, { z: '5', c: 'd' }].map((entries) =>
        message(entries),
      );
      for (const value of all) await cache.write(value);
      const ids = all.map((value) => id(value, 'unsigned', env));
      expect([...(await cache.match(message({ z: '3' })))].sort()).toEqual([ids[1], ids[2]].sort());
      for (const one of await cache.match(message({ z: '3' })))
        expect(((await cache.read(one)) as Message).get('z')).toBe('3');
      expect(await cache.match(message({ x: '4' }))).toEqual([ids[2]]);
      expect(await cache.match(message({ x: '4', z: '3' }))).toEqual([ids[2]]);
      expect(await cache.match(message({ x: '1', z: '3' }))).toEqual([]);
      expect(await cache.match(message({ absent: 'x' }))).toEqual([]);
      expect(await cache.match(Message.empty)).toEqual([]);
    });

    check('[row C9] finds a child, and its parent by the child', async (world) => {
      const child = message({ b: 'c', d: 'e' });
      await world.cache.write(message({ a: { b: 'c', d: 'e' } }));
      const [first] = await world.cache.match(message({ b: 'c' }));
      await same(world, (await world.cache.read(first!))!, child);
      const parents = await world.cache.match(messageFrom([['a', child]]));
      expect(parents.length).toBe(1);
      await same(world, (await world.cache.read(parents[0]!))!, messageFrom([['a', child]]));
    });

    check('[row C10] finds typed values, whatever their type', async (world) => {
      const M = messageFrom([
        ['int-key', 1337],
        ['other-key', 'other-test-value'],
        ['atom-key', atom('atom')],
      ]);
      await world.cache.write(
        messageFrom([
          ['atom-value', atom('atom')],
          ['wrong', 'wrong'],
        ]),
      );
      await world.cache.write(
        messageFrom([
          ['integer-value', 1337],
          ['wrong', 'wrong-2'],
        ]),
      );
      const path = await world.cache.write(M);
      expect(await world.cache.match(messageFrom([['int-key', 1337]]))).toEqual([path]);
      expect(await world.cache.match(messageFrom([['atom-key', atom('atom')]]))).toEqual([path]);
      expect(equal(((await world.cache.read(path)) as Message).without('commitments'), M)).toBe(true);
    });

    check('[row C11] a message whose device is a message is refused', async ({ cache }) => {
      await expect(async () => await cache.write(message({ device: {} }))).rejects.toMatchObject({
        code: 'bad-request',
      });
      await expect(async () => await cache.write(message({ a: { device: { x: 'y' } } }))).rejects.toMatchObject({
        code: 'bad-request',
      });
    });

    check('[row K2] floats in a list', async (world) => {
      const value = messageFrom([['list-key', [new Float(1), new Float(2), new Float(3)]]]);
      await same(world, (await world.cache.read(await world.cache.write(value)))!, value);
    });

    check('[row S6] many signed children', async (world) => {
      const written: [string, Message][] = [];
      for (let n = 0; n < 5; n++) {
        const body = new Uint8Array(4 + 1024 + 4);
        body.set([0x74, 0x65, 0x73, 0x74]);
        body[body.length - 1] = n;
        const value = messageFrom([
          ['process', 'p'.repeat(43)],
          ['slot', n],
          ['message', await world.sign(messageFrom([['body', body]]))],
        ]);
        written.push([await world.cache.write(value), value]);
      }
      for (const [path, value] of written) await same(world, (await world.cache.read(path))!, value);
    });

    check('every kind of value comes back as it was', async (world) => {
      const value = messageFrom([
        ['int', 42],
        ['negative', -7],
        ['big', 2n ** 70n],
        ['float', new Float(1.5)],
        ['true', true],
        ['atom', atom('some-atom')],
        ['empty', ''],
        ['bytes', Uint8Array.of(0, 255)],
        ['empty-list', []],
        ['empty-message', Message.empty],
        ['list', [1, 'two', [new Float(3)], messageFrom([['four', 4]])]],
        ['link', new Link('x'.repeat(43))],
      ]);
      const read = (await world.cache.read(await world.cache.write(value))) as Message;
      expect(equal(read.without('commitments').without('list'), value.without('list'))).toBe(true);
      await same(world, read.without('link'), value.without('link'));
    });

    check('keys that are not paths', async (world) => {
      const keys = [
        '..',
        'a/b',
        '../../x',
        'nul\x00',
        '__proto__',
        'constructor',
        'toString',
        '\udc80',
        'k'.repeat(3000),
        ' ',
        '1',
        '+link',
      ];
      const value = messageFrom(keys.map((key, i) => [key, `value ${i}`]));
      const path = await world.cache.write(value);
      const read = (await world.cache.read(path)) as Message;
      for (const [i, key] of keys.entries()) if (key !== '+link') expect(read.get(key)).toBe(`value ${i}`);
      expect(await world.cache.read(`${path}/__proto__`)).toBe(`value ${keys.indexOf('__proto__')}`);
      expect(await world.cache.read(`${path}/valueOf`)).toBeUndefined();
    });

    check('long literals are stored once, and come back inline or as lazy links', async (world, store) => {
      const long = 'x'.repeat(10_000);
      const huge = new Uint8Array(300_000).fill(1);
      const first = await world.cache.write(
        messageFrom([
          ['body', long],
          ['n', 1],
        ]),
      );
      const second = await world.cache.write(
        messageFrom([
          ['body', long],
          ['n', 2],
          ['huge', huge],
          ['list', [long]],
        ]),
      );
      expect(((await world.cache.read(first)) as Message).get('body')).toBe(long);
      const read = (await world.cache.read(second)) as Message;
      expect(read.get('huge')).toEqual(new Link(`data/${id(huge, 'unsigned', world.env)}`, true));
      expect(await world.cache.read(`${second}/huge`)).toEqual(huge);
      const whole = (await loadAll(read, world.env)) as Message;
      expect(equal(whole.get('list')!, [long])).toBe(true);
      expect(equal(whole.get('huge')!, huge)).toBe(true);
      expect((await store.list('data'))?.length).toBe(2);
      // Written again as it was read, it is the same message.
      expect(await world.cache.write(read.without('commitments'))).toBe(second);
      expect(await world.cache.match(messageFrom([['huge', huge]]))).toEqual([second]);
      expect((await world.cache.match(messageFrom([['body', long]]))).length).toBe(2);
    });

    check('private keys are not stored', async ({ cache }) => {
      const path = await cache.write(
        message({ a: '1', priv: { secret: 's' }, private: 'p', child: { priv_x: 'q', b: '2' } }),
      );
      const read = (await cache.read(path)) as Message;
      expect([...read.without('commitments').keys()]).toEqual(['a', 'child']);
      expect(await cache.read(`${path}/child/priv_x`)).toBeUndefined();
    });

    check('what is not committed is not stored with a commitment', async (world) => {
      const signed = await world.sign(message({ a: '1' }));
      await world.cache.write(signed.with('b', 'not signed'));
      const read = (await world.cache.read(id(signed, 'signed', world.env))) as Message;
      expect(read.has('b')).toBe(false);
      expect(await verify(read, world.env, everySigner)).toBe(true);
    });

    check('commitments that come later are added', async (world) => {
      const value = message({ a: '1' });
      const [one, two] = [await world.sign(value), await world.sign(value, testWallet('rsa4096-2'))];
      const path = await world.cache.write(value);
      expect(await signers((await world.cache.read(path)) as Message, world.env)).toEqual([]);
      await world.cache.write(one);
      await world.cache.write(two);
      expect((await signers((await world.cache.readEvery(path)) as Message, world.env)).length).toBe(2);
      for (const signed of [one, two]) {
        const read = (await world.cache.read(id(signed, 'signed', world.env))) as Message;
        expect(await signers(read, world.env)).toEqual(await signers(signed, world.env));
      }
    });

    check('two signatures on one message: each id and their sum lead to it', async (world) => {
      const both = await world.sign(await world.sign(message({ a: '1' })), testWallet('rsa4096-2'));
      await world.cache.write(messageFrom([['child', both]]));
      const sum = id(both, 'signed', world.env);
      const read = (await world.cache.read(sum)) as Message;
      expect((await signers(read, world.env)).length).toBe(2);
      expect(equal(read, both)).toBe(true);
    });

    check('a signature id cannot be made to lead to another message', async (world) => {
      const signed = await world.sign(message({ a: 'mine' }));
      const forged = messageFrom([
        ['a', 'forged'],
        ['commitments', signed.get('commitments')!],
      ]);
      await world.cache.write(forged);
      const signedId = id(signed, 'signed', world.env);
      expect(await world.cache.read(signedId)).toBeUndefined();
      await world.cache.write(signed);
      await world.cache.write(forged);
      expect(((await world.cache.read(signedId)) as Message).get('a')).toBe('mine');
      expect(await world.cache.match(message({ a: 'mine' }))).not.toContain(signedId);
    });

    check('reading gives an unsigned commitment from 2025-11 on', async (world) => {
      const value = message({ a: 1, b: { c: 'd' } });
      const read = (await world.cache.read(await world.cache.write(value))) as Message;
      const commitments = read.get('commitments') as Message;
      expect(commitments.keys()).toEqual([id(value, 'unsigned', world.env)]);
      expect(await verify(read, world.env, { committers: 'none', ids: 'all' })).toBe(true);
    });

    check(
      'reading gives the commitments that were stored in 2025-09',
      async (world) => {
        expect(
          ((await world.cache.read(await world.cache.write(message({ a: 1 })))) as Message).has('commitments'),
        ).toBe(false);
      },
      '2025-09',
    );

    check('names lead to messages and below them, and can be re-pointed', async ({ cache }) => {
      const [one, two] = [
        await cache.write(message({ n: '1', c: { d: 'e' } })),
        await cache.write(message({ n: '2' })),
      ];
      await cache.link(one, 'local/name');
      await cache.link('local/name', 'other');
      expect(await cache.read('other/n')).toBe('1');
      expect(await cache.read('local/name/c/d')).toBe('e');
      await cache.link(two, 'local/name');
      expect(await cache.read('other/n')).toBe('2');
      expect(await cache.list('local')).toEqual(['name']);
      await cache.link('loop/b', 'loop/a');
      await cache.link('loop/a', 'loop/b');
      expect(await cache.read('loop/a')).toBeUndefined();
      expect(await cache.read('')).toBeUndefined();
      expect(await cache.read('absent/name')).toBeUndefined();
    });

    check('names that are numbers come in order, with bounds', async ({ cache }) => {
      const path = await cache.write(message({ a: '1' }));
      for (const n of [0, 9, 10, 100, 2, 33]) await cache.link(path, `computed/p/slot/${n}`);
      await cache.link(path, 'computed/p/slot/=odd');
      expect(await cache.numbersAndNames('computed/p/slot')).toEqual(['0', '2', '9', '10', '33', '100', '=odd']);
      expect(await cache.numbersAndNames('computed/p/slot', { from: '50', reverse: true, limit: 1 })).toEqual(['33']);
      expect(await cache.read('computed/p/slot/33/a')).toBe('1');
    });

    check('results are found by base and request, and not among the keys of the base', async ({ cache }) => {
      const base = await cache.write(message({ a: '1' }));
      await cache.writeResult(base, 'key', message({ result: 'yes' }));
      await cache.writeResult(base, 'text', 'literal');
      await cache.writeResult(base, 'number', 7);
      await cache.writeResult(base, 'k'.repeat(5000), 'long');
      expect(((await cache.readResult(base, 'key')) as Message).get('result')).toBe('yes');
      expect(await cache.readResult(base, 'text')).toBe('literal');
      expect(await cache.readResult(base, 'number')).toBe(7);
      expect(await cache.readResult(base, 'k'.repeat(5000))).toBe('long');
      expect(await cache.readResult(base, 'absent')).toBeUndefined();
      expect(((await cache.read(base)) as Message).without('commitments').size).toBe(1);
      expect(await cache.read(`${base}/text`)).toBe('literal');
      await cache.writeResult(base, 'text', 'newer');
      expect(await cache.readResult(base, 'text')).toBe('newer');
    });

    check('lists what is below a path', async ({ cache }) => {
      const path = await cache.write(
        messageFrom([
          ['b', '1'],
          ['a', messageFrom([['x', '2']])],
          ['l', ['p', 'q']],
        ]),
      );
      expect((await cache.list(path)).filter((key) => key !== 'commitments')).toEqual(['a', 'b', 'l']);
      expect((await cache.list(`${path}/a`)).filter((key) => key !== 'commitments')).toEqual(['x']);
      expect(await cache.list(`${path}/l`)).toEqual(['1', '2']);
      expect(await cache.list('nowhere')).toEqual([]);
      expect(await cache.list('')).toContain(path);
    });

    check('the same message written twice changes nothing', async ({ cache }, store) => {
      const value = message({ a: '1', b: { c: 'd' } });
      const path = await cache.write(value);
      const rows = (await store.scan('')).length;
      expect(await cache.write(value)).toBe(path);
      expect((await store.scan('')).length).toBe(rows);
    });

    check('a message too deep is refused', async ({ cache }) => {
      let deep = message({ a: '1' });
      for (let i = 0; i < 100; i++) deep = messageFrom([['d', deep]]);
      await expect(async () => await cache.write(deep)).rejects.toMatchObject({ code: 'limit-exceeded' });
    });

    check('another cache on the same store reads it all', async (world, store) => {
      const signed = await world.sign(message({ a: 1, child: { b: new Uint8Array(5000) } }));
      await world.cache.write(signed);
      const other = cacheWorld(store);
      const read = (await other.cache.read(id(signed, 'signed', world.env))) as Message;
      expect(await verify(read, other.env, everySigner)).toBe(true);
      await same(world, read, signed);
    });
  });
}

function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map((item: Value) => plain(item));
  if (!isMessage(value)) return value;
  return messageFrom([...value.without('commitments').entries()].map(([key, item]) => [key, plain(item)]));
}
