/** Large stored bodies over HTTP: sent from their files in pieces, whatever version of HTTP asks and whatever happens meanwhile. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { commit } from '../../src/core/commit.ts';
import { device } from '../../src/core/device.ts';
import { type Input, isMessage, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { signers } from '../../src/core/verify.ts';
import { BlobFiles } from '../../src/stores/blob-files.ts';
import { verifyStore } from '../../src/stores/maintenance/verify.ts';
import { PathStore } from '../../src/stores/path-store.ts';
import { startNode, type TestNode } from '../../src/testing/start-node.ts';

const directory = mkdtempSync(join(tmpdir(), 'downloads-'));
const size = 8_000_000;
const content = Buffer.alloc(size, 'the quick brown fox jumps over the lazy dog. ');
const hash = createHash('sha256').update(content).digest();
const digest = `sha-256=:${hash.toString('base64')}:`;

/** Says what it sees in its base. */
const observer = device({
  name: 'observer@1.0',
  doc: 'A device that looks at bytes.',
  keys: {
    kind: {
      doc: 'What `body` is to a device.',
      run: async ({ base, ao }) => {
        const value = await ao.get(base, 'body');
        return ok(`${value instanceof Uint8Array || typeof value === 'string'} ${(value as Uint8Array).length}`);
      },
    },
    raw: { doc: 'The body.', run: ({ base }) => ok(base.get('body')!) },
  },
});

let node: TestNode;
let id = '';
const whole = vi.spyOn(BlobFiles.prototype, 'read');

beforeAll(async () => {
  node = await startNode({ devices: [observer], options: { 'data-dir': directory, 'idle-timeout-ms': 2_000 } });
  id = await keep({ body: content, 'content-type': 'text/plain', name: 'fox' });
});
afterEach(() => whole.mockClear());
afterAll(async () => {
  await node.close();
  rmSync(directory, { recursive: true, force: true });
});

function keep(literal: { readonly [key: string]: Input }): Promise<string> {
  return Promise.resolve(node.cache.write(message(literal)));
}

interface Got {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | number | undefined };
  readonly body: Buffer;
}

type Get = (path: string, headers?: { readonly [name: string]: string }, method?: string, url?: string) => Promise<Got>;

/** Rejects if the answer breaks off. */
const get1: Get = async (path, headers = {}, method = 'GET', url = node.url) => {
  const request = http.request(`${url}${path}`, { method, headers, agent: false }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return { status: response.statusCode!, headers: response.headers, body: await bytesOf(response) };
};

const get2: Get = async (path, headers = {}, method = 'GET', url = node.url) => {
  const session = http2.connect(url);
  try {
    const stream = session.request({ ':path': path, ':method': method, ...headers }).end();
    const [reply] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders & { ':status': number }];
    return { status: reply[':status'], headers: reply, body: await bytesOf(stream) };
  } finally {
    session.close();
  }
};

async function bytesOf(source: AsyncIterable<unknown>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Files of large values that this process has open. */
function openFiles(): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(join(directory, 'store', 'blobs'))).length;
}

/** The file of a large value. */
function fileOf(bytes: Uint8Array): string {
  const name = createHash('sha256').update(bytes).digest('hex');
  return join(directory, 'store', 'blobs', name.slice(0, 2), name);
}

