/** Links to stored data: what is loaded when somebody looks, and what a bad link can do (cases-storage K, M, X8). */
import { describe, expect, test } from 'vitest';
import { cacheWorld } from '../../test/support/cache-world.ts';
import { asValue, world } from '../../test/support/world.ts';
import { fromTabm, offload, toTabm } from '../codecs/structured.ts';
import { equal } from '../core/equal.ts';
import { load, loadAll } from '../core/links.ts';
import { isMessage, type Message, message, messageFrom } from '../core/message.ts';
import { isInteger, Link, type Value } from '../core/value.ts';
import { memoryStore } from './memory.ts';

const fresh = () => cacheWorld(memoryStore());

describe('links', () => {
  test('[row M1, M2, M3] a literal is loaded when it is looked at, and decoded by its type', async () => {
    const { cache, env } = fresh();
    const link = new Link((await cache.write('TEST DATA')) as string, true);
    const typed = new Link((await cache.write('123')) as string, true, 'integer');
    const map = messageFrom([
      ['1', 1],
      ['2', link],
      ['3', 3],
    ]);
    expect(await load(map.get('2')!, env)).toBe('TEST DATA');
    expect(
      equal(
        (await loadAll(map, env)) as Message,
        messageFrom([
          ['1', 1],
          ['2', 'TEST DATA'],
          ['3', 3],
        ]),
      ),
    ).toBe(true);
    expect(await load(typed, env)).toBe(123);
  });

  test('[row M4] a key of a linked message resolves', async () => {
    const { library, env, value } = world();
    const path = await env.cache.write(asValue({ 'test-key': 'test-value' }));
    const base = messageFrom([['2', new Link(path)]]);
    expect(await library.resolve(base, '2/test-key')).toMatchObject({ status: 'ok', value: 'test-value' });
    expect(await value({ a: 'b' }, 'a')).toBe('b');
  });

  test('[row M5, M6, M7, M8, M9] loaded values filter, map and fold', async () => {
    const { cache, env } = fresh();
    const around = async (link: Link): Promise<Message> =>
      (await loadAll(
        messageFrom([
          ['1', 1],
          ['2', link],
          ['3', 3],
        ]),
        env,
      )) as Message;
    const texts = await around(new Link(await cache.write('TEST DATA'), true));
    expect(texts.filter((_, item) => item !== 'TEST DATA').keys()).toEqual(['1', '3']);
    expect([...texts.filter(() => true).entries()]).toEqual([
      ['1', 1],
      ['2', 'TEST DATA'],
      ['3', 3],
    ]);
    const found = [...texts.entries()].flatMap(([key, item]) => (item === 'TEST DATA' ? [[key, 'FOUND']] : []));
    expect(found).toEqual([['2', 'FOUND']]);
    const numbers = await around(new Link(await cache.write('123'), true, 'integer'));
    const sum = [...numbers.entries()].reduce((total, [, item]) => total + (isInteger(item) ? Number(item) : 0), 0);
    expect(sum).toBe(127);
  });

  test('[row K1] a message taken apart and loaded again is the same', async () => {
    const { env } = fresh();
    const value = message({
      'immediate-key': 'immediate-value',
      'link-key': { 'immediate-key-2': 'link-value', 'link-key-2': { 'immediate-key-3': 'link-value-2' } },
    });
    await offload(value, env);
    const shallow = fromTabm(toTabm(value, 'link', env), env) as Message;
    expect(shallow.get('link-key')).toBeInstanceOf(Link);
    const whole = (await loadAll(shallow, env)) as Message;
    expect(equal(uncommitted(whole), value)).toBe(true);
  });

  test('[row X8] values that look like markers', async () => {
    const { cache } = fresh();
    const value = message({ a: 'group', b: 'link:x', c: 'raw:x', d: '' });
    const read = (await cache.read(await cache.write(value))) as Message;
    expect(equal(read.without('commitments'), value)).toBe(true);
  });

  test('a link that leads nowhere is told, when it is followed', async () => {
    const { cache, env } = fresh();
    const path = await cache.write(messageFrom([['gone', new Link('A'.repeat(43))]]));
    const read = (await cache.read(path)) as Message;
    expect(() => load(read.get('gone')!, env)).toThrow(/necessary-message-not-found/);
    expect(await cache.read(`${path}/gone/deeper`)).toBeUndefined();
    await expect(async () => cache.write(messageFrom([['a', new Link('data/nowhere', true)]]))).rejects.toMatchObject({
      code: 'necessary-message-not-found',
    });
  });

  test('links and names in a circle end', async () => {
    const { cache, env } = fresh();
    const path = await cache.write(messageFrom([['a', new Link('loop')]]));
    await cache.link(`${path}/a`, 'loop');
    expect(await cache.read('loop')).toBeUndefined();
    expect(await cache.read(`${path}/a/a/a`)).toBeUndefined();
    await cache.link(path, 'self');
    const round = await cache.write(
      messageFrom([
        ['a', new Link('self')],
        ['b', new Link('round')],
      ]),
    );
    await cache.link(round, 'round');
    expect(await cache.read(`${round}${'/b'.repeat(20)}/a/a`)).toBeUndefined();
    expect(() => loadAll(new Link(round), env)).toThrow(/limit-exceeded|deeper|necessary/);
  });

  test('names may look like anything', async () => {
    const { cache } = cacheWorld(memoryStore());
    const path = await cache.write(message({ x: '1' }));
    const names = [
      'data',
      'data/foo',
      'data/a/b',
      path,
      'a'.repeat(43),
      `data/${'a'.repeat(43)}`,
      '5',
      '=5',
      '=',
      '00',
      '..',
      'msg/x',
    ];
    for (const name of names) {
      await cache.link(path, name);
      expect([name, await cache.read(`${name}/x`)]).toEqual([name, '1']);
      expect([name, isMessage((await cache.read(name))!)]).toEqual([name, true]);
    }
  });

  test('paths of strangers are bounded', async () => {
    const { cache } = fresh();
    const path = await cache.write(message({ a: { b: 'c' } }));
    expect(await cache.read('/'.repeat(100_000))).toBeUndefined();
    for (const hostile of [
      'a/'.repeat(100_000),
      `${path}/${'a/'.repeat(100_000)}`,
      '..',
      `${path}/..`,
      '\x00',
      'data',
      'data/',
      `data/${path}/x`,
    ]) {
      expect(await cache.read(hostile)).toBeUndefined();
      expect(await cache.list(hostile)).toEqual([]);
    }
  });
});

function uncommitted(value: Value): Value {
  if (!(value instanceof Object) || !('without' in value)) return value;
  return messageFrom([...value.without('commitments').entries()].map(([key, item]) => [key, uncommitted(item)]));
}
