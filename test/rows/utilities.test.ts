/** Message utilities: rows MV, MX and UT of the core cases. (The codec suite MVS is in test/conformance/codec.ts.) */
import { describe, expect, test } from 'vitest';
import { escapeKey, unescapeKey } from '../../src/codecs/key-escape.ts';
import { parseItem, serializeString } from '../../src/codecs/structured-fields.ts';
import { floatText } from '../../src/codecs/structured-types.ts';
import {
  committedKeys,
  everySigner,
  isCommittedKey,
  uncommitted,
  withOnlyCommitted,
  withOnlyCommitters,
  withoutUnlessCommitted,
} from '../../src/core/commitments.ts';
import { deepGet, deepMerge, deepSet } from '../../src/core/deep.ts';
import { withCommitments, withoutCommitments } from '../../src/core/find-commitment.ts';
import { diff, kindOf, type MatchMode, match, minimize, withoutDefaults } from '../../src/core/match.ts';
import { isPrivateKey, Message, message, messageFrom, normalizeKey } from '../../src/core/message.ts';
import { getPrivate, setPrivate, withoutPrivate } from '../../src/core/private.ts';
import { atom, Float, isList, Link, UNSET, type Value } from '../../src/core/value.ts';
import { onlyVerified } from '../../src/core/verify.ts';
import { createLibrary } from '../../src/node/library.ts';
import { toNotation } from '../support/notation.ts';
import { expectError, expectThrown, okValue } from '../support/outcomes.ts';
import { testWallet } from '../support/world.ts';

const w1 = testWallet('rsa4096-1');
const w2 = testWallet('rsa4096-2');
const library = createLibrary({ dialect: '2025-09', wallet: w1 });
const { ao, env } = library;
const matches = (a: Value, b: Value, mode?: MatchMode) => match(a, b, env, mode);
const bytes32 = (last: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? last : 0));

describe('MV: message utilities', () => {
  test('[row MV01] default_keys_removed', () => {
    const filtered = withoutDefaults(
      message({ unsigned_id: bytes32(1), anchor: bytes32(2), owner: new Uint8Array(512), target: '', data: '' }),
    );
    expect(filtered.keys()).toEqual(['anchor', 'unsigned_id']);
  });
  test('[row MV02] minimization', () =>
    expect(minimize(message({ unsigned_id: 'x', id: 'y' })).keys()).toEqual(['id']));
  test('[row MV03] match_modes', async () => {
    const [a, b, c] = [message({ a: 1, b: 2 }), message({ a: 1 }), message({ a: 1, b: 2, c: 3 })];
    expect(await matches(a, b, 'only-present')).toBe(true);
    expect(await matches(b, a)).not.toBe(true);
    expect(await matches(a, c, 'primary')).toBe(true);
    expect(await matches(c, a, 'primary')).not.toBe(true);
  });
  test('[row MV04] deep_multisignature', async () => {
    const once = await library.commit(message({ data: 'DATA', 'test-key': 'v', body: { 'nested-key': 'v' } }));
    const both = await library.commit(once, undefined, w2);
    expect(await library.verify(both)).toBe(true);
    expect([...(await library.signers(both))].sort()).toEqual([w1.address, w2.address].sort());
  });
  test('[row MV05] deeply_nested_committed_keys', async () => {
    const zeros = new Uint8Array((1025 * 1024) / 8);
    const original = message({ a: 1, b: { c: { d: zeros } }, e: zeros });
    const signed = await library.commit(original);
    expect(await matches(original, uncommitted(withOnlyCommitted(signed)))).toBe(true);
  });
});

