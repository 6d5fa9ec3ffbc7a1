import http from 'node:http';
import type { Tracer } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import { testWallet } from '../../test/support/cache-world.ts';
import { type Device, device } from '../core/device.ts';
import { type Input, isMessage, Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { NOT_FOUND } from '../core/value.ts';
import { cookieDevice } from '../devices/codecs/cookie.ts';
import { createLibrary, type Library, type LibraryOptions } from '../node/library.ts';
import { temporaryBlobs } from './blobs.ts';
import type { HttpMetrics } from './observers.ts';
import type { ListenerOptions } from './options.ts';
import type { HttpServer } from './serve.ts';
import { createHttpServer, type HttpModules } from './server.ts';

const running: HttpServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

const wallet = testWallet();

const demo: Device = device({
  name: 'demo@1.0',
  doc: 'Answers for these tests.',
  keys: {
    literal: { doc: 'A literal.', run: () => ok('text') },
    number: { doc: 'A number.', run: () => ok(42) },
    list: { doc: 'A list.', run: () => ok(['a', 1, true]) },
    plain: { doc: 'A message.', run: () => ok(message({ a: 'b', n: 5 })) },
    nested: { doc: 'A nested message.', run: () => ok(message({ top: 'x', child: { deep: 'PING', n: 1 } })) },
    page: { doc: 'HTML.', run: () => ok(message({ 'content-type': 'text/html', body: '<p>hi</p>' })) },
    bytes: {
      doc: '1000 bytes.',
      run: () => ok(message({ body: Uint8Array.from({ length: 1000 }, (_, i) => i % 256) })),
    },
    unsafe: {
      doc: 'Values no header can hold.',
      run: () => ok(message({ lines: 'a\r\nset-cookie: x=1\r\n\r\nb', nul: 'a\0b', Upper: 'x', ok: 'fine' })),
    },
    hop: {
      doc: 'Keys that steer connections.',
      run: () => ok(message({ connection: 'close', 'content-length': '5', 'transfer-encoding': 'chunked', a: 'b' })),
    },
    refused: { doc: 'A refusal.', run: () => fail('forbidden', 'You may not do this.', 'Ask the operator.') },
    told: {
      doc: 'An error in words of its own.',
      run: () => fail('bad-request', 'no', { value: message({ status: 402, body: 'Insufficient funds', price: 5 }) }),
    },
    missing: { doc: 'Not there.', run: () => ok(NOT_FOUND) },
    created: { doc: 'A status by name.', run: () => ok(message({ status: 'created', body: 'made' })) },
    moved: { doc: 'A redirect.', run: () => ok(message({ status: 307, location: '/elsewhere' })) },
    broken: {
      doc: 'A bug.',
      run: () => {
        throw new Error('secret detail');
      },
    },
    echo: { doc: 'The request.', run: ({ requestMessage }) => ok(requestMessage.without('commitments')) },
    whose: {
      doc: 'Who signed the request.',
      run: async ({ requestMessage, ao }) =>
        ok(message({ signers: (await ao.signers(requestMessage)).join(',') || 'nobody' })),
    },
    index: {
      doc: 'A page.',
      run: ({ base }) =>
        ok(message({ 'content-type': 'text/html', body: `i like ${String(base.get('name') ?? 'turtles')}!` })),
    },
    load: { doc: 'Itself.', run: ({ base }) => ok(base.with('device', 'demo@1.0')) },
  },
});

interface Node {
  readonly url: string;
  readonly library: Library;
  readonly server: HttpServer;
}

async function start(
  given: {
    options?: { readonly [name: string]: Input };
    library?: LibraryOptions;
    listener?: Partial<ListenerOptions>;
    modules?: Partial<HttpModules>;
  } = {},
): Promise<Node> {
  const library = createLibrary({ wallet, devices: [demo], options: message(given.options ?? {}), ...given.library });
  const server = createHttpServer(
    { bind: '127.0.0.1', port: 0, drainMs: 200, ...given.listener },
    { node: () => library.resolver, ...given.modules },
  );
  running.push(server);
  await server.listen();
  return { url: server.url, library, server };
}

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const json = { accept: 'application/json' };

/** A reply read back by the codec, as another node would. */
async function decoded(node: Node, response: Response): Promise<Message> {
  const fields = new Map<string, string | Uint8Array>();
  for (const [name, value] of response.headers) fields.set(name, value);
  const body = new Uint8Array(await response.arrayBuffer());
  if (body.length > 0) fields.set('body', body);
  const value = await node.library.convert(new Message(fields), 'structured@1.0', 'httpsig@1.0');
  if (!isMessage(value)) throw new Error('not a message');
  return value;
}

describe('answers', () => {
  test('a literal is the body, and says so', async () => {
    const node = await start();
    const response = await fetch(`${node.url}/~message@1.0&hello=world/hello`);
    expect(response.status).toBe(200);
    expect(response.headers.get('ao-result')).toBe('body');
    expect(await response.text()).toBe('world');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('types travel in ao-types', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/number`);
    expect(response.headers.get('ao-types')).toContain('body="integer"');
    expect(await response.text()).toBe('42');
  });

  test('answers are signed by the node, and the signature holds', async () => {
    const node = await start();
    for (const path of [
      '/~demo@1.0/literal',
      '/~demo@1.0/plain',
      '/~demo@1.0/number',
      '/~demo@1.0/bytes',
      '/~demo@1.0/nope',
    ]) {
      const message = await decoded(node, await fetch(node.url + path));
      expect(await node.library.signers(message), path).toEqual([wallet.address]);
    }
  });

  test('equal content carries the same signature, whoever asks', async () => {
    const { url } = await start();
    const ask = async (agent: string) =>
      (await fetch(`${url}/~demo@1.0/plain`, { headers: { 'user-agent': agent } })).headers.get('signature');
    const first = await ask('one');
    expect(await ask('two')).toBe(first);
  });

  test('unsigned mode', async () => {
    const { url } = await start({ options: { 'force-signed': false } });
    const response = await fetch(`${url}/~demo@1.0/plain`);
    expect(response.headers.get('signature')).toBeNull();
    expect(response.headers.get('a')).toBe('b');
  });

  test('nested messages are links, or parts with accept-bundle', async () => {
    const node = await start();
    const linked = await fetch(`${node.url}/~demo@1.0/nested`);
    const id = linked.headers.get('child+link');
    expect(id).toMatch(/^[\w-]{43}$/);
    expect(await (await fetch(`${node.url}/${id}/deep`)).text()).toBe('PING');
    const bundled = await fetch(`${node.url}/~demo@1.0/nested`, { headers: { 'accept-bundle': 'true' } });
    const child = (await decoded(node, bundled)).get('child');
    expect(isMessage(child) && child.get('deep')).toBe('PING');
  });

  test('lists become numbered messages', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/list`);
    expect([response.headers.get('1'), response.headers.get('2')]).toEqual(['a', '1']);
  });

  test('a lone device with keys is a message, in every format', async () => {
    const { url } = await start();
    const plain = await fetch(`${url}/~message@1.0&a=b&n+integer=5`);
    const told = ['device', 'a', 'n', 'ao-result'].map((name) => plain.headers.get(name));
    expect(told).toEqual(['message@1.0', 'b', '5', null]);
    const json = await fetch(`${url}/~message@1.0?a=b`, { headers: { accept: 'application/json' } });
    expect(await json.json()).toMatchObject({ device: 'message@1.0', a: 'b', status: 200 });
    expect((await fetch(`${url}/~demo@1.0&name=dogs`)).headers.get('name')).toBe('dogs');
    const page = await fetch(`${url}/~demo@1.0&name=dogs`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toBe('i like dogs!');
  });

  test('what a header cannot hold travels in the body, and nothing is injected', async () => {
    const node = await start();
    const response = await fetch(`${node.url}/~demo@1.0/unsafe`);
    expect(response.headers.get('set-cookie')).toBeNull();
    const message = await decoded(node, response);
    expect(message.get('lines')).toBe('a\r\nset-cookie: x=1\r\n\r\nb');
    expect(message.get('Upper')).toBe('x');
    expect(message.get('ok')).toBe('fine');
    expect(await node.library.signers(message)).toEqual([wallet.address]);
  });

  test('keys that steer connections never do', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/hop`);
    expect(response.headers.get('transfer-encoding')).toBeNull();
    expect(response.headers.get('content-length')).toBe('0');
    expect(response.headers.get('a')).toBe('b');
  });

  test('statuses by number and by name', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/~demo@1.0/created`)).status).toBe(201);
    const moved = await fetch(`${url}/~demo@1.0/moved`, { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([307, '/elsewhere']);
  });

  test('HEAD is GET without a body', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/literal`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '4', '']);
  });

  test('OPTIONS is answered with the preflight', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/anything`, { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, DELETE, OPTIONS, PATCH');
    expect(response.headers.get('access-control-allow-headers')).toBe('*');
  });

  test('[row hb_http/cors_get] access-control-allow-origin on GET', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/literal`, { headers: { 'access-control-request-headers': 'x-a' } });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-headers')).toBe('x-a');
  });
});

describe('errors', () => {
  test('say what, why, and what to do', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/refused`);
    expect(response.status).toBe(403);
    expect(response.headers.get('code')).toBe('forbidden');
    expect(response.headers.get('hint')).toBe('Ask the operator.');
    expect(response.headers.get('request-id')).toBeTruthy();
    expect(await response.text()).toBe('You may not do this.');
  });

  test('a missing key is 404, as text, JSON or a page', async () => {
    const { url } = await start();
    const text = await fetch(`${url}/~message@1.0&a=b/nope`);
    expect([text.status, await text.text()]).toEqual([404, 'not_found']);
    const atom = await fetch(`${url}/~demo@1.0/missing`);
    expect(atom.status).toBe(404);
    const page = await fetch(`${url}/~message@1.0&a=b/nope`, { headers: html });
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  });

  test('a device’s own words keep their status', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/told`);
    expect([response.status, response.headers.get('price'), await response.text()]).toEqual([
      402,
      '5',
      'Insufficient funds',
    ]);
  });

  test('a bug shows no detail', async () => {
    const { url } = await start();
    for (const headers of [{}, html, json]) {
      const response = await fetch(`${url}/~demo@1.0/broken`, { headers });
      const everything = JSON.stringify([...response.headers]) + (await response.text());
      expect(response.status).toBe(500);
      expect(everything).not.toContain('secret');
      expect(everything).not.toContain('.ts');
    }
  });

  test('a bad path is the caller’s fault', async () => {
    const { url } = await start();
    for (const path of ['/%zz', `/${'a'.repeat(600)}`, '/~nothere@1.0/key', '/a&x+integer=']) {
      const response = await fetch(url + path);
      expect(response.status, path).toBeGreaterThanOrEqual(400);
      expect(response.status, path).toBeLessThan(500);
      expect(response.headers.get('code'), path).toBeTruthy();
    }
  });
});

describe('pages', () => {
  test('[row hb_http/index, hb_http/index_request] a device’s own index is the page of its message', async () => {
    const { url } = await start();
    const plain = await fetch(`${url}/~demo@1.0/load`);
    expect([await plain.text(), plain.headers.get('content-type')]).toEqual(['i like turtles!', 'text/html']);
    expect(await (await fetch(`${url}/~demo@1.0/load?name=dogs`)).text()).toBe('i like dogs!');
  });

  test('the root leads to the default request, or is the home page', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/~hyperbuddy@1.0/dashboard']);
    const other = await start({ modules: { home: () => Buffer.from('<h1>home</h1>') } });
    expect(await (await fetch(`${other.url}/`, { headers: html })).text()).toBe('<h1>home</h1>');
    expect((await fetch(`${other.url}/`, { redirect: 'manual' })).status).toBe(302);
  });

  test('a device that renders its own page is shown as it is', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/page`, { headers: html });
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/html', '<p>hi</p>']);
  });
});

