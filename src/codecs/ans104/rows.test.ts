/** The conformance rows about data items and bundles (spec/cases-codecs.md §4). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../../test/support/codec-environment.ts';
import { toNotation } from '../../../test/support/notation.ts';
import { type Binary, toBase64Url, toBytes } from '../../core/bytes.ts';
import { commit } from '../../core/commit.ts';
import { withOnlyCommitted } from '../../core/commitments.ts';
import { convert } from '../../core/convert.ts';
import { AoException } from '../../core/errors.ts';
import { id } from '../../core/ids.ts';
import { type Input, isMessage, Message, message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { verify } from '../../core/verify.ts';
import { type Jwk, walletFromJwk } from '../../crypto/wallet.ts';
import { allCodecs } from '../all.ts';
import { fromTabm, toTabm } from '../structured.ts';
import { ans104 } from './ans104.ts';
import { makeBundle, parseBundle } from './bundle.ts';
import { Item, itemId, makeItem, unsignedItemId } from './item.ts';
import { signItem, verifyItem } from './sign-item.ts';
import { type Tag, tag } from './tags.ts';

const wallet = walletFromJwk(
  JSON.parse(readFileSync(new URL('../../../test/vectors/keys/rsa4096-1.json', import.meta.url), 'utf8')) as Jwk,
);
const env = codecEnvironment('2025-11', allCodecs, wallet);
const bytes32 = (seed: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (seed * 37 + i * 11) & 255);
const data = toBytes('data');

async function read(item: Item): Promise<Message> {
  return fromTabm(await ans104.toTabm(item.bytes, {}, env), env) as Message;
}

async function write(held: Value, bundle = false): Promise<Item> {
  const tabm = toTabm(held, bundle ? 'inline' : 'link', env);
  return new Item(toBytes((await ans104.fromTabm(tabm, bundle ? { bundle } : {}, env)) as Binary));
}

function sign(held: { readonly [key: string]: Input }, bundle = false): Promise<Message> {
  const request = message({ 'commitment-device': 'ans104@1.0', ...(bundle ? { bundle } : {}) });
  return Promise.resolve(commit(message(held), env, request));
}

function signed(tags: readonly Tag[], more: { readonly target?: Uint8Array; readonly data?: Uint8Array } = {}) {
  return signItem({ tags, data, ...more }, wallet);
}

/** The item becomes a message and the same item again. */
async function returns(item: Item): Promise<Message> {
  const held = await read(item);
  expect((await write(held)).bytes).toEqual(item.bytes);
  if (item.signed) expect(await verify(held, env)).toBe(true);
  return held;
}