describe('MX: match, diff, minimise', () => {
  test('[row MX01x] equal, up to the case of keys', async () => {
    for (const other of [message({ a: 1 }), message({ A: 1 })])
      expect(await matches(message({ a: 1 }), other)).toBe(true);
  });
  test('[row MX02x] different values', async () => {
    expect(await matches(message({ a: 1 }), message({ a: 2 }))).toEqual({ reason: 'value', path: 'a', a: 1, b: 2 });
    expect(await matches(message({ a: 1 }), message({ a: '1' }))).toMatchObject({ reason: 'value', b: '1' });
  });
  test('[row MX03x, MX04x] different keys', async () => {
    const [a, b] = [message({ a: 1 }), message({ a: 1, b: 2 })];
    expect(await matches(a, b)).toEqual({ reason: 'keys', path: '', a: ['a'], b: ['a', 'b'] });
    expect(await matches(a, b, 'primary')).toBe(true);
    const c = message({ a: 1, c: 2 });
    expect(await matches(c, b, 'primary')).toMatchObject({ reason: 'value', path: 'c', a: 2, b: atom('not_found') });
    expect(await matches(c, b, 'only-present')).toBe(true);
  });
  test('[row MX05x] the wildcard is an atom', async () => {
    expect(await matches(message({ a: atom('_') }), message({ a: 1 }))).toBe(true);
    expect(await matches(message({ a: '_' }), message({ a: 1 }))).not.toBe(true);
    expect(await matches(message({ a: atom('_') }), Message.empty, 'primary')).not.toBe(true);
  });
  test('[row MX06x] keys that say nothing about the content', async () => {
    const noisy = message({
      a: 1,
      'content-type': 'x',
      priv: {},
      'ao-body-key': 'x',
      'content-digest': 'x',
      unsigned_id: 'x',
    });
    expect(await matches(noisy, message({ a: 1 }))).toBe(true);
  });
  test('[row MX07x] where it differs', async () => {
    expect(await matches(message({ a: { b: 1 } }), message({ a: { b: 2 } }))).toMatchObject({ path: 'a/b' });
  });
  test('[row MX08x] lists are numbered messages', async () => {
    expect(await matches(message({ a: [1, 2] }), message({ a: { 1: 1, 2: 2 } }))).toBe(true);
    expect(await matches([1], [1])).toBe(true);
  });
  test('[row MX09x] commitments count', async () => {
    const signed = await library.commit(message({ a: 1 }));
    expect(await matches(signed, uncommitted(signed))).toMatchObject({ reason: 'keys' });
  });
  test('[row MX10x] literals do not match', async () =>
    expect(await matches('a', 'a')).toEqual({ reason: 'type', path: '' }));
  test('[row MX11x, MX12x] differences', () => {
    const a = message({ a: 1, b: { c: 5, d: 'x' }, gone: 1, s: 'x' });
    const b = message({ a: 4, b: { c: 5, d: 'y' }, new: 2, s: 'x' });
    expect(toNotation(diff(a, b)!)).toEqual({ a: 3, b: { d: 'y' }, new: 2 });
    expect(diff('a', 1)).toBeUndefined();
    expect(
      toNotation(diff(message({ f: new Float(1.5), n: 2n ** 60n }), message({ f: new Float(2), n: 2n ** 60n + 1n }))!),
    ).toEqual({
      f: { $float: '0.5' },
      n: 1,
    });
  });
  test('[row MX13x] minimal', () => {
    const noisy = message({ a: 1, unsigned_id: 'x', 'content-digest': 'x', private: 1, n: { priv: 1, id: 2 } });
    expect(minimize(noisy)).toEqual(message({ a: 1, n: { id: 2 } }));
  });
  test('[row MX14x] kinds of values', () => {
    expect(['x', message({ a: 1 }), message({ a: {} }), message({ priv: {} })].map(kindOf)).toEqual([
      'binary',
      'shallow',
      'deep',
      'shallow',
    ]);
  });
  test('[row MX15x] deep merge', () => {
    const merged = (a: Message, b: Message) => toNotation(deepMerge(a, b));
    expect(merged(message({ 'a/b': 1 }), message({ 'a/b': 2 }))).toEqual({ 'a/b': 1, a: { b: 2 } });
    expect(merged(message({ a: [1] }), message({ a: { 2: 2 } }))).toEqual({ a: { 2: 2 } });
    expect(merged(message({ a: { x: 1 } }), message({ a: {} }))).toEqual({ a: { x: 1 } });
  });
  test('[row MX16x] deep set and get', async () => {
    expect(toNotation(deepSet(['a', 'b'], UNSET, message({ a: { b: 1, c: 2 } })))).toEqual({ a: { c: 2 } });
    expect(toNotation(deepSet(['a', 'b'], 3, Message.empty))).toEqual({ a: { b: 3 } });
    await expectThrown(() => deepGet(['a', 'b'], message({ a: 1 })), 'bad-key');
  });
});

describe('what of a message is trusted', () => {
  test('only what signatures cover that hold', async () => {
    const signed = await library.commit(message({ a: 1, b: 'x' }));
    const both = await library.commit(signed, undefined, w2);
    const extra = both.with('extra', 'text');
    expect((await onlyVerified(extra, env)).keys()).toEqual(['a', 'b', 'commitments']);
    expect((await onlyVerified(both.with('a', 2), env)).has('commitments')).toBe(false);
    expect(isCommittedKey('a', extra)).toBe(true);
    expect(isCommittedKey('extra', extra)).toBe(false);
    expect(withoutUnlessCommitted(['a', 'extra'], extra).keys()).toEqual(['a', 'b', 'commitments']);
  });
  test('one committer of several', async () => {
    const both = await library.commit(await library.commit(message({ a: 1 })), undefined, w2);
    const one = withOnlyCommitters(both, [w2.address]);
    expect(await library.signers(one)).toEqual([w2.address]);
    expect(committedKeys(one, everySigner)).toEqual(['a', 'ao-types']);
    const rsa = message({ type: 'rsa-pss-sha512' });
    expect(await library.signers(withCommitments(both, rsa))).toHaveLength(2);
    expect(await library.signers(withoutCommitments(both, rsa))).toHaveLength(0);
    expect(withCommitments(both, []).has('commitments')).toBe(false);
  });
});

