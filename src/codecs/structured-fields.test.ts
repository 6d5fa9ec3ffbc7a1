import { describe, expect, test } from 'vitest';
import { type Json, normal, toNotation } from '../../test/support/notation.ts';
import { vectorSuite } from '../../test/support/vectors.ts';
import { binary, fromBase64, toBase64 } from '../core/bytes.ts';
import { messageFrom } from '../core/message.ts';
import { atom, Float, type Value } from '../core/value.ts';
import { unescapeKey } from './key-escape.ts';
import { toDictionary, toItem, toList } from './structured-field-values.ts';
import {
  type Bare,
  Decimal,
  type Item,
  isInnerList,
  type Member,
  parseDictionary,
  parseItem,
  parseList,
  serializeBare,
  serializeDictionary,
  serializeItem,
  serializeList,
  Token,
} from './structured-fields.ts';
import { decodeTyped, readTypes } from './structured-types.ts';

type Ast = { readonly [key: string]: Json };

function bareAst(bare: Bare): Json {
  if (typeof bare === 'string') return { string: bare };
  if (bare instanceof Token) return { token: bare.name };
  if (bare instanceof Decimal) return { decimal: [bare.mantissa, bare.exponent] };
  return bare instanceof Uint8Array ? { binary_b64: toBase64(bare) } : bare;
}

function bareFrom(ast: Json): Bare {
  if (typeof ast === 'number' || typeof ast === 'boolean') return ast;
  const { string, token, decimal, binary_b64: bytes } = ast as Ast;
  if (string !== undefined) return string as string;
  if (token !== undefined) return new Token(token as string);
  if (decimal !== undefined) return new Decimal((decimal as number[])[0]!, (decimal as number[])[1]!);
  return fromBase64(bytes as string)!;
}

function itemAst(item: Item): Json {
  return { item: bareAst(item.item), params: [...item.params].map(([name, value]) => [name, bareAst(value)]) };
}

function memberAst(member: Member): Json {
  if (!isInnerList(member)) return itemAst(member);
  return {
    inner_list: member.items.map(itemAst),
    params: [...member.params].map(([name, value]) => [name, bareAst(value)]),
  };
}

function parse(type: string, raw: string): Json {
  if (type === 'dictionary') return [...parseDictionary(raw)].map(([key, member]) => [key, memberAst(member)]);
  return type === 'list' ? parseList(raw).map(memberAst) : memberAst(parseItem(raw));
}

function failed(result: Json): boolean {
  return typeof result === 'object' && result !== null && 'error' in result;
}

interface ParseCase {
  readonly [key: string]: Json;
  readonly type: string;
  readonly raw: string;
  readonly result: Json;
}

vectorSuite<ParseCase>('reference/sf-parse.json', ({ type, raw, result }) => {
  if (failed(result)) expect(() => parse(type, raw)).toThrow('bad-structured-field');
  else expect(parse(type, raw)).toEqual(result);
});

vectorSuite<{ readonly bare: Json; readonly out: string }>('reference/sf-build.json', ({ bare, out }) => {
  expect(serializeBare(bareFrom(bare))).toBe(out);
});

vectorSuite<{ readonly value: Json; readonly to_item: Ast }>('reference/sf-to-item.json', ({ value, to_item }) => {
  const given =
    typeof value === 'object' && value !== null && '$float' in value ? new Float(1.5) : (fromValue(value) as Value);
  if (failed(to_item)) expect(() => toItem(given)).toThrow('bad-structured-field');
  else {
    const item = toItem(given);
    expect(itemAst(item)).toEqual(to_item['ast']);
    expect(serializeItem(item)).toBe(to_item['out']);
  }
});

function fromValue(json: Json): Value {
  return typeof json === 'object' && json !== null && '$atom' in json
    ? atom(json['$atom'] as string)
    : (json as string);
}

/** The strict library gives decimals as numbers. */
function numbers(ast: Json): Json {
  if (Array.isArray(ast)) return ast.map(numbers);
  if (typeof ast !== 'object' || ast === null) return ast;
  const { decimal } = ast as Ast;
  if (Array.isArray(decimal)) {
    const value = Number(`${decimal[0]}e${decimal[1]}`);
    return Number.isInteger(value) ? value : { number: value };
  }
  return Object.fromEntries(Object.entries(ast).map(([key, value]) => [key, numbers(value)]));
}