describe('items', () => {
  test('[row codecs/4/Normal tags] become keys and tags again', async () => {
    const held = message({ 'first-tag': 'first-value', 'second-tag': 'second-value' });
    expect(toNotation(await read(await write(held)))).toEqual(toNotation(held));
  });

  test('[row codecs/4/Tag case kept] in the commitment of a signed item', async () => {
    const held = await returns(await signed([tag('Test-Tag', 'test-value')]));
    expect(held.get('test-tag')).toBe('test-value');
  });

  test('[row codecs/4/Tag case from store] a written message is read by its signed id', async () => {
    const item = await signed([tag('Test-Tag', '1'), tag('test-tag-2', '2')]);
    const held = await read(item);
    await env.cache.write(held);
    const again = (await env.cache.read(id(held, 'signed', env))) as Message;
    expect(toNotation(again)).toEqual(toNotation(held));
    expect(await verifyItem(await write(again))).toBe(true);
  });

  test('[row codecs/4/Duplicate names unsigned, codecs/4/Duplicate names signed] come back one by one', async () => {
    const tags = [tag('Test-Tag', 'test-value-1'), tag('test-tag', 'test-value-2')];
    const held = await returns(makeItem({ tags, data }));
    expect(held.get('test-tag')).toBe('"test-value-1", "test-value-2"');
    await returns(await signed(tags));
    await returns(await signed([tag('same', '1'), tag('same', '2'), tag('same', '1')]));
  });

  test('[row codecs/4/Target field] is a key, and a field again', async () => {
    const item = await signed([tag('a', '1'), tag('b', '2')], { target: bytes32(1) });
    const held = await returns(item);
    expect(held.get('target')).toBe(toBase64Url(bytes32(1)));
    const again = await write(held);
    expect(again.target).toEqual(bytes32(1));
    expect(again.tags).toEqual(item.tags);
  });

  test('[row codecs/4/Target tag] a target that is no id stays a tag', async () => {
    const held = message({ target: 'NON-ID-TARGET' });
    const item = await write(held);
    expect(item.target).toHaveLength(0);
    expect(item.tags).toEqual([tag('target', 'NON-ID-TARGET')]);
    expect(toNotation(await read(item))).toEqual(toNotation(held));
  });

  test('[row codecs/4/Target id] a target that is an id is the field', async () => {
    const held = await sign({ target: toBase64Url(bytes32(2)), k: 'v' });
    const item = await write(held);
    expect(item.target).toEqual(bytes32(2));
    const reduced = withOnlyCommitted(await read(item));
    expect((await write(reduced)).bytes).toEqual(item.bytes);
  });

  test('[row codecs/4/Type tag] does not clash with the type of the commitment', async () => {
    const held = await returns(await signed([tag('type', 'test-type')]));
    expect(held.get('type')).toBe('test-type');
  });

  test('[row codecs/4/ao-data-key] a body is the data', async () => {
    const held = await sign({ 'other-key': 'Normal value', body: 'Body value' });
    const item = await write(held);
    expect(item.data).toEqual(toBytes('Body value'));
    expect(await verify(await read(item), env)).toBe(true);
  });

  test('[row codecs/4/Through httpsig] the commitment survives', async () => {
    const held = await sign({ 'first-tag': 'a', data: 'with: colons, and commas' });
    const once = (await convert(held, 'httpsig@1.0', undefined, env)) as Message;
    const back = (await convert(once, 'structured@1.0', 'httpsig@1.0', env)) as Message;
    expect(await verify(back, env)).toBe(true);
    const twice = (await convert(back, 'httpsig@1.0', undefined, env)) as Message;
    expect(toNotation(twice)).toEqual(toNotation(once));
  });

  test('[row codecs/4/Unsorted tags] keep their order', async () => {
    await returns(await signed([tag('z', '1'), tag('a', '2')]));
  });

  test('[row codecs/4/Field and tag order] verifies', async () => {
    const held = await sign({ a: '1', z: '2', target: 'NON-ID-TARGET' });
    expect(await verify(held, env)).toBe(true);
    expect(await verify(await read(await write(held)), env)).toBe(true);
  });

  test('[row codecs/4/list bundles] are numbered messages', async () => {
    const items = [await signed([tag('a', '1')]), makeItem({ tags: [tag('ao-type', 'binary')], data })];
    const container = makeBundle(
      items.map((item) => ({ item, id: item.signed ? itemId(item) : unsignedItemId(item) })),
      'little-endian',
    );
    const tags = [tag('bundle-format', 'binary'), tag('bundle-version', '2.0.0')];
    const held = await read(await signed(tags, { data: container }));
    expect(held.keys()).toEqual(['1', '2', 'commitments']);
    expect(held.get('2')).toBe('data');
    expect(await verify(held, env)).toBe(true);
  });

  test('tags with names that mean something to us travel unharmed', async () => {
    for (const name of ['data', 'body', 'anchor', 'target', 'priv-x', 'content-digest', 'commitments', 'ao-data-key']) {
      await returns(await signed([tag(name, 'x'), tag('other', 'y')]));
      await returns(await signed([tag(name, 'x')], { data: new Uint8Array(0) }));
    }
  });

  test('a message may be committed by several keys of the codec, and the one asked for is written', async () => {
    const flat = await sign({ a: '1', n: { x: 'y' } });
    const bundled = await sign({ a: '1', n: { x: 'y' } }, true);
    const both = bundled.with(
      'commitments',
      (bundled.get('commitments') as Message).withAll((flat.get('commitments') as Message).entries()),
    );
    expect((await write(both, true)).tags.map(({ name }) => name)).toContain('bundle-map');
    const tabm = toTabm(both, 'link', env) as Message;
    const plain = new Item(toBytes((await ans104.fromTabm(tabm, { bundle: false }, env)) as Binary));
    expect(plain.tags.map(({ name }) => name)).toEqual(['a', 'n+link']);
    for (const item of [await write(both, true), plain]) expect(await verifyItem(item)).toBe(true);
  });

  test('recorded tags cannot hide a change of the message', async () => {
    const held = await read(await signed([tag('Action', 'Balance')]));
    expect(await verify(held, env)).toBe(true);
    expect(await verify(held.with('action', 'Transfer'), env)).toBe(false);
    expect(await verify(held.without('action'), env)).toBe(false);
    const [[name, commitment]] = [...(held.get('commitments') as Message).entries()] as [[string, Message]];
    const forged = (changes: Message): Message => held.with('commitments', new Message(new Map([[name, changes]])));
    expect(
      await verify(forged(commitment.with('committed', ['data', 'action', 'extra'])).with('extra', '1'), env),
    ).toBe(false);
    expect(await verify(forged(commitment.with('committer', toBase64Url(bytes32(7)))), env)).toBe(false);
    expect(await verify(forged(commitment.with('original-tags', message({}))), env)).toBe(false);
    const elsewhere = held.with('commitments', new Message(new Map([[toBase64Url(bytes32(7)), commitment]])));
    expect(await verify(elsewhere, env)).toBe(false);
  });

  test('keys that are not committed do not matter', async () => {
    for (const signed of [
      await sign({ a: '1' }),
      await sign({ a: '1', data: 'x' }),
      await sign({ n: { a: '1' } }, true),
    ]) {
      for (const added of ['body', 'data', 'target', 'anchor', 'other', 'child']) {
        if (signed.has(added)) continue;
        const more = signed.with(added, added === 'child' ? message({ x: 'y' }) : toBase64Url(bytes32(3)));
        expect(await verify(more, env), added).toBe(true);
      }
    }
  });

  test('an unsigned commitment is verified by its id', async () => {
    for (const held of [{ a: '1' }, { A: '1', n: '2' }]) {
      const request = message({ 'commitment-device': 'ans104@1.0', type: 'unsigned' });
      const committed = await commit(message(held), env, request);
      const [[name, commitment]] = [...(committed.get('commitments') as Message).entries()] as [[string, Message]];
      const check = async (tabm: Message): Promise<boolean> =>
        ans104.committer!.verify(tabm, name, commitment, {}, env);
      expect(await check(committed)).toBe(true);
      expect(await check(committed.with('a', 'changed'))).toBe(false);
    }
  });

  test('what cannot be an item is refused', async () => {
    const many = message(Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`key-${i}`, 'x'])));
    await expect(write(many)).rejects.toThrow(AoException);
    await expect(read(makeItem({ tags: [tag('ao-type', 'other')], data }))).rejects.toThrow(AoException);
    await expect(read(makeItem({ tags: [tag('ao-types', '(((')], data }))).rejects.toThrow(AoException);
    await expect(sign({ a: '1' }).then((held) => write(held.without('a')))).rejects.toThrow(AoException);
    const other = message({ 'commitment-device': 'ans104@1.0', type: 'ethereum' });
    await expect(commit(message({ a: '1' }), env, other)).rejects.toThrow(AoException);
  });
});

