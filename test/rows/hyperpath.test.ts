/**
 * HyperPATH: the rows HP (216 inputs with the exact outputs of the 2025-09 state, in hyperpath.json), HT, HR of the core cases, the later
 * dialects' differences, and properties of hostile input.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPromise } from '../../src/core/awaitable.ts';
import { AoException } from '../../src/core/errors.ts';
import { formatRequest } from '../../src/core/hyperpath/format.ts';
import { parsePath, parseRequest } from '../../src/core/hyperpath/parse.ts';
import { cut, split } from '../../src/core/hyperpath/scan.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { isMessage, Message, message, messageFrom } from '../../src/core/message.ts';
import { As, isList, Sequence, type Value } from '../../src/core/value.ts';
import { createLibrary, type Library } from '../../src/node/library.ts';
import { workedMs } from '../support/cpu.ts';
import { fromNotation, type Json, normal, toNotation } from '../support/notation.ts';

const september = createLibrary({ dialect: '2025-09' });
const november = createLibrary({ dialect: '2025-11' });

const tokens =
  'an unquoted word in a list is text; the reference made an atom of it if its process had seen one of that name';

/** Rows that we answer differently on purpose, with the reason and, where we give an answer, the answer. */
const different: { readonly [row: string]: { readonly why: string; readonly output?: Json } } = {
  HP055: {
    why: 'an atom that is new to the node is an atom like any other',
    output: [{}, { path: 'a', b: { $atom: 'zzzz_unknown_atom' } }],
  },
  HP057: { why: tokens, output: [{}, { path: 'a', b: ['x', 2, 'y'] }] },
  HP058: { why: tokens, output: [{}, { path: 'a', b: ['x', 'y'] }] },
  HP059: { why: tokens, output: [{}, { path: 'a', b: { k: 1, z: 'q' } }] },
  HP200: { why: tokens, output: [{ b: ['x', 'y'] }, { path: 'a', b: ['x', 'y'] }] },
  HP163: {
    why: 'a header name with one dot is just a header name (spec 01 §9 row 17)',
    output: [{ 'v1.0': 'x' }, { path: 'a', 'v1.0': 'x' }, { path: 'b', 'v1.0': 'x' }],
  },
  HP164: {
    why: 'a header name with one dot is just a header name (spec 01 §9 row 17)',
    output: [{ 'host.name': 'x' }, { path: 'a', 'host.name': 'x' }, { path: 'b', 'host.name': 'x' }],
  },
  HP207: {
    why: 'integers of more than 15 digits are integers',
    output: [{}, { path: 'a', b: 1_000_000_000_000_000 }],
  },
};

interface Row {
  readonly id: string;
  readonly input: Json;
  readonly output?: Json;
  readonly throws?: boolean;
}

const rows = JSON.parse(readFileSync(new URL('./hyperpath.json', import.meta.url), 'utf8')) as readonly Row[];

describe('HP: inputs with exact outputs', () => {
  for (const row of rows) {
    const other = different[row.id];
    const title = typeof row.input === 'string' ? row.input : JSON.stringify(row.input);
    test(`[row ${row.id}] ${title}${other === undefined ? '' : ` – ours: ${other.why}`}`, () => {
      const output = other === undefined ? row.output : other.output;
      if (output === undefined) expect(() => parse(row.input, september)).toThrow(AoException);
      else expectSame(parse(row.input, september), output, september);
    });
  }

  test('nested values stay inline and nothing is stored: the row’s link is the id of what we have', () => {
    const [, step] = parse('/a&b+list=1,2,3', september) as [Value, Message];
    expect(step.get('b')).toEqual([1, 2, 3]);
    expect(september.env.cache.read('OpNCVoptL8nHhTbjVQHwHuVAy0AFuy5qwJN-UjaLHEU')).toBeUndefined();
  });

  test('private keys of the request are kept in every step', () => {
    const steps = parseRequest(message({ path: '/a', priv: { x: 1 } }), september.env) as Message[];
    for (const step of steps) expect((step.get('priv') as Message).get('x')).toBe(1);
  });
});

describe('2025-11: ids are recognised by their name, quotes in queries are removed', () => {
  const cases: readonly (readonly [string, Json])[] = [
    [
      '/chunk&offset=377813969707255&length=262144',
      [{}, { path: 'chunk', offset: '377813969707255', length: '262144' }],
    ],
    ['/a&b+integer=999999999999999999999', [{}, { path: 'a', b: { $int: '999999999999999999999' } }]],
    ['/a?k="q r"', [{ k: 'q r' }, { path: 'a', k: 'q r' }]],
    ['/a?k=%22x%22', [{ k: 'x' }, { path: 'a', k: 'x' }]],
    ['/01234567890123456789012345678901/x', ['01234567890123456789012345678901', { path: 'x' }]],
    ['/cron@1.0/once="/a/b"', [{}, { path: 'cron@1.0' }, { path: 'once', once: '/a/b' }]],
  ];
  for (const [path, output] of cases) test(path, () => expectSame(parse(path, november), output, november));
});

