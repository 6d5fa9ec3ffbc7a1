/** The parts of the HTTP edge that join: cookies, observers, hooks, large bodies. */
import http from 'node:http';
import type { Tracer } from '@opentelemetry/api';
import { describe, expect, test } from 'vitest';
import { demo, start } from '../../test/support/http-edge.ts';
import { type Device, device } from '../core/device.ts';
import { type Input, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { cookieDevice } from '../devices/codecs/cookie.ts';
import { temporaryBlobs } from './blobs.ts';
import type { HttpMetrics } from './observers.ts';

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
