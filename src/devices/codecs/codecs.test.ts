import { describe, expect, test } from 'vitest';
import { toNotation } from '../../../test/support/notation.ts';
import { asValue, testWallet, world } from '../../../test/support/world.ts';
import { ans104 } from '../../codecs/ans104/ans104.ts';
import { flat } from '../../codecs/flat.ts';
import { json } from '../../codecs/json.ts';
import { toBytes, toText } from '../../core/bytes.ts';
import type { Input, Message } from '../../core/message.ts';
import { atom } from '../../core/value.ts';
import { codecDevices } from './all.ts';

const wallet = testWallet('rsa4096-1');
const { value, resolve, ao, library, env } = world({ devices: codecDevices, codecs: [json, flat, ans104], wallet });
const body = async (on: Input, request: Input): Promise<unknown> => ((await value(on, request)) as Message).get('body');

describe('json@1.0 by path', () => {
  test('serialize: text with its content type', async () => {
    const answer = (await value({ device: 'json@1.0', a: 1, t: atom('ok') }, 'serialize')) as Message;
    expect(answer.get('content-type')).toBe('application/json');
    expect(JSON.parse(answer.get('body') as string)).toEqual({
      a: 1,
      t: 'ok',
      'ao-types': 't="atom"',
      device: 'json@1.0',
    });
  });

  test('children are inline, or links without `bundle`', async () => {
    const on = { device: 'json@1.0', n: { a: 1 } };
    const linked = JSON.parse((await body(on, { path: 'serialize', bundle: 'false' })) as string) as {
      readonly 'n+link': string;
    };
    expect(toNotation((await env.cache.read(linked['n+link']))!)).toMatchObject({ a: 1 });
    const whole = JSON.parse((await body(on, 'serialize')) as string) as {
      readonly n: object;
    };
    expect(whole.n).toMatchObject({ a: 1 });
  });

  test('as part of a path', async () => {
    const outcome = await library.request('/~message@1.0&a=1/serialize~json@1.0/body');
    expect(outcome).toMatchObject({ status: 'ok', value: expect.stringContaining('"a":"1"') });
  });

  test('deserialize: of the body or another key', async () => {
    const text = '{"a": 1, "t": "ok", "ao-types": "t=\\"atom\\"", "l": [1, "x"]}';
    const expected = { a: 1, t: { $atom: 'ok' } };
    expect(toNotation(await value({ device: 'json@1.0', body: text }, 'deserialize'))).toMatchObject(expected);
    expect(
      toNotation(await value({ device: 'json@1.0', data: text }, { path: 'deserialize', target: 'data' })),
    ).toMatchObject(expected);
    expect(await resolve({ device: 'json@1.0' }, 'deserialize')).toMatchObject({
      error: { code: 'not-found', status: 404 },
    });
    expect(await resolve({ device: 'json@1.0', body: '{' }, 'deserialize')).toMatchObject({
      error: { code: 'bad-encoding' },
    });
  });
});

describe('flat@1.0 by path', () => {
  test('lines of text there and back', async () => {
    const on = { device: 'flat@1.0', a: { b: 'c' }, n: 1 };
    const text = toText((await body(on, 'serialize')) as Uint8Array)!;
    expect(text).toContain('a/b: c\n');
    expect(toNotation(await value({ device: 'flat@1.0', body: text }, 'deserialize'))).toMatchObject({
      a: { b: 'c' },
      n: 1,
    });
  });
});

describe('httpsig@1.0 by path', () => {
  test('serialize: header lines and body, or the two apart', async () => {
    const on = { device: 'httpsig@1.0', a: 'x', body: 'hello' };
    const text = toText(toBytes((await value(on, 'serialize')) as Uint8Array))!;
    expect(text).toMatch(/^a: x\r\n(.*\r\n)*device: httpsig@1.0\r\n\r\nhello$/);
    const parts = (await value(on, { path: 'serialize', format: 'components' })) as Message;
    expect((parts.get('headers') as Message).get('a')).toBe('x');
    expect(parts.get('body')).toBe('hello');
  });

  test('commit and verify', async () => {
    const signed = (await value({ device: 'httpsig@1.0', a: 'x' }, 'commit')) as Message;
    expect(await ao.signers(signed)).toEqual([wallet.address]);
    expect(await value(signed, 'verify')).toBe(true);
    expect(await value(signed.with('a', 'y'), 'verify')).toBe(false);
  });

  test('to and from are inverse', async () => {
    const encoded = (await value({ device: 'httpsig@1.0', a: 1, s: 'x' }, 'to')) as Message;
    expect(encoded.get('ao-types')).toBe('a="integer"');
    expect(toNotation(await value(encoded, 'from'))).toMatchObject({ a: 1, s: 'x' });
  });
});

describe('ans104@1.0 by path', () => {
  test('a signed item there and back', async () => {
    const signed = (await value({ device: 'ans104@1.0', colour: 'blue', data: 'D' }, 'commit')) as Message;
    expect(await ao.signers(signed)).toEqual([wallet.address]);
    const item = await body(signed, 'serialize');
    const read = (await value({ device: 'ans104@1.0', body: item as Uint8Array }, 'deserialize')) as Message;
    expect(toNotation(read)).toMatchObject({ colour: 'blue', data: 'D' });
    expect(await ao.signers(read)).toEqual([wallet.address]);
  });

  test('what is no item', async () => {
    expect(await resolve({ device: 'ans104@1.0', body: 'x' }, 'deserialize')).toMatchObject({ status: 'error' });
    expect(await resolve(asValue({ device: 'ans104@1.0' }), 'deserialize')).toMatchObject({
      error: { code: 'not-found' },
    });
  });
});