const ID = 'e5ohB7TgMYRoc0BLllkmAqkqLy1SrliEkOPJlNPXBQ8';
const R = 'IYkkrqlZNW_J-4T-5eFApZOMRl5P4VjvrcOXWvIqB1Q';
const step = (path: string, keys: { readonly [key: string]: Value } = {}): Message => message({ path, ...keys });
const sequence = (...steps: readonly Value[]): Sequence => new Sequence(steps);
const empty = Message.empty;

describe('HT: singletons', () => {
  const parses = (id: string, input: Message | string, output: readonly Value[]): void => {
    test(`[row ${id}] ${typeof input === 'string' ? input : String(input.get('path'))}`, () => {
      expect(parseRequest(input, september.env)).toEqual(output);
    });
  };
  const formats = (id: string, what: string, steps: readonly Value[], singleton?: Message): void => {
    test(`[row ${id}] ${what}`, () => {
      const formatted = formatRequest(steps);
      if (singleton !== undefined) expect(formatted).toEqual(singleton);
      expect(toNotation(parseRequest(formatted, september.env) as Value)).toEqual(toNotation(steps));
    });
  };
  parses('HT01', message({ path: '/a', a: 'b' }), [message({ a: 'b' }), step('a', { a: 'b' })]);
  parses('HT01', message({ path: `/${R}/a` }), [R, step('a')]);
  parses('HT01', message({ path: `/${R}/a`, a: 'b' }), [R, step('a', { a: 'b' })]);
  const v = { 'test-key': 'test-value' };
  formats('HT02', 'a key of base and step', [message(v), step('a', v)], message({ path: '/a', ...v }));
  formats(
    'HT03',
    'a key of every message',
    [message(v), step('a', v), step('b', v), step('c', v)],
    message({ path: '/a/b/c', ...v }),
  );
  formats(
    'HT04',
    'an id as base',
    [ID, step('some-other', { method: 'GET' })],
    message({ path: `/${ID}/some-other`, method: 'GET' }),
  );
  formats(
    'HT05',
    'a key of one step',
    [empty, step('a'), step('b', v), step('c')],
    message({ '2.test-key': 'test-value', path: '/a/b/c' }),
  );
  formats(
    'HT06',
    'an integer of one step',
    [empty, step('a'), step('b', { 'test-key': 123 }), step('c')],
    message({ '2.test-key+integer': '123', path: '/a/b/c' }),
  );
  formats(
    'HT07',
    'a sub-path as value',
    [empty, step('a'), step('b', { 'test-key': sequence(empty, step('x'), step('y'), step('z')) }), step('c')],
    message({ '2.test-key+resolve': '/x/y/z', path: '/a/b/c' }),
  );
  formats(
    'HT08',
    'a sub-path as step',
    [empty, step('a'), sequence(empty, step('x'), step('y'), step('z')), step('z')],
    message({ path: '/a/(x/y/z)/z' }),
  );
  const post = { method: 'POST' };
  formats('HT09', 'inlined keys', [
    message(post),
    step('a', post),
    step('b', { ...post, k1: 'v1' }),
    step('c', { ...post, k2: 'v2' }),
  ]);
  formats('HT10', 'several inlined keys', [message(post), step('a', post), step('b', { ...post, k1: 'v1', k2: 'v2' })]);
  formats('HT11', 'a sub-path among inlined keys', [
    empty,
    step('part1'),
    step('part2', { test: '1', b: sequence(empty, step('x'), step('y')) }),
    step('part3'),
  ]);
  parses('HT12', message({ path: '/a', ...v }), [message(v), step('a', v)]);
  parses('HT13', message({ path: `/${R}/some-other`, method: 'GET' }), [R, step('some-other', { method: 'GET' })]);
  parses('HT14', message({ path: '/a/b/c', ...v }), [message(v), step('a', v), step('b', v), step('c', v)]);
  parses('HT15', message({ path: '/a/b/c', '2.test-key': 'test-value' }), [empty, step('a'), step('b', v), step('c')]);
  parses('HT16', message({ path: '/a/b/c', '2.test-key+integer': '123' }), [
    empty,
    step('a'),
    step('b', { 'test-key': 123 }),
    step('c'),
  ]);
  parses('HT17', message({ path: '/a/b/c', '2.test-key+resolve': '/x/y/z' }), [
    empty,
    step('a'),
    step('b', { 'test-key': sequence(empty, step('x'), step('y'), step('z')) }),
    step('c'),
  ]);
  parses('HT18', '/a/(x/y/z)/z', [empty, step('a'), sequence(empty, step('x'), step('y'), step('z')), step('z')]);
  parses('HT19', message({ path: '/a/b&k1=v1/c&k2=v2', ...post }), [
    message(post),
    step('a', post),
    step('b', { ...post, k1: 'v1' }),
    step('c', { ...post, k2: 'v2' }),
  ]);
  parses('HT20', '/a/b&k1="v/1"/c&k2=v2', [empty, step('a'), step('b', { k1: 'v/1' }), step('c', { k2: 'v2' })]);
  parses('HT20', '/~profile@1.0/eval=%22~meta@1.0/info%22', [
    new As('profile@1.0', empty),
    step('eval', { eval: '~meta@1.0/info' }),
  ]);
  parses('HT21', '/a/b=4/c&k2=v2', [empty, step('a'), step('b', { b: '4' }), step('c', { k2: 'v2' })]);
  parses('HT21', '/a/b+integer=4/c&k2=v2', [empty, step('a'), step('b', { b: 4 }), step('c', { k2: 'v2' })]);
  parses('HT22', '/a/b&k1=v1&k2=v2', [empty, step('a'), step('b', { k1: 'v1', k2: 'v2' })]);
  parses('HT23', '/part1/part2&test=1&b=(/x/y)/part3', [
    empty,
    step('part1'),
    step('part2', { test: '1', b: sequence(empty, step('x'), step('y')) }),
    step('part3'),
  ]);
  test('[row HT24] the segments of a path', () => {
    const parts = (path: string): readonly string[] => split(path, '/', 512);
    expect(parts('/a/b&c=(/d/e)/f')).toEqual(['a', 'b&c=(/d/e)', 'f']);
    expect(parts('/a')).toEqual(['a']);
    expect(parts('/a/b/c')).toEqual(['a', 'b', 'c']);
    expect(parts(`/${R}/msg2`)).toEqual([R, 'msg2']);
    expect(parts('/a/b&K1=V1/c&K2=V2')).toEqual(['a', 'b&K1=V1', 'c&K2=V2']);
    expect(parts('/a/(x/y/z)/c')).toEqual(['a', '(x/y/z)', 'c']);
    expect(parts('a/(b/c)/"d/e"/f\\/g')).toEqual(['a', '(b/c)', '"d/e"', 'f\\', 'g']);
    expect(cut('ab=c&d', '&=')).toEqual({ before: 'ab', separator: '=', after: 'c&d' });
  });
});

