import { describe, expect, test } from 'vitest';
import { toNotation } from '../../../test/support/notation.ts';
import { atom } from '../../core/value.ts';
import { decodeBits, firstBits, parseFormat, takeBits } from './fields.ts';

const decode = (format: string, ...bytes: number[]): unknown =>
  toNotation(decodeBits(parseFormat(format), Uint8Array.from(bytes)));

describe('packed fields', () => {
  test('contiguous, most significant bit first, without alignment', () => {
    expect(decode('a:4+integer,_:3,b:9+integer', 0xa1, 0xff)).toEqual({ a: 10, b: 0x1ff });
    expect(decode('a:8+integer,rest:16', 7, 0x68, 0x69)).toEqual({ a: 7, rest: 'hi' });
    expect(decode('big:64+integer', 255, 255, 255, 255, 255, 255, 255, 255)).toEqual({
      big: { $int: '18446744073709551615' },
    });
    expect(decode('x:3,y:5', 0b10100001)).toEqual({ x: { $bin: 'oA==' }, y: '\b' });
  });

  test('floats, atoms, choices', () => {
    expect(decode('f:32+float,g:16+float', 0x3f, 0xc0, 0, 0, 0x3c, 0)).toEqual({
      f: { $float: '1.5' },
      g: { $float: '1' },
    });
    expect(decode('k:8+enum(low, mid, high)', 2)).toEqual({ k: 'high' });
    expect(decode('t:16+atom', 0x6f, 0x6b)).toEqual({ t: toNotation(atom('ok')) });
  });

  test('repeat gives a list of records', () => {
    expect(decode('repeat(x:8+integer,y:8+integer)', 1, 2, 3, 4)).toEqual([
      { x: 1, y: 2 },
      { x: 3, y: 4 },
    ]);
    expect(decode('repeat(x:8+integer)')).toEqual([]);
  });

  test.each([
    ['a:8+integer', [1, 2], 'bad-encoding'],
    ['repeat(a:16)', [1], 'bad-encoding'],
    ['a:8+enum(x)', [1], 'bad-encoding'],
    ['a:8+float', [1], 'bad-request'],
    ['a:7+atom', [1], 'bad-request'],
    ['a:8+word', [1], 'bad-request'],
    ['a', [1], 'bad-request'],
    ['', [1], 'bad-request'],
    ['a:9999999', [1], 'limit-exceeded'],
    ['repeat(a:0)', [1], 'bad-encoding'],
    ['a:32+float', [0x7f, 0x80, 0, 0], 'bad-encoding'],
  ])('refuses %s on %j', (format, bytes, code) => {
    expect(() => decode(format, ...bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('take: the first bits, zero-filled', () => {
    expect(firstBits(Uint8Array.from([0xff, 0xff]), 12)).toEqual(Uint8Array.from([0xff, 0xf0]));
    expect(takeBits(Uint8Array.from([0b00000001, 0b10000000]), 7, 2)).toEqual(Uint8Array.from([0b11000000]));
    expect(() => firstBits(Uint8Array.from([1]), 9)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});
