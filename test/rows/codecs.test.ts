/** Rows of the codec cases that belong to no single codec, and those that need a node (spec/cases-codecs.md §1.5, §2, §2.1, §4, §6, §7). */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeBundle, parseBundle } from '../../src/codecs/ans104/bundle.ts';
import { type Item, itemId, makeItem, unsignedItemId } from '../../src/codecs/ans104/item.ts';
import { signItem, verifyItem } from '../../src/codecs/ans104/sign-item.ts';
import { parseSetCookies } from '../../src/codecs/cookie-text.ts';
import { toBase64Url, toBytes } from '../../src/core/bytes.ts';
import { withOnlyCommitted } from '../../src/core/commitments.ts';
import { match, minimize, withoutDefaults } from '../../src/core/match.ts';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { getPrivate, setPrivate } from '../../src/core/private.ts';
import { isList, Link, type Value } from '../../src/core/value.ts';
import { type Jwk, walletFromJwk } from '../../src/crypto/wallet.ts';
import { createLibrary, type Library } from '../../src/node/library.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { MessageCache } from '../../src/stores/message-cache.ts';
import { privateBefore } from '../../src/stores/private.ts';
import { startNode } from '../../src/testing/index.ts';
import { toNotation } from '../support/notation.ts';
import { testWallet } from '../support/process-world.ts';

const wallet = testWallet('rsa4096-1.json');
const library = createLibrary({ wallet });
const { env } = library;

describe('utilities (1.5)', () => {
  test('[row codecs/1.5/Transaction defaults removed] only what isn’t the default stays', () => {
    const tx = message({ unsigned_id: 'u', anchor: 'a'.repeat(32), owner: new Uint8Array(512), target: '', data: '' });
    expect(withoutDefaults(tx).keys()).toEqual(['anchor', 'unsigned_id']);
  });

  test('[row codecs/1.5/Minimise] regenerable keys go', () => {
    expect(minimize(message({ unsigned_id: 'u', id: 'i' })).keys()).toEqual(['id']);
  });

  test('[row codecs/1.5/Match modes] strict, primary, only present', async () => {
    const a = message({ a: 1, b: 2 });
    const b = message({ a: 1 });
    const c = message({ a: 1, b: 2, c: 3 });
    expect(await match(a, b, env, 'only-present')).toBe(true);
    expect(await match(b, a, env, 'strict')).not.toBe(true);
    expect(await match(a, c, env, 'primary')).toBe(true);
    expect(await match(c, a, env, 'primary')).not.toBe(true);
  });
});

describe('a signed answer (2)', () => {
  test('[row codecs/2/Large response over HTTP] has one signer and verifies in every way', async () => {
    const level = (depth: number): Value =>
      depth === 0 ? 'leaf' : [1, 2, 3].map((n) => message({ n, below: level(depth - 1) as Message }));
    const handlers = message({ path: 'never', list: level(3) as Message });
    await using node = await startNode({ options: { 'local-names': message({ handlers }), dialect: '2025-11' } });
    const client = node.client();
    const info = await client.read('/~meta@1.0/info?accept-bundle=true');
    expect(isMessage(info)).toBe(true);
    const answer = info as Message;
    // The deepest value of the configuration is part of what was signed.
    expect(await library.ao.get(answer, 'local_names/handlers/list/3/below/3/below/3/below')).toBe('leaf');
    expect(await library.signers(answer)).toEqual([node.address]);
    expect(await library.verify(answer)).toBe(true);
    const reduced = withOnlyCommitted(answer);
    expect(await library.verify(reduced)).toBe(true);
    expect(await library.signers(reduced)).toEqual([node.address]);
  });
});

