/** Requests and answers in other formats than httpsig (spec 03 §2.3). */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { json, start, wallet } from '../../test/support/http-edge.ts';
import { isMessage, message } from '../core/message.ts';

describe('formats', () => {
  test('JSON answers: body, types, commitments, simple keys as headers', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/nested`, { headers: { ...json, 'accept-bundle': 'true' } });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('codec-device')).toBe('json@1.0');
    expect(response.headers.get('top')).toBe('x');
    const body = (await response.json()) as {
      top: string;
      status: number;
      child: { deep: string; n: number };
      commitments: object;
    };
    expect([body.top, body.status, body.child.deep, body.child.n]).toEqual(['x', 200, 'PING', 1]);
    expect(Object.keys(body.commitments)).toHaveLength(2);
  });

  test('JSON of a single value, and of an error', async () => {
    const { url } = await start();
    const single = (await (await fetch(`${url}/~demo@1.0/number`, { headers: json })).json()) as {
      [key: string]: unknown;
    };
    expect([single['body'], single['ao-result'], single['status']]).toEqual([42, 'body', 200]);
    const missing = await fetch(`${url}/~message@1.0&a=b/nope`, { headers: json });
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ body: 'not_found', status: 404, code: 'not-found' });
  });

  test('require-codec may come as a query key, and beats a content type', async () => {
    const { url } = await start();
    const required = await fetch(`${url}/~demo@1.0/page?require-codec=application/json`);
    expect(await required.json()).toMatchObject({ 'content-type': 'text/html', body: '<p>hi</p>' });
    const accepted = await fetch(`${url}/~demo@1.0/page`, { headers: json });
    expect(await accepted.text()).toBe('<p>hi</p>');
  });

  test('406 for a format nobody knows, 415 for a body in one', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/~demo@1.0/plain?require-codec=nope@1.0`)).status).toBe(406);
    expect((await fetch(`${url}/~demo@1.0/plain`, { headers: { accept: 'nope@1.0' } })).status).toBe(200);
    const posted = await fetch(`${url}/a`, { method: 'POST', headers: { 'codec-device': 'nope@1.0' }, body: 'x' });
    expect([posted.status, posted.headers.get('code')]).toEqual([415, 'bad-encoding']);
  });

  test('JSON requests: the keys of the body are keys of the message', async () => {
    const { url } = await start();
    const post = (body: string, type = 'application/json') =>
      fetch(`${url}/a`, { method: 'POST', headers: { 'content-type': type }, body });
    expect(await (await post('{"a":5}')).text()).toBe('5');
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;Charset=UTF-8', 'application/json ']) {
      expect(await (await post('{"a":"b"}', type)).text()).toBe('b');
    }
    for (const broken of ['{"a":', '[', '{"commitments":{"x":{"committer":"me"}},"a":1}', '\xff']) {
      const response = await post(broken);
      expect(response.status, broken).toBe(400);
    }
  });

  test('a compressed body is not taken for something else', async () => {
    const { url } = await start();
    const body = gzipSync('{"a":"b"}');
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const refused = await fetch(`${url}/a`, { method: 'POST', headers, body });
    expect([refused.status, refused.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    const plain = await fetch(`${url}/a`, {
      method: 'POST',
      headers: { ...headers, 'content-encoding': 'identity' },
      body: '{"a":"b"}',
    });
    expect(await plain.text()).toBe('b');
    // Without a format, the bytes are what they are, and so is what is said of them.
    const kept = await fetch(`${url}/body`, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body });
    expect(Buffer.from(await kept.arrayBuffer())).toEqual(body);
  });

  test('a request can’t ask for any number of verifications', async () => {
    const { url } = await start();
    const commitments = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`id-${i}`, { committer: 'me' }]));
    const response = await fetch(`${url}/a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ a: 1, commitments }),
    });
    expect([response.status, response.headers.get('code')]).toEqual([413, 'limit-exceeded']);
  });

  test('private keys cannot come in JSON', async () => {
    const { url } = await start();
    const body = JSON.stringify({ a: { priv: { x: 1 }, 'priv-y': 2, z: 'open' }, priv: { request: {} } });
    const response = await fetch(`${url}/a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...json },
      body,
    });
    expect(await response.text()).not.toContain('priv');
  });

  test('data items: verified on arrival, tags are keys, and they come back as the bytes that were sent', async () => {
    const node = await start();
    const item = (await node.library.convert(
      await node.library.commit(
        message({ data: '1+1', action: 'Eval', path: '/~demo@1.0/whose' }),
        message({ 'commitment-device': 'ans104@1.0' }),
      ),
      'ans104@1.0',
    )) as Uint8Array;
    const send = (bytes: Uint8Array, path = '/', extra = {}) =>
      fetch(node.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/ans104', ...extra },
        body: new Blob([bytes as Uint8Array<ArrayBuffer>]),
      });
    expect((await send(item)).headers.get('signers')).toBe(wallet.address);
    const wrong = Uint8Array.from(item);
    wrong[wrong.length - 1]! ^= 1;
    const refused = await send(wrong);
    expect([refused.status, refused.headers.get('code')]).toEqual([400, 'bad-signature']);
    expect((await send(Uint8Array.of(1, 2, 3))).status).toBe(400);
  });

  test('an answer as a data item', async () => {
    const node = await start();
    const response = await fetch(`${node.url}/~demo@1.0/plain`, { headers: { accept: 'application/ans104' } });
    expect([response.headers.get('content-type'), response.headers.get('codec-device')]).toEqual([
      'application/ans104',
      'ans104@1.0',
    ]);
    const back = await node.library.convert(
      new Uint8Array(await response.arrayBuffer()),
      'structured@1.0',
      'ans104@1.0',
    );
    expect(isMessage(back) && (await node.library.signers(back))).toEqual([wallet.address]);
  });
});
