/** Cookies and HTTP authentication: wire form, derivation, and commitments that really verify. */
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../test/support/notation.ts';
import { vectorSuite } from '../../test/support/vectors.ts';
import type { Committer } from '../core/codec.ts';
import { commit } from '../core/commit.ts';
import { AoException } from '../core/errors.ts';
import { type Message, message } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import { signers, verify } from '../core/verify.ts';
import { cookie, cookiesOf, secretCookieName, withCookies } from './cookie.ts';
import { parseCookies, parseSetCookies, storableCookies, writeCookies, writeSetCookies } from './cookie-text.ts';
import { authSecret, httpAuth, httpAuthCommitter } from './http-auth.ts';
import { httpsig } from './httpsig.ts';
import { structured } from './structured.ts';

type Case = { readonly [key: string]: Json };
const failed = (json: Json | undefined): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && 'error' in json;

vectorSuite<Case>('reference/cookie-parse.json', ({ cookie: header, cookies }) => {
  const read = (): Message => cookiesOf(message({ cookie: fromNotation(header!) }));
  if (failed(cookies)) expect(read).toThrow(AoException);
  else expect(toNotation(read())).toEqual(normal(cookies!));
});

vectorSuite<Case>('reference/set-cookie-parse.json', ({ 'set-cookie': lines, cookies }) => {
  const read = (): Message => cookiesOf(message({ 'set-cookie': fromNotation(lines!) }));
  if (failed(cookies)) expect(read).toThrow(AoException);
  else expect(toNotation(read())).toEqual(normal(cookies!));
});

vectorSuite<Case>('reference/cookie-serialize.json', async (vector) => {
  const store = storableCookies(fromNotation(vector['cookies']!) as Message);
  expect(writeSetCookies(store)).toEqual(vector['set-cookie']);
  expect(writeCookies(store)).toBe(vector['cookie']);
  const env = codecEnvironment('2025-11', []);
  const held = withCookies(message({}), store);
  for (const format of ['set-cookie', 'cookie']) {
    expect(await cookie.fromTabm(held, { request: message({ format }) }, env)).toEqual(vector[format]);
  }
});

vectorSuite<Case>('reference/http-auth-kdf.json', async ({ authorization, params, result }) => {
  const request = fromNotation({
    ...((params ?? {}) as Case),
    ...(authorization === null ? {} : { authorization: authorization! }),
  }) as Message;
  const expected = result as Case;
  if (expected['ok'] !== undefined) expect(await authSecret(request)).toBe(expected['ok']);
  else {
    const error = await authSecret(request).then(
      () => undefined,
      (thrown: AoException) => thrown.error,
    );
    expect(toNotation(error!.value as Value)).toEqual(expected['error_message']);
  }
});

describe('cookies', () => {
  test('header, lines and store are merged, the later winning', () => {
    const mixed = message({ cookie: 'a=1; b=1; c=1', 'set-cookie': ['b=2', 'c=2'], priv: { cookie: { c: '3' } } });
    const moved = withCookies(mixed);
    expect(toNotation(cookiesOf(moved))).toEqual({ a: '1', b: '2', c: '3' });
    expect(moved.keys()).toEqual(['priv']);
  });

  test('what is written is read again', () => {
    const store = fromNotation({
      plain: 'v',
      rich: { value: 'two words', attributes: { Domain: 'x.y', Path: '/' }, flags: ['HttpOnly', 'Secure'] },
    }) as Message;
    expect(Object.fromEntries(parseSetCookies(writeSetCookies(store)).map(([k, v]) => [k, toNotation(v)]))).toEqual(
      toNotation(store),
    );
    expect(parseCookies(writeCookies(store)).map(([, value]) => value)).toEqual(['v', 'two words']);
  });

  test('[row codecs/6/Writing] attributes are sorted, flags keep their order, values are not escaped', () => {
    const store = fromNotation({
      k2: { value: 'a"b', attributes: { b: '2', a: '1' }, flags: ['Z', 'A'] },
      k1: { value: 'v1', attributes: {}, flags: [] },
    }) as Message;
    expect(writeSetCookies(store)).toEqual(['k1="v1"', 'k2="a"b"; a=1; b=2; Z; A']);
  });

  test('[row codecs/6/Parsing] quotes, separators and escapes', () => {
    const read = (line: string): Json => toNotation(parseSetCookies(line)[0]![1]);
    expect(read('k="a;b"; Path=%2Fx; "HttpOnly"; Secure')).toEqual({
      value: 'a;b',
      attributes: { Path: '%2Fx' },
      flags: ['HttpOnly', 'Secure'],
    });
    expect(read('k=a%20b ')).toBe('a b ');
  });

  test('a header that is too long is refused', () => {
    expect(() => parseCookies('a'.repeat(100_000))).toThrow(AoException);
    expect(() => parseCookies(7)).toThrow(AoException);
  });
});