describe('UT: utilities', () => {
  test('[row UT01, UT02, UT03] private data', async () => {
    expect(setPrivate(message({ a: 1 }), 'b', 2)).toEqual(message({ a: 1, priv: { b: 2 } }));
    const twice = setPrivate(setPrivate(message({ a: 1 }), 'a', 1), 'a', 1);
    expect(twice).toEqual(message({ a: 1, priv: { a: 1 } }));
    const base = message({ a: 1, priv: { b: 2 } });
    expect(getPrivate(base, 'a')).toBeUndefined();
    expect(getPrivate(base, 'b')).toBe(2);
    expect(getPrivate(base, 'priv/b')).toBe(2);
    expect(await okValue(library.resolve(base, 'keys'))).toEqual(['a']);
    for (const path of ['priv/a', 'priv']) await expectError(library.resolve(base, path), 'not-found');
    expect(getPrivate(message({ priv: { b: { c: 3 } } }), 'b/c')).toBe(3);
  });
  test('[row UT05, UT06] a message read from the cache, fully loaded, is the message', async () => {
    const original = message({
      'immediate-key': 'v',
      'link-key': { 'immediate-key-2': 'v', 'link-key-2': { 'immediate-key-3': 'v' } },
    });
    const read = await env.cache.read(await env.cache.write(original));
    expect(await matches(uncommittedAll(await ao.loadAll(read!)), original)).toBe(true);
  });
  test('[row UT07] lists in the cache', async () => {
    const original = message({ 'list-key': [new Float(1), new Float(2), new Float(3)] });
    const read = await env.cache.read(await env.cache.write(original));
    expect(toNotation(uncommittedAll(await ao.loadAll(read!)))).toEqual(toNotation(original));
  });
  test('[row UT04, UT08, UT09, UT10, UT11, UT12, UT13, UT14, UT15, UT16] links read as what they point to', async () => {
    const data = await env.cache.write('TEST DATA');
    const number = await env.cache.write('123');
    const target = await env.cache.write(message({ 'test-key': 'test-value' }));
    const base = messageFrom([
      ['1', 1],
      ['2', new Link(data, true)],
      ['3', new Link(number, true, 'integer')],
      ['4', new Link(target)],
    ]);
    expect(await okValue(library.resolve(base, '2'))).toBe('TEST DATA');
    expect(await okValue(library.resolve(base, '3'))).toBe(123);
    expect(await okValue(library.resolve(base, '4/test-key'))).toBe('test-value');
    expect(await okValue(library.resolve(new Link(target), 'test-key'))).toBe('test-value');
    expect(toNotation(uncommittedAll(await ao.loadAll(base)))).toEqual({
      1: 1,
      2: 'TEST DATA',
      3: 123,
      4: { 'test-key': 'test-value' },
    });
    await expectThrown(() => ao.load(new Link('N'.repeat(43))), 'necessary-message-not-found');
  });
  test('[row UT18, UT19, UT20, UT21] escaped keys', () => {
    const texts = [
      'hello',
      'hello, world!',
      'hello+list',
      'special@chars#here',
      'UPPERCASE',
      'MixedCASEstring',
      '12345',
      '',
    ];
    texts.push('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ ');
    for (const plain of texts) expect(unescapeKey(escapeKey(plain))).toBe(plain);
    const escaped = ['%61', '%41', '%21', 'hello%2c%20%57orld%21', '%2f', '%3f'];
    expect(escaped.map(unescapeKey)).toEqual(['a', 'A', '!', 'hello, World!', '/', '?']);
    const upper = ['A', 'B', 'Z', 'hello World', 'testABC'];
    expect(upper.map(escapeKey)).toEqual(['%41', '%42', '%5a', 'hello%20%57orld', 'test%41%42%43']);
  });
  test('[row UT28] lists survive their encoding', async () => {
    for (const list of [
      [1, 2, 3],
      ['1', '2', '3'],
      [1, '2', 3],
    ]) {
      const tabm = (await library.convert(list, 'tabm')) as Message;
      expect(String(tabm.get('ao-types'))).toContain('.="list"');
      expect(await library.convert(tabm, 'structured@1.0', 'tabm')).toEqual(list);
    }
  });
  test('[row UT29x, UT30x, UT31x, UT34x] typed text', () => {
    expect([1.5, 0.1].map(floatText)).toEqual(['1.50000000000000000000e+00', '1.00000000000000005551e-01']);
    expect(toNotation(env.parseTyped('map', 'a=1, b="x", c=?1, d=tok')!)).toEqual({ a: 1, b: 'x', c: true, d: 'tok' });
    expect(env.parseTyped('list', '1, "x", tok, 2.5, ?0')).toEqual([1, 'x', 'tok', new Float(2.5), false]);
    expect(env.parseTyped('atom', '"ok"')).toBe(atom('ok'));
    expect(env.parseTyped('atom', 'true')).toBe(true);
    expect(toNotation(env.parseTyped('map', 'key1="val1";key2=true')!)).toEqual({ key1: 'val1' });
    expect(serializeString('a"b')).toBe('"a\\"b"');
    expect(parseItem('"a\\"b"').item).toBe('a"b');
  });
  test('[row UT32x] without private keys; lists keep their text (spec 01 §9 row 21)', () => {
    const given = message({ a: { priv: 1, x: ['privy', 1] }, private: 4, t: [1, { private: 2 }] });
    expect(withoutPrivate(given)).toEqual(message({ a: { x: ['privy', 1] }, t: [1, {}] }));
    const clean = message({ a: { x: 1 } });
    expect(withoutPrivate(clean)).toBe(clean);
    expect((withoutPrivate(clean.withOrigin('a/b')) as Message).origin).toBeUndefined();
  });
  test('[row UT33x] what is private', () => {
    const isPrivate = (key: Value): boolean => isPrivateKey(normalizeKey(key) ?? '');
    expect([atom('priv'), 'priv', 'privacy', 'Priv', []].map(isPrivate)).toEqual([true, true, true, false, false]);
  });
});