describe.each([
  ['HTTP/1.1', get1],
  ['HTTP/2', get2],
])('%s', (_, get) => {
  test('a message with a large body is sent from its file, signed', async () => {
    const reply = await get(`/${id}`);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(content)).toBe(true);
    expect(reply.headers).toMatchObject({
      'content-length': String(size),
      'content-digest': digest,
      'content-type': 'text/plain',
      'accept-ranges': 'bytes',
      name: 'fox',
    });
    expect(await signersOf(reply)).toEqual([node.address]);
    expect(whole).not.toHaveBeenCalled();
    expect(openFiles()).toBe(0);
  });

  test('so are the bytes alone', async () => {
    const other = await keep({ data: content, kind: 'other' });
    for (const path of [
      `/${id}/body`,
      `/${other}/data`,
      `/${other}`,
      `/~cache@1.0/read?target=data/${hash.toString('base64url')}`,
    ]) {
      const reply = await get(path);
      expect([path, reply.status, reply.headers['content-length'], reply.headers['content-digest']]).toEqual([
        path,
        200,
        String(size),
        digest,
      ]);
      expect(reply.body.equals(content)).toBe(true);
      expect(await signersOf(reply)).toEqual([node.address]);
    }
    expect(whole).not.toHaveBeenCalled();
  });

  test('HEAD reads nothing', async () => {
    const read = vi.fn();
    const opened = vi
      .spyOn(BlobFiles.prototype, 'open')
      .mockReturnValue({ size, read: () => ({ [Symbol.asyncIterator]: read }) });
    const reply = await get(`/${id}`, { range: 'bytes=0-9' }, 'HEAD');
    expect([reply.status, reply.headers['content-length'], reply.body.length]).toEqual([200, String(size), 0]);
    opened.mockRestore();
    expect([read.mock.calls.length, whole.mock.calls.length]).toEqual([0, 0]);
  });

  test('ranges', async () => {
    const ranges: readonly [string, number, number][] = [
      ['bytes=0-0', 0, 1],
      ['bytes=100-199', 100, 200],
      ['bytes=65530-70000', 65_530, 70_001],
      [`bytes=${size - 5}-`, size - 5, size],
      ['bytes=-7', size - 7, size],
      [`bytes=-${size + 1}`, 0, size],
      [`bytes=10-${size + 10}`, 10, size],
    ];
    for (const [range, start, end] of ranges) {
      const reply = await get(`/${id}`, { range });
      expect([range, reply.status, reply.headers['content-range'], reply.headers['content-length']]).toEqual([
        range,
        206,
        `bytes ${start}-${end - 1}/${size}`,
        String(end - start),
      ]);
      expect(reply.body.equals(content.subarray(start, end))).toBe(true);
      expect([reply.headers['signature'], reply.headers['content-digest']]).toEqual([undefined, undefined]);
    }
    for (const range of [`bytes=${size}-`, `bytes=${size + 5}-${size + 9}`, 'bytes=-0']) {
      const reply = await get(`/${id}`, { range });
      expect([reply.status, reply.headers['content-range'], reply.body.length]).toEqual([416, `bytes */${size}`, 0]);
    }
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=-', 'bytes=x-y']) {
      expect([range, (await get(`/${id}`, { range })).body.length]).toEqual([range, size]);
    }
    expect(whole).not.toHaveBeenCalled();
  });

  test('what the caller has already', async () => {
    const { etag } = (await get(`/${id}`, {}, 'HEAD')).headers as { readonly etag: string };
    const same = await get(`/${id}`, { 'if-none-match': etag });
    expect([same.status, same.body.length, same.headers['etag']]).toEqual([304, 0, etag]);
    expect((await get(`/${id}`, { 'if-none-match': '"other"' })).body.length).toBe(size);
    expect((await get(`/${id}`, { range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
    expect((await get(`/${id}`, { range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
    expect(whole).not.toHaveBeenCalled();
  });

  test('a file that went bad never arrives as a whole one', async () => {
    const bytes = Buffer.from(content).fill(get.name, 0, 4);
    const bad = await keep({ body: bytes });
    const file = await open(fileOf(bytes), 'r+');
    await file.write('!', size - 10);
    await file.close();
    await expect(get(`/${bad}`)).rejects.toThrow();
    expect((await get(`/${bad}`, { range: 'bytes=0-9' })).status).toBe(206);
    expect((await damage()).join()).toContain('another content');
    truncateSync(fileOf(bytes), 1_000_000);
    expect((await get(`/${bad}`)).status).toBe(500);
    expect((await damage()).join()).toContain('1000000 of');
    await rm(fileOf(bytes));
    expect((await get(`/${bad}`)).status).toBe(500);
    expect((await get(`/${bad}`, { range: 'bytes=0-9' })).status).toBe(500);
    expect((await damage()).join()).toContain('missing');
    expect((await get(`/${id}`)).status).toBe(200);
    expect(openFiles()).toBe(0);
  });
});

describe('readers', () => {
  test('one who goes away leaves no open file', async () => {
    for (let round = 0; round < 5; round++) {
      const request = http.get(`${node.url}/${id}`, { agent: false });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      await once(response, 'readable');
      await expect.poll(openFiles).toBe(1);
      request.destroy();
      await expect.poll(openFiles).toBe(0);
      const session = http2.connect(node.url);
      const stream = session.request({ ':path': `/${id}` });
      await once(stream, 'readable');
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await expect.poll(openFiles).toBe(0);
      session.close();
    }
    expect((await get1(`/${id}`)).body.equals(content)).toBe(true);
  });

  test('one who takes nothing is given up', async () => {
    const large = Buffer.alloc(64_000_000, 'slow');
    const slow = await keep({ body: large });
    const request = http.get(`${node.url}/${slow}`, { agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.pause();
    const session = http2.connect(node.url);
    const stream = session.request({ ':path': `/${slow}` });
    await once(stream, 'response');
    await expect.poll(openFiles).toBe(2);
    await expect.poll(openFiles, { timeout: 10_000, interval: 100 }).toBe(0);
    await expect(bytesOf(response)).rejects.toThrow();
    session.destroy();
  });

  test('one who takes a little now and then gets everything', async () => {
    const request = http.get(`${node.url}/${id}`, { agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const sum = createHash('sha256');
    const started = performance.now();
    for await (const piece of response) {
      sum.update(piece as Buffer);
      if (performance.now() - started < 3_000) await new Promise((later) => setTimeout(later, 25));
    }
    expect(sum.digest().equals(hash)).toBe(true);
  });
});

describe('where the bytes are needed', () => {
  test('a large upload can be part of a result that is kept', async () => {
    const body = Buffer.alloc(9_000_000, 'upload');
    const headers = { 'cache-control': 'always' };
    const reply = await fetch(`${node.url}/~message@1.0&x=1/set&y=2`, { method: 'POST', body, headers });
    expect([reply.status, Buffer.from(await reply.arrayBuffer()).equals(body)]).toEqual([200, true]);
    const name = createHash('sha256').update(body).digest('base64url');
    expect((await get1(`/~cache@1.0/read?target=data/${name}`)).body.equals(body)).toBe(true);
  });

  test('devices see bytes', async () => {
    expect((await get1(`/${id}~observer@1.0/kind`)).body.toString()).toBe(`true ${size}`);
  });

  test('a device may pass the link on', async () => {
    whole.mockClear();
    const reply = await get1(`/${id}~observer@1.0/raw`);
    expect([reply.headers['content-digest'], whole.mock.calls.length]).toEqual([digest, 0]);
  });

  test('a path that goes on below reads them', async () => {
    expect((await get1(`/${id}/body/length`)).status).toBe(404);
  });

  test('two large values are parts of one body', async () => {
    const second = Buffer.alloc(300_000, 'second');
    const both = await keep({ body: content, second });
    const reply = await get1(`/${both}`);
    expect(reply.headers['content-type']).toMatch(/^multipart/);
    expect(await signersOf(reply)).toEqual([node.address]);
    expect((await get1(`/${both}/second`)).body.equals(second)).toBe(true);
    expect((await get1(`/${both}/body`)).body.equals(content)).toBe(true);
  });

  test.each(['json@1.0', 'ans104@1.0'])('%s', async (codec) => {
    const reply = await get1(`/${id}`, { 'require-codec': codec });
    expect([reply.status, reply.body.length > size]).toEqual([200, true]);
  });

  test.each(['fs', 'memory'])('a store of kind %s', async (kind) => {
    const own = join(directory, kind);
    await using other = await startNode({ options: { 'data-dir': own, 'store-kind': kind } });
    const stored = await other.cache.write(message({ body: content }));
    const reply = await get1(`/${stored}`, { range: 'bytes=5-' }, 'GET', other.url);
    expect([reply.status, reply.body.equals(content.subarray(5))]).toEqual([206, true]);
    const same = await get1(`/${stored}`, {}, 'GET', other.url);
    expect(same.body.equals(content)).toBe(true);
    expect(whole.mock.calls.length).toBe(0);
  });

  test.each(['httpsig@1.0', 'ans104@1.0'])('what somebody signed by %s comes with the signature', async (by) => {
    const { env } = node.resolver;
    const signed = await commit(message({ data: content, by }), env, message({ 'commitment-device': by }));
    await node.cache.write(signed);
    const reply = await get1(`/${await env.unsignedId(signed, env)}`);
    expect([reply.headers['content-digest'], whole.mock.calls.length]).toEqual([digest, 0]);
    expect(await signersOf(reply)).toEqual([node.address]);
  });

  test('bundles', async () => {
    expect((await get1(`/${id}`, { 'accept-bundle': 'true' })).body.equals(content)).toBe(true);
    const nested = await keep({ child: { body: content }, body: 'small' });
    const reply = await get1(`/${nested}`, { 'accept-bundle': 'true' });
    expect([reply.status, reply.body.length > size]).toEqual([200, true]);
    expect(await signersOf(reply)).toEqual([node.address]);
  });
});

async function damage(): Promise<readonly string[]> {
  if (!(node.store instanceof PathStore)) throw new Error('The store has no cells.');
  return (await verifyStore(node.store)).damage.map(({ problem }) => problem);
}

/** Who signed the message that the reply is. */
async function signersOf(reply: Got): Promise<readonly string[]> {
  const { env } = node.resolver;
  const fields = Object.entries(reply.headers).filter(([name]) => !name.startsWith(':'));
  const encoded = message(Object.fromEntries(fields) as { readonly [key: string]: Input }).with('body', reply.body);
  const tabm = await env.codecs.get('httpsig@1.0')!.toTabm(encoded, {}, env);
  const read = await env.codecs.get('structured@1.0')!.fromTabm(tabm, {}, env);
  return isMessage(read) ? signers(read, env) : [];
}
