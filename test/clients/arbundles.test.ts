/**
 * Data items made by `@dha-team/arbundles`, posted by plain fetch, and those of the node as the library reads them; what scheduler-utils
 * reads of items (spec 06 §1.1, §4, §9).
 */
import { readFileSync } from 'node:fs';
import { ArweaveSigner, bundleAndSignData, createData, DataItem, EthereumSigner } from '@dha-team/arbundles';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runtimeFile } from '../../runtime/build.ts';
import { testJwk } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';

// The node is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let node: ChildNode;
let module: string;
const signer = new ArweaveSigner(testJwk('second'));

beforeAll(async () => {
  node = await childNode();
  const item = await sign(readFileSync(runtimeFile, 'utf8'), { 'Content-Type': 'application/lua' });
  expect((await post('/~message@1.0/id', item)).status).toBe(200);
  module = item.id;
});
afterAll(() => node[Symbol.asyncDispose]());

type Tags = { readonly [name: string]: string };

async function sign(
  data: string,
  tags: Tags,
  options: { readonly target?: string; readonly anchor?: string } = {},
  by: ArweaveSigner | EthereumSigner = signer,
): Promise<DataItem> {
  const item = createData(data, by, {
    ...options,
    tags: Object.entries(tags).map(([name, value]) => ({ name, value })),
  });
  await item.sign(by);
  return item;
}

function post(path: string, item: DataItem, headers: Tags = {}): Promise<Response> {
  return fetch(node.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104', ...headers },
    body: new Uint8Array(item.getRaw()),
  });
}

function definition(): Tags {
  return {
    'Data-Protocol': 'ao',
    Type: 'Process',
    Variant: 'ao.N.1',
    device: 'process@1.0',
    'scheduler-device': 'scheduler@1.0',
    'push-device': 'push@1.0',
    'execution-device': 'lua@5.3a',
    function: 'compute',
    'lua-dialect': 'standard',
    Module: module,
    Scheduler: node.address,
    Authority: node.address,
  };
}

async function spawn(by: ArweaveSigner | EthereumSigner = signer): Promise<string> {
  const item = await sign('1984', { ...definition(), 'Random-Seed': crypto.randomUUID() }, {}, by);
  const reply = await post('/push', item);
  expect(reply.status).toBe(200);
  expect(reply.headers.get('process')).toBe(item.id);
  expect(reply.headers.get('slot')).toBe('0');
  return item.id;
}

const evaluation: Tags = { 'Data-Protocol': 'ao', Type: 'Message', Variant: 'ao.N.1', Action: 'Eval' };

describe('items', () => {
  test('a stored item comes back byte for byte', async () => {
    const item = await sign('some data', { 'App-Name': 'test', 'Mixed-Case': 'Kept' });
    await post('/~message@1.0/id', item);
    const stored = `${node.url}/${item.id}?require-codec=ans104@1.0`;
    await expect.poll(async () => (await fetch(stored)).status).toBe(200);
    const reply = await fetch(stored);
    const bytes = Buffer.from(await reply.arrayBuffer());
    expect(bytes.equals(item.getRaw())).toBe(true);
    expect(await new DataItem(bytes).isValid()).toBe(true);
  });

  test('a damaged item is nobody’s', async () => {
    const process = await spawn();
    const raw = Buffer.from((await sign('1', evaluation, { target: process })).getRaw());
    raw[raw.length - 1]! ^= 1;
    const reply = await fetch(`${node.url}/${process}~process@1.0/schedule`, {
      method: 'POST',
      headers: { 'content-type': 'application/ans104' },
      body: raw,
    });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(await (await fetch(`${node.url}/${process}~process@1.0/slot/current`)).text()).toBe('0');
  });

  test('with an anchor, with a space in a tag’s name', async () => {
    const process = await spawn();
    const item = await sign('1 + 1', { ...evaluation, 'a b': 'c' }, { target: process, anchor: 'a'.repeat(32) });
    const reply = await post(`/${process}~process@1.0/push`, item, {
      accept: 'application/json',
      'accept-bundle': 'true',
    });
    expect(await reply.json()).toMatchObject({ slot: 1, output: { data: '2' } });
  });

  test('signed by an Ethereum key, who then owns the process', async () => {
    const ethereum = new EthereumSigner('1'.repeat(64));
    const process = await spawn(ethereum);
    const item = await sign('Owner', evaluation, { target: process }, ethereum);
    const reply = await post(`/${process}~process@1.0/push`, item, {
      accept: 'application/json',
      'accept-bundle': 'true',
    });
    expect(await reply.json()).toMatchObject({ output: { data: expect.stringMatching(/^0x[0-9a-fA-F]{40}$/) } });
  });

  test('two spawns with equal tags are two processes', async () => {
    const items = [await sign('1984', definition()), await sign('1984', definition())];
    expect(items[0]!.id).not.toBe(items[1]!.id);
    for (const item of items) expect((await post('/push', item)).headers.get('process')).toBe(item.id);
    for (const { id } of items) {
      expect(await (await fetch(`${node.url}/${id}~process@1.0/slot/current`)).text()).toBe('0');
    }
  });
});