/** Without the unsigned commitment that a store gives to whatever is read from it. */
function uncommittedAll(value: Value): Value {
  if (isList(value)) return value.map(uncommittedAll);
  if (!(value instanceof Message)) return value;
  return messageFrom([...uncommitted(value).entries()].map(([key, child]) => [key, uncommittedAll(child)]));
}

describe('bounds', () => {
  test('a few messages that stand for an endless tree are not loaded whole', async () => {
    const small = createLibrary({ limits: { maxLinkedMessages: 1_000 } });
    let id = await small.env.cache.write(message({ leaf: true }));
    for (let i = 0; i < 40; i++) {
      id = await small.env.cache.write(
        messageFrom([
          ['a', new Link(id)],
          ['b', new Link(id)],
        ]),
      );
    }
    await expectThrown(() => small.ao.loadAll(new Link(id)), 'limit-exceeded');
    const whole = message({ device: 'json@1.0', bundle: true });
    const top = (await small.ao.load(new Link(id))) as Message;
    await expectThrown(() => small.convert(top, whole), 'limit-exceeded');
  });

  test('of thousands of commitments only the first are looked at', async () => {
    const few = createLibrary({ wallet: w1, limits: { maxCommitments: 3 } });
    const signed = await few.commit(message({ a: 1 }));
    const [, commitment] = [...(signed.get('commitments') as Message).entries()].find(([, one]) =>
      (one as Message).has('committer'),
    )!;
    const many = messageFrom(Array.from({ length: 5_000 }, (_, i) => [`0-${String(i).padStart(4, '0')}`, commitment]));
    expect(await few.signers(signed.with('commitments', many))).toEqual([]);
    expect(await few.verify(signed.with('commitments', many))).toBe(false);
    expect(await few.signers(signed)).toEqual([w1.address]);
  });

  test('a step vouches for nothing that the signed request did not have', async () => {
    const request = await library.commit(message({ amount: 5 }));
    const committed = request.get('commitments') as Message;
    const stretched = messageFrom(
      [...committed.entries()].map(([id, one]) => [
        id,
        (one as Message).with('committed', ['amount', 'ao-types', 'target']),
      ]),
    );
    const whole = request.with('commitments', stretched);
    const step = whole.withAll(message({ path: 'pay', priv: { request: whole } }).entries());
    expect(await library.signers(step, ['amount'])).toEqual(await library.signers(whole, ['amount']));
    expect(await library.signers(step.with('target', 'me'), ['target'])).toEqual([]);
    expect(await library.signers(step.with('amount', 6), ['amount'])).toEqual([]);
  });
});
