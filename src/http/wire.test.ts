/**
 * Messages with keys and values that no header holds, or too many of them, on their way out and in: what arrives is what was sent, and its
 * signatures hold (spec 02 §2.4, §2.5).
 */
import http from 'node:http';
import http2 from 'node:http2';
import { ArweaveSigner, createData } from '@dha-team/arbundles';
import { afterEach, describe, expect, test } from 'vitest';
import { testWallet } from '../../test/support/cache-world.ts';
import { decoded, start as edge, html, json } from '../../test/support/http-edge.ts';
import { device } from '../core/device.ts';
import { equal } from '../core/equal.ts';
import { type Input, isMessage, type Message, message } from '../core/message.ts';
import { ok } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { HttpClient } from '../net/client.ts';
import { testJwk } from '../testing/index.ts';

const closing: HttpClient[] = [];
afterEach(async () => {
  for (const client of closing.splice(0)) await client.close();
});

const other = testWallet('rsa4096-2');
const signedBy = message({ type: 'signed' });
const bundled = message({ type: 'signed', bundle: true });

/** A device that gives these messages by name. */
function start(messages: { readonly [name: string]: Input } = {}) {
  const keys = Object.fromEntries(
    Object.keys(messages).map((name) => [name, { doc: 'One.', run: () => ok(message(messages).get(name)!) }]),
  );
  const body = { doc: 'What came.', run: ({ requestMessage }: { requestMessage: Message }) => ok(requestMessage) };
  const index = { doc: 'A page.', run: () => ok(message({ 'content-type': 'text/html', body: 'page' })) };
  const shelf = device({ name: 'shelf@1.0', doc: 'Answers for these tests.', keys: { ...keys, index, request: body } });
  return edge({ library: { devices: [shelf] } });
}

const odd: { readonly [name: string]: { readonly [key: string]: Input } } = {
  'names that are not ASCII': { 日本: 'x', é: { ü: { ß: 'y' } }, plain: 'z' },
  'names with quotes': { 'a"b': 'x', 'a\\b': 'y', 'c"d': 'line\r\nend' },
  'names with slashes': { 'a/b': 'x', '/c': 'y\r\n', 'd/e/': { f: 'g' }, 'h"i': { j: 'k' }, 'l/m': ['n', 1] },
  'empty values under names that are no header’s': { 'a:b': '', 'x y': '', Upper: '', plain: '' },
  'line ends in nested values': {
    child: { text: 'a\r\n\r\nb: c', other: '1', deep: { more: '\r\n' } },
    list: ['\r\n', 'x'],
  },
  'names that describe parts': {
    child: { 'content-disposition': 'x', a: 'b' },
  },
  'names that steer connections': { connection: 'close', te: 'x', 'content-length': '5', upgrade: 'h2c', trailer: 'a' },
};

async function arrives(node: Awaited<ReturnType<typeof start>>, sent: Message, came: Message): Promise<void> {
  for (const [key, value] of sent.entries()) {
    if (key !== 'commitments') expect([key, equal(bare(came.get(key)!), bare(value))]).toEqual([key, true]);
  }
  expect(await node.library.signers(came)).toEqual(await node.library.signers(sent));
}

/** Without the commitments of children. */
function bare(value: Value): Value {
  if (!isMessage(value)) return value;
  return value
    .without('commitments')
    .withAll([...value.entries()].filter(([key]) => key !== 'commitments').map(([key, child]) => [key, bare(child)]));
}

