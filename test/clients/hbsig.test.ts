/**
 * `hbsig`, the signer inside wao, against a node of its own process (spec 06 §6): what it signs counts, from single fields to a process and
 * its messages; and to the verifier inside it what the node signs holds.
 */
import { constants, createPublicKey, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type TestKey, testJwk, testWallet } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';
import { runtimeDefinition } from '../support/runtime-definition.ts';

type Fields = { readonly [name: string]: unknown };
type Headers = { readonly [name: string]: string };
interface Signed {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
}
interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: Headers;
  readonly out: Fields;
}
type Sign = (fields: Fields, options?: { readonly path: boolean }) => Promise<Signed>;
interface Hbsig {
  createSigner(jwk: unknown, url: string): Sign;
  commit(fields: Fields, options: { readonly signer: Sign; readonly path: boolean }): Promise<unknown>;
  send(signed: Signed): Promise<Reply>;
}
interface KeyParameters {
  readonly alg: string;
  readonly keyid: string;
}
interface VerifyingKey {
  readonly id: string;
  readonly algs: readonly string[];
  verify(data: Buffer, signature: Buffer): Promise<boolean>;
}
interface Verifier {
  readonly httpbis: {
    verifyMessage(
      config: { keyLookup(parameters: KeyParameters): Promise<VerifyingKey | null> },
      message: Signed,
    ): Promise<boolean | null>;
  };
}

// The node is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const require = createRequire(import.meta.url);
const hbsig = require('hbsig') as Hbsig;
const { httpbis } = require('hbsig/cjs/http-message-signatures') as Verifier;
const address = testWallet('second').address;
let node: ChildNode;
let sign: Sign;

beforeAll(async () => {
  node = await childNode();
  sign = hbsig.createSigner(testJwk('second'), node.url);
});
afterAll(() => node[Symbol.asyncDispose]());

async function post(fields: Fields, path = false): Promise<Reply> {
  return hbsig.send(await sign({ method: 'POST', ...fields }, { path }));
}

async function get(path: string): Promise<Reply> {
  return hbsig.send({ url: node.url + path, method: 'GET', headers: {} });
}

/**
 * Whether the signature of `key` is on an answer and holds, by the verifier inside the package. The package's own `verify` says yes to
 * whatever that verifier doesn't throw at.
 */
