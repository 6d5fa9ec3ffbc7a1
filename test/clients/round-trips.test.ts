/**
 * What clients send comes back: messages with every kind of key and value, signed by the clients' own libraries, read by their id in every
 * format over HTTP/1.1 and HTTP/2, with the id and the signature they were given; and results of processes that hold more than headers do.
 */
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { ArweaveSigner, createData, DataItem } from '@dha-team/arbundles';
import { connect, createSigner } from '@permaweb/aoconnect';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { commitmentsOf, withOnlyCommitted } from '../../src/core/commitments.ts';
import { isMessage, Message } from '../../src/core/message.ts';
import { verifiedCommitments } from '../../src/core/verify.ts';
import { createLibrary } from '../../src/node/library.ts';
import { testJwk, testWallet } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';
import { runtimeDefinition } from '../support/runtime-definition.ts';

type Fields = { readonly [name: string]: unknown };
interface AoCore {
  request(fields: Fields): Promise<Response>;
}
interface AoCoreLibs {
  readonly default: { init(options: { readonly jwk: unknown; readonly url: string }): AoCore };
}
type Sign = (
  fields: Fields,
  options: { readonly path: boolean },
) => Promise<{ readonly headers: { readonly [name: string]: string }; readonly body?: string }>;
interface Hbsig {
  createSigner(jwk: unknown, url: string): Sign;
}
interface Ao {
  message(options: object): Promise<unknown>;
  result(options: object): Promise<{ readonly Output: { readonly data?: string } }>;
}
interface Got {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

// The node is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const require = createRequire(import.meta.url);
const { init } = (require('@permaweb/ao-core-libs') as AoCoreLibs).default;
const hbsig = require('hbsig') as Hbsig;
const wallet = testWallet('second');
const library = createLibrary({ wallet });

let node: ChildNode;
let session: http2.ClientHttp2Session;

beforeAll(async () => {
  node = await childNode();
  session = http2.connect(node.url, { maxHeaderListPairs: 2_000 });
});
afterAll(async () => {
  session.destroy();
  await node[Symbol.asyncDispose]();
});

// ---- reading ----------------------------------------------------------------------------------------------------------------

async function overHttp1(path: string, headers: Fields): Promise<Got> {
  const reply = await fetch(node.url + path, { headers: headers as { [name: string]: string } });
  return { status: reply.status, headers: [...reply.headers], body: new Uint8Array(await reply.arrayBuffer()) };
}

function overHttp2(path: string, headers: Fields): Promise<Got> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...headers } as http2.OutgoingHttpHeaders);
    const pieces: Uint8Array[] = [];
    let head: http2.IncomingHttpHeaders = {};
    stream.on('response', (came) => {
      head = came;
    });
    stream.on('data', (piece: Uint8Array) => pieces.push(piece)).on('error', reject);
    stream.on('end', () => {
      const fields = Object.entries(head).filter(([name]) => !name.startsWith(':'));
      resolve({
        status: Number(head[':status']),
        headers: fields.map(([name, value]) => [name, String(value)]),
        body: Buffer.concat(pieces),
      });
    });
  });
}

/** As the formats are read by whoever has our library. */
const readers: readonly (readonly [string, Fields, (got: Got) => Promise<unknown>])[] = [
  ['httpsig', {}, readFields],
  ['httpsig, bundled', { 'accept-bundle': 'true' }, readFields],
  ['JSON, bundled', { accept: 'application/json', 'accept-bundle': 'true' }, ({ body }) => readJson(body)],
];

function readFields({ headers, body }: Got): Promise<unknown> {
  const fields = new Map<string, string | Uint8Array>();
  for (const [name, value] of headers) fields.set(name, new Uint8Array(Buffer.from(value, 'latin1')));
  if (body.length > 0) fields.set('body', body);
  return Promise.resolve(library.convert(new Message(textual(fields)), 'structured@1.0', 'httpsig@1.0'));
}

/** Bytes that are text as text. */
function textual(fields: ReadonlyMap<string, string | Uint8Array>): Map<string, string | Uint8Array> {
  const out = new Map<string, string | Uint8Array>();
  for (const [name, value] of fields) {
    const text = Buffer.from(value as Uint8Array).toString('utf8');
    out.set(name, Buffer.from(text).equals(value as Uint8Array) ? text : value);
  }
  return out;
}

function readJson(body: Uint8Array): Promise<unknown> {
  return Promise.resolve(library.convert(Buffer.from(body).toString('utf8'), 'structured@1.0', 'json@1.0'));
}

/** Reads the message by its id in every format: each has to carry this id, with a signature that holds. */
async function comesBack(id: string): Promise<void> {
  await expect.poll(async () => (await fetch(`${node.url}/${id}`, { method: 'HEAD' })).status).toBe(200);
  for (const get of [overHttp1, overHttp2]) {
    for (const [name, wish, read] of readers) {
      const got = await get(`/${id}`, wish);
      const message = await read(got);
      if (!isMessage(message)) throw new Error(`${name} is no message.`);
      expect([name, commitmentsOf(message).map(([one]) => one)]).toEqual([name, expect.arrayContaining([id])]);
      const covered = withOnlyCommitted(message.without('priv'));
      expect([name, await verifiedCommitments(covered, library.env)]).toEqual([name, expect.arrayContaining([id])]);
    }
  }
}

async function comesBackAsItem(id: string, raw?: Uint8Array): Promise<void> {
  await comesBack(id);
  for (const get of [overHttp1, overHttp2]) {
    const { body } = await get(`/${id}`, { 'require-codec': 'ans104@1.0' });
    const bytes = Buffer.from(body);
    if (raw !== undefined) expect(bytes.equals(raw)).toBe(true);
    expect([new DataItem(bytes).id, await DataItem.verify(bytes)]).toEqual([id, true]);
  }
}