describe('what a message holds arrives', () => {
  test.each(Object.keys(odd))('as an answer: %s', async (name) => {
    const plain = message(odd[name]!);
    const node = await start();
    const signed = await node.library.commit(plain, bundled, other);
    const { url, library } = await start({ one: signed });
    const response = await fetch(`${url}/~shelf@1.0/one`, { headers: { 'accept-bundle': 'true' } });
    expect(response.status).toBe(200);
    await arrives({ ...node, library }, signed, await decoded({ ...node, library }, response));
  });

  test.each([...Object.keys(odd), 'names that requests use themselves'])('as a request: %s', async (name) => {
    const own = { host: 'x', date: 'y', server: 'z', vary: 'a', etag: 'b', 'request-id': 'c', 'keep-alive': 'd' };
    const node = await start();
    const client = new HttpClient({ allowPrivate: true }, { environment: () => node.library.env });
    closing.push(client);
    const signed = await node.library.commit(message(odd[name] ?? own), signedBy, other);
    const outcome = await client.request(node.url, signed.with('path', '/~shelf@1.0/request').with('method', 'POST'));
    if (outcome.status === 'error' || !isMessage(outcome.value)) throw new Error('no message');
    await arrives(node, signed, outcome.value);
  });
});

test('a key without a name has no place in headers or parts, but one in JSON', async () => {
  const { url } = await start({ value: { '': 'x', a: 'b' }, nothing: { '': '', a: 'b' }, nested: { '': { a: 'b' } } });
  expect((await fetch(`${url}/~shelf@1.0/nested`, { headers: { 'accept-bundle': 'true' } })).status).toBeLessThan(500);
  for (const [name, value] of [
    ['value', 'x'],
    ['nothing', ''],
  ] as const) {
    const refused = await fetch(`${url}/~shelf@1.0/${name}`);
    expect([refused.status, refused.headers.get('code')]).toEqual([400, 'bad-key']);
    expect(await (await fetch(`${url}/~shelf@1.0/${name}`, { headers: json })).json()).toMatchObject({ '': value });
  }
});

