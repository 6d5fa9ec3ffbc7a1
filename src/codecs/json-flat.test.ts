/** JSON and flat forms against the gold vectors. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../test/support/notation.ts';
import { dialectSuite, vectorSuite } from '../../test/support/vectors.ts';
import { toText } from '../core/bytes.ts';
import { convert } from '../core/convert.ts';
import type { DialectName } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { AoException } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';
import { Message, message } from '../core/message.ts';
import { atom, Float, NULL, type Value } from '../core/value.ts';
import { ans104 } from './ans104/ans104.ts';
import { flat, readFlatText, unflatten, writeFlatText } from './flat.ts';
import { httpsig } from './httpsig.ts';
import { json } from './json.ts';
import { parseJson } from './json-parse.ts';
import { floatJson } from './json-write.ts';
import { loadAll } from './load.ts';
import { fromTabm, structured, toTabm } from './structured.ts';

type Case = { readonly [key: string]: Json };
const environment = (dialect: DialectName): Environment =>
  codecEnvironment(dialect, [structured, httpsig, json, flat, ans104]);
const failed = (expected: Json | undefined): boolean =>
  typeof expected === 'object' && expected !== null && !Array.isArray(expected) && 'error' in expected;
const bundled = message({ device: 'json@1.0', bundle: true });

dialectSuite<Case>(
  'messages.json',
  async (vector, dialect) => {
    const env = environment(dialect);
    const input = fromNotation(vector['input']!);
    for (const [field, format] of [
      ['json', 'json@1.0'],
      ['json_bundle', bundled],
    ] as const) {
      const expected = vector[field]!;
      const encoded = (async () => convert(input, format, undefined, env))();
      if (failed(expected)) {
        await expect(encoded, field).rejects.toThrow(AoException);
        continue;
      }
      expect(await encoded, field).toBe(expected);
      const decoded = vector[`${field}_decoded`];
      if (decoded === undefined) continue;
      const value = await convert(await encoded, 'structured@1.0', 'json@1.0', env);
      expect(toNotation(await loadAll(value, env)), `${field}_decoded`).toEqual(normal(decoded));
    }
  },
  'json',
);

dialectSuite<Case>(
  'messages.json',
  async (vector, dialect) => {
    const env = environment(dialect);
    const inline = toTabm(fromNotation(vector['input']!), 'inline', env);
    const encoded = (async () => flat.fromTabm(inline, {}, env))();
    if (failed(vector['flat'])) await expect(encoded).rejects.toThrow(AoException);
    else expect(toNotation(await encoded)).toEqual(normal(vector['flat']!));
  },
  'flat',
);

async function checkDecode(vector: Case, dialect: DialectName): Promise<void> {
  const env = environment(dialect);
  const tabm = (async () => json.toTabm(vector['json'] as string, {}, env))();
  if (failed(vector['tabm'])) await expect(tabm).rejects.toThrow(AoException);
  else if (vector['tabm'] !== undefined) expect(toNotation(await tabm)).toEqual(normal(vector['tabm']));
  const value = (async () => loadAll(await structured.fromTabm(await tabm, {}, env), env))();
  if (failed(vector['structured'])) await expect(value).rejects.toThrow(AoException);
  else expect(toNotation(await value)).toEqual(normal(vector['structured']!));
}

vectorSuite<Case>('reference/json-decode.json', (vector) => checkDecode(vector, '2025-09'));
vectorSuite<Case>('reference-2025-11/json-decode.json', (vector) => checkDecode(vector, '2025-11'));

vectorSuite<Case>('reference/flat.json', async (vector) => {
  const env = environment('2025-09');
  if (vector['flat'] !== undefined) {
    const decode = (): Value => unflatten(fromNotation(vector['flat']!) as never, env);
    if (failed(vector['tabm'])) expect(decode).toThrow(AoException);
    else expect(toNotation(decode())).toEqual(normal(vector['tabm']!));
  } else if (vector['message'] !== undefined) {
    const text = await writeFlatText(fromNotation(vector['message']) as never, env);
    expect(toText(text)).toBe(vector['serialized']);
  } else expect(toNotation(readFlatText(vector['serialized'] as string, env))).toEqual(normal(vector['structured']!));
});
describe('flat', () => {
  const env = environment('2025-11');
  const there = async (value: Value): Promise<Json> =>
    toNotation(await flat.fromTabm(toTabm(value, 'inline', env), {}, env));
  const back = (value: Value): Value => fromTabm(unflatten(value as Message, env), env);

  test('[row codecs/5/flat simple, codecs/5/flat nested / deep, codecs/5/flat several] both ways', async () => {
    for (const [tree, flattened] of [
      [{ a: 'value' }, { a: 'value' }],
      [{ a: { b: 'v' } }, { 'a/b': 'v' }],
      [{ a: { b: { c: { d: 'v' } } } }, { 'a/b/c/d': 'v' }],
      [
        { x: { y: '1', z: '2' }, a: '3' },
        { 'x/y': '1', 'x/z': '2', a: '3' },
      ],
    ] as const) {
      expect(await there(message(tree))).toEqual(flattened);
      expect(toNotation(back(message(flattened)))).toEqual(tree);
    }
  });

  test('[row codecs/5/flat list path] no path contains a line break', async () => {
    const keys = Object.keys((await there(message({ x: { y: { z: '1' } }, a: ['1', '2'] }))) as object);
    expect(keys.some((key) => key.includes('\n'))).toBe(false);
  });

  test('[row codecs/5/flat binary empty] pass unchanged', async () => {
    expect(await there('raw')).toBe('raw');
    expect(await there(message({}))).toEqual({});
    expect(flat.toTabm('raw', {}, env)).toBe('raw');
  });

  test('a path through a value, and one deeper than the limit, are refused', () => {
    expect(() => unflatten(message({ a: '1', 'a/b': '2' }), env)).toThrow(AoException);
    expect(() => unflatten(message({ 'a/b': '2', 'a/b/': { c: '1' } }), env)).toThrow(AoException);
    expect(() => unflatten(message({ ['a/'.repeat(100)]: '2' }), env)).toThrow(AoException);
    expect(() => unflatten(message({ '//': '2' }), env)).toThrow(AoException);
  });

  test('links stay links, and are followed for a bundle', async () => {
    const child = message({ b: '1' });
    const written = await convert(message({ a: child }), 'flat@1.0', undefined, env);
    expect(toNotation(written)).toEqual({ 'a+link': env.unsignedId(child, env) });
    const bundle = message({ device: 'flat@1.0', bundle: true });
    const old = environment('2025-09');
    expect(toNotation(await convert(message({ a: child }), bundle, undefined, old))).toEqual({ 'a/b': '1' });
  });
});

describe('json', () => {
  const env = environment('2025-11');

  test('[row codecs/5/json atom] a typed string is an atom', async () => {
    const text = '[{"store-module":"hb_store_fs","name":"x","ao-types":"store-module=\\"atom\\""}]';
    const [first] = (await loadAll(await convert(text, 'structured@1.0', 'json@1.0', env), env)) as [Message];
    expect(first.get('store-module')).toBe(atom('hb_store_fs'));
  });

  test('[row codecs/5/json deep types] a list of messages with all types round-trips', async () => {
    const value = fromNotation([{ i: 1, a: { $atom: 'x' }, l: [1, true, { $float: '2.5' }, 'text'] }, { b: {} }]);
    const old = environment('2025-09');
    const text = await convert(value, bundled, undefined, old);
    const again = await convert(text, 'structured@1.0', 'json@1.0', old);
    expect(toNotation(await loadAll(again, old))).toEqual(toNotation(value));
    expect(text).toBe(
      '[{"a":"x","ao-types":"a=\\"atom\\"","i":1,"l":{"1":1,"2":"true","3":2.5,"4":"text","ao-types":".=\\"list\\", 2=\\"atom\\""}},{"b":{}}]',
    );
  });

  test('floats take their shortest form', () => {
    for (const [value, text] of [
      [1.5, '1.5'],
      [1e5, '1.0e5'],
      [1e3, '1.0e3'],
      [100, '100.0'],
      [1.2e-4, '1.2e-4'],
      [1e-4, '0.0001'],
      [1e100, '1.0e100'],
      [2 ** 53, '9.007199254740992e15'],
      [-0, '-0.0'],
      [-12345.678, '-12345.678'],
    ] as const) {
      expect(floatJson(value)).toBe(text);
      expect(Object.is(Number(text), value)).toBe(true);
    }
  });

  test('hostile text gives a typed error, soon', () => {
    const bad = [
      '',
      '{',
      '{"a"}',
      '{"a":1,}',
      '[1,]',
      '01',
      '1.',
      '.5',
      '1e400',
      '"\\x"',
      '"\\ud800"',
      '"\\udc00\\ud800"',
      '"a\nb"',
      'nul',
      '{} {}',
      '['.repeat(100_000),
      `{"a":${'9'.repeat(100_000)}}`,
      `[${'1,'.repeat(200_000)}1]`,
      '5',
      'true',
    ];
    for (const text of bad) expect(() => json.toTabm(text, {}, env), text.slice(0, 20)).toThrow(AoException);
    expect(() => json.toTabm(Uint8Array.of(0x22, 0xff, 0x22), {}, env)).toThrow(AoException);
  });

  test('keys of objects are no properties', async () => {
    const tabm = (await json.toTabm('{"__proto__":"x","constructor":"y"}', {}, env)) as Message;
    expect([...tabm.keys()].sort()).toEqual(['__proto__', 'constructor']);
  });

  test('any JSON text that another parser writes is read alike', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const plain = (value: Value): unknown =>
          value instanceof Message
            ? Object.fromEntries([...value.entries()].map(([key, item]) => [key, plain(item)]))
            : Array.isArray(value)
              ? value.map(plain)
              : value instanceof Float
                ? value.value
                : value === NULL
                  ? null
                  : typeof value === 'bigint'
                    ? Number(value)
                    : value;
        const positive = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
        if (text.includes('__proto__') || hasLoneSurrogate(text)) return;
        expect(positive(plain(parseJson(text, defaultLimits)))).toEqual(positive(JSON.parse(text)));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('any bytes give a value or a typed error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0123.eE+-\\u0041tfn ') }), (text) => {
        try {
          parseJson(text, defaultLimits);
        } catch (error) {
          expect(error).toBeInstanceOf(AoException);
        }
      }),
      { seed: 11, numRuns: 2000 },
    );
  });
});

function hasLoneSurrogate(text: string): boolean {
  return /\\ud[89a-f]/i.test(text) || !text.isWellFormed();
}