describe('changes to a signed message (2.1)', () => {
  test('[row codecs/2.1/secret] right, wrong, and a changed value', async () => {
    const request = message({ type: 'hmac-sha256', scheme: 'secret', secret: 's3' });
    const signed = await library.commit(message({ a: 1, b: 'two' }), request);
    const verify = async (subject: Message, secret: string): Promise<unknown> => {
      const outcome = await library.resolve(subject, message({ path: 'verify', 'commitment-ids': 'all', secret }));
      return outcome.status === 'ok' ? outcome.value : false;
    };
    expect(await verify(signed, 's3')).toBe(true);
    expect(await verify(signed, 'other')).toBe(false);
    expect(await verify(signed.with('b', 'three'), 's3')).toBe(false);
  });

  test('[row codecs/2.1/ans104] a changed tag or data is noticed; another key is nobody’s', async () => {
    const signed = await library.commit(
      message({ a: 'one', data: 'text' }),
      message({ 'commitment-device': 'ans104@1.0' }),
    );
    expect(await library.verify(signed)).toBe(true);
    expect(await library.verify(signed.with('a', 'two'))).toBe(false);
    expect(await library.verify(signed.with('data', 'other'))).toBe(false);
    expect(await library.verify(signed.with('z', 'added'))).toBe(true);
  });
});

describe('data items (4)', () => {
  const bytes32 = (seed: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (seed * 37 + i * 11) & 255);

  test('[row codecs/4/anchor and target exposed] both are keys, and the item comes back the same', async () => {
    const item = await signItem({ tags: [], data: toBytes('d'), target: bytes32(1), anchor: bytes32(2) }, wallet);
    const read = (await library.convert(item.bytes, 'structured@1.0', 'ans104@1.0')) as Message;
    expect([read.get('target'), read.get('anchor')]).toEqual([toBase64Url(bytes32(1)), toBase64Url(bytes32(2))]);
    expect(await library.convert(read, 'ans104@1.0')).toEqual(item.bytes);
  });

  test('[row codecs/4/other key types] are signed, decoded and verified', async () => {
    const ed25519 = walletFromJwk(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) as Jwk);
    const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ format: 'jwk' });
    const ethereum = walletFromJwk(secp256k1 as Jwk);
    for (const [other, length] of [
      [ed25519, 43],
      [ethereum, 42],
    ] as const) {
      const item = await signItem({ tags: [], data: toBytes('d') }, other);
      expect(await verifyItem(item)).toBe(true);
      const read = (await library.convert(item.bytes, 'structured@1.0', 'ans104@1.0')) as Message;
      expect(await library.signers(read)).toEqual([other.address]);
      expect(other.address).toHaveLength(length);
    }
  });

  test('[row codecs/4.1/Member lookup] members are found by the id they are filed under, and no others', async () => {
    const signed = await signItem({ tags: [], data: toBytes('signed') }, wallet);
    const unsigned = makeItem({ tags: [], data: toBytes('unsigned') });
    const filed = [
      { item: signed, id: itemId(signed) },
      { item: unsigned, id: unsignedItemId(unsigned) },
    ];
    const bundle = parseBundle(makeBundle(filed, 'little-endian'), 10);
    const find = (id: Uint8Array): Item | undefined =>
      bundle.items.find(
        (member) =>
          toBase64Url(itemId(member)) === toBase64Url(id) || toBase64Url(unsignedItemId(member)) === toBase64Url(id),
      );
    expect(find(itemId(signed))?.bytes).toEqual(signed.bytes);
    expect(find(unsignedItemId(signed))?.bytes).toEqual(signed.bytes);
    expect(find(unsignedItemId(unsigned))?.bytes).toEqual(unsigned.bytes);
    expect(find(bytes32(9))).toBeUndefined();
  });
});

