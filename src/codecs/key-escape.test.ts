import { expect, test } from 'vitest';
import { fromNotation, type Json } from '../../test/support/notation.ts';
import { vectorSuite } from '../../test/support/vectors.ts';
import { type Binary, keyFromBytes, toBytes } from '../core/bytes.ts';
import { escapeKey, unescapeKey } from './key-escape.ts';

const key = (json: Json): string => keyFromBytes(toBytes(fromNotation(json) as Binary));

interface Case {
  readonly [name: string]: Json;
  readonly encoded: string;
}

vectorSuite<Case>('reference/key-escape.json', (vector) => {
  if (vector['raw'] !== undefined) {
    expect(escapeKey(key(vector['raw']))).toBe(vector.encoded);
    expect(unescapeKey(vector.encoded)).toBe(key(vector['decoded_back']!));
    return;
  }
  const decoded = vector['decoded']!;
  if (typeof decoded === 'object' && decoded !== null && 'error' in decoded) {
    expect(() => unescapeKey(vector.encoded)).toThrow('bad-key');
  } else expect(unescapeKey(vector.encoded)).toBe(key(decoded));
});

test('[row codecs/3/Escape round trip, codecs/3/Escape punctuation] unescaping gives the key back', () => {
  for (const text of ['', 'plain', 'UPPER', '0123', ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'é€😀']) {
    expect(unescapeKey(escapeKey(text))).toBe(text);
  }
});

test('[row codecs/3/Unescape] either case of hex', () => {
  const escaped = '%61 %41 %21 hello%2c%20%57orld%21 %2f %3f';
  expect(unescapeKey(escaped)).toBe('a A ! hello, World! / ?');
});

test('[row codecs/3/Escape capitals] capitals are escaped', () => {
  expect([escapeKey('A'), escapeKey('B'), escapeKey('Z')]).toEqual(['%41', '%42', '%5a']);
  expect(escapeKey('hello World')).toBe('hello%20%57orld');
  expect(escapeKey('testABC')).toBe('test%41%42%43');
});
