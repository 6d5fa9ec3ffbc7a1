import { describe, expect, test } from 'vitest';
import { toNotation } from '../../../test/support/notation.ts';
import { asValue, world } from '../../../test/support/world.ts';
import { cookie } from '../../codecs/cookie.ts';
import { httpAuthCommitter } from '../../codecs/http-auth.ts';
import { structured } from '../../codecs/structured.ts';
import type { Input, Message } from '../../core/message.ts';
import { getPrivate } from '../../core/private.ts';
import { codecDevices } from './all.ts';

const httpAuth = { ...structured, name: 'http-auth@1.0', committer: httpAuthCommitter };
const { value, resolve, ao } = world({ devices: codecDevices, codecs: [cookie, httpAuth] });
const base = { device: 'cookie@1.0' };
const cookiesIn = (message: unknown): unknown => {
  const cookies = getPrivate(message as Message, 'cookie');
  return cookies === undefined ? undefined : toNotation(cookies);
};

describe('cookie@1.0 by path', () => {
  test('[row node/cookie/http_set_get_cookies] store, then extract', async () => {
    const stored = await value(base, { path: 'store', k1: 'v1', k2: 'v2', host: 'x', accept: '*/*', method: 'GET' });
    expect(cookiesIn(stored)).toEqual({ k1: 'v1', k2: 'v2' });
    const lines = (await value(stored, { path: 'to', format: 'set-cookie' })) as readonly string[];
    expect(lines).toEqual(['k1="v1"', 'k2="v2"']);
    const extracted = await value(base, { path: 'extract', cookie: 'k1=v1; k2=v2' });
    expect(toNotation(extracted)).toEqual({ k1: 'v1', k2: 'v2' });
  });

  test('get-cookie in three forms', async () => {
    const on = { ...base, 'set-cookie': ['k1=v1; Path=/; Secure'] };
    const get = async (format?: string): Promise<unknown> =>
      toNotation(await value(on, { path: 'get_cookie', key: 'k1', ...(format ? { format } : {}) }));
    expect(await get()).toEqual({ value: 'v1', attributes: { Path: '/' }, flags: ['Secure'] });
    expect(await get('set-cookie')).toBe('k1="v1"; Path=/; Secure');
    expect(await get('cookie')).toBe('k1="v1"');
    expect(await resolve(on, { path: 'get-cookie', key: 'k2' })).toMatchObject({ error: { code: 'not-found' } });
  });

  test('reset, from', async () => {
    const on = { ...base, cookie: 'a=1' };
    const put = await value(on, 'from');
    expect([cookiesIn(put), (put as Message).has('cookie')]).toEqual([{ a: '1' }, false]);
    expect(cookiesIn(await value(put, 'reset'))).toBeUndefined();
  });

  test('[row node/cookie/directly_invoke_commit_verify, codecs/cookie/commit-verify] a new secret becomes a cookie that verifies', async () => {
    const on: Input = { ...base, 'test-key': 'test-value' };
    const signed = (await value(on, 'commit')) as Message;
    const jar = cookiesIn(signed) as { readonly [name: string]: string };
    const [[name, secret]] = Object.entries(jar) as [[string, string]];
    expect(name).toMatch(/^secret-[\w-]{43}$/);
    const visible = signed.without('priv');
    expect(await value(visible, { path: 'verify', cookie: `${name}=${secret}` })).toBe(true);
    expect(await value(visible, { path: 'verify', secret })).toBe(true);
    expect(await value(visible, { path: 'verify', cookie: `${name}=wrong` })).toBe(false);
    expect(await value(visible, 'verify')).toBe(false);
    expect(await value(visible, { path: 'verify', cookie: `${name}=${secret}` }), 'after a failure').toBe(true);
    expect(await value(visible.with('test-key', 'forged'), { path: 'verify', secret })).toBe(false);
    expect(await ao.signers(visible), 'nobody without the secret can tell').toEqual([]);
    const committer = name.slice('secret-'.length);
    const again = (await value(on, { path: 'commit', committer, cookie: `${name}=${secret}` })) as Message;
    expect(await value(again.without('priv'), { path: 'verify', secret })).toBe(true);
    expect(await resolve(on, { path: 'commit', committer })).toMatchObject({ error: { code: 'unauthorized' } });
  });

  test('generate finds the secret of the cookies, or makes one', async () => {
    const fresh = (await value(base, { path: 'generate', q: 1 })) as Message;
    expect(fresh.get('q')).toBe(1);
    expect(fresh.get('secret')).toMatch(/^[\w-]{86}$/);
    expect(Object.values(cookiesIn(fresh) as object)).toEqual([fresh.get('secret')]);
    const known = (await value(base, { path: 'generate', cookie: 'secret-x=S' })) as Message;
    expect(known.get('secret')).toBe('S');
    const several = (await value(base, { path: 'generate', cookie: 'secret-x=S; secret-y=T' })) as Message;
    expect(several.get('secret')).toEqual(['S', 'T']);
    const own = (await value(base, { path: 'generate', generator: '/~message@1.0&s=made/s' })) as Message;
    expect(own.get('secret')).toBe('made');
  });

  test('finalize adds a step that sets the cookies', async () => {
    const request = asValue({ a: 1, priv: { cookie: { k: 'v' } } });
    const result = (await value(base, { path: 'finalize', request, body: [{}, { path: 'x' }] })) as Message;
    expect(toNotation(result.get('body')!)).toEqual([{}, { path: 'x' }, { path: 'set', 'set-cookie': ['k="v"'] }]);
    const none = (await value(base, { path: 'finalize', request: {}, body: [{}] })) as Message;
    expect(toNotation(none.get('body')!)).toEqual([{}]);
  });
});

describe('http-auth@1.0 by path', () => {
  const on = { device: 'http-auth@1.0', a: 'x' };
  const authorization = `Basic ${Buffer.from('user:pass').toString('base64')}`;
  const fast = { authorization, iterations: 1 };

  test('generate', async () => {
    expect(await value(on, { path: 'generate', secret: 'given' })).toBe('given');
    expect(await value(on, { path: 'generate', authorization, raw: true })).toBe('user:pass');
    expect(await value(on, { path: 'generate', ...fast })).toMatch(/^[\w-]{86}$/);
    const refused = await resolve(on, 'generate');
    expect(refused.status === 'error' && toNotation(refused.error.value!)).toEqual({
      status: 401,
      'www-authenticate': 'Basic',
      details: 'No authorization header provided.',
    });
  });

  test('commit and verify with the password', async () => {
    const signed = (await value(on, { path: 'commit', ...fast })) as Message;
    expect(await value(signed, { path: 'verify', ...fast })).toBe(true);
    const other = `Basic ${Buffer.from('user:other').toString('base64')}`;
    expect(await value(signed, { path: 'verify', ...fast, authorization: other })).toBe(false);
    expect(await value(signed.with('a', 'y'), { path: 'verify', ...fast })).toBe(false);
  });
});
