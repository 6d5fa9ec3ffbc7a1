/**
 * Arbitrary and damaged input for every decoder of this folder and its neighbours: a value or a typed error, in bounded time; and whatever
 * is signed comes back to the byte.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../../test/support/codec-environment.ts';
import { copyOf } from '../../../test/support/copy-of.ts';
import { workedMs } from '../../../test/support/cpu.ts';
import { toNotation } from '../../../test/support/notation.ts';
import { type Binary, fromBase64, keyFromBytes, toBytes } from '../../core/bytes.ts';
import { AoException } from '../../core/errors.ts';
import { isMessage, type Message, messageFrom } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { verify } from '../../core/verify.ts';
import { type Jwk, walletFromJwk } from '../../crypto/wallet.ts';
import { allCodecs } from '../all.ts';
import { parseCookies, parseSetCookies } from '../cookie-text.ts';
import { flat, readFlatText } from '../flat.ts';
import { json } from '../json.ts';
import { fromTabm, toTabm } from '../structured.ts';
import { tx } from '../tx.ts';
import { ans104 } from './ans104.ts';
import { parseBundle } from './bundle.ts';
import { Item, makeItem } from './item.ts';
import { signItem, verifyItem } from './sign-item.ts';
import { decodeTags, encodeTags, lowerCase, type Tag } from './tags.ts';

const load = <T>(path: string): T =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${path}`, import.meta.url), 'utf8')) as T;
const wallet = walletFromJwk(load<Jwk>('keys/ed25519-1.json'));
const env = codecEnvironment('2025-11', allCodecs, wallet);

/** A small generator of our own: damage has to be the same on every machine and run. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A copy with some bytes changed, cut off, repeated or inserted. */
function damage(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let out = bytes.slice();
  for (let i = random(4); i >= 0; i--) {
    const at = random(out.length + 1);
    switch (random(5)) {
      case 0:
        out[at] = random(256);
        break;
      case 1:
        out = out.slice(0, at);
        break;
      case 2:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(random(at + 1))]);
        break;
      case 3:
        out.fill(random(2) * 255, at, at + random(40));
        break;
      default:
        out = Uint8Array.from([...out.subarray(0, at), random(256), ...out.subarray(at)]);
    }
  }
  return out;
}

/** Only typed errors come out. */
async function survives(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof AoException)) throw error;
  }
}

describe('damaged input gives a value or a typed error', () => {
  const seeds: Uint8Array[] = [
    ...load<{ items: readonly { name: string; raw_b64: string }[] }>('codecs/ans104-dataitems.json')
      .items.filter((item) => !['large-data', 'binary-data', 'long-tag-value'].includes(item.name))
      .map((item) => fromBase64(item.raw_b64)!),
    ...load<{ cases: readonly { signed: { raw_b64: string } }[] }>('reference-2025-11/list-bundles.json').cases.map(
      (one) => fromBase64(one.signed.raw_b64)!,
    ),
    ...load<{ cases: readonly { name: string; ans104_bundle: { raw_b64?: string } }[] }>('reference/messages.json')
      .cases.filter((one) => /nested|list-of|real/.test(one.name) && one.ans104_bundle.raw_b64 !== undefined)
      .map((one) => fromBase64(one.ans104_bundle.raw_b64!)!),
  ];

  test('items and bundles', async () => {
    const random = generator(1);
    const before = workedMs();
    let read = 0;
    for (let round = 0; round < 40; round++) {
      for (const seed of seeds) {
        const bytes = damage(seed, random);
        await survives(async () => {
          const tabm = await ans104.toTabm(bytes, {}, env);
          read++;
          if (!isMessage(tabm)) return;
          const structured = fromTabm(tabm, env);
          if (isMessage(structured)) await ans104.fromTabm(toTabm(structured, 'inline', env), {}, env);
        });
        await survives(() => parseBundle(bytes, 1000));
      }
    }
    expect(read).toBeGreaterThan(100);
    expect(workedMs() - before).toBeLessThan(20_000);
  });

  test('what was just read from a valid item and then changed does not verify', async () => {
    const tags = [
      { name: 'a', value: toBytes('x') },
      { name: 'b', value: toBytes('y') },
    ];
    const { bytes } = await signItem({ tags, data: toBytes('data') }, wallet);
    const read = async (): Promise<Message> => fromTabm(await ans104.toTabm(bytes, {}, env), env) as Message;
    expect(await verify((await read()).with('a', 'z'), env)).toBe(false);
    expect(await verify((await read()).without('b'), env)).toBe(false);
    expect(await verify((await read()).with('other', 'not covered'), env)).toBe(true);
    expect(await verify(await read(), env)).toBe(true);
    const forged = bytes.slice();
    forged[forged.length - 1]! ^= 1;
    expect(await verify(fromTabm(await ans104.toTabm(forged, {}, env), env) as Message, env)).toBe(false);
  });

  test('nothing damaged verifies as what it was', async () => {
    const random = generator(2);
    const item = await signItem({ tags: [{ name: 'A', value: toBytes('x') }], data: toBytes('data') }, wallet);
    for (let round = 0; round < 300; round++) {
      const bytes = damage(item.bytes, random);
      if (bytes.length === item.bytes.length && bytes.every((byte, i) => byte === item.bytes[i])) continue;
      await survives(async () => expect(await verifyItem(new Item(bytes))).toBe(false));
    }
  });

  test('tags that claim to be many cost nothing', () => {
    const bytes = new Uint8Array(1_000_000).fill(0);
    for (const head of [
      [0xfe, 0xff, 0xff, 0xff, 0x0f],
      [0x80, 0x89, 0x7a],
      [0x01, 0xfe, 0xff, 0xff, 0x7f],
    ]) {
      bytes.set(head);
      const before = workedMs();
      expect(() => decodeTags(bytes, 0xffffffff)).toThrow(AoException);
      expect(workedMs() - before).toBeLessThan(2_000);
    }
  });

  test('a bundle that claims to hold a million items costs nothing', () => {
    const bytes = new Uint8Array(64 * 1_000_000 + 32);
    new DataView(bytes.buffer).setUint32(0, 1_000_000, true);
    const before = workedMs();
    expect(() => parseBundle(bytes, env.limits.maxKeys)).toThrow(AoException);
    expect(workedMs() - before).toBeLessThan(5_000);
  });

  test('transactions', async () => {
    const random = generator(3);
    const seeds = load<{ cases: readonly { signed: { json: object } }[] }>('reference-2025-11/tx.json').cases.map(
      (one) => toBytes(JSON.stringify(one.signed.json)),
    );
    for (let round = 0; round < 20; round++) {
      for (const seed of seeds) {
        if (seed.length > 20_000) continue;
        const bytes = damage(seed, random);
        await survives(async () => fromTabm(await tx.toTabm(bytes, {}, env), env));
      }
    }
  });

  test('json, flat text and cookies', async () => {
    const random = generator(4);
    const seeds = [
      '{"a":1,"b":[1.5,true,null,{"ao-types":"x=\\"atom\\"","x":"y"}],"c+link":"abc","d":"\\u00e9\\ud83d\\ude00"}',
      'a: 1\nb/c: 2\nao-types: a="integer"\nb/ao-types: c="float"\n',
      'a=1; b="two; words"; c=%41%zz; d=(x;y)',
    ].map(toBytes);
    for (let round = 0; round < 700; round++) {
      for (const seed of seeds) {
        const bytes = damage(seed, random);
        await survives(async () => fromTabm(await json.toTabm(bytes, {}, env), env));
        await survives(() => readFlatText(bytes, env));
        await survives(() => flat.toTabm(messageFrom([[keyFromBytes(bytes), '1']]), {}, env));
        await survives(() => parseCookies(bytes));
        await survives(() => parseSetCookies(bytes));
      }
    }
  });
});

