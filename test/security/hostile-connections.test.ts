/** Connections that play with the protocol rather than with messages: the node answers others meanwhile, and is as it was afterwards. */
import http2 from 'node:http2';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestNode } from '../../src/testing/start-node.ts';
import { workedMs } from '../support/cpu.ts';
import { victim } from './attack.ts';

let node: TestNode;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeAll(async () => {
  node = await victim({ options: { 'header-timeout-ms': 2_000 } });
  process.on('unhandledRejection', note);
  process.on('uncaughtExceptionMonitor', note);
});
afterAll(async () => {
  await node.close();
  process.off('unhandledRejection', note);
  process.off('uncaughtExceptionMonitor', note);
  expect(unhandled).toEqual([]);
});

const port = (): number => Number(new URL(node.url).port);
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const settings = frame(4, 0, 0);
/** `GET /` over cleartext, by the static table alone, and a path in a literal. */
function headersFor(path: string): Buffer {
  const literal = Buffer.from(path, 'latin1');
  return Buffer.concat([Buffer.from([0x82, 0x86, 0x04, literal.length]), literal, Buffer.from([0x41, 1, 0x61])]);
}

/** Sends, reads whatever comes, and ends with the connection or after `ms`. */
async function attack(pieces: Iterable<Uint8Array | string>, ms = 4_000): Promise<{ readonly ended: boolean }> {
  const socket = net.connect({ port: port(), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.resume();
  const ended = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
  for (const piece of pieces) {
    if (socket.destroyed) break;
    if (!socket.write(piece)) {
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), ended, later(1_000)]);
    }
  }
  const result = await Promise.race([ended, later(ms).then(() => false)]);
  socket.destroy();
  return { ended: result };
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

/** The most work, in milliseconds, anybody else had to wait for while this went on: node, attackers and others share this thread. */
async function beside<T>(work: Promise<T>): Promise<{ readonly result: T; readonly longest: number }> {
  let longest = 0;
  let going = true;
  const others = (async () => {
    while (going) {
      const before = workedMs();
      const reply = await fetch(`${node.url}/~message@1.0&a=1/a`, { signal: AbortSignal.timeout(20_000) });
      // Callers on this machine have no rate, so a flood from here may take every place there is; that is said at once.
      expect([200, 503]).toContain(reply.status);
      await reply.arrayBuffer();
      longest = Math.max(longest, workedMs() - before);
      await later(5);
    }
  })();
  const result = await work.finally(() => {
    going = false;
  });
  await others;
  await expect.poll(async () => (await fetch(`${node.url}/~message@1.0&a=1/a`)).text(), { timeout: 15_000 }).toBe('1');
  return { result, longest };
}

function* repeated(count: number, make: (i: number) => Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < count; i += 100) {
    yield Buffer.concat(Array.from({ length: 100 }, (_, k) => make(i + k)));
  }
}

describe('HTTP/2', () => {
  const path = '/~message@1.0&a=1/a';
  const floods: { readonly [name: string]: () => Iterable<Uint8Array | string> } = {
    'rapid reset': function* () {
      yield preface;
      yield settings;
      yield* repeated(20_000, (i) =>
        Buffer.concat([frame(1, 5, 2 * i + 1, headersFor(path)), frame(3, 0, 2 * i + 1, Uint8Array.of(0, 0, 0, 8))]),
      );
    },
    'more streams than there may be': function* () {
      yield preface;
      yield settings;
      yield* repeated(5_000, (i) => frame(1, 4, 2 * i + 1, headersFor(path)));
    },
    'settings without end': function* () {
      yield preface;
      yield* repeated(100_000, () => settings);
    },
    'pings without end': function* () {
      yield preface;
      yield settings;
      yield* repeated(100_000, () => frame(6, 0, 0, new Uint8Array(8)));
    },
    'continuations without end': function* () {
      yield preface;
      yield settings;
      yield frame(1, 1, 1, headersFor(path));
      yield* repeated(2_000, () =>
        frame(9, 0, 1, Buffer.concat([Buffer.from([0, 1, 0x78, 0x7f, 0x81, 7]), Buffer.alloc(1_024, 0x61)])),
      );
    },
    'empty frames of a body': function* () {
      yield preface;
      yield settings;
      yield frame(1, 4, 1, Buffer.concat([Buffer.from([0x83]), headersFor(path).subarray(1)]));
      yield* repeated(100_000, () => frame(0, 0, 1));
    },
    'one header a thousand times from the table': function* () {
      yield preface;
      yield settings;
      // A header of 4,000 bytes goes into the table once, and is named by one byte from then on.
      const long = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4_000, 0x61)]);
      const bomb = Buffer.concat([headersFor(path), long, Buffer.alloc(8_000, 0xbe)]);
      for (let i = 0; i < 20; i++) yield frame(1, 5, 2 * i + 1, bomb);
    },
    'windows that overflow': function* () {
      yield preface;
      yield settings;
      yield* repeated(1_000, () => frame(8, 0, 0, Uint8Array.of(0x7f, 0xff, 0xff, 0xff)));
    },
    'frames of no known type': function* () {
      yield preface;
      yield settings;
      yield* repeated(50_000, () => frame(0xfa, 0xff, 0, new Uint8Array(16)));
    },
    'priorities and resets of streams that never were': function* () {
      yield preface;
      yield settings;
      yield* repeated(20_000, (i) => frame(2, 0, 2 * i + 1, Uint8Array.of(0, 0, 0, 0, 16)));
      yield* repeated(1_000, (i) => frame(3, 0, 2 * i + 1, Uint8Array.of(0, 0, 0, 8)));
    },
    garbage: function* () {
      yield preface;
      yield* repeated(10_000, (i) => Buffer.alloc(37, i % 251));
    },
  };
  test.each(Object.entries(floods))('%s', { timeout: 90_000 }, async (_, pieces) => {
    const before = process.memoryUsage().rss;
    const { longest } = await beside(attack(pieces(), 1_500));
    expect(longest).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  test('a client that opens streams and reads nothing keeps nobody waiting', {
    timeout: 90_000,
  }, async () => {
    const client = http2.connect(node.url, { settings: { initialWindowSize: 0 } });
    client.on('error', () => undefined);
    const streams = Array.from({ length: 500 }, (_, i) => client.request({ ':path': `/~message@1.0&a=${i}/a` }));
    for (const stream of streams) stream.on('error', () => undefined);
    const { longest } = await beside(later(1_000));
    expect(longest).toBeLessThan(1_000);
    client.destroy();
  });
});