describe('commitments with a secret', () => {
  const env = codecEnvironment('2025-09', [structured, httpsig, cookie, httpAuth]);
  const plain = message({ 'test-key': 'test-value' });

  vectorSuite<Case>(
    'reference/signed.json',
    async (vector) => {
      const { spec } = (vector['sign_with'] as readonly [Case])[0] as { readonly spec: Json };
      const signed = await commit(fromNotation(vector['input']!) as Message, env, fromNotation(spec) as Message);
      expect(toNotation(signed.get('commitments')!)).toEqual(normal(vector['commitments']!));
      expect(await signers(signed, env)).toEqual([]);
    },
    'secret',
    (vector) => /^(cookie|http-auth)\//.test(vector['name'] as string),
  );

  test('[row codecs/6/cookie commit/verify] the secret in the cookie verifies, and no other', async () => {
    const secret = 'a-long-secret';
    const signed = await commit(plain, env, message({ 'commitment-device': 'cookie@1.0', secret }));
    const [id] = [...(signed.get('commitments') as Message).keys()] as [string];
    const header = writeCookies(message({ [secretCookieName(secret)]: secret }));
    const commitment = (signed.get('commitments') as Message).get(id) as Message;
    const committer = cookie.committer as Committer;
    const check = async (tabm: Message, request: Message): Promise<boolean> =>
      committer.verify(tabm, id, commitment, { request }, env);
    expect(await check(signed, message({ cookie: header }))).toBe(true);
    expect(await check(signed, message({}))).toBe(false);
    expect(await check(signed, message({ cookie: header.replace('a-long', 'a-lung') }))).toBe(false);
    expect(await check(signed.with('test-key', 'changed'), message({ cookie: header }))).toBe(false);
    expect(await verify(signed, env, undefined, message({ secret }))).toBe(true);
    expect(await verify(signed, env, undefined, message({ secret: 'wrong' }))).toBe(false);
  });

  test('the password verifies, and no other', async () => {
    const spec = { 'commitment-device': 'http-auth@1.0', authorization: 'Basic dXNlcjpwYXNz', iterations: 10 };
    const signed = await commit(plain, env, message(spec));
    const [[id, commitment]] = [...(signed.get('commitments') as Message).entries()] as [[string, Message]];
    const check = async (request: Message): Promise<boolean> =>
      httpAuthCommitter.verify(signed, id, commitment, { request }, env);
    expect(await check(message({ authorization: 'Basic dXNlcjpwYXNz', iterations: 10 }))).toBe(true);
    expect(await check(message({ authorization: 'Basic dXNlcjpwYXNy', iterations: 10 }))).toBe(false);
    expect(await check(message({ authorization: 'Basic dXNlcjpwYXNz', iterations: 11 }))).toBe(false);
    expect(await check(message({}))).toBe(false);
  });

  test('[row codecs/6/http-auth benchmark, codecs/6/http-auth derivation, node/http-auth/benchmark_pbkdf2] the default work is done off the main thread', async () => {
    const request = message({ authorization: 'Basic dXNlcjpwYXNz', 'key-length': 32 });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    expect(await authSecret(request)).toHaveLength(43);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  test('without a secret nothing is committed, and absurd work is refused', async () => {
    await expect((async () => commit(plain, env, message({ 'commitment-device': 'cookie@1.0' })))()).rejects.toThrow(
      AoException,
    );
    for (const wrong of [{ iterations: 1e12 }, { iterations: 0 }, { 'key-length': 1e9 }, { alg: 'md4' }]) {
      const request = message({ authorization: 'Basic dXNlcjpwYXNz', ...wrong });
      await expect(authSecret(request)).rejects.toThrow(AoException);
    }
  });
});