// ---- sending ----------------------------------------------------------------------------------------------------------------

const tag = (name: string, value: string) => ({ name, value });
const tagLists: { readonly [what: string]: readonly { readonly name: string; readonly value: string }[] } = {
  'plain tags': [tag('Action', 'Eval'), tag('lower', 'x')],
  'tags in another order than the alphabet’s': [tag('z', '1'), tag('a', '2'), tag('m', '3')],
  'tags in other scripts': [tag('日本', 'こんにちは'), tag('Née', 'é'), tag('emoji', '🦊')],
  'line ends in values': [tag('Text', 'a\nb\r\nc'), tag('other', ' outer white space ')],
  'names that connections use': [tag('Connection', 'close'), tag('Host', 'x'), tag('Date', 'y'), tag('Upgrade', 'z')],
  'cookies for readers': [tag('Set-Cookie', 'a=b'), tag('Cookie', 'none')],
  'names with spaces and punctuation': [tag('With Space', 'x'), tag('a:b', 'y'), tag('k"q', 'z'), tag('(p)', '')],
  'the same name twice': [tag('Dup', '1'), tag('Dup', '2')],
  'a hundred tags': Array.from({ length: 100 }, (_, i) => tag(`Tag-${i}`, `value ${i}`)),
  'long values': ['One', 'Two', 'Three'].map((name) => tag(name, name.repeat(200))),
};

describe('data items of arbundles', () => {
  const signer = new ArweaveSigner(testJwk('second'));

  test.each(Object.keys(tagLists))('%s', async (what) => {
    for (const data of ['text\r\n\r\n--x', Buffer.from([0, 255, 13, 10]), '']) {
      const tags = tagLists[what]!.filter(({ value }) => value !== '');
      const made = createData(data as string, signer, { tags, anchor: 'a'.repeat(32) });
      await made.sign(signer);
      const posted = await fetch(`${node.url}/~message@1.0/id`, {
        method: 'POST',
        headers: { 'content-type': 'application/ans104' },
        body: new Uint8Array(made.getRaw()),
      });
      expect(posted.status).toBe(200);
      // Bytes that are no text have no JSON form.
      if (typeof data === 'string') await comesBackAsItem(made.id, made.getRaw());
    }
  });
});

describe('messages of aoconnect to a process', () => {
  let ao: Ao;
  let process: string;

  beforeAll(async () => {
    const signer = createSigner(testJwk('second'));
    ao = connect({ MODE: 'mainnet', URL: node.url, SCHEDULER: node.address, signer } as never) as unknown as Ao;
    const definition = { ...(await runtimeDefinition(node)), type: 'Process', 'random-seed': crypto.randomUUID() };
    const core = init({ jwk: testJwk('second'), url: node.url });
    const spawned = await core.request({ path: 'push', method: 'POST', ...definition });
    process = spawned.headers.get('process')!;
  });

  test.each(Object.keys(tagLists))('%s', async (what) => {
    const tags = [tag('Action', 'Note'), ...tagLists[what]!.filter(({ name }) => name !== 'Action')];
    const sent = { process, tags, data: `of ${what}\r\nsecond line`, returnMessageId: true };
    await comesBackAsItem(String(await ao.message(sent)));
    const slot = await ao.message({ process, tags: [tag('Action', 'Eval')], data: 'return Inbox[#Inbox].Data' });
    expect((await ao.result({ process, slot })).Output.data).toBe(sent.data);
  });

  test.each([
    ['bytes', new Uint8Array([65, 66])],
    ['a buffer', new Uint8Array([65, 66]).buffer],
    ['two megabytes', 'y'.repeat(2 << 20)],
  ])('data as %s', async (_, data) => {
    await ao.message({ process, tags: [tag('Action', 'Note')], data });
    const slot = await ao.message({ process, tags: [tag('Action', 'Eval')], data: 'return #Inbox[#Inbox].Data' });
    const length = typeof data === 'string' ? data.length : data.byteLength;
    expect((await ao.result({ process, slot })).Output.data).toBe(String(length));
  });

  test('a table of balances larger than headers are', async () => {
    const code = 'local t = {} for i = 1, 1000 do t[string.rep("A", 39) .. string.format("%04d", i)] = tostring(i) end';
    await ao.message({ process, tags: [tag('Action', 'Eval')], data: `${code} Publish({ balances = t })` });
    const path = `/${process}~process@1.0/now/cache/balances`;
    const reply = await fetch(`${node.url}${path}`, { headers: { accept: 'application/json' } });
    expect(await reply.json()).toMatchObject({ [`${'A'.repeat(39)}0007`]: '7', [`${'A'.repeat(39)}1000`]: '1000' });
    expect((await overHttp2(path, { accept: 'application/json' })).status).toBe(200);
  });
});

describe('messages signed in headers by hbsig', () => {
  test.each<[string, Fields]>([
    ['text', { a: 'b', with: 'ünï' }],
    ['numbers and lists', { count: 7, list: [1, 'two'], ratio: 1.5 }],
    ['lines', { text: 'a\nb', other: 'x' }],
    ['nesting', { child: { a: 'b', deep: { c: 'd' } } }],
  ])('%s', async (_, fields) => {
    const sign = hbsig.createSigner(testJwk('second'), node.url);
    const { headers, body } = await sign(
      { method: 'POST', path: '/~message@1.0/committers', ...fields },
      { path: false },
    );
    const reply = await fetch(`${node.url}/~message@1.0/committers`, {
      method: 'POST',
      headers,
      ...(body === undefined ? {} : { body }),
    });
    expect([reply.status, reply.headers.get('1')]).toEqual([200, wallet.address]);
  });
});