describe('conditional answers', () => {
  test('304 for the content the caller has', async () => {
    const { url } = await start();
    const first = await fetch(`${url}/~demo@1.0/bytes`);
    const etag = first.headers.get('etag')!;
    const again = await fetch(`${url}/~demo@1.0/bytes`, { headers: { 'if-none-match': `"x", W/${etag}` } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await fetch(`${url}/~demo@1.0/bytes`, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
  });

  test('206 for a range of raw bytes, 416 outside', async () => {
    const { url } = await start();
    const ask = (range: string) => fetch(`${url}/~demo@1.0/bytes`, { headers: { range } });
    const part = await ask('bytes=10-19');
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/1000']);
    expect([...new Uint8Array(await part.arrayBuffer())]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(part.headers.get('signature')).toBeNull();
    expect((await (await ask('bytes=-5')).arrayBuffer()).byteLength).toBe(5);
    expect((await (await ask('bytes=990-')).arrayBuffer()).byteLength).toBe(10);
    const outside = await ask('bytes=1000-');
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */1000']);
    expect((await ask('bytes=1-2,4-5')).status).toBe(200);
  });
});

describe('requests', () => {
  test('[row hb_http/simple_ao_resolve_unsigned] a message that carries its own path', async () => {
    const { url } = await start();
    const response = await fetch(url, { method: 'POST', headers: { path: '/key1', key1: 'Value1' } });
    expect(await response.text()).toBe('Value1');
  });

  test('query keys are keys of the message, typed', async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/a?a=5`)).text()).toBe('5');
    const typed = await fetch(`${url}/n?n+integer=41`);
    expect([await typed.text(), typed.headers.get('ao-types')]).toEqual([
      '41',
      expect.stringContaining('body="integer"'),
    ]);
  });

  test('private keys cannot come from outside', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/~demo@1.0/echo?priv=x&private=y`, { headers: { 'priv-ip': '1.2.3.4' } });
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('priv'))).toEqual([]);
  });

  test('forms of browsers', async () => {
    const { url } = await start();
    const form = new FormData();
    form.set('greeting', 'hello');
    form.set('upload', new Blob(['content'], { type: 'text/x' }), 'a.txt');
    const response = await fetch(`${url}/greeting`, { method: 'POST', body: form });
    expect(await response.text()).toBe('hello');
    expect(await (await fetch(`${url}/upload/filename`, { method: 'POST', body: form })).text()).toBe('a.txt');
    expect(await (await fetch(`${url}/upload/body`, { method: 'POST', body: form })).text()).toBe('content');
  });

  test('a signed request: only what is signed counts, and its signer is known', async () => {
    const node = await start();
    const signed = await node.library.commit(
      message({ path: '/~demo@1.0/whose', x: 'y', n: 5 }),
      message({ type: 'signed' }),
    );
    const response = await send(node, signed, { extra: 'unsigned' });
    expect(response.headers.get('signers')).toBe(wallet.address);
    const echo = await node.library.commit(message({ path: '/~demo@1.0/echo', x: 'y' }), message({ type: 'signed' }));
    const reply = await send(node, echo, { extra: 'unsigned' });
    expect([reply.headers.get('x'), reply.headers.get('extra')]).toEqual(['y', null]);
  });

  test('[row hb_http/simple_ao_resolve_signed, hb_http/nested_ao_resolve]', async () => {
    const node = await start();
    const simple = await node.library.commit(message({ path: '/key1', key1: 'Value1' }), message({ type: 'signed' }));
    expect(await (await send(node, simple)).text()).toBe('Value1');
    const nested = await node.library.commit(
      message({ path: '/key1/key2/key3', key1: { key2: { key3: 'Value2' } } }),
      message({ type: 'signed' }),
    );
    expect(await (await send(node, nested)).text()).toBe('Value2');
  });

  test('a forged signature names nobody', async () => {
    const node = await start();
    const signed = await node.library.commit(
      message({ path: '/~demo@1.0/whose', x: 'y' }),
      message({ type: 'signed' }),
    );
    const response = await send(node, signed, { x: 'changed' });
    expect(response.headers.get('signers')).toBe('nobody');
    const strict = await start({ options: { 'force-signed-requests': true } });
    expect((await send(strict, signed, { x: 'changed' })).status).toBe(400);
    expect((await fetch(`${strict.url}/a?a=5`)).status).toBe(401);
    expect((await send(strict, signed)).headers.get('signers')).toBe(wallet.address);
  });

  test('signed requests are kept', async () => {
    const node = await start();
    const signed = await node.library.commit(message({ path: '/key1', key1: 'Value1' }), message({ type: 'signed' }));
    await send(node, signed);
    expect(await (await fetch(`${node.url}/${node.library.id(signed, 'signed')}/key1`)).text()).toBe('Value1');
  });

  /** Sends a message as another node would. */
  async function send(
    node: Node,
    signed: Message,
    changed: { readonly [name: string]: string } = {},
  ): Promise<Response> {
    const encoded = await node.library.convert(signed, message({ device: 'httpsig@1.0', bundle: true }));
    if (!isMessage(encoded)) throw new Error('not a message');
    const headers = new Headers();
    for (const [name, value] of encoded.entries()) if (name !== 'body') headers.set(name, String(value));
    for (const [name, value] of Object.entries(changed)) headers.set(name, value);
    const body = encoded.get('body');
    return fetch(node.url, { method: 'POST', headers, ...(body === undefined ? {} : { body: body as string }) });
  }
});

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
    expect(await (await post('{"a":"b"}', 'application/json; charset=utf-8')).text()).toBe('b');
    for (const broken of ['{"a":', '[', '{"commitments":{"x":{"committer":"me"}},"a":1}', '\xff']) {
      const response = await post(broken);
      expect(response.status, broken).toBe(400);
    }
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