describe('set-cookie lines (6)', () => {
  const cookie = (line: string): unknown => {
    const [name, value] = parseSetCookies(line)[0]!;
    return { [name]: toNotation(value) };
  };

  test('[row codecs/6/plain and quoted values] are the value', () => {
    expect(cookie('k1=v1')).toEqual({ k1: 'v1' });
    expect(cookie('k1="v1"')).toEqual({ k1: 'v1' });
  });
  test('[row codecs/6/attributes] stand beside the value', () => {
    for (const line of ['k1=v1; k2=v2', 'k1="v1"; k2="v2"']) {
      expect(cookie(line)).toEqual({ k1: { value: 'v1', attributes: { k2: 'v2' } } });
    }
  });
  test('[row codecs/6/flags] are sorted; duplicates stay', () => {
    expect(cookie('k1=v1; k2=v2; f2; f1')).toEqual({
      k1: { value: 'v1', attributes: { k2: 'v2' }, flags: ['f1', 'f2'] },
    });
    expect(cookie('a=b; Secure; Path; Secure; "HttpOnly"')).toMatchObject({ a: { value: 'b' } });
  });
  test('[row codecs/6/two lines] are two cookies', () => {
    const lines = ['cart=1; SameSite=Strict', 'affiliate=2; SameSite=Lax'];
    expect(parseSetCookies(lines).map(([name]) => name)).toEqual(['cart', 'affiliate']);
  });
  test('[row codecs/6/value with = and comma, codecs/6/quoted value with semicolon] are kept whole', () => {
    expect(cookie('user_settings=notifications=true,privacy=strict; Path=/; HttpOnly')).toMatchObject({
      user_settings: { value: 'notifications=true,privacy=strict' },
    });
    expect(cookie('a="x;y"; Path=/')).toMatchObject({ a: { value: 'x;y' } });
  });
  test('[row codecs/6/white space] a value keeps its trailing space, attributes are trimmed', () => {
    expect(cookie('SESSION_ID=abc123xyz ; path= /dashboard ; Secure')).toEqual({
      SESSION_ID: { value: 'abc123xyz ', attributes: { path: '/dashboard' }, flags: ['Secure'] },
    });
  });
  test('[row codecs/6/empty value and name] are allowed', () => {
    expect(cookie('user_preference=; Path=/')).toMatchObject({ user_preference: { value: '' } });
    expect(cookie('=anonymous; Path=/guest')).toMatchObject({ '': { value: 'anonymous' } });
  });
  test('[row codecs/6/percent encoding] is decoded in values, not in attributes', () => {
    expect(cookie('theme=dark!%20mode; Path=/%2Fadmin')).toEqual({
      theme: { value: 'dark! mode', attributes: { Path: '/%2Fadmin' } },
    });
  });
  test('[row codecs/6/odd text] escapes, dates and emoji stay as they are', () => {
    expect(cookie('a=x\\ty\\nz')).toEqual({ a: 'x\\ty\\nz' });
    expect(cookie('a=🍪; Expires=Not, a, date; SameSite=Maybe')).toMatchObject({
      a: { value: '🍪', attributes: { Expires: 'Not, a, date', SameSite: 'Maybe' } },
    });
  });
});

describe('small parts (7)', () => {
  test('[row codecs/7/Private set/get, P3, P4, P5] private data is there and nobody else sees it', async () => {
    const held = setPrivate(message({ a: 1 }), 'b', 2);
    expect(getPrivate(held, 'b')).toBe(2);
    expect(getPrivate(held, 'a')).toBeUndefined();
    expect(held.get('a')).toBe(1);
    expect(getPrivate(setPrivate(held, 'deep/c', 3), 'deep/c')).toBe(3);
    const keys = await library.resolve(held, 'keys');
    expect(keys.status === 'ok' && isList(keys.value) && keys.value).toEqual(['a']);
    for (const path of ['priv', 'priv/b', 'PRIV/b']) {
      expect((await library.resolve(held, path)).status, path).toBe('error');
    }
  });

  test('[row codecs/7/Private store] a link whose target is only in the public store is found behind the private one', async () => {
    const shared = memoryStore();
    let over: Library;
    const publicCache = new MessageCache({ store: shared, environment: () => library.env });
    const id = await publicCache.write(message({ secret: 'no' }));
    const both = privateBefore(memoryStore(), shared);
    over = createLibrary({ cache: new MessageCache({ store: both, environment: () => over.env }) });
    const held = setPrivate(message({ a: 1 }), 'kept', new Link(id));
    const found = await over.ao.load(getPrivate(held, 'kept')!);
    expect(isMessage(found) && found.get('secret')).toBe('no');
  });

  test('[row codecs/7/sha3-256] of `testing`', () => {
    expect(createHash('sha3-256').update('testing').digest('hex')).toBe(
      '7f5979fb78f082e8b1c676635db8795c4ac6faba03525fb708cb5fd68fd40c5e',
    );
  });
});
