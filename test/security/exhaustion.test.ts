/** Small requests that ask for a lot of work or memory: each gets an answer soon, and the node goes on answering others. */
import { createConnection } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateWallet } from '../../src/crypto/wallet.ts';
import type { TestNode } from '../../src/testing/start-node.ts';
import { workedMs } from '../support/cpu.ts';
import { operator, stranger, victim } from './attack.ts';

let node: TestNode;
beforeAll(async () => {
  node = await victim();
});
afterAll(() => node.close());

/** The answer, and that it came after little work. */
async function soon(path: string, init: RequestInit = {}, ms = 5_000): Promise<Response> {
  const before = workedMs();
  const reply = await fetch(node.url + path, { ...init, signal: AbortSignal.timeout(25_000) });
  await reply.arrayBuffer();
  expect(workedMs() - before, path.slice(0, 80)).toBeLessThan(ms);
  return reply;
}

const post = (path: string, body: string | Uint8Array, headers: { [name: string]: string } = {}, ms?: number) =>
  soon(path, { method: 'POST', headers, body: typeof body === 'string' ? body : new Uint8Array(body) }, ms);

describe('paths', () => {
  const long = (piece: string): string => piece.repeat(Math.floor(16_000 / piece.length));
  const paths: { readonly [name: string]: string } = {
    'open parentheses': `/${long('(')}`,
    parentheses: `/${long('(')}${''}`.slice(0, 8_000) + ')'.repeat(8_000),
    'empty steps': `/${long('/')}`,
    'many steps': `/${long('a/')}`,
    'many parameters': `/a${long('&a=1')}`,
    'many steps times many parameters': `/${'a/'.repeat(900)}?${'abc=1&'.repeat(2_000)}`,
    'many devices': `/${long('a~b@1.0/')}`,
    'many sub-paths': `/${long('(a)/')}`,
    'typed parameters': `/a?${long('a+integer=1&')}`,
    'large integers': `/a?a+integer=${'9'.repeat(15_000)}`,
    'large floats': `/a?a+float=${'9'.repeat(15_000)}e${'9'.repeat(300)}`,
    'lists of lists': `/a?a+list=${long('(')}`,
    'nested resolves': `/a?${long('b+resolve=/c&')}`,
    escapes: `/${long('%25')}`,
    'cache misses': `/${Array.from({ length: 300 }, (_, i) => String(i).padStart(43, 'A')).join('/')}`,
    'step numbers': `/a?${Array.from({ length: 1_000 }, (_, i) => `${i * 1e5}.a=1`).join('&')}`,
  };
  for (const [name, path] of Object.entries(paths)) {
    test(name, async () => {
      expect((await soon(path)).status).toBeLessThan(600);
    });
  }

  test.each([
    '/~message@1.0&a=(~message@1.0&b=1/b)/a',
    '/~apply@1.0&a=base:a/a',
    '/~multipass@1.0&passes=1000000000/x',
    '/~stack@1.0/x?device-stack+list="stack@1.0","stack@1.0"',
    '/~stack@1.0&mode=Map/x?device-stack+list="multipass@1.0","multipass@1.0"&passes=100000000',
    '/~lookup@1.0/read?target=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '/~bits@1.0&size=100000000000/encode',
    '/~trie@1.0/set?a=1',
    '/~process@1.0/now',
    '/~scheduler@1.0/schedule?from=0&to=9007199254740991',
    '/~scheduler@1.0/schedule?from=-9007199254740991&to=9007199254740991',
    '/~test-device@1.0/increment_counter',
  ])('%s', async (path) => {
    expect((await soon(path)).status).toBeLessThan(600);
  });
});