describe('properties', () => {
  const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ maxLength }).map((a) => Uint8Array.from(a));
  const name = fc.oneof(
    fc.constantFrom('a', 'A', 'data', 'body', 'anchor', 'target', 'ao-data-key', 'Content-Type', 'priv-x', 'x+link'),
    fc.string({ maxLength: 12 }),
  );
  const tags: fc.Arbitrary<Tag[]> = fc.array(fc.record({ name, value: bytes(20) }), { maxLength: 6 });
  const field = fc.oneof(
    fc.constant(new Uint8Array(0)),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((a) => Uint8Array.from(a)),
  );

  test('tags come back from their bytes', () => {
    fc.assert(
      fc.property(tags, (list) => {
        expect(decodeTags(encodeTags(list), list.length)).toEqual(list);
      }),
      { seed: 5 },
    );
  });

  test('items come back from their parts', () => {
    fc.assert(
      fc.property(tags, bytes(50), field, field, (list, data, target, anchor) => {
        const item = new Item(makeItem({ tags: list, data, target, anchor }).bytes);
        expect([item.tags, item.data, item.target, item.anchor]).toEqual([list, data, target, anchor]);
      }),
      { seed: 6 },
    );
  });

  test.each(['2025-09', '2025-11', '2026'] as const)(
    'any signed item in %s is the same item and verifies',
    async (dialect) => {
      const env = codecEnvironment(dialect, allCodecs, wallet);
      await fc.assert(
        fc.asyncProperty(tags, bytes(50), field, field, async (list, data, target, anchor) => {
          const item = await signItem({ tags: list, data, target, anchor }, wallet);
          let held: Value;
          try {
            held = fromTabm(await ans104.toTabm(item.bytes, {}, env), env);
          } catch (error) {
            expect(error).toBeInstanceOf(AoException);
            return;
          }
          const tabm = toTabm(held, 'inline', env);
          expect(toBytes((await ans104.fromTabm(tabm, {}, env)) as Binary)).toEqual(item.bytes);
          // A value and a link under one name are one key of the message, which then says less than was signed.
          const names = new Set(item.tags.map((one) => lowerCase(one.name)));
          const clash = [...names].some((one) => names.has(`${one}+link`));
          if (!isMessage(held)) return;
          // First with the item it came from at hand, then as anybody else has it.
          const stranger = copyOf(held);
          expect(await verify(held, env)).toBe(!clash);
          expect(await verify(stranger, env)).toBe(!clash);
        }),
        { seed: 8, numRuns: 250 },
      );
    },
  );

  test('any message in lower case comes back from its item, bundled or not', async () => {
    const key = fc
      .stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
      .filter((one) => !/^(priv|commitments|ao-|bundle-)/.test(one));
    const text = fc.oneof(fc.string({ maxLength: 20 }), fc.constant('x'.repeat(4000)));
    const { tree } = fc.letrec<{ tree: Message; value: Value }>((tie) => ({
      tree: fc
        .dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: false })
        .map((one) => messageFrom(Object.entries(one))),
      value: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.boolean(),
        tie('tree'),
        fc.array(fc.integer(), { maxLength: 3 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, async (held) => {
        // What the format cannot say: an empty message as the data, an empty body beside other keys.
        const plain = held.without('body', 'data', 'target', 'anchor');
        const tabm = toTabm(plain, 'inline', env);
        const raw = (await ans104.fromTabm(tabm, { bundle: true }, env)) as Binary;
        const again = fromTabm(await ans104.toTabm(raw, {}, env), env);
        expect(toNotation(again)).toEqual(toNotation(plain));
      }),
      { seed: 9, numRuns: 200 },
    );
  });
});
