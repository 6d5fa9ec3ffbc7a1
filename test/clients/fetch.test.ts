/** Plain requests as curl, browsers, dashboards and the ar.io SDK make them (spec 06 §8, §10, §11), and the node's signatures (§1.5). */
import { constants, createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNode, type TestNode, testJwk, testWallet } from '../../src/testing/index.ts';

let node: TestNode;
let process: string;

const token = `
function compute(base, req, opts)
  base.cache = { name = 'Token', denomination = 12, balances = { alice = 60 }, controllers = { 'alice', 'Bob' }, initialized = true }
  base.results = { output = { data = 'done' } }
  return base
end`;

beforeAll(async () => {
  node = await startNode();
  const client = node.client(testWallet('second'));
  const module = await client.upload({ tags: { 'Content-Type': 'application/lua' }, data: token });
  process = await client.spawn({ module, tags: { 'execution-device': 'lua@5.3a', function: 'compute' } });
  await client.send(process, { action: 'Anything' });
});
afterAll(() => node.close());

const get = (path: string, headers: { readonly [name: string]: string } = {}): Promise<Response> =>
  fetch(node.url + path, { headers, redirect: 'manual' });
const text = async (path: string): Promise<string> => (await get(path)).text();

describe('by path', () => {
  test('values', async () => {
    expect(await text('/~message@1.0&hello=world/hello')).toBe('world');
    expect(await text('/~message@1.0&hello=a%20b/hello')).toBe('a b');
    const typed = await get('/~message@1.0&n+integer=41/n');
    expect(typed.headers.get('ao-result')).toBe('body');
    expect(typed.headers.get('ao-types')).toContain('body="integer"');
    expect(await text('/~message@1.0/set?hello=world')).toBeDefined();
    expect(await text('/~meta@1.0/info/address')).toBe(node.address);
  });

  test('a JSON body is a message, whatever the method', async () => {
    for (const method of ['POST', 'PUT', 'PATCH']) {
      const reply = await fetch(`${node.url}/greeting`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ greeting: `hello ${method}` }),
      });
      expect(await reply.text()).toBe(`hello ${method}`);
    }
  });

  test('the start page, and CORS for browsers', async () => {
    const start = await get('/');
    expect([start.status, start.headers.get('location')]).toEqual([302, '/~hyperbuddy@1.0/dashboard']);
    const preflight = await fetch(`${node.url}/anything`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect((await get('/~meta@1.0/info/address')).headers.get('access-control-expose-headers')).toBe('*');
  });

  test('what is not there', async () => {
    expect((await get('/~message@1.0/missing')).status).toBe(404);
    const reply = await get('/~message@1.0/missing', { accept: 'application/json' });
    expect(reply.status).toBe(404);
    expect(await reply.json()).toMatchObject({ body: 'not_found' });
    expect((await get(`/${'A'.repeat(43)}`)).status).toBe(404);
    expect((await get('/~nothing@9.9/x')).status).toBeGreaterThanOrEqual(400);
  });

  test('strangers change nothing', async () => {
    const reply = await fetch(`${node.url}/~meta@1.0/info`, { method: 'POST', headers: { host: 'x', port: '1' } });
    expect(reply.status).toBe(400);
    expect(await reply.text()).toContain('Unauthorized');
  });
});

describe('the ar.io SDK', () => {
  test('asks whether a process can be read, and at which slot it is', async () => {
    const head = await fetch(`${node.url}/${process}~process@1.0/now`, { method: 'HEAD' });
    expect([head.ok, await head.text()]).toEqual([true, '']);
    expect((await fetch(`${node.url}/${process}~process@1.0/now/nothing`, { method: 'HEAD' })).ok).toBe(false);
    expect(Number(await text(`/${process}~process@1.0/compute/at-slot`))).toBe(1);
  });

  test('reads values with their types', async () => {
    const path = `/${process}~process@1.0/compute/cache/balances/alice?require-codec=application/json&accept-bundle=true`;
    expect(await (await get(path)).json()).toMatchObject({ body: 60 });
    expect(await text(`/${process}~process@1.0/now/cache/name`)).toBe('Token');
  });

  test('reads a whole state', async () => {
    const state = await get(`/${process}~process@1.0/now/cache?require-codec=application/json&accept-bundle=true`);
    expect(await state.json()).toMatchObject({ name: 'Token', denomination: 12, controllers: ['alice', 'Bob'] });
    const serialized = await get(`/${process}~process@1.0/compute/cache/serialize~json@1.0`, {
      'content-type': 'application/json',
    });
    expect(serialized.status).toBe(200);
    expect(await serialized.json()).toMatchObject({
      name: 'Token',
      controllers: ['alice', 'Bob'],
      balances: { alice: 60 },
    });
  });
});

describe('the node’s signature', () => {
  test('holds for a verifier of RFC 9421 that knows nothing of AO', async () => {
    const reply = await get('/~meta@1.0/build');
    const input = reply.headers.get('signature-input')!;
    const [, label, parameters] = /(?:^|, )(comm-[\w-]+)=(\([^)]*\)[^,]*alg="rsa-pss-sha512"[^,]*)/.exec(input)!;
    const [, encoded] = new RegExp(`${label}=:([^:]+):`).exec(reply.headers.get('signature')!)!;
    const components = [.../^\(([^)]*)\)/.exec(parameters!)![1]!.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
    expect(components).toEqual(expect.arrayContaining(['node', 'build-time', 'ao-types']));
    const base = [
      ...components.map(
        (name) => `"${name}": ${name === '@status' ? reply.status : reply.headers.get(name.replace(/^@/, ''))}`,
      ),
      `"@signature-params": ${parameters}`,
    ].join('\n');
    const [, keyid] = /keyid="publickey:([^"]+)"/.exec(parameters!)!;
    const { n, e } = testJwk();
    expect(Buffer.from(keyid!, 'base64').equals(Buffer.from(n, 'base64url'))).toBe(true);
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
    expect(verify('sha512', Buffer.from(base), options, Buffer.from(encoded!, 'base64'))).toBe(true);
    expect(verify('sha512', Buffer.from(`${base} `), options, Buffer.from(encoded!, 'base64'))).toBe(false);
  });

  test('covers the body by its digest', async () => {
    const reply = await get('/~meta@1.0/info/address');
    const digest = /sha-256=:([^:]+):/.exec(reply.headers.get('content-digest')!)![1];
    expect(
      createHash('sha256')
        .update(await reply.text())
        .digest('base64'),
    ).toBe(digest);
    expect(reply.headers.get('signature-input')).toContain('"content-digest"');
  });

  test('has labels that every client can read', async () => {
    for (let i = 0; i < 20; i++) {
      const reply = await get(`/~message@1.0&n=${i}/set?x=1`);
      const labels = [...reply.headers.get('signature-input')!.matchAll(/(?:^|, )([^=,"]+)=\(/g)].map(
        ([, label]) => label!,
      );
      expect(labels.length).toBeGreaterThan(0);
      for (const label of labels) {
        expect(label).toMatch(/^[a-z][a-z0-9-]*$/);
        expect(reply.headers.get('signature')).toContain(`${label}=:`);
      }
    }
  });
});