describe('bundles', () => {
  const bundled = async (held: { readonly [key: string]: Input }): Promise<Message> =>
    read(await write(message(held), true));

  test('[row codecs/4.1/Empty bundle] is an empty message', async () => {
    const tags = [tag('bundle-format', 'binary'), tag('bundle-version', '2.0.0')];
    const item = makeItem({ tags, data: makeBundle([], 'little-endian') });
    expect((await read(item)).size).toBe(0);
  });

  test('[row codecs/4.1/One-item two-item bundle, codecs/4.1/Bundle map] members come back under their keys', async () => {
    const inner = await sign({ data: 'one' });
    for (const held of [{ '1': { data: 'a' } }, { '1': { data: 'a' }, '2': { data: 'b' } }, { key1: inner }]) {
      expect(toNotation(await bundled(held))).toEqual(toNotation(message(held)));
    }
    const outer = await sign({ key1: inner }, true);
    const again = await read(await write(outer, true));
    expect(await verify(again, env)).toBe(true);
    expect(await verify(again.get('key1') as Message, env)).toBe(true);
  });

  test('[row codecs/4.1/Recursive bundle, codecs/4.1/Deep member] the innermost is found and verifies', async () => {
    const innermost = await sign({ data: 'innermost' });
    const held = await bundled({ a: { b: { c: innermost } } });
    const found = ((held.get('a') as Message).get('b') as Message).get('c') as Message;
    expect(toNotation(found)).toEqual(toNotation(innermost));
    expect(await verify(found, env)).toBe(true);
  });

  test('[row codecs/4.1/Deep signed bundle] signed and unsigned ids survive', async () => {
    const outer = await sign({ inner: await sign({ deep: { x: 'y' } }, true), k: 'v' }, true);
    const item = await write(outer, true);
    const again = await read(item);
    expect(id(again, 'signed', env)).toBe(id(outer, 'signed', env));
    expect(id(again.get('inner') as Message, 'signed', env)).toBe(id(outer.get('inner') as Message, 'signed', env));
    const resigned = await signItem({ tags: item.tags, data: item.data }, wallet);
    expect(unsignedItemId(resigned)).toEqual(unsignedItemId(item));
    expect(await verify(await read(resigned), env)).toBe(true);
  });

  test('[row codecs/4.1/Very large bundle] a member of 100 MB', async () => {
    const large = new Uint8Array(100 * 1024 * 1024);
    const outer = await sign({ member: { data: large } }, true);
    const held = await read(await write(outer, true));
    expect(((held.get('member') as Message).get('data') as Uint8Array).length).toBe(large.length);
    expect(await verify(held, env)).toBe(true);
  }, 60_000);

  test('a map bundle without its manifest or a member is refused', async () => {
    const item = await write(message({ n: { x: 'y' }, m: { z: '1' } }), true);
    const { items } = parseBundle(item.data, 10);
    for (const left of [items.slice(1), items.slice(0, -1)]) {
      const kept = makeBundle(
        left.map((one) => ({ item: one, id: unsignedItemId(one) })),
        'little-endian',
      );
      await expect(read(makeItem({ tags: item.tags, data: kept }))).rejects.toThrow(AoException);
    }
  });

  test('equal members are there once for each key, and no key without one is believed', async () => {
    const held = { a: { x: 'y' }, b: { x: 'y' } };
    expect(toNotation(await bundled(held))).toEqual(held);
    const item = await write(message(held), true);
    const { items } = parseBundle(item.data, 10);
    expect(items).toHaveLength(3);
    const fewer = makeBundle(
      items.slice(0, 2).map((one) => ({ item: one, id: unsignedItemId(one) })),
      'little-endian',
    );
    await expect(read(makeItem({ tags: item.tags, data: fewer }))).rejects.toThrow('lacks its member');
  });

  test('large and deep at once is refused, both ways', async () => {
    let held = message({ data: new Uint8Array(20_000) });
    for (let i = 0; i < 30; i++) held = message({ n: held });
    const small = { ...env, limits: { ...env.limits, maxMessageBytes: 40_000 } };
    const tabm = toTabm(held, 'inline', small) as Message;
    await expect((async () => ans104.fromTabm(tabm, {}, small))()).rejects.toThrow('too large for its depth');
    const raw = toBytes((await ans104.fromTabm(tabm, {}, env)) as Binary);
    expect(() => ans104.toTabm(raw, {}, small)).toThrow('too large for its depth');
    expect(isMessage(await ans104.toTabm(raw, {}, env))).toBe(true);
  });

  test('bundle tags on something else are just tags', async () => {
    const tags = [tag('bundle-format', 'binary'), tag('bundle-version', '2.0.0')];
    const held = await returns(await signed(tags));
    expect(held.get('data')).toBe('data');
  });

  test('bundles nested deeper than the limit are refused', async () => {
    const tags = [tag('Bundle-Format', 'binary'), tag('Bundle-Version', '2.0.0')];
    let item = makeItem({ tags: [], data });
    for (let i = 0; i < 100; i++) {
      item = makeItem({ tags, data: makeBundle([{ item, id: unsignedItemId(item) }], 'little-endian') });
    }
    await expect(read(item)).rejects.toThrow('nested deeper');
    expect(isMessage(await read(makeItem({ tags: [], data })))).toBe(true);
  });
});