interface StrictCase extends ParseCase {
  readonly serialized: Json;
  readonly agrees_with_reference: boolean;
}

/** A strict library's reading of the same inputs: where the dialect agrees, so do we, and our serialisation is its canonical one. */
vectorSuite<StrictCase>('codecs/structured-fields.json', ({ type, raw, result, serialized, agrees_with_reference }) => {
  if (!agrees_with_reference) return;
  if (failed(result) || result === null) {
    expect(() => parse(type, raw)).toThrow('bad-structured-field');
    return;
  }
  expect(numbers(parse(type, raw))).toEqual(result);
  if (typeof serialized !== 'string') return;
  const text =
    type === 'dictionary'
      ? serializeDictionary(parseDictionary(raw))
      : type === 'list'
        ? serializeList(parseList(raw))
        : serializeItem(parseItem(raw));
  // Reading back what we write gives the same fields; booleans are never written as bare keys here.
  expect(numbers(parse(type, text))).toEqual(result);
  if (serialized.includes('.') || raw.includes('.0')) return; // decimals without a fraction are integers over there
  if (!/(^|[;,] ?)[a-z*][a-z0-9_.*-]*($|[;,])/.test(serialized)) expect(text).toBe(serialized);
});

describe('values as structured fields', () => {
  test('[row codecs/3/Legacy list text] lists become structured-field lists and decode to themselves', () => {
    for (const list of [
      [1, 2, 3],
      ['1', '2', '3'],
      [1, '2', 3],
    ] as const) {
      expect(decodeTyped('list', serializeList(toList(list)))).toEqual(list);
    }
  });

  test('[row codecs/3/To dictionary] atoms become tokens, text strings, lists inner lists', () => {
    const dictionary = toDictionary(
      messageFrom([
        ['a', atom('x') as Value],
        ['b', 'text'],
        ['c', 1],
        ['d', true],
        ['e', [1, 'two']],
      ]),
    );
    expect(serializeDictionary(dictionary)).toBe('a=x, b="text", c=1, d=?1, e=(1 "two")');
  });

  test('[row codecs/3/Too deep] a map in a map and a list in an inner list are refused', () => {
    expect(() => toDictionary(messageFrom([['a', messageFrom([])]]))).toThrow('too deep');
    expect(() => toList([[[1]]])).toThrow('too deep');
  });

  test('[row codecs/3/To item] integer, boolean, string and token', () => {
    expect(serializeItem(toItem(1))).toBe('1');
    expect(serializeItem(toItem(true))).toBe('?1');
    expect(serializeItem(toItem('foobar'))).toBe('"foobar"');
    expect(serializeItem(toItem(atom('ok')))).toBe('ok');
  });

  test('[row codecs/3/To list] mixed members keep their order', () => {
    expect(serializeList(toList([1, 'two', [3, 'four'], false]))).toBe('1, "two", (3 "four"), ?0');
  });

  test('bytes become text where they are text', () => {
    expect(toNotation(binary(new Uint8Array([0x61])))).toEqual(normal('a'));
  });
});

test('types read the fast way are those that the parser reads', () => {
  const texts = [
    '',
    'a="integer"',
    '.="list"',
    '.="list", 1="integer"',
    'a="float", b="atom"',
    'a=float',
    'A%41="x"',
    '.="list"x',
  ];
  for (const text of [
    ...texts,
    'a="b",c="d"',
    'a="b", ',
    ', a="b"',
    'a="b", .b="c"',
    '.a="b"',
    'a="B"',
    'a="b";x, c="d"',
    '%zz="a"',
  ]) {
    const read = attempt(() => [...readTypes(text, 100)]);
    const parsed = attempt(() =>
      [...parseDictionary(text)].map(([key, member]) => {
        const { item } = member as Item;
        return [unescapeKey(key), (item instanceof Token ? item.name : (item as string)).toLowerCase()];
      }),
    );
    expect(read, text).toEqual(parsed);
  }
  expect(() => readTypes('a="b", c="d"', 1)).toThrow('limit-exceeded');
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
