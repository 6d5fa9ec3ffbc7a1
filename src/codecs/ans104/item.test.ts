/** Data items, tags and bundles as bytes, against items made by published libraries. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64, toBase64Url } from '../../core/bytes.ts';
import { AoException } from '../../core/errors.ts';
import type { Wallet } from '../../core/wallet.ts';
import { type Jwk, walletFromJwk } from '../../crypto/wallet.ts';
import { makeBundle, parseBundle } from './bundle.ts';
import { Item, itemId, makeItem, signatureData, unsignedItemId } from './item.ts';
import { signItem, verifyItem } from './sign-item.ts';
import { decodeTags, encodeTags, lowerCase, type Tag, tag } from './tags.ts';

const utf8 = new TextEncoder();
const read = <T>(path: string): T =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${path}`, import.meta.url), 'utf8')) as T;
const wallet = (file: string): Wallet => walletFromJwk(read<Jwk>(`keys/${file}`));
const bytes = (base64: string): Uint8Array => fromBase64(base64)!;

interface ItemCase {
  readonly name: string;
  readonly key: string;
  readonly signature_type: number;
  readonly deterministic_signature: boolean;
  readonly input: {
    readonly data_b64: string;
    readonly target: string | null;
    readonly anchor_b64u: string | null;
    readonly tags: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tags_avro_b64: string;
  readonly owner_b64u: string;
  readonly owner_address_sha256_b64u: string;
  readonly signature_data_sha384_hex: string;
  readonly signature_b64u: string;
  readonly id: string;
  readonly raw_b64: string;
}
const items = read<{ items: readonly ItemCase[]; invalid: readonly { name: string; raw_b64: string }[] }>(
  'codecs/ans104-dataitems.json',
);

describe('items made by other libraries', () => {
  for (const vector of items.items) {
    test(`[vector codecs/ans104-dataitems.json#${vector.name}]`, async () => {
      const item = new Item(bytes(vector.raw_b64));
      const { input } = vector;
      expect(item.type.number).toBe(vector.signature_type);
      expect(toBase64Url(item.owner)).toBe(vector.owner_b64u);
      expect(toBase64Url(item.signature)).toBe(vector.signature_b64u);
      expect(toBase64Url(itemId(item))).toBe(vector.id);
      expect(toBase64Url(item.target)).toBe(input.target ?? '');
      expect(toBase64Url(item.anchor)).toBe(input.anchor_b64u ?? '');
      expect(toBase64(item.data)).toBe(input.data_b64);
      expect(toBase64(item.tagBytes)).toBe(vector.tags_avro_b64);
      const tags = input.tags.map(({ name, value }) => tag(name, value));
      expect(item.tags).toEqual(tags);
      expect(signatureData(item).toHex()).toBe(vector.signature_data_sha384_hex);
      expect(await verifyItem(item)).toBe(true);

      const { type, signature, owner, target, anchor, data } = item;
      const again = makeItem({ type, signature, owner, target, anchor, tags, data });
      expect(again.bytes).toEqual(item.bytes);
      const scheme = type.scheme;
      if (scheme === undefined) return;
      const signed = await signItem({ target, anchor, tags, data }, wallet(vector.key));
      expect(await verifyItem(signed)).toBe(true);
      if (vector.deterministic_signature) expect(signed.bytes).toEqual(item.bytes);
    });
  }

  for (const vector of items.invalid) {
    test(`[vector codecs/ans104-dataitems.json#${vector.name}]`, async () => {
      expect(await verifyItem(new Item(bytes(vector.raw_b64)))).toBe(false);
    });
  }

  test('addresses of all key types', () => {
    const address = (name: string): string => {
      const item = new Item(bytes(items.items.find((vector) => vector.name === name)!.raw_b64));
      return item.type.address(item.owner);
    };
    const solana = read<Record<string, string>>('keys/ed25519-1.json')['_solana_address_base58'];
    const ethereum = read<Record<string, string>>('keys/secp256k1-1.json')['_ethereum_address'];
    expect(address('minimal')).toBe('48MuC1RmQNL6R8C0exlGXGU-RckYJdqoKykBcf279gY');
    expect(address('ed25519')).toHaveLength(43);
    expect(address('solana')).toBe(solana);
    expect(address('ethereum')).toBe(ethereum);
    expect(address('typed-ethereum')).toBe(ethereum);
  });
});

describe('tags', () => {
  const cases = read<{ cases: readonly { tags: readonly { name: string; value: string }[]; avro_b64: string }[] }>(
    'codecs/ans104-tags.json',
  ).cases;
  cases.forEach((vector, i) => {
    test(`[vector codecs/ans104-tags.json#${i}]`, () => {
      const tags = vector.tags.map(({ name, value }) => tag(name, value));
      expect(toBase64(encodeTags(tags))).toBe(vector.avro_b64);
      expect(decodeTags(bytes(vector.avro_b64), tags.length)).toEqual(tags);
    });
  });

  test('[row codecs/4.1/Encode tags] any tags come back as they were', () => {
    const sets: readonly (readonly Tag[])[] = [
      [tag('a', 'b'), tag('c', 'd')],
      [{ name: 'bytes', value: Uint8Array.of(1, 2, 3, 255, 254) }],
      [tag('a', 'b'), { name: 'bytes', value: Uint8Array.of(1, 2, 3, 255, 254) }, tag('empty', '')],
      [tag('ünïcode', '你好'), tag('', '')],
      [],
    ];
    for (const tags of sets) expect(decodeTags(encodeTags(tags), tags.length)).toEqual(tags);
    expect(encodeTags([])).toHaveLength(0);
  });

  test('several blocks and blocks with their size are read', () => {
    // 1 tag, then -1 tag of 4 bytes, then the end.
    const avro = Uint8Array.of(2, 2, 0x61, 2, 0x62, 1, 8, 2, 0x63, 2, 0x64, 0);
    expect(decodeTags(avro, 2)).toEqual([tag('a', 'b'), tag('c', 'd')]);
  });

  test('everything that is not exactly right is refused', () => {
    const good = encodeTags([tag('a', 'b'), tag('c', 'd')]);
    const wrong: readonly (readonly [Uint8Array, number])[] = [
      [good, 1],
      [good, 3],
      [good.subarray(0, -1), 2],
      [Uint8Array.from([...good, 0]), 2],
      [Uint8Array.of(1, 9, 2, 0x63, 2, 0x64, 0), 1],
      [Uint8Array.of(1, 1, 2, 0x63, 2, 0x64, 0), 1],
      [Uint8Array.of(2, 3, 0x63, 2, 0x64, 0), 1],
      [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0), 1],
      [Uint8Array.of(2, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0), 1],
      [new Uint8Array(0), 1],
      [new Uint8Array(2_000_000), 1],
    ];
    for (const [avro, count] of wrong) expect(() => decodeTags(avro, count)).toThrow(AoException);
  });

  test('names are lower-cased letter by letter', () => {
    expect(lowerCase('App-Name')).toBe('app-name');
    expect(lowerCase('ΑΣ')).toBe('ας'.replace('ς', 'σ'));
    expect(lowerCase('plain')).toBe('plain');
  });
});

describe('items', () => {
  const data = utf8.encode('data');
  const random = (seed: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (seed * 31 + i * 7) & 255);

  test('[row codecs/4.1/No tags, codecs/4.1/With tags, codecs/4.1/Zero-length tag] survive their bytes', async () => {
    const key = wallet('rsa4096-1.json');
    for (const tags of [[], [tag('a', '1'), tag('b', '2')], [tag('a', '1'), tag('empty', ''), tag('b', '2')]]) {
      const item = await signItem({ target: random(1), anchor: random(2), tags, data }, key);
      const again = new Item(item.bytes);
      expect(await verifyItem(again)).toBe(true);
      expect(again.target).toEqual(random(1));
      expect(again.anchor).toEqual(random(2));
      expect(again.tags).toEqual(tags);
      expect(again.data).toEqual(data);
    }
  });

  test('[row codecs/4.1/Unsigned ids, codecs/4.1/Unsigned normalisation] an unsigned item has an id', async () => {
    const one = makeItem({ tags: [], data: utf8.encode('data1') });
    const two = makeItem({ tags: [], data: utf8.encode('data2') });
    expect(unsignedItemId(one)).not.toEqual(unsignedItemId(two));
    expect(new Item(one.bytes).signed).toBe(false);
    expect(await verifyItem(one)).toBe(false);
    const signed = await signItem({ tags: [], data: utf8.encode('data1') }, wallet('ed25519-1.json'));
    expect(unsignedItemId(signed)).toEqual(unsignedItemId(one));
  });

  test('a multi-signature without a signature is not one', async () => {
    const type = new Item(Uint8Array.from([6, 0, ...new Uint8Array(2052 + 1025 + 18)])).type;
    const signature = new Uint8Array(2052);
    signature[0] = 1;
    expect(await verifyItem(makeItem({ type, signature, tags: [], data }))).toBe(false);
  });

  test('parts of a wrong length are refused', () => {
    expect(() => makeItem({ target: new Uint8Array(31), tags: [], data })).toThrow(AoException);
    expect(() => makeItem({ owner: new Uint8Array(31), tags: [], data })).toThrow(AoException);
  });
});

describe('bundles', () => {
  interface BundleCase {
    readonly name: string;
    readonly items: readonly string[];
    readonly item_ids?: readonly string[];
    readonly raw_b64: string;
  }
  for (const vector of read<{ bundles: readonly BundleCase[] }>('codecs/ans104-bundles.json').bundles) {
    test(`[vector codecs/ans104-bundles.json#${vector.name}]`, async () => {
      const raw = bytes(vector.raw_b64);
      const container = vector.item_ids === undefined ? new Item(raw).data : raw;
      const bundle = parseBundle(container, 100);
      const expected = vector.items.map((name) => items.items.find((item) => item.name === name)!.id);
      expect(bundle.items.map((item) => toBase64Url(itemId(item)))).toEqual(expected);
      for (const item of bundle.items) expect(await verifyItem(item)).toBe(true);
      const entries = bundle.items.map((item) => ({ item, id: itemId(item) }));
      expect(makeBundle(entries, 'little-endian')).toEqual(container);
      const big = makeBundle(entries, 'big-endian');
      const again = parseBundle(big, 100);
      expect(again.items.map((item) => item.bytes)).toEqual(bundle.items.map((item) => item.bytes));
      if (bundle.items.length > 0) expect(again.byteOrder).toBe('big-endian');
    });
  }

  test('counts and sizes that do not fit are refused, whatever they claim', () => {
    const one = makeItem({ tags: [], data: utf8.encode('x') });
    const good = makeBundle([{ item: one, id: unsignedItemId(one) }], 'little-endian');
    expect(() => parseBundle(good, 0)).toThrow('more than 0 items');
    const wrong: Uint8Array[] = [
      new Uint8Array(0),
      new Uint8Array(31),
      good.subarray(0, -1),
      Uint8Array.from([...good, 0]),
    ];
    for (const at of [0, 5, 31, 32, 40, 63]) {
      const changed = good.slice();
      changed[at] = 0xff;
      wrong.push(changed);
    }
    for (const bundle of wrong) expect(() => parseBundle(bundle, 100)).toThrow(AoException);
  });
});
