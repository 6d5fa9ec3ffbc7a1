/** Answers of the HTTP edge: statuses, headers, bodies, errors, pages, conditions (spec 03 §2.3–2.5). */
import { describe, expect, test } from 'vitest';
import { decoded, html, json, start, wallet } from '../../test/support/http-edge.ts';
import { isMessage } from '../core/message.ts';

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
    const node = await start();
    const response = await fetch(`${node.url}/~demo@1.0/hop`);
    expect(response.headers.get('transfer-encoding')).toBeNull();
    expect(response.headers.get('content-length')).not.toBe('5');
    expect(response.headers.get('a')).toBe('b');
    const read = await decoded(node, response);
    expect([read.get('connection'), read.get('content-length')]).toEqual(['close', '5']);
    expect(await node.library.signers(read)).toEqual([wallet.address]);
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
    // For browsers the wildcard leaves this one out (Fetch §4.9).
    const asked = { 'access-control-request-headers': 'authorization,content-type' };
    const named = await fetch(`${url}/anything`, { method: 'OPTIONS', headers: asked });
    expect(named.headers.get('access-control-allow-headers')).toBe('*, authorization');
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