describe('bodies', () => {
  const json = { 'content-type': 'application/json', 'codec-device': 'json@1.0' };
  const bodies: { readonly [name: string]: string } = {
    'deep arrays': '['.repeat(500_000),
    'deep arrays, closed': `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    'deep objects': `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`,
    'many keys': `{${Array.from({ length: 200_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
    'one key often': `{${'"a":1,'.repeat(300_000)}"a":1}`,
    'a long number': '9'.repeat(2_000_000),
    'a long exponent': '{"a":1e999999999}',
    'a long text of escapes': `{"a":"${'\\u0041'.repeat(300_000)}"}`,
    'prototype keys':
      '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},"toString":1,"hasOwnProperty":1}',
    'keys that are indexes': `{${Array.from({ length: 100_000 }, (_, i) => `"${2 ** 31 + i}":1`).join(',')}}`,
    'many commitments': `{"commitments":{${Array.from({ length: 5_000 }, (_, i) => `"${i}":{"committed":["a"],"commitment-device":"httpsig@1.0","type":"rsa-pss-sha512","committer":"x"}`).join(',')}}}`,
    'wide ao-types': JSON.stringify({ 'ao-types': 'a="integer", '.repeat(50_000), a: '1' }),
    'links to itself': JSON.stringify({ 'a+link': 'A'.repeat(43), 'b+link': 'data/x', 'c+link': '../../x' }),
  };
  for (const [name, body] of Object.entries(bodies)) {
    test(`JSON: ${name}`, async () => {
      expect((await post('/nothing', body, json)).status).toBeLessThan(600);
      expect((await post('/~json@1.0/deserialize/nothing', body, { 'content-type': 'text/x' })).status).toBeLessThan(
        600,
      );
      expect(({} as { polluted?: string }).polluted).toBeUndefined();
    });
  }

  test('many commitments over one large body are not verified one by one', async () => {
    const claim = (i: number) => {
      const fields = { committed: ['data'], 'commitment-device': 'httpsig@1.0', type: 'hmac-sha256' };
      return [`c${i}`, { ...fields, keyid: `constant:k${i}`, signature: 'A'.repeat(43) }];
    };
    const large = (count: number): string =>
      JSON.stringify({
        data: 'x'.repeat(4_000_000),
        commitments: Object.fromEntries(Array.from({ length: count }, (_, i) => claim(i))),
      });
    const refused = await post('/nothing', large(32), json);
    expect(refused.status).toBe(413);
    expect(refused.headers.get('code')).toBe('limit-exceeded');
    // A few are verified, whatever the size; these don't hold.
    expect((await post('/nothing', large(3), json)).headers.get('code')).toBe('bad-signature');
  });

  test('multipart: many parts', async () => {
    const parts = Array.from(
      { length: 100_000 },
      (_, i) => `--x\r\ncontent-disposition: form-data;name="k${i}"\r\n\r\n1\r\n`,
    ).join('');
    await post('/nothing', `${parts}--x--`, { 'content-type': 'multipart/form-data; boundary="x"' }, 10_000);
    await post('/nothing', `${parts}--x--`, { 'content-type': 'multipart/form-data; boundary=x' }, 10_000);
  });

  test('multipart: one name often, deep names, headers without end', async () => {
    const same = '--x\r\ncontent-disposition: form-data; name="k"\r\n\r\n1\r\n'.repeat(90_000);
    await post('/nothing', `${same}--x--`, { 'content-type': 'multipart/form-data; boundary=x' });
    const deep = `--x\r\ncontent-disposition: form-data;name="${'a/'.repeat(5_000)}b"\r\n\r\n1\r\n--x--`;
    await post('/nothing', deep, { 'content-type': 'multipart/form-data; boundary="x"' });
    const many = Array.from(
      { length: 500 },
      (_, i) => `--x\r\ncontent-disposition: form-data;name="${'a/'.repeat(60)}${i}"\r\n\r\n1\r\n`,
    ).join('');
    await post('/nothing', `${many}--x--`, { 'content-type': 'multipart/form-data; boundary="x"' });
    const headers = `--x\r\n${'a: b\r\n'.repeat(200_000)}\r\n1\r\n--x--`;
    await post('/nothing', headers, { 'content-type': 'multipart/form-data; boundary="x"' });
    const dispositions = `--x\r\ncontent-disposition: form-data${'; name'.repeat(100_000)}\r\n\r\n1\r\n--x--`;
    await post('/nothing', dispositions, { 'content-type': 'multipart/form-data; boundary=x' });
  });

  test('fields with many members', async () => {
    const members = Array.from({ length: 3_000 }, (_, i) => `comm-${i}=:AA==:`).join(', ');
    const inputs = Array.from({ length: 900 }, (_, i) => `comm-${i}=("a" "b");alg="rsa-pss-sha512"`).join(', ');
    expect(
      (
        await soon('/keys', {
          headers: { signature: members.slice(0, 30_000), 'signature-input': inputs.slice(0, 30_000) },
        })
      ).status,
    ).toBeLessThan(500);
    const types = Array.from({ length: 2_000 }, (_, i) => `k${i}="integer"`).join(', ');
    expect((await soon('/keys', { headers: { 'ao-types': types } })).status).toBeLessThan(500);
    expect((await soon('/keys', { headers: { 'ao-types': `a="list"`, a: '('.repeat(30_000) } })).status).toBeLessThan(
      500,
    );
  });

  test('a bomb', async () => {
    const bomb = gzipSync(new Uint8Array(300 * 1024 * 1024), { level: 9 });
    expect((await post('/~gzip@1.0/unzip', bomb, { 'content-type': 'application/x' }, 10_000)).status).toBe(413);
  });

  test('data items that promise more than they have', async () => {
    const item = new Uint8Array(1_100);
    item[0] = 1;
    item.fill(0xff, 1_026, 1_060);
    const bundle = new Uint8Array(64).fill(0xff);
    for (const body of [item, bundle]) {
      expect((await post('/nothing', body, { 'content-type': 'application/ans104' })).status).toBeLessThan(500);
      expect((await post('/nothing', body, { 'codec-device': 'tx@1.0' })).status).toBeLessThan(500);
    }
  });
});

describe('many and slow', () => {
  test('callers that say nothing, or too slowly, keep nobody else from being answered', async () => {
    const port = Number(new URL(node.url).port);
    const sockets = Array.from({ length: 200 }, (_, i) => {
      const socket = createConnection(port, '127.0.0.1');
      socket.on('error', () => undefined);
      if (i % 2 === 0) socket.write('POST /keys HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\na');
      else socket.write('GET / HT');
      return socket;
    });
    for (let i = 0; i < 20; i++) await soon('/~meta@1.0/info/address', {}, 1_000);
    for (const socket of sockets) socket.destroy();
  });

  test('what strangers name leaves nothing in the memory of the node', async () => {
    const before = node.resolver.lanes;
    for (let i = 0; i < 300; i++) {
      await fetch(`${node.url}/~process@1.0&salt=${i}/slot`);
      await fetch(`${node.url}/~process@1.0&salt=${i}&scheduler=x/compute=1`);
      await fetch(`${node.url}/${String(i).padStart(43, 'B')}~process@1.0/now`);
    }
    expect(node.resolver.lanes).toBe(before);
    const status = await (await fetch(`${node.url}/~scheduler@1.0/status`)).text();
    expect(status.length).toBeLessThan(10_000);
  });

  test('the node still answers', async () => {
    expect((await soon('/~meta@1.0/info/address', {}, 1_000)).status).toBe(200);
  });
});

describe('tasks of cron', () => {
  test('strangers with many keys leave room for the operator', async () => {
    await using crowded = await victim({ options: { 'cron-max-tasks': 3 } });
    const every = (by: typeof stranger, n: number) =>
      crowded.client(by).request('/~cron@1.0/every', { 'cron-path': `/~message@1.0&a=${n}/a`, interval: '1-hour' });
    for (const [n, by] of [stranger, await generateWallet(), stranger].entries()) await every(by, n);
    await expect(every(stranger, 4)).rejects.toThrow('no room');
    await every(operator, 5);
  });

  test('many that are due all the time hold nobody up', async () => {
    for (let n = 0; n < 20; n++) {
      await soon(`/~cron@1.0/every?cron-path=/~message@1.0%26a=${n}/keys&interval=100-milliseconds`);
    }
    for (let n = 0; n < 20; n++) await soon('/~meta@1.0/info/address', {}, 1_000);
    expect((await soon('/~cron@1.0/every?cron-path=/~message@1.0%26a=21/keys&interval=100-milliseconds')).status).toBe(
      429,
    );
  });
});

describe('what is not told', () => {
  test.each([
    '/~hyperbuddy@1.0/format?priv=x',
    '/~meta@1.0/info~hyperbuddy@1.0/format',
    '/~meta@1.0/info/~json@1.0/serialize',
    '/~meta@1.0/info',
    '/~test-device@1.0/throw',
    '/~cacheviz@1.0/index?target=x',
    '/~no-such@1.0/x',
    '/~router@1.0/routes',
    '/~whois@1.0/node',
    '/~monitor@1.0/status',
    '/~profile@1.0/eval',
    '/~lua@5.3a&module=x/y',
    '/~process@1.0/compute=0',
    '/%ff%fe',
    '/a?b+integer=x',
  ])('%s', async (path) => {
    for (const accept of ['*/*', 'application/json', 'text/html']) {
      const reply = await fetch(node.url + path, { headers: { accept } });
      const told = JSON.stringify([...reply.headers]) + (await reply.text());
      expect(told).not.toMatch(
        /node_modules|\.ts:\d+|\/src\/|at async |file:\/\/|"d":"|BEGIN [A-Z ]*PRIVATE|priv[-_]key/,
      );
    }
  });
});