describe('cookies', () => {
  const jar: Device = device({
    name: 'jar@1.0',
    doc: 'Cookies for these tests.',
    keys: {
      give: { doc: 'Sets one.', run: () => ok(message({ a: 'b', 'set-cookie': ['k1="v1"; Path=/', 'k2=v2'] })) },
      show: {
        doc: 'Those of the request.',
        run: ({ requestMessage }) =>
          ok(message({ seen: String((requestMessage.get('priv') as Message).get('cookie') !== undefined) })),
      },
      echo: { doc: 'The request.', run: ({ requestMessage }) => ok(requestMessage) },
    },
  });

  test('what a result sets becomes set-cookie lines and is not signed', async () => {
    const { url } = await start({ library: { devices: [jar] } });
    const response = await fetch(`${url}/~jar@1.0/give`);
    expect(response.headers.getSetCookie()).toEqual(['k1="v1"; Path=/', 'k2="v2"']);
    expect(response.headers.get('signature-input')).not.toContain('cookie');
  });

  test('[row cookie@1.0/http_set_get_cookies] cookies that a node stored with the caller come back', async () => {
    const { url } = await start({ library: { devices: [cookieDevice] } });
    const headers = { cookie: 'session=abc' };
    const stored = await fetch(`${url}/~cookie@1.0/store?k1=v1&k2=v2`, { headers });
    const lines = stored.headers.getSetCookie();
    expect(lines).toEqual(['k1="v1"', 'k2="v2"']);
    const cookie = lines.join('; ');
    const extracted = await fetch(`${url}/~cookie@1.0/extract`, { headers: { cookie } });
    expect([extracted.headers.get('k1'), extracted.headers.get('k2')]).toEqual(['v1', 'v2']);
  });

  test('those of the request are private and not sent back', async () => {
    const { url } = await start({ library: { devices: [jar] } });
    const headers = { cookie: 'session="abc"; other=x' };
    expect((await fetch(`${url}/~jar@1.0/show`, { headers })).headers.get('seen')).toBe('true');
    const echoed = await fetch(`${url}/~jar@1.0/echo`, { headers });
    expect(echoed.headers.getSetCookie()).toEqual([]);
    expect(JSON.stringify([...echoed.headers]) + (await echoed.text())).not.toContain('abc');
  });
});

