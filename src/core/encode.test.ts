import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from './encode.ts';
import { equal } from './equal.ts';
import { AoException } from './errors.ts';
import { Message, message } from './message.ts';
import { As, atom, Float, integer, Link, Sequence, type Value } from './value.ts';

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('__proto__', 'constructor', '', 'a/b', '\x00', '\udc80\udcff', 'k'.repeat(200)),
);
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.constantFrom<Value>(
      'x'.repeat(63),
      'x'.repeat(64),
      'é'.repeat(40),
      '\x00',
      new Uint8Array(70_000),
      'y'.repeat(70_000),
      ...[126, 127, 128, 129, 130, 131, 132].flatMap((n) =>
        ['', ':', 'publickey:', 'a longer prefix:'].map((p) => p + 'Ab_9'.repeat(40).slice(0, n)),
      ),
      ...[
        'A'.repeat(130),
        `${'A'.repeat(131)}=`,
        `${'A'.repeat(130)}==`,
        `${'A'.repeat(127)}===`,
        `${'+/'.repeat(66)}`,
        'publickey:+/89'.repeat(11),
        `${'B'.repeat(131)}=`,
        '-_+/'.repeat(40),
      ],
    ),
    fc.maxSafeInteger(),
    fc.bigInt().map(integer),
    fc.double().map((number) => new Float(number)),
    fc.boolean(),
    fc.string().map((name) => atom(name)),
    fc
      .tuple(fc.string(), fc.boolean(), fc.option(fc.string(), { nil: undefined }))
      .map(([ref, lazy, type]) => new Link(ref, lazy, type)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }).map((steps) => new Sequence(steps)),
    fc.tuple(tie('value'), tie('value')).map(([device, of]) => new As(device, of)),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map((entries) => new Message(new Map(entries))),
  ),
}));

describe('the internal encoding', () => {
  test('gives every value back', () => {
    fc.assert(
      fc.property(value, (original) => {
        const back = decode(encode(original));
        expect(equal(back, original)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps what JavaScript is inclined to lose', () => {
    const values: Value[] = [
      new Float(-0),
      new Float(Number.NaN),
      2n ** 300n,
      -(2n ** 64n),
      Number.MIN_SAFE_INTEGER,
      127,
      128,
      -1,
    ];
    for (const one of values) expect(equal(decode(encode(one)), one)).toBe(true);
    expect(decode(encode(new Link('r', true)))).toEqual(new Link('r', true));
  });

  test('spells equal values in one way', () => {
    expect(encode(message({ b: 1, a: 'x' }))).toEqual(encode(message({ a: new Uint8Array([0x78]), b: 1n })));
    expect(encode(new Uint8Array([0]))).toEqual(encode('\x00'));
  });

  test('refuses damaged bytes with bad-encoding, whatever they are', () => {
    const refuse = (bytes: Uint8Array): void => {
      try {
        decode(bytes);
      } catch (error) {
        expect((error as AoException).code).toBe('bad-encoding');
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refuse), { numRuns: 3000 });
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (original, at, byte) => {
        const bytes = encode(original);
        bytes[at % bytes.length] = byte;
        refuse(bytes);
        refuse(bytes.subarray(0, at % bytes.length));
      }),
      { numRuns: 500 },
    );
  });

  test('takes no memory for lengths and depths that are only claimed', () => {
    for (const tag of [0, 1, 4, 7, 8, 13]) {
      expect(() => decode(Uint8Array.of(tag, 255, 255, 255, 255, 255, 255, 15))).toThrow(AoException);
    }
    expect(() => decode(new Uint8Array(100_000).fill(14))).toThrow(/nested/);
    const deep = Uint8Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 7 : 1));
    expect(() => decode(deep)).toThrow(/nested/);
  });

  test('refuses to encode what it could not decode', () => {
    let deep: Value = 'x';
    for (let i = 0; i < 300; i++) deep = [deep];
    expect(() => encode(deep)).toThrow(/nested/);
  });
});