describe('upgrades', () => {
  const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n';
  test.each([
    ['websocket', `connection: upgrade\r\nupgrade: websocket\r\n${key}`],
    [
      'h2c with settings that are none',
      'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: !!!!\r\n',
    ],
    [
      'h2c with long settings',
      `connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: ${'A'.repeat(40_000)}\r\n`,
    ],
    [
      'h2c twice',
      'connection: upgrade, http2-settings\r\nupgrade: h2c, h2c\r\nhttp2-settings: AAMAAABk\r\nhttp2-settings: AAMAAABk\r\n',
    ],
    ['TLS', 'connection: upgrade\r\nupgrade: TLS/1.0\r\n'],
    ['many protocols', `connection: upgrade\r\nupgrade: ${'x,'.repeat(10_000)}\r\n`],
  ])('%s', async (_, headers) => {
    const request = `GET /~message@1.0&a=1/a HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;
    const { longest } = await beside(attack([request, '\x81\x85\x00\x00\x00\x00hello', 'x'.repeat(10_000)], 2_500));
    expect(longest).toBeLessThan(1_000);
  });
});

describe('multipart', () => {
  const post = (body: string | Buffer, type: string) =>
    fetch(`${node.url}/~message@1.0&a=1/a`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
      signal: AbortSignal.timeout(20_000),
    });
  const part = (name: string, body = 'x', more = ''): string =>
    `--b\r\ncontent-disposition: form-data; name="${name}"\r\n${more}\r\n${body}\r\n`;
  const bodies: { readonly [name: string]: () => string } = {
    'ten thousand parts': () => `${Array.from({ length: 10_000 }, (_, i) => part(`k${i}`)).join('')}--b--`,
    'more parts than keys may be': () => `${Array.from({ length: 150_000 }, () => '--b\r\n\r\n\r\n').join('')}--b--`,
    'a deep name': () => `${part('a/'.repeat(50_000))}--b--`,
    'many deep names': () => `${Array.from({ length: 2_000 }, (_, i) => part(`${'a/'.repeat(60)}${i}`)).join('')}--b--`,
    'multipart in multipart': () => {
      let body = 'x';
      for (let i = 0; i < 500; i++) {
        body = `--b${i}\r\ncontent-disposition: form-data; name="a"\r\ncontent-type: multipart/form-data; boundary="b${i - 1}"\r\n\r\n${body}\r\n--b${i}--`;
      }
      return body.replaceAll('--b499', '--b');
    },
    'boundaries only': () => '--b\r\n'.repeat(200_000),
    'no end': () => part('a').repeat(10_000),
    'a part with many headers': () => `${part('a', 'x', 'h: 1\r\n'.repeat(50_000))}--b--`,
    'a part that is its own prototype': () => `${part('__proto__')}${part('constructor/prototype/x')}--b--`,
    'one name as value and as branch': () => `${part('a')}${part('a/b')}${part('a')}${part('a/b/c')}--b--`,
  };
  test.each(Object.entries(bodies))('%s', { timeout: 90_000 }, async (_, make) => {
    const before = workedMs();
    for (const type of ['multipart/form-data; boundary="b"', 'multipart/mixed; boundary=b']) {
      const reply = await post(make(), type);
      await reply.arrayBuffer();
      expect(reply.status).toBeLessThan(500);
    }
    expect(workedMs() - before).toBeLessThan(8_000);
    expect(({} as { x?: string }).x).toBeUndefined();
  });

  test.each(['', '"', '"unclosed', 'b'.repeat(10_000), 'b;b=c', '=', '\u00ff', ' '])(
    'boundary %j',
    async (boundary) => {
      const reply = await post(`--b\r\n\r\nx\r\n--b--`, `multipart/form-data; boundary=${boundary}`);
      await reply.arrayBuffer();
      expect(reply.status).toBeLessThan(500);
    },
  );
});

describe('compressed bodies', () => {
  test.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip'])('%s is not unpacked', async (encoding) => {
    const { gzipSync } = await import('node:zlib');
    const body = new Uint8Array(gzipSync(Buffer.alloc(50 * 1024 * 1024)));
    const reply = await fetch(`${node.url}/~message@1.0/keys`, {
      method: 'POST',
      headers: { 'content-encoding': encoding, 'content-type': 'application/octet-stream' },
      body,
    });
    expect((await reply.arrayBuffer()).byteLength).toBeLessThan(10_000);
    expect(reply.status).toBeLessThan(500);
  });
});