describe('more than headers hold', () => {
  const table = (count: number): { [key: string]: Input } =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key-${i}`, `the value of number ${i}`]));

  test('a client whose headers end at 16 KiB reads the message', async () => {
    const four = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [key, key.repeat(4_000)]));
    const node = await start({ four, many: table(250) });
    for (const [name, keys] of Object.entries({ four, many: table(250) })) {
      const response = await fetch(`${node.url}/~shelf@1.0/${name}`);
      const read = await decoded(node, response);
      await expect(node.library.signers(read)).resolves.toHaveLength(1);
      for (const [key, value] of Object.entries(keys)) expect(read.get(key)).toBe(value);
    }
  });

  test('a person is shown the page, not given parts', async () => {
    const shown = { device: 'shelf@1.0' };
    const { url } = await start({ many: { ...shown, ...table(2_000) }, odd: { ...shown, a: 'x\ny' } });
    for (const name of ['many', 'odd']) {
      const { port } = new URL(url);
      const page = await new Promise<http.IncomingMessage>((resolve, reject) => {
        http
          .get({ port, path: `/~shelf@1.0/${name}`, headers: html, maxHeaderSize: 1 << 20 }, resolve)
          .on('error', reject);
      });
      page.resume();
      expect([page.statusCode, page.headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
    }
  });

  test('the keys that a JSON answer repeats as headers leave it readable', async () => {
    const { url } = await start({ many: { ...table(2_000), slot: 7 } });
    const response = await fetch(`${url}/~shelf@1.0/many`, { headers: json });
    expect(['status', 'slot', 'key-0'].map((name) => response.headers.get(name))).toEqual([
      '200',
      '7',
      'the value of number 0',
    ]);
    expect(await response.json()).toMatchObject(table(2_000));
  });

  test('over HTTP/2, what no connection can carry is refused with a way out, and the connection goes on', async () => {
    const { url } = await start({ many: table(1_500), 'too-many': table(5_000) });
    const session = http2.connect(url, { maxHeaderListPairs: 20_000, settings: { maxHeaderListSize: 1 << 20 } });
    const ask = (headers: { readonly [name: string]: string }) =>
      new Promise<readonly [unknown, string]>((resolve, reject) => {
        let [status, text]: [unknown, string] = [0, ''];
        const stream = session.request(headers).setEncoding('utf8');
        stream.on('response', (head) => {
          status = head[':status'];
        });
        stream.on('data', (chunk) => {
          text += chunk;
        });
        stream.on('end', () => resolve([status, text])).on('error', reject);
      });
    try {
      expect((await ask({ ':path': '/~shelf@1.0/many' }))[0]).toBe(200);
      expect(await ask({ ':path': '/~shelf@1.0/too-many' })).toEqual([406, expect.stringContaining('HTTP/2')]);
      const [status, text] = await ask({ ':path': '/~shelf@1.0/too-many', ...json });
      expect([status, JSON.parse(text)]).toEqual([200, expect.objectContaining(table(5_000))]);
    } finally {
      session.destroy();
    }
  });

  test('a request of three hundred keys is taken by a node, signature and all', async () => {
    const node = await start();
    const client = new HttpClient({ allowPrivate: true }, { environment: () => node.library.env });
    closing.push(client);
    const signed = await node.library.commit(message(table(300)), signedBy, other);
    const outcome = await client.request(node.url, signed.with('path', '/~shelf@1.0/request').with('method', 'POST'));
    if (outcome.status === 'error' || !isMessage(outcome.value)) throw new Error('no message');
    await arrives(node, signed, outcome.value);
  });
});

describe('what strangers have signed', () => {
  test.each<[string, readonly (readonly [string, string])[]]>([
    ['a cookie for its readers', [['Set-Cookie', 'secret=1']]],
    [
      'a cookie that is none',
      [
        ['cookie', 'none'],
        ['set-cookie', 'none'],
      ],
    ],
    [
      'tags that are not sorted',
      [
        ['z', '1'],
        ['a', '2'],
        ['m', '3'],
      ],
    ],
    [
      'tags that are not sorted, some of them for no header',
      [
        ['z', '1\n'],
        ['y', '2'],
        ['b', '3\n'],
        ['m', '4'],
        ['a', '5\n'],
      ],
    ],
    [
      'tags that are sorted, one of them for no header',
      [
        ['a', '1'],
        ['b', '2'],
        ['date', '3'],
        ['e', '4\n'],
      ],
    ],
  ])('a data item with %s is that item in every form', async (_, tags) => {
    const { library } = await start();
    const signer = new ArweaveSigner(testJwk('second'));
    for (const data of ['x', '']) {
      const made = createData(data, signer, { tags: tags.map(([name, value]) => ({ name, value })) });
      await made.sign(signer);
      const item = await library.convert(new Uint8Array(made.getRaw()), 'structured@1.0', 'ans104@1.0');
      if (!isMessage(item)) throw new Error('no message');
      const node = await start({ item });
      const get = (accept: string) => fetch(`${node.url}/~shelf@1.0/item`, { headers: { accept } });
      const fields = await get('*/*');
      expect([fields.status, fields.headers.getSetCookie()]).toEqual([200, []]);
      expect(await library.signers(await decoded(node, fields))).toEqual([other.address]);
      const text = await library.convert(await (await get('application/json')).text(), 'structured@1.0', 'json@1.0');
      expect(await library.signers(text as Message)).toEqual([other.address]);
      expect(Buffer.from(await (await get('application/ans104')).arrayBuffer())).toEqual(made.getRaw());
    }
  });
});

describe('headers that speak of the body', () => {
  test('an encoding of the data is no encoding of JSON, nor of parts', async () => {
    const item = { 'content-encoding': 'gzip', data: 'x', child: { a: 'b' } };
    const node = await start({ item });
    const asJson = await fetch(`${node.url}/~shelf@1.0/item`, { headers: json });
    expect(await asJson.json()).toMatchObject({ 'content-encoding': 'gzip', data: 'x' });
    const whole = await fetch(`${node.url}/~shelf@1.0/item`, { headers: { 'accept-bundle': 'true' } });
    const read = await decoded(node, whole);
    expect([read.get('content-encoding'), read.get('data')]).toEqual(['gzip', 'x']);
  });

  test('a key `request-id` is the message’s, the header ours', async () => {
    const node = await start({ one: { 'request-id': '7' } });
    const response = await fetch(`${node.url}/~shelf@1.0/one`);
    expect(response.headers.get('request-id')).toMatch(/^[a-z0-9]{8}-0$/);
    expect((await decoded(node, response)).get('request-id')).toBe('7');
  });
});