async function isSigned({ headers }: { readonly headers: Headers }, key: TestKey = 'first'): Promise<boolean> {
  const { n, e } = testJwk(key);
  const publicKey = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const keyid = `publickey:${Buffer.from(n, 'base64url').toString('base64')}`;
  const options = {
    key: publicKey,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
  const keyLookup = async (parameters: KeyParameters): Promise<VerifyingKey | null> =>
    parameters.keyid === keyid
      ? {
          id: keyid,
          algs: ['rsa-pss-sha512'],
          verify: async (data, signature) => verify('sha512', data, options, signature),
        }
      : null;
  return (await httpbis.verifyMessage({ keyLookup }, { url: node.url, method: 'GET', headers })) === true;
}

describe('what it signs', () => {
  test('names its signer', async () => {
    const reply = await post({ path: '/~message@1.0/committers', plain: 'text' });
    expect([reply.status, reply.headers['1']]).toEqual([200, address]);
  });

  test('over its path is something no other verifier accepts: the message counts as unsigned', async () => {
    const reply = await post({ path: '/~message@1.0/committers', plain: 'text' }, true);
    expect([reply.status, reply.headers['1']]).toEqual([200, undefined]);
  });

  test('arrives with its types, lists and nested messages', async () => {
    expect((await post({ path: '/~message@1.0/count', count: 7 })).headers['ao-types']).toContain('body="integer"');
    expect((await post({ path: '/~message@1.0/data/deep', data: { deep: 'PING' } })).body).toBe('PING');
    expect((await post({ path: '/~message@1.0/list/2', list: [1, 'two'] })).body).toBe('two');
  });

  test('fails with status and text', async () => {
    await expect(post({ path: '/~message@1.0/missing' })).rejects.toThrow('404: not_found');
  });
});

describe('processes', () => {
  let definition: Fields;

  beforeAll(async () => {
    definition = { type: 'Process', ...(await runtimeDefinition(node)) };
  });

  async function spawn(): Promise<string> {
    const reply = await post({ path: '/push', ...definition, 'random-seed': crypto.randomUUID() });
    return reply.headers['process']!;
  }

  const push = (process: string, fields: Fields): Promise<Reply> =>
    post({ path: `/${process}~process@1.0/push`, type: 'Message', target: process, ...fields });

  test('spawn, message, result, state', async () => {
    const process = await spawn();
    expect(process).toMatch(/^[\w-]{43}$/);
    const reply = await push(process, { action: 'Eval', data: 'Publish({ supply = 100 }) return 1 + 1' });
    expect(reply.out).toMatchObject({ slot: 1, process });
    const result = await get(`/${process}~process@1.0/compute=1/results/output`);
    expect(result.out['body']).toContain('\r\n\r\n2\r\n');
    const state = await get(`/${process}~process@1.0/now/cache/supply`);
    expect([state.body, state.headers['ao-types']]).toEqual(['100', expect.stringContaining('body="integer"')]);
    // What is in a body of several parts is none of that verifier's headers.
    for (const answer of [reply, state]) expect(await isSigned(answer)).toBe(true);
  });

  test('an error of the program is a result; the process goes on', async () => {
    const process = await spawn();
    await push(process, { action: 'Eval', data: 'error("no")' });
    expect((await get(`/${process}~process@1.0/compute=1/results/error`)).body).toContain('no');
    await push(process, { action: 'Eval', data: 'Owner' });
    expect((await get(`/${process}~process@1.0/compute=2/results/output/data`)).body).toBe(address);
  });

  test('a message of one process to another', async () => {
    const to = await spawn();
    const from = await spawn();
    await push(from, { action: 'Eval', data: `Send({ Target = '${to}', Action = 'Note', Data = 'hi' })` });
    await push(to, { action: 'Eval', data: 'Inbox[1].Data .. " " .. Inbox[1].From' });
    expect((await get(`/${to}~process@1.0/now/results/output/data`)).body).toBe(`hi ${from}`);
  });

  test('a message with a commitment of its own, as wao puts it into a body', async () => {
    const process = await spawn();
    const fields = { type: 'Message', target: process, action: 'Eval', data: 'x = 1 return x' };
    const body = (await hbsig.commit(fields, { signer: sign, path: false })) as { data: string };
    expect((await post({ path: `/${process}/schedule`, body }, true)).out['slot']).toBe(1);
    expect((await get(`/${process}~process@1.0/now/results/output/data`)).body).toBe('1');
    body.data = 'x = 2 return x';
    await expect(post({ path: `/${process}/schedule`, body }, true)).rejects.toThrow('400: Message is not valid.');
  });

  test('nobody else evaluates; unknown processes and slots are refused', async () => {
    const process = await spawn();
    const other = hbsig.createSigner(testJwk('first'), node.url);
    const fields = { path: `/${process}/push`, method: 'POST', type: 'Message', target: process, action: 'Eval' };
    await hbsig.send(await other({ ...fields, data: 'Stolen = true' }, { path: false }));
    await push(process, { action: 'Eval', data: 'tostring(Stolen)' });
    expect((await get(`/${process}~process@1.0/now/results/output/data`)).body).toBe('nil');
    await expect(push('A'.repeat(43), {})).rejects.toThrow('404');
    await expect(get(`/${process}~process@1.0/compute=99`)).rejects.toThrow('404');
  });
});

describe('the node’s signature', () => {
  test('holds for typed fields, and for nothing that differs or another key', async () => {
    const reply = await get('/~meta@1.0/build');
    expect(await isSigned(reply)).toBe(true);
    expect(await isSigned({ headers: { ...reply.headers, node: 'Another' } })).toBe(false);
    expect(await isSigned({ headers: { ...reply.headers, 'ao-types': 'build-time="float"' } })).toBe(false);
    expect(await isSigned(reply, 'second')).toBe(false);
  });
});
