import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { workedMs } from '../../test/support/cpu.ts';
import { parseReplies, rawExchange } from '../../test/support/raw-http.ts';
import { toBase64Url } from '../core/bytes.ts';
import type { Answer } from './answer.ts';
import { type Blobs, temporaryBlobs } from './blobs.ts';
import { preface } from './h2c-upgrade.ts';
import type { ListenerOptions } from './options.ts';
import { type HttpServer, serve } from './serve.ts';
import type { Answerer } from './work.ts';

const running: HttpServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.close();
});

/** Echoes method, target and the size of the body. */
const echo: Answerer = (incoming) => {
  const { exchange } = incoming;
  const answer = (size: number): Answer => ({
    status: 200,
    headers: ['content-type', 'text/plain', 'etag', exchange.version],
    body: Buffer.from(`${exchange.method} ${exchange.target} ${size}`),
  });
  return exchange.body === undefined ? answer(0) : incoming.body(false).then(({ bytes }) => answer(bytes.length));
};

async function start(options: Partial<ListenerOptions> = {}, answer: Answerer = echo, blobs?: Blobs): Promise<number> {
  const server = serve(
    { bind: '127.0.0.1', port: 0, drainMs: 200, ...options },
    { answer, ...(blobs === undefined ? {} : { blobs }) },
  );
  running.push(server);
  await server.listen();
  return server.port;
}