describe('HR: messages to a singleton', () => {
  const x = sequence(empty, step('x'));
  const cases: readonly (readonly [string, readonly Value[], Message])[] = [
    ['HR01x', [], empty],
    ['HR02x', [message({ a: 1 }), step('p')], message({ '0.a+integer': '1', path: '/p' })],
    ['HR04x', [empty, step('p', { x: 1 }), step('q', { x: 2 })], message({ path: '/p/q', x: 2 })],
    ['HR05x', [empty, step('p', { x: true })], message({ '1.x': true, path: '/p' })],
    ['HR07x', [x, step('p')], message({ path: '/(x)/p' })],
    ['HR08x', [message({ k: x }), step('p')], message({ '0.k+resolve': '/x', path: '/p' })],
    ['HR09x', [message({ 'test-key': 'v' }), step('a', { 'test-key': 'w' })], message({ path: '/a', 'test-key': 'w' })],
  ];
  for (const [id, steps, singleton] of cases) {
    test(`[row ${id}] ${JSON.stringify(toNotation(steps))}`, () => expect(formatRequest(steps)).toEqual(singleton));
  }
  test('[row HR03x] floats stay as they are', () => {
    const steps = [
      empty,
      messageFrom([
        ['path', 'p'],
        ['x', fromNotation({ $float: '1.5' })],
      ]),
    ];
    expect(toNotation(formatRequest(steps))).toEqual({ '1.x': { $float: '1.5' }, path: '/p' });
  });
  test('[row HR06x] a directive has no such form', () => {
    expect(() => formatRequest([empty, new As('d@1', step('p'))])).toThrow(AoException);
  });
});

