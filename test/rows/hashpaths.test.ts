/** Paths and hashpaths: rows PA and PX of the core cases, the golden vectors of spec 01 appendix D, and what long folds keep alive. */
import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64Url } from '../../src/core/bytes.ts';
import { device } from '../../src/core/device.ts';
import { hashpath, resultHashpath, verifyChain } from '../../src/core/hashpath.ts';
import { addIds } from '../../src/core/ids.ts';
import { Message, message, type Step } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { joinPath, pathMatches, pathParts, popPath, pushPath, queuePath, sameKey } from '../../src/core/paths.ts';
import { setPrivate } from '../../src/core/private.ts';
import { atom, UNDEFINED, type Value } from '../../src/core/value.ts';
import { createLibrary } from '../../src/node/library.ts';
import { toNotation } from '../support/notation.ts';
import { expectThrown, messageOf } from '../support/outcomes.ts';

const library = createLibrary({ dialect: '2025-09' });
const { env } = library;
const path = (base: Value, request: Message | string): string => resultHashpath(base, request, env);
const withPath = (base: Value, request: Message | string): Message => Message.empty.withOrigin(path(base, request));
const base = message({ base: 'message' });

describe('PA: paths and hashpaths', () => {
  test('[row PA01] the hashpath of two ids', () => {
    const [one, two] = [message({ priv: { empty: 'message' } }), message({ priv: { exciting: 'message2' } })];
    expect(path(one, two)).toHaveLength(87);
  });
  test('[row PA02] a bare key is part of the hashpath as it is', () => {
    const [first, second] = path(base, message({ path: 'base' })).split('/');
    expect(first).toHaveLength(43);
    expect(second).toBe('base');
  });
  test('[row PA03] a chain of two', () => {
    const first = withPath(message({ priv: { empty: 'message' } }), message({ exciting: 'message2' }));
    expect(path(first, message({ exciting: 'message4' }))).toHaveLength(87);
  });
  test('[row PA04] chains are verified', () => {
    const first = message({ test: 'initial' });
    const second = message({ firstapplied: 'msg2' });
    const third = withPath(first, second);
    const fourth = withPath(second, third);
    expect(verifyChain([first, second, third, fourth], env)).toBe(true);
    expect(verifyChain([first, second, withPath(fourth, second), fourth], env)).toBe(false);
  });
  test('[row PA05, PA06] popping', () => {
    const popped: Value[] = [];
    for (let rest: Message | undefined = message({ path: ['a', 'b', 'c'] }); rest !== undefined; ) {
      const next = popPath(rest);
      popped.push(next!.head);
      rest = next?.tail;
    }
    expect(popped).toEqual(['a', 'b', 'c']);
    expect(popPath(Message.empty)).toBeUndefined();
  });
  test('[row PA07, PA08] head and tail', () => {
    expect(popPath(message({ path: ['a', 'b', 'c'] }))).toEqual({ head: 'a', tail: message({ path: ['b', 'c'] }) });
    expect(popPath(message({ path: [] }))).toBeUndefined();
    expect(popPath(message({ path: 'a' }))).toEqual({ head: 'a', tail: undefined });
  });
  test('[row PA09] paths as text', () => {
    expect(joinPath(['a', 'b', 'c'])).toBe('a/b/c');
    expect(joinPath('a/b/c')).toBe('a/b/c');
    expect(joinPath(['a', ['b', '//b'], 'c'])).toBe('a/b/b/c');
  });
  test('[row PA10] the parts of paths', () => {
    expect(pathParts('a/b/c')).toEqual(['a', 'b', 'c']);
    expect(pathParts(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
    expect(pathParts([['/a', ['b', '//b'], 'c']])).toEqual(['a', 'b', 'b', 'c']);
    expect(pathParts('/')).toEqual([]);
  });
  test('[row PA11] paths and expressions', () => {
    expect(pathMatches('a/b/c', 'a/.*/c')).toBe(true);
    expect(pathMatches('a/b/c', 'a/.*/d')).toBe(false);
    expect(pathMatches('a/abcd/c', 'a/abc.*/c')).toBe(true);
    expect(pathMatches('a/bcd/c', 'a/abc.*/c')).toBe(false);
    expect(pathMatches('a/bcd/ignored/c', 'a/.*/c')).toBe(true);
    expect(pathMatches('a/bcd/ignored/c', 'a/.*/d')).toBe(false);
  });
});

describe('PX: further cases', () => {
  test('[row PX01x] empty and doubled slashes', () => {
    expect([pathParts('/a//b/'), pathParts([]), pathParts(''), pathParts('/'), pathParts('//')]).toEqual([
      ['a', 'b'],
      undefined,
      undefined,
      [],
      undefined,
    ]);
  });
  test('[row PX02x] atoms and integers select keys by name', () => {
    expect(pathParts(['a/b', [atom('c'), 4]])).toEqual(['a', 'b', 'c', '4']);
    expect(pathParts(atom('a'))).toEqual(['a']);
    expect(pathParts(5)).toEqual(['5']);
  });
  test('[row PX03x] paths as text', () => {
    expect(joinPath(['a', atom('b'), 1, '/c/'])).toBe('a/b/1/c');
    expect(joinPath('//a//b/')).toBe('a/b');
    expect(joinPath('/')).toBe('');
  });
  test('[row PX04x] keys match in any case', () => expect(sameKey('Transform', atom('transform'))).toBe(true));
  test('[row PX05x] anchors and broken expressions', () => {
    expect(pathMatches('/a/b', '^/a')).toBe(true);
    expect(pathMatches('a', '(')).toBe(false);
    expect(pathMatches('/xa/b', 'a/b')).toBe(false);
    expect(pathMatches('/x/a/b', 'a/b')).toBe(true);
  });
  test('[row PX06x] push, queue, pop', () => {
    const request = message({ path: 'b/c' });
    expect(toNotation(pushPath(request, 'a'))).toEqual({ path: ['a', 'b', 'c'] });
    expect(toNotation(queuePath(request, 'd'))).toEqual({ path: ['b', 'c', 'd'] });
    expect(popPath(request)).toEqual({ head: 'b', tail: message({ path: ['c'] }) });
  });
  test('[row PX07x] private data below a path', () => {
    const remembered = setPrivate(Message.empty, 'ao-core/remaining', ['x']);
    expect(remembered).toEqual(message({ priv: { 'ao-core': { remaining: ['x'] } } }));
  });
  test('[row PX08x] a request for nothing', () =>
    expectThrown(() => path(message({ a: 1 }), message({ path: '/' })), 'hashpath-not-viable'));
  test('[row PX09x] unknown algorithms and malformed hashpaths', async () => {
    const foo = message({ 'hashpath-alg': 'foo', a: 1 }).withOrigin(path(base, 'base'));
    await expectThrown(() => path(foo, 'k'), 'hashpath-not-viable');
    await expectThrown(() => path(Message.empty.withOrigin('a/b/c'), 'k'), 'hashpath-not-viable');
    const newer = createLibrary();
    expect(resultHashpath(foo, 'k', newer.env)).toMatch(/\/k$/);
  });
  test('[row PX10x] a literal has no results', () => expectThrown(() => path('hello', 'k'), 'hashpath-not-viable'));
});

describe('PX11x: golden hashpaths of appendix D', () => {
  const ID = 'e5ohB7TgMYRoc0BLllkmAqkqLy1SrliEkOPJlNPXBQ8';
  const one = message({ a: 1 });
  const golden: readonly (readonly [string, Value, Message, string])[] = [
    ['a bare key', base, message({ path: 'base' }), 'cCaKSyqPRnYPaUr4NgKmYePTcMGAKQbD6Y6IrArbZjQ/base'],
    [
      'a request with a key',
      base,
      message({ path: 'base', x: 'y' }),
      'cCaKSyqPRnYPaUr4NgKmYePTcMGAKQbD6Y6IrArbZjQ/Zr_qq11KfMsxtQjmoIrL2wfUcPIjfwmTxsW0IxU5Jng',
    ],
    [
      'a request without a path',
      base,
      message({ x: 'y' }),
      'cCaKSyqPRnYPaUr4NgKmYePTcMGAKQbD6Y6IrArbZjQ/OmlbLBnWMrflkSO6bWZawGsrphvkObA5zlB1g6oQ1yQ',
    ],
    [
      'an empty request',
      base,
      Message.empty,
      'cCaKSyqPRnYPaUr4NgKmYePTcMGAKQbD6Y6IrArbZjQ/TWaabU6nSWpn7zPaiWSd9gQkfNwa1t3onrDRNB-bFiI',
    ],
    ['the first of two parts', one, message({ path: 'k1/k2' }), 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA/k1'],
    ['a list path', one, message({ path: ['k1', 'k2'] }), 'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA/k1'],
    ['an id as key', one, message({ path: ID }), `Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA/${ID}`],
    [
      'keys that do not count',
      one,
      message({ path: 'k', hashpath: 'x', priv: {} }),
      'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA/k',
    ],
  ];
  for (const [what, on, request, expected] of golden)
    test(`[row PX11x] ${what}`, () => expect(path(on, request)).toBe(expected));

  test('[row PX11x] of a byte string', () =>
    expect(hashpath('hello', env)).toBe('LPJNul-wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ'));

  test('[row PX11x] chains', () => {
    const first = withPath(base, 'base');
    const second = withPath(first, 'k2');
    expect(second.origin).toBe('TG1lBacqPdbbFyJ4G3K_KOrNrSAWj0w7W4J3wqiNp-A/k2');
    const third = withPath(second, message({ path: 'k3', q: 'r' }));
    expect(third.origin).toBe(
      'tZXjvQz_iT9jAO5n1_-CFVx0SQUtb3pIMOAF9DfBg10/biLMG_7lk8W8X52UKh2ZKVg1ZTygDRjFSLQaSJSEMAE',
    );
    expect(path(third, 'k4')).toBe('Xmzwhd71yGlU-qeZplB3ACwSzReC7QrzcnMtq1-uwDQ/k4');
    const accumulated = third.with('hashpath-alg', 'accumulate-256');
    expect(path(accumulated, 'k4')).toBe('I7iv2QvlHQUfYIv8Ah0bPrSprkHNfJMNeZQgPMxFs14/k4');
  });
  test('[row PX11x] only ids can be accumulated', () =>
    expectThrown(
      () => path(withPath(base, 'base').with('hashpath-alg', 'accumulate-256'), 'k'),
      'hashpath-not-viable',
    ));
  test('[row PX11x] a key as long as an id is decoded like one', () => {
    const key = 'this-key-has-exactly-forty-three-characters';
    expect(path(withPath(base, key), 'k')).toBe('xG0MvEap4GS2McsT1eBk6oBsPMeI4I2PWdd-g3_mgKs/k');
    expect(path(withPath(base, key.replaceAll('-', '.')), 'k')).toMatch(/^[\w-]{43}\/k$/);
  });
  test('[row PX11x] resolved step by step', async () => {
    const deep = message({ a: { b: { c: '1' } } });
    const at = async (request: Value): Promise<string> =>
      library.hashpath(await messageOf(library.resolve(deep, request)));
    expect(await at('a')).toBe('yRKhukPcyqSzvxHoh45dUX9DxIQ2rFDApvh0jY1NbpU/a');
    expect(await at('a/b')).toBe('WU1hn7Gm4z7_6xdEzokidSCXIG2NPSezRFdLhNSjfRw/b');
    expect(await at(message({ path: 'a/b', q: 'r' }))).toBe(
      'gnzjA6zYtw9duqlivGARzJmG9Gs3fhUFP8XdyrQzpt8/6jTfgbdc-yA3xoQQTESwS6zcurbXd1z4nGSs5BJVv5o',
    );
  });
  test('[row PX11x] set and remove', async () => {
    const pathAfter = async (request: Message): Promise<string> =>
      library.hashpath(await messageOf(library.resolve(one, request)));
    expect(await pathAfter(message({ path: 'set', b: 2 }))).toBe(
      'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA/42AaWLU6GacWq8nztnt2ON1sjNjXgNJAkI90JoJ_rlI',
    );
    expect(await pathAfter(message({ path: 'remove', item: 'a' }))).toBe(
      'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA/0eIZm590s7CRtokAk9Z0NqdabB4Iveli1zmTsl8Bk6A',
    );
  });
  test('reset forgets, ignore leaves what there was', async () => {
    const result = await messageOf(library.resolve(message({ a: { b: 1 } }), 'a'));
    const holder = message({ x: result });
    const kept = await messageOf(library.resolve(holder, 'x', { hashpath: 'ignore' }));
    expect(kept.origin).toBe(result.origin);
    expect((await messageOf(library.resolve(holder, 'x', { hashpath: 'reset' }))).origin).toBeUndefined();
  });
  test('[row UT17, UT35x] chain and sum of integers', () => {
    const integer = (n: bigint): Uint8Array =>
      Uint8Array.from({ length: 32 }, (_, i) => Number((n >> BigInt(8 * (31 - i))) & 0xffn));
    const chained = Message.empty.withOrigin(`${toBase64Url(integer(1n))}/${toBase64Url(integer(2n))}`);
    expect(path(chained, 'k')).toBe('1rqTKfiTLBIZKzeEn3chBNIASPdkNKMpBRLZ2BTkEW8/k');
    expect(addIds(integer(2n ** 256n - 1n), integer(2n))).toEqual(integer(1n));
  });
  test('[row UT36x] a hashpath that does not begin with an id', () =>
    expectThrown(() => path(Message.empty.withOrigin('abcd/k'), 'k'), 'hashpath-not-viable'));
});

describe('what a fold remembers', () => {
  const counter = device({
    name: 'counter@1.0',
    doc: 'Counts.',
    keys: {
      add: { doc: 'One more.', run: ({ base: at, requestMessage }) => ok(at.with('n', requestMessage.get('by') ?? 0)) },
    },
  });
  const counting = createLibrary({ devices: [counter], dialect: '2025-09' });

  test('a long fold keeps a bounded chain and gives the hashpath of hashing every step', async () => {
    let state = message({ device: 'counter@1.0', n: 0 });
    let eager = counting.id(state);
    for (let i = 0; i < 200; i++) {
      const request = message({ path: 'add', by: i });
      const next = await messageOf(counting.resolve(state, request));
      eager = resultHashpath(Message.empty.withOrigin(eager), request, counting.env);
      state = next;
      let length = 0;
      for (
        let at: unknown = state.origin;
        typeof at === 'object' && at !== null && 'from' in at;
        at = (at as Step).from
      )
        length++;
      expect(length).toBeLessThanOrEqual(32);
    }
    expect(counting.hashpath(state)).toBe(eager);
  });

  test('bases of earlier steps are not kept', async () => {
    const state = message({ device: 'counter@1.0', n: 0, big: { a: 1 } });
    const one = await messageOf(counting.resolve(state, message({ path: 'add', by: 1 })));
    const two = await messageOf(counting.resolve(one, message({ path: 'add', by: 2 })));
    const { from } = two.origin as Step;
    expect((from as Step).from).toBe(state);
    expect(from).toBe(one.origin);
  });

  test('a request that cannot be hashed costs its result the hashpath, not the resolution', async () => {
    const result = await messageOf(
      counting.resolve(message({ device: 'counter@1.0' }), message({ path: 'add', by: UNDEFINED })),
    );
    expect(result.get('n')).toBe(UNDEFINED);
  });

  test('base64 of a hashpath decodes to 32 bytes', () => {
    expect(fromBase64(path(withPath(base, 'a'), 'b').slice(0, 43))).toHaveLength(32);
  });
});