test('what the node signs as an item holds for the library', async () => {
  const tags = { ...definition(), 'scheduler-commitment-spec': 'ans104@1.0', 'Random-Seed': crypto.randomUUID() };
  const reply = await post('/~scheduler@1.0/schedule', await sign('1984', tags), { accept: 'application/json' });
  const { commitments } = (await reply.json()) as { readonly commitments: { readonly [id: string]: object } };
  const [id] = Object.entries(commitments).find(([, one]) => 'committer' in one && one.committer === node.address)!;
  const stored = await fetch(`${node.url}/${id}?require-codec=ans104@1.0`);
  const assignment = new DataItem(Buffer.from(await stored.arrayBuffer()));
  expect([assignment.id, await assignment.isValid()]).toEqual([id, true]);
  expect(assignment.owner).toBe(testJwk().n);
  expect(assignment.tags).toContainEqual({ name: 'slot', value: '0' });
});

describe('messenger URLs of legacy clients', () => {
  test('the codec named in the query', async () => {
    const process = await spawn();
    const item = await sign('1 + 1', evaluation, { target: process });
    const reply = await fetch(`${node.url}/${process}~process@1.0/push?codec-device=ans104@1.0`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', accept: 'application/json' },
      body: new Uint8Array(item.getRaw()),
    });
    expect(reply.status).toBe(200);
    expect(await reply.json()).toMatchObject({ slot: 1 });
  });

  test('the scheduler’s own path', async () => {
    const process = await spawn();
    const item = await sign('1 + 1', evaluation, { target: process });
    const reply = await post('/~scheduler@1.0/schedule?codec-device=ans104@1.0', item, { accept: 'application/json' });
    expect(reply.status).toBe(200);
    expect(await (await fetch(`${node.url}/${process}~process@1.0/slot/current`)).text()).toBe('1');
  });

  test('a bundle of messages', async () => {
    const process = await spawn();
    const item = await sign('1 + 1', evaluation, { target: process });
    const bundle = await bundleAndSignData([item], signer);
    expect(await bundle.verify()).toBe(true);
    const outer = createData(bundle.getRaw(), signer, {
      tags: [
        { name: 'Bundle-Format', value: 'binary' },
        { name: 'Bundle-Version', value: '2.0.0' },
      ],
    });
    await outer.sign(signer);
    expect((await post('/~message@1.0/id', outer)).status).toBe(200);
    await expect.poll(async () => (await fetch(`${node.url}/${outer.id}`)).status).toBe(200);
  });
});

describe('what scheduler-utils reads', () => {
  test('a process by its id: its commitment, tags and data', async () => {
    const process = await spawn();
    const reply = await fetch(`${node.url}/${process}?require-codec=application/json`, {
      headers: { accept: 'application/json' },
    });
    const found = (await reply.json()) as {
      readonly commitments: {
        readonly [id: string]: {
          readonly type: string;
          readonly committed: readonly string[];
          readonly 'original-tags': { readonly [n: string]: { readonly name: string; readonly value: string } };
        };
      };
      readonly data: string;
    };
    const [id, commitment] = Object.entries(found.commitments).find(([, { type }]) => type === 'rsa-pss-sha256')!;
    expect(id).toBe(process);
    expect(Array.isArray(commitment.committed)).toBe(true);
    expect(Object.values(commitment['original-tags'])).toContainEqual(
      expect.objectContaining({ name: 'Module', value: module }),
    );
    expect(found.data).toBe('1984');
  });
});