describe('observers', () => {
  test('metrics, log and spans see the request, never its content', async () => {
    const counted: unknown[] = [];
    const logged: unknown[] = [];
    const spans: string[] = [];
    const count =
      (name: string) =>
      (...values: unknown[]) =>
        counted.push([name, ...values]);
    const write = (fields: object, text: string): void => void logged.push([fields, text]);
    const metrics: HttpMetrics = {
      served: count('served'),
      refused: count('refused'),
      failed: count('failed'),
      upgraded: count('upgraded'),
      bodyReceived: count('body'),
      encoded: count('encoded'),
    };
    const span = {
      setAttribute: (key: string, value: unknown) => spans.push(`${key}=${String(value)}`),
      end: () => spans.push('end'),
    };
    const tracer = {
      startActiveSpan: (name: string, _options: unknown, run: (span: unknown) => unknown) => {
        spans.push(name);
        return run(span);
      },
    } as unknown as Tracer;
    const log = { isLevelEnabled: () => true, debug: write, warn: write, error: write };
    const { url } = await start({ modules: { metrics, log, tracer } });
    await fetch(`${url}/~demo@1.0/literal?secret=hidden`);
    await fetch(`${url}/~demo@1.0/broken`, { method: 'POST', body: 'hidden' });
    expect(counted).toContainEqual(['served', 'GET', 200, expect.any(Number)]);
    expect(counted).toContainEqual(['served', 'POST', 500, expect.any(Number)]);
    expect(counted).toContainEqual(['failed']);
    expect(spans).toEqual(expect.arrayContaining(['GET', 'http.response.status_code=200', 'end']));
    expect(JSON.stringify(logged)).not.toContain('hidden');
  });
});