describe('hostile input', () => {
  const grammar = fc.array(
    fc.constantFrom(
      '/',
      '&',
      '=',
      '(',
      ')',
      '"',
      '\\',
      '~',
      '+',
      '?',
      '.',
      '%',
      '2',
      'F',
      'a',
      ' ',
      '1.k',
      'resolve',
      'integer',
    ),
    {
      maxLength: 60,
    },
  );

  test('no text makes the parser fail otherwise than with an error of its own', () => {
    const survives = (text: string): void => {
      try {
        parsePath(text, november.env);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(AoException);
      }
    };
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), survives), { numRuns: 2_000 });
    fc.assert(
      fc.property(
        grammar.map((parts) => parts.join('')),
        survives,
      ),
      { numRuns: 5_000 },
    );
  });

  test('parsing what was formatted gives the same sequence', () => {
    const key = fc
      .stringMatching(/^[a-z][a-z-]{0,8}$/)
      .filter((name) => !name.startsWith('priv') && name !== 'path' && name !== 'method');
    const value = fc.oneof(fc.string({ maxLength: 20 }), fc.integer());
    const keys = fc.dictionary(key, value, { maxKeys: 3 });
    const plainStep = fc.tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/), keys).map(([path, own]) => step(path, own));
    const steps = fc
      .tuple(keys, fc.array(plainStep, { minLength: 1, maxLength: 5 }))
      .map(([own, rest]) => [message(own), ...rest]);
    fc.assert(
      fc.property(steps, (original) => {
        // A key that several messages have is global afterwards; the sequence is only the same if no key repeats.
        const all = original.flatMap((one) => [...one.keys()].filter((name) => name !== 'path'));
        fc.pre(new Set(all).size === all.length && !all.includes('content-digest'));
        expect(parseRequest(formatRequest(original), november.env)).toEqual(original);
      }),
      { numRuns: 1_000 },
    );
  });

  test('nesting, steps, length and shared keys are bounded', () => {
    const refused = (path: string | Message): void => {
      expect(() => parseRequest(path, november.env)).toThrow(/limit-exceeded/);
    };
    refused(`${'('.repeat(100)}a${')'.repeat(100)}`);
    refused('/a'.repeat(defaultLimits.maxSteps + 1));
    refused(`/${'a'.repeat(513)}`);
    refused(`/a&k=${'v'.repeat(511)}`);
    refused('/a'.repeat(defaultLimits.maxPathBytes));
    const manyKeys = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, 'v']));
    refused(message({ ...manyKeys, path: '/a'.repeat(900) }));
  });

  test('the longest paths parse in bounded time', () => {
    const size = defaultLimits.maxPathBytes;
    const paths = ['(', '"', '&', '~', '%28', '\\"', '((', ')('].map((piece) => piece.repeat(size / piece.length));
    paths.push(`${'(a&b='.repeat(60)}${')'.repeat(60)}`);
    const before = workedMs();
    for (const path of paths) {
      try {
        parsePath(path, november.env);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(AoException);
      }
    }
    expect(workedMs() - before).toBeLessThan(2_000);
  });
});

function parse(input: Json, library: Library): Value {
  const request = typeof input === 'string' ? input : (fromNotation(input) as Message);
  const steps = parseRequest(request, library.env);
  if (isPromise(steps)) throw new Error('parsing is synchronous');
  return steps;
}

/** Compares with the reference's output, whose nested values are links: ours are the values, of that id. */
function expectSame(actual: Value | undefined, expected: Json, library: Library): void {
  if (expected !== null && typeof expected === 'object' && '$link' in expected) {
    expect(isMessage(actual) || isList(actual)).toBe(true);
    expect(library.id(actual as Value)).toBe((expected as { readonly $link: string }).$link);
  } else if (Array.isArray(expected)) {
    expectList(actual as readonly Value[], expected, library);
  } else if (actual instanceof Sequence && expected !== null && typeof expected === 'object') {
    expectList(actual.steps, (expected as { $resolve: Json[] }).$resolve, library);
  } else if (actual instanceof As && expected !== null && typeof expected === 'object') {
    const [device, value] = (expected as { $as: [Json, Json] }).$as;
    expectSame(actual.device, device, library);
    expectSame(actual.value, value, library);
  } else if (isMessage(actual)) {
    const wanted = expected as { readonly [key: string]: Json };
    expect([...actual.keys()].sort()).toEqual(Object.keys(wanted).sort());
    for (const [key, value] of Object.entries(wanted)) expectSame(actual.get(key), value, library);
  } else {
    expect(toNotation(actual as Value)).toEqual(normal(expected));
  }
}

function expectList(actual: readonly Value[], expected: readonly Json[], library: Library): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, item] of expected.entries()) expectSame(actual[i], item, library);
}