const get = (path: string, extra = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${extra}\r\n`;
const last = (path: string): string => get(path, 'connection: close\r\n');

describe('HTTP/1.1', () => {
  test('answers pipelined requests in order', async () => {
    const replies = parseReplies(await rawExchange(await start(), [get('/a') + get('/b') + last('/c')]));
    expect(replies.map((reply) => reply.body)).toEqual(['GET /a 0', 'GET /b 0', 'GET /c 0']);
  });

  test('keeps the order when an earlier answer takes longer', async () => {
    const slow: Answerer = async (incoming) => {
      if (incoming.exchange.target === '/slow') await new Promise((go) => setTimeout(go, 100));
      return echo(incoming);
    };
    const replies = parseReplies(await rawExchange(await start({}, slow), [get('/slow') + last('/fast')]));
    expect(replies.map((reply) => reply.body)).toEqual(['GET /slow 0', 'GET /fast 0']);
  });

  test('reads a request that arrives byte by byte', async () => {
    const bytes = [...'POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc'];
    const [reply] = parseReplies(await rawExchange(await start(), bytes, { gapMs: 1 }));
    expect(reply?.body).toBe('POST /x 3');
  });

  test('reads chunked bodies', async () => {
    const request = 'POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n';
    const [reply] = parseReplies(
      await rawExchange(await start(), [request, '3\r\nabc\r\n', '5;ext=1\r\nde', 'fgh\r\n0\r\n\r\n'], { gapMs: 5 }),
    );
    expect(reply?.body).toBe('POST /x 8');
  });

  test('what comes after a request takes nothing from its answer', async () => {
    const port = await start({}, async (incoming) => {
      if (incoming.exchange.body !== undefined) await incoming.body(false);
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { status: 200, headers: [], body: Buffer.from('ready') };
    });
    const post = 'POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab';
    for (const [request, statuses] of [
      [`${post}cd\r\n\r\n`, [200, 400]],
      [`${post}${post}\x01\r\n\r\n`, [200, 200, 400]],
      [`${last('/a')}GET /b HTTP/1.1\r\n\r\n`, [200]],
    ] as const) {
      const replies = parseReplies(await rawExchange(port, [request]));
      expect([request, replies.map(({ status }) => status)]).toEqual([request, statuses]);
      expect(replies[0]!.body).toBe('ready');
    }
  });

  test('takes absolute targets and HEAD', async () => {
    const port = await start();
    const [absolute] = parseReplies(await rawExchange(port, [last('http://other/a?b=c')]));
    expect(absolute?.body).toBe('GET /a?b=c 0');
    const head = await rawExchange(port, ['HEAD /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n']);
    expect(head.toString()).toMatch(/content-length: 9\r\n/);
    expect(head.toString()).toMatch(/\r\n\r\n$/);
  });

  test('says 100-continue only when it wants the body', async () => {
    const port = await start({ maxBodyBytes: 10 });
    const request = (length: number): string =>
      `POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
    const taken = parseReplies(await rawExchange(port, [request(3), 'abc'], { gapMs: 20 }));
    expect(taken.map((reply) => reply.status)).toEqual([100, 200]);
    const refused = parseReplies(await rawExchange(port, [request(11)]));
    expect(refused.map((reply) => reply.status)).toEqual([413]);
  });

  test('every answer names its request', async () => {
    const replies = parseReplies(await rawExchange(await start(), [get('/a') + last('/b')]));
    const ids = replies.map((reply) => reply.headers.get('request-id'));
    expect(ids[0]).toMatch(/^[a-z0-9]+-[a-z0-9]+$/);
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe('limits', () => {
  const statuses = async (options: Partial<ListenerOptions>, request: string | string[], gapMs?: number) =>
    parseReplies(
      await rawExchange(
        await start(options),
        typeof request === 'string' ? [request] : request,
        gapMs === undefined ? {} : { gapMs },
      ),
    ).map((reply) => [reply.status, reply.headers.get('code')]);

  test('413 for an announced and for a chunked body that is too large', async () => {
    const options = { maxBodyBytes: 1_000 };
    expect(
      await statuses(
        options,
        `POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1001\r\n\r\n${'a'.repeat(1001)}`,
      ),
    ).toEqual([[413, 'limit-exceeded']]);
    const chunk = `200\r\n${'a'.repeat(512)}\r\n`;
    expect(
      await statuses(
        options,
        `POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
      ),
    ).toEqual([[413, 'limit-exceeded']]);
  });

  test('a sender that never stops after 413 is cut off', async () => {
    const port = await start({ maxBodyBytes: 1_000 });
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.write('POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    let sent = 0;
    const block = Buffer.from(`10000\r\n${'a'.repeat(0x10000)}\r\n`);
    const pump = setInterval(() => {
      if (socket.writableLength > 1_000_000) return;
      sent += block.length;
      socket.write(block);
    }, 1);
    await new Promise((closed) => socket.once('close', closed));
    clearInterval(pump);
    expect(sent).toBeLessThan(200_000_000);
  });

  test('414 for a long path', async () => {
    expect(await statuses({ maxPathBytes: 100 }, get(`/${'a'.repeat(100)}`, 'connection: close\r\n'))).toEqual([
      [414, 'limit-exceeded'],
    ]);
  });

  test('431 for large, many and endless headers', async () => {
    const options = { maxHeaderBytes: 1_000, maxHeaders: 20, maxPathBytes: 100 };
    expect(await statuses(options, get('/', `connection: close\r\na: ${'a'.repeat(1_000)}\r\n`))).toEqual([
      [431, 'limit-exceeded'],
    ]);
    const many = Array.from({ length: 30 }, (_, i) => `h${i}: v\r\n`).join('');
    expect(await statuses(options, get('/', `connection: close\r\n${many}`))).toEqual([[431, 'limit-exceeded']]);
    const port = await start(options);
    const flood = Array.from({ length: 200 }, (_, i) => `h${i}: ${'v'.repeat(1_000)}\r\n`);
    const [reply] = parseReplies(await rawExchange(port, ['GET / HTTP/1.1\r\nhost: x\r\n', ...flood], { gapMs: 0 }));
    expect(reply?.status).toBe(431);
  });

  test('429 with a hint when to come back', async () => {
    const port = await start({ requestsPerSecond: 1, requestBurst: 3, rateExempt: [] });
    const replies = parseReplies(await rawExchange(port, [get('/').repeat(3) + last('/')]));
    expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 429]);
    expect(replies[3]?.headers.get('retry-after')).toBe('1');
    expect(replies[3]?.headers.get('code')).toBe('rate-limited');
  });

  test('503 when too many requests are in progress', async () => {
    let finish: (answer: Answer) => void = () => undefined;
    const waiting: Answerer = () => new Promise((resolve) => (finish = resolve));
    const port = await start({ maxConcurrentRequests: 1 }, waiting);
    const first = rawExchange(port, [last('/')]);
    await new Promise((go) => setTimeout(go, 50));
    const [second] = parseReplies(await rawExchange(port, [last('/')]));
    expect([second?.status, second?.headers.get('code')]).toEqual([503, 'unavailable']);
    finish({ status: 200, headers: [], body: undefined });
    expect(parseReplies(await first)[0]?.status).toBe(200);
  });

  test('slow readers of large answers keep nobody else from being answered', async () => {
    await using blobs = temporaryBlobs();
    const writer = await blobs.create();
    const piece = Buffer.alloc(1_000_000, 'x');
    for (let i = 0; i < 40; i++) await writer.write(piece);
    const blob = await writer.finish();
    const answer: Answerer = ({ exchange }) =>
      exchange.target === '/large'
        ? Promise.resolve({ status: 200, headers: [], body: { blob, start: 0, end: blob.size } })
        : { status: 200, headers: [], body: undefined };
    const port = await start({ maxConcurrentRequests: 1, maxLargeAnswers: 2 }, answer, blobs);
    const server = running.at(-1)!;
    const readers = [1, 2].map(() => http.get({ port, host: '127.0.0.1', path: '/large', agent: false }));
    await expect.poll(() => server.load.requests).toBe(2);
    const statusOf = async (path: string): Promise<number | undefined> =>
      parseReplies(await rawExchange(port, [last(path)]))[0]?.status;
    expect(await statusOf('/small')).toBe(200);
    expect(await statusOf('/large')).toBe(503);
    for (const reader of readers) reader.on('error', () => undefined).destroy();
    await expect.poll(() => server.load.requests).toBe(0);
    expect(await statusOf('/large')).toBe(200);
  });

  test('504 at the deadline, and the work hears of it', async () => {
    let reason: unknown;
    const never: Answerer = ({ signal }) =>
      new Promise(() => signal.addEventListener('abort', () => (reason = signal.reason)));
    const [reply] = parseReplies(await rawExchange(await start({ requestTimeoutMs: 50 }, never), [last('/')]));
    expect([reply?.status, reply?.headers.get('code')]).toEqual([504, 'timeout']);
    expect(String(reason)).toContain('timeout');
  });

  test('connections above the limit are dropped', async () => {
    const port = await start({ maxConnections: 2 });
    const idle = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
    await expect.poll(() => running.at(-1)!.load.connections).toBe(2);
    expect((await rawExchange(port, [last('/')])).length).toBe(0);
    for (const socket of idle) socket.destroy();
  });
});

describe('slow senders', () => {
  test('408 for a head that trickles', async () => {
    const port = await start({ headerTimeoutMs: 300 });
    const pieces = [...`GET / HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(30)}`];
    const [reply] = parseReplies(await rawExchange(port, pieces, { gapMs: 30, waitMs: 20_000 }));
    expect([reply?.status, reply?.headers.get('code')]).toEqual([408, 'timeout']);
  });

  test('a connection that says nothing is closed', async () => {
    const started = performance.now();
    await rawExchange(await start({ headerTimeoutMs: 200 }), [], { waitMs: 20_000 });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test('one byte of a protocol name costs nothing but the wait', async () => {
    const port = await start({ headerTimeoutMs: 1_000 });
    const before = workedMs();
    await rawExchange(port, ['P']);
    expect(workedMs() - before).toBeLessThan(500);
  });

  test('408 for a body that stops', async () => {
    const port = await start({ bodyIdleTimeoutMs: 100 });
    const request = 'POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc';
    const [reply] = parseReplies(await rawExchange(port, [request]));
    expect([reply?.status, reply?.headers.get('code')]).toEqual([408, 'timeout']);
  });

  test('408 for a body that never ends', async () => {
    const port = await start({ bodyIdleTimeoutMs: 200, bodyTimeoutMs: 300 });
    const request = 'POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n';
    const started = performance.now();
    // It would come for six seconds.
    const [reply] = parseReplies(await rawExchange(port, [request, ...'a'.repeat(300)], { gapMs: 20 }));
    expect([reply?.status, reply?.body]).toEqual([408, expect.stringContaining('took too long')]);
    expect(performance.now() - started).toBeLessThan(4_000);
  });

  test('an aborted upload ends the work', async () => {
    let failed: unknown;
    const reading: Answerer = async (incoming) => {
      try {
        await incoming.body(false);
      } catch (thrown) {
        failed = thrown;
        throw thrown;
      }
      return { status: 200, headers: [], body: undefined };
    };
    const server = serve({ bind: '127.0.0.1', port: 0 }, { answer: reading });
    running.push(server);
    await server.listen();
    const socket = net.connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    await new Promise((go) => setTimeout(go, 30));
    socket.destroy();
    await expect.poll(() => String(failed)).toContain('cancelled');
    await expect.poll(() => server.load.requests).toBe(0);
  });

  test('a caller that stops reading is given up', async () => {
    const large = Buffer.alloc(20_000_000);
    const port = await start({ idleTimeoutMs: 200 }, () => ({ status: 200, headers: [], body: large }));
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write(get('/'));
    const server = running.at(-1)!;
    await expect.poll(() => server.load.connections, { timeout: 5_000 }).toBe(1);
    await expect.poll(() => server.load.connections, { timeout: 5_000 }).toBe(0);
    socket.destroy();
  });
});

describe('what is not a request', () => {
  const refused = [
    ['two different lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['chunks that are not last', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a length with a sign', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +3\r\n\r\nabc'],
    ['a length list', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3, 3\r\n\r\nabc'],
    ['white space before the colon', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nhost: x\r\na: b\r\n c\r\n\r\n'],
    ['a bare line feed', 'GET / HTTP/1.1\r\nhost: x\r\na: b\nc: d\r\n\r\n'],
    ['a bare carriage return', 'GET / HTTP/1.1\r\nhost: x\r\na: b\rc: d\r\n\r\n'],
    ['NUL in a value', 'GET / HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n'],
    ['NUL in the path', 'GET /\0 HTTP/1.1\r\nhost: x\r\n\r\n'],
    [
      'a malformed chunk size',
      'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n',
    ],
    ['two hosts', 'GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'],
    ['nonsense', '\x01\x02\x03\x04\r\n\r\n'],
  ] as const;
  for (const [name, request] of refused) {
    test(`${name}: 400 and the connection ends`, async () => {
      // The smuggled request must never be answered.
      const replies = parseReplies(
        await rawExchange(await start(), [`${request}GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n`]),
      );
      expect(replies.every((reply) => !reply.body.includes('smuggled'))).toBe(true);
      expect(replies.at(-1)?.status ?? 400).toBe(400);
    });
  }

  test('TLS on a port without a certificate is closed', async () => {
    expect((await rawExchange(await start(), [Uint8Array.of(0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5)])).length).toBe(0);
  });

  test('405 for another method', async () => {
    const [reply] = parseReplies(
      await rawExchange(await start(), ['MKCOL /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n']),
    );
    expect([reply?.status, reply?.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']);
  });

  test('501 for a transfer coding other than chunks', async () => {
    const request = 'POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    const [reply] = parseReplies(await rawExchange(await start(), [request], { waitMs: 500 }));
    expect(reply?.status).toBe(501);
  });

  test('other upgrades are ordinary requests', async () => {
    const extra = 'connection: upgrade, close\r\nupgrade: websocket\r\n';
    const [reply] = parseReplies(await rawExchange(await start(), [get('/a', extra)]));
    expect(reply?.body).toBe('GET /a 0');
  });
});

describe('HTTP/2', () => {
  const ask = async (session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body?: Uint8Array) => {
    const stream = session.request(headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    const [response] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { status: response[':status'], headers: response, body: Buffer.concat(chunks).toString() };
  };

  test('by prior knowledge, many requests at once', async () => {
    const session = http2.connect(`http://127.0.0.1:${await start()}`);
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        ask(session, { ':path': `/${i}`, ':method': 'POST' }, Buffer.alloc(i * 1_000)),
      ),
    );
    expect(replies.map((reply) => reply.body)).toEqual(Array.from({ length: 50 }, (_, i) => `POST /${i} ${i * 1_000}`));
    expect(replies[0]?.headers.etag).toBe('2');
    session.close();
  });

  test('limits hold there as well', async () => {
    const session = http2.connect(`http://127.0.0.1:${await start({ maxBodyBytes: 1_000, maxPathBytes: 50 })}`);
    expect((await ask(session, { ':path': '/', ':method': 'POST' }, Buffer.alloc(2_000))).status).toBe(413);
    expect((await ask(session, { ':path': `/${'a'.repeat(50)}` })).status).toBe(414);
    expect((await ask(session, { ':path': '/still-alive' })).body).toBe('GET /still-alive 0');
    session.close();
  });

  test('a stream that the caller resets ends the work', async () => {
    let aborted = false;
    const never: Answerer = ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        }),
      );
    const session = http2.connect(`http://127.0.0.1:${await start({}, never)}`);
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await new Promise((go) => setTimeout(go, 50));
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await expect.poll(() => aborted).toBe(true);
    session.close();
  });

  test('a connection that its caller ends is let go', async () => {
    const server = serve({ bind: '127.0.0.1', port: 0, drainMs: 200 }, { answer: () => new Promise(() => undefined) });
    running.push(server);
    await server.listen();
    const settings = Buffer.from('000000040000000000', 'hex');
    // HEADERS, END_HEADERS | END_STREAM, stream 1: GET / http, all of them in the static table.
    const request = Buffer.from('000003010500000001828486', 'hex');
    for (const frames of [[], [request]]) {
      const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      const ended = once(socket, 'close');
      socket.write(Buffer.concat([preface, settings, ...frames]));
      await once(socket, 'data');
      socket.end();
      await ended;
    }
    await expect.poll(() => server.load).toEqual({ requests: 0, connections: 0 });
  });

  test('by upgrade from HTTP/1.1', async () => {
    const port = await start();
    const settings = toBase64Url(Uint8Array.of(0, 3, 0, 0, 0, 100));
    const socket = net.connect(port, '127.0.0.1');
    socket.write(
      get(
        '/upgraded',
        `connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: ${settings}\r\nlong: ${'x'.repeat(20_000)}\r\n`,
      ),
    );
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    // Preface, empty SETTINGS, then wait for the frames of stream 1.
    socket.write(Buffer.concat([preface, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(Buffer.from(chunk)));
    await expect.poll(() => Buffer.concat(received).includes('GET /upgraded 0')).toBe(true);
    const acknowledgements = frames(Buffer.concat(received)).filter((frame) => frame.type === 4 && frame.flags === 1);
    expect(acknowledgements).toHaveLength(1);
    expect(frames(Buffer.concat(received)).some((frame) => frame.type === 0 && frame.stream === 1)).toBe(true);
    socket.destroy();
  });

  test('an upgrade whose preface is wrong is cut', async () => {
    const extra = 'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: \r\n';
    const reply = await rawExchange(await start(), [get('/a', extra), 'GET /smuggled HTTP/1.1\r\n\r\n'], { gapMs: 20 });
    expect(reply.toString()).not.toContain('smuggled');
  });

  function frames(bytes: Buffer): { type: number; flags: number; stream: number }[] {
    const out: { type: number; flags: number; stream: number }[] = [];
    for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
      out.push({ type: bytes[at + 3]!, flags: bytes[at + 4]!, stream: bytes.readUInt32BE(at + 5) });
    }
    return out;
  }
});