describe('hooks', () => {
  const hooked = (run: (call: { readonly requestMessage: Message }) => Outcome): Device =>
    device({
      name: 'hooked@1.0',
      doc: 'A hook.',
      keys: { request: { doc: 'On requests.', run }, response: { doc: 'On responses.', run } },
    });
  const on = (name: string): { readonly [name: string]: Input } => ({ on: { [name]: { device: 'hooked@1.0' } } });

  test('[row meta/halt_request] a request hook may refuse; the refusal is not signed', async () => {
    const halt = hooked(() => fail('bad-request', 'Bad'));
    const { url } = await start({ options: on('request'), library: { devices: [demo, halt] } });
    const response = await fetch(`${url}/~demo@1.0/literal`);
    expect([response.status, await response.text(), response.headers.get('signature')]).toEqual([400, 'Bad', null]);
  });

  test('[row meta/modify_request] a request hook may change the steps', async () => {
    const modify = hooked(({ requestMessage }) => {
      const steps = requestMessage.get('body');
      const [first, ...rest] = Array.isArray(steps) ? steps : [];
      return ok(requestMessage.with('body', [(first as Message).with('added', 'value'), ...rest]));
    });
    const { url } = await start({ options: on('request'), library: { devices: [demo, modify] } });
    expect(await (await fetch(`${url}/added`)).text()).toBe('value');
  });

  test('[row meta/uninitialized_node] a node that waits to be configured answers nothing else', async () => {
    const halt = hooked(() => fail('bad-request', 'Bad'));
    const { url } = await start({
      options: { ...on('request'), initialized: false },
      library: { devices: [demo, halt] },
    });
    const response = await fetch(`${url}/key1?1.key1=value1`);
    expect([response.status, await response.text()]).toEqual([400, 'Node must be initialized before use.']);
    expect((await fetch(`${url}/~meta@1.0/info`)).headers.get('code')).toBe('device-not-found');
  });

  test('a response hook may change the result', async () => {
    const change = hooked(({ requestMessage }) => ok(requestMessage.with('body', message({ changed: 'yes' }))));
    const { url } = await start({ options: on('response'), library: { devices: [demo, change] } });
    expect((await fetch(`${url}/~demo@1.0/plain`)).headers.get('changed')).toBe('yes');
  });
});

describe('large bodies', () => {
  test('pass through a node in pieces', { timeout: 60_000 }, async () => {
    await using blobs = temporaryBlobs();
    const { url } = await start({ modules: { blobs }, listener: { maxBodyBytes: 2 * 1024 * 1024 * 1024 } });
    const total = 1024 * 1024 * 1024;
    const { hostname, port } = new URL(url);
    const request = http.request({
      hostname,
      port,
      path: '/~demo@1.0/echo',
      method: 'POST',
      headers: { 'content-length': total },
    });
    const piece = Buffer.alloc(64 * 1024, 7);
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const answered = new Promise<http.IncomingMessage>((resolve, reject) =>
      request.on('response', resolve).on('error', reject),
    );
    for (let sent = 0; sent < total; sent += piece.length) {
      if (!request.write(piece)) await new Promise((drained) => request.once('drain', drained));
    }
    request.end();
    const response = await answered;
    let received = 0;
    for await (const chunk of response) received += (chunk as Buffer).length;
    clearInterval(watch);
    expect([response.statusCode, received]).toEqual([200, total]);
    expect(response.headers['content-digest']).toMatch(/^sha-256=:/);
    expect(peak - before).toBeLessThan(192 * 1024 * 1024);
  });
});