describe('TLS', () => {
  const file = (name: string): string => fileURLToPath(new URL(`../../test/support/tls/${name}.pem`, import.meta.url));
  const tls = { certFile: file('cert'), keyFile: file('key'), minVersion: 'TLSv1.2' as const };
  const ca = readFileSync(tls.certFile);

  test('speaks HTTP/2 and HTTP/1.1 by ALPN, and clear text on the same port', async () => {
    const port = await start({ tls });
    const session = http2.connect(`https://localhost:${port}`, { ca });
    const stream = session.request({ ':path': '/two' });
    const [head] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    expect([head[':status'], head.etag]).toEqual([200, '2']);
    session.destroy();
    const [one] = (await once(https.get({ port, host: 'localhost', ca, path: '/one', agent: false }), 'response')) as [
      http.IncomingMessage,
    ];
    expect([one.statusCode, one.headers.etag]).toEqual([200, '1.1']);
    one.destroy();
    const [clear] = parseReplies(await rawExchange(port, [last('/clear')]));
    expect(clear?.body).toBe('GET /clear 0');
  });

  test('a handshake that never comes is given up', async () => {
    const port = await start({ tls, headerTimeoutMs: 200 });
    const started = performance.now();
    await rawExchange(port, [Uint8Array.of(0x16, 3, 1)], { waitMs: 20_000 });
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('starting', () => {
  test('says why a port can’t be had', async () => {
    const taken = serve({ bind: '127.0.0.1', port: await start() }, { answer: echo });
    await expect(taken.listen()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('in use'),
    });
  });
});

describe('stopping', () => {
  test('running requests finish, new connections are refused', async () => {
    let finish: (answer: Answer) => void = () => undefined;
    const server = serve(
      { bind: '127.0.0.1', port: 0, drainMs: 5_000 },
      { answer: () => new Promise((resolve) => (finish = resolve)) },
    );
    await server.listen();
    const agent = new http.Agent({ keepAlive: true });
    const reply = new Promise<number>((resolve, reject) =>
      http
        .get({ port: server.port, host: '127.0.0.1', agent }, (response) => resolve(response.statusCode!))
        .on('error', reject),
    );
    await expect.poll(() => server.load.requests).toBe(1);
    const closed = server.close();
    await expect(rawExchange(server.port, [last('/')])).resolves.toHaveLength(0);
    finish({ status: 200, headers: [], body: Buffer.from('done') });
    expect(await reply).toBe(200);
    agent.destroy();
    await closed;
  });

  test('what does not finish is cut at the deadline', async () => {
    const server = serve({ bind: '127.0.0.1', port: 0, drainMs: 100 }, { answer: () => new Promise(() => undefined) });
    await server.listen();
    const open = rawExchange(server.port, [get('/')], { waitMs: 20_000 });
    await expect.poll(() => server.load.requests).toBe(1);
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(15_000);
    await open;
  });
});

describe('large bodies', () => {
  test('stream in and out with bounded memory', { timeout: 60_000 }, async () => {
    const total = 1024 * 1024 * 1024;
    const back: Answerer = async (incoming) => {
      const { blob } = await incoming.body(true);
      return { status: 200, headers: [], body: { blob: blob!, start: 0, end: blob!.size } };
    };
    await using blobs = temporaryBlobs();
    const port = await start({ maxBodyBytes: total }, back, blobs);
    const piece = Buffer.alloc(64 * 1024, 'x');
    const request = http.request({ port, host: '127.0.0.1', method: 'POST', headers: { 'content-length': total } });
    const before = process.memoryUsage.rss();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const response = once(request, 'response') as Promise<[http.IncomingMessage]>;
    for (let sent = 0; sent < total; sent += piece.length) if (!request.write(piece)) await once(request, 'drain');
    request.end();
    const [reply] = await response;
    let received = 0;
    for await (const chunk of reply) received += (chunk as Buffer).length;
    clearInterval(watch);
    expect(received).toBe(total);
    expect(peak - before).toBeLessThan(192 * 1024 * 1024);
  });
});
