/** Gateways and other nodes: everything they say is checked. The gateway here is a table of items made by the test. */
import { describe, expect, test, vi } from 'vitest';
import { cacheWorld } from '../../../test/support/cache-world.ts';
import { asValue, testWallet, world } from '../../../test/support/world.ts';
import { allCodecs } from '../../codecs/all.ts';
import { type Item, itemId, makeItem } from '../../codecs/ans104/item.ts';
import { signItem } from '../../codecs/ans104/sign-item.ts';
import { tag } from '../../codecs/ans104/tags.ts';
import { toBase64Url, toBytes } from '../../core/bytes.ts';
import { commit } from '../../core/commit.ts';
import { everySigner } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { id } from '../../core/ids.ts';
import { loadAll } from '../../core/links.ts';
import { isMessage, type Message, message, messageFrom } from '../../core/message.ts';
import type { Peers } from '../../core/peers.ts';
import type { Value } from '../../core/value.ts';
import { signers, verify } from '../../core/verify.ts';
import { cacheDevice } from '../../devices/cache.ts';
import { memoryStore } from '../memory.ts';
import { type GatewayOptions, gatewaySource } from './gateway.ts';
import { RemoteWriter, remoteNodeSource } from './remote-node.ts';
import type { FetchRequest, FetchResponse } from './source.ts';

const wallet = testWallet('rsa4096-1');
const json = (value: unknown): Uint8Array => toBytes(JSON.stringify(value));

async function item(
  data: string,
  tags: readonly (readonly [string, string])[] = [['App-Name', 'aos']],
  of = wallet,
): Promise<Item> {
  return signItem({ tags: tags.map(([name, value]) => tag(name, value)), data: toBytes(data) }, of);
}

/** What GraphQL tells of an item. */
function node(one: Item, changes: object = {}): object {
  return {
    id: toBase64Url(itemId(one)),
    anchor: toBase64Url(one.anchor),
    signature: toBase64Url(one.signature),
    recipient: toBase64Url(one.target),
    owner: { key: toBase64Url(one.owner) },
    tags: one.tags.map(({ name, value }) => ({ name, value: new TextDecoder().decode(value) })),
    data: { size: String(one.data.length) },
    ...changes,
  };
}

/** A gateway with these answers by path or GraphQL id, and the requests it got. */
function gateway(answers: { readonly [path: string]: Uint8Array | object }, options: Partial<GatewayOptions> = {}) {
  const requests: FetchRequest[] = [];
  const fetch = async (request: FetchRequest): Promise<FetchResponse> => {
    requests.push(request);
    const path = new URL(request.url).pathname;
    if (path !== '/graphql') {
      const body = answers[path];
      return body instanceof Uint8Array ? { status: 200, body } : { status: 404, body: new Uint8Array(0) };
    }
    const asked = JSON.parse(new TextDecoder().decode(request.body)) as { variables: { transactionIds: string[] } };
    const found = answers[asked.variables.transactionIds[0]!];
    return {
      status: 200,
      body: json({ data: { transactions: { edges: found === undefined ? [] : [{ node: found }] } } }),
    };
  };
  const store = memoryStore();
  const failures: unknown[] = [];
  const env = (): Environment => made.env;
  const source = gatewaySource({ url: 'https://gateway.example/', fetch, environment: env, ...options });
  const made = cacheWorld(store, '2025-11', { sources: [source], onSourceFailure: (_, error) => failures.push(error) });
  return { ...made, requests, failures, store };
}

function serving(one: Item, changes: object = {}, data: Uint8Array = one.data) {
  const name = toBase64Url(itemId(one));
  return { name, answers: { [name]: node(one, changes), [`/raw/${name}`]: data } };
}

describe('the gateway', () => {
  test('[row G1, G2, GC1, GC4, GC5] gives items by their id, verified', async () => {
    const { name, answers } = serving(await item('Hello World'));
    const { cache, env, requests } = gateway(answers);
    const read = (await cache.read(name)) as Message;
    expect(read.get('app-name')).toBe('aos');
    expect(read.get('data')).toBe('Hello World');
    expect(await signers(read, env)).toEqual([wallet.address]);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://gateway.example/graphql',
      `GET https://gateway.example/raw/${name}`,
    ]);
  });

  test('[row G3, G4] keeps what it read in the local store', async () => {
    const { name, answers } = serving(await item('x'.repeat(10_000)));
    const { cache, requests, store, env } = gateway(answers);
    const [first, second] = await Promise.all([cache.read(name), cache.read(name)]);
    expect(first).toBe(second);
    expect(requests.length).toBe(2);
    const alone = cacheWorld(store);
    const kept = (await alone.cache.read(name)) as Message;
    expect(await verify(kept, env, everySigner)).toBe(true);
    expect(((await loadAll(kept, alone.env)) as Message).get('data')).toBe('x'.repeat(10_000));
    expect(requests.length).toBe(2);
  });

  test('what cannot be kept is given all the same', async () => {
    const one = await item('some data');
    const { name, answers } = serving(one);
    const { cache, store, failures } = gateway(answers);
    vi.spyOn(store, 'write').mockImplementation(() => raise('disk-full', 'The disk is full.'));
    expect(isMessage((await cache.read(name))!)).toBe(true);
    expect(failures).toMatchObject([{ code: 'disk-full' }]);
  });

  test('[row G7] or not, if the operator says so', async () => {
    const { name, answers } = serving(await item('Hello World'));
    const { cache, store } = gateway(answers, { keeps: false, subindex: [{ name: 'Data-Protocol', value: 'a"o' }] });
    expect(((await cache.read(name)) as Message).get('data')).toBe('Hello World');
    expect(store.list('')).toBeUndefined();
  });

  test('[row G8] what it gave verifies in other formats, too', async () => {
    const { name, answers } = serving(
      await item('data', [
        ['Type', 'Message'],
        ['a', 'b'],
      ]),
    );
    const { cache, env } = gateway(answers);
    const read = (await cache.read(name)) as Message;
    const ans104 = env.codecs.get('ans104@1.0')!;
    expect(Buffer.from((await ans104.fromTabm(read.without('priv'), {}, env)) as Uint8Array).length).toBeGreaterThan(
      1000,
    );
    expect(await verify(read, env, everySigner)).toBe(true);
  });

  test('[row G5] nothing is asked without sources, and only ids are asked for', async () => {
    const { name } = serving(await item('x'));
    expect(await cacheWorld(memoryStore()).cache.read(name)).toBeUndefined();
    const { cache, requests } = gateway({});
    for (const path of ['name', 'computed/x/slot/1', 'short']) expect(await cache.read(path)).toBeUndefined();
    expect(requests).toEqual([]);
    expect(await cache.read(name)).toBeUndefined();
    expect(requests.length).toBe(1);
  });

  test('a subindex is part of the query, and cannot break out of it', async () => {
    const { cache, requests } = gateway({}, { subindex: [{ name: 'Data-Protocol', value: 'a"]}){x' }] });
    await cache.read('A'.repeat(43));
    const { query } = JSON.parse(new TextDecoder().decode(requests[0]!.body)) as { query: string };
    expect(query).toContain('tags: [{ name: "Data-Protocol", values: ["a\\"]}){x"] }], first: 1');
  });

  test('whatever was changed is refused', async () => {
    const one = await item('Hello World');
    const other = await item('Other');
    const changes: readonly [string, object, Uint8Array?][] = [
      ['data', {}, toBytes('Hello Mars!')],
      ['a tag', { tags: [{ name: 'App-Name', value: 'evil' }] }],
      ['no tags', { tags: [] }],
      ['the owner', { owner: { key: toBase64Url(testWallet('rsa4096-2').publicKey) } }],
      ['the signature', { signature: toBase64Url(other.signature) }],
      ['a target', { recipient: 'A'.repeat(43) }],
      ['the size', { data: { size: '0' } }],
      ['the id', { id: toBase64Url(itemId(other)) }],
      ['everything', { signature: 7, owner: null, tags: 'x', data: null, recipient: {}, anchor: [] }],
    ];
    for (const [what, change, data] of changes) {
      const { name, answers } = serving(one, change, data);
      const { cache, failures, store } = gateway(answers);
      expect(await cache.read(name), what).toBeUndefined();
      expect(failures.length, what).toBe(1);
      expect(failures[0], what).toMatchObject({ code: 'peer-failed' });
      expect(store.list(''), what).toBeUndefined();
    }
    // All of another item under this name: its signature hashes to another id.
    const { name } = serving(one);
    const { answers } = serving(other, { id: name });
    const { cache } = gateway({ [name]: Object.values(answers)[0]!, [`/raw/${name}`]: other.data });
    expect(await cache.read(name)).toBeUndefined();
  });

  test('an operator may trust the gateway with what cannot be verified', async () => {
    const one = await item('Hello World');
    const { name, answers } = serving(one, { tags: [{ name: 'App-Name', value: 'lossy' }] });
    const { cache, env } = gateway(answers, { trustGraphql: true });
    const read = (await cache.read(name)) as Message;
    expect(read.get('app-name')).toBe('lossy');
    expect(((read.get('commitments') as Message).get(name) as Message).get('trusted-keys')).toEqual(['app-name']);
    expect(await signers(read, env)).toEqual([]);
  });

  test('answers that are nonsense are nothing', async () => {
    for (const body of ['', '[]', '{"data":null}', '{"errors":[]}', 'null', '{"__proto__":{"data":1}}']) {
      const { cache, failures } = gateway({}, { fetch: async () => ({ status: 200, body: toBytes(body) }) });
      expect(await cache.read('A'.repeat(43))).toBeUndefined();
      expect(failures.length).toBe(1);
    }
    const down = gateway({}, { fetch: async () => ({ status: 503, body: new Uint8Array(0) }) });
    expect(await down.cache.read('A'.repeat(43))).toBeUndefined();
    expect(down.failures[0]).toMatchObject({ code: 'peer-failed' });
  });

  test('[row GC3] gives layer-1 transactions, verified', async () => {
    const tx = allCodecs.find(({ name }) => name === 'tx@1.0')!;
    const { env } = cacheWorld(memoryStore());
    const withTx: Environment = { ...env, codecs: new Map([...env.codecs, ['tx@1.0', tx]]) };
    const signed = await commit(
      messageFrom([
        ['data', 'Hello World'],
        ['test', 'yes'],
      ]),
      withTx,
      message({ 'commitment-device': 'tx@1.0' }),
      wallet,
    );
    const text = (await tx.fromTabm(signed, {}, withTx)) as string;
    const fields = JSON.parse(text) as {
      id: string;
      signature: string;
      owner: string;
      tags: { name: string; value: string }[];
    };
    const name = id(signed, 'signed', withTx);
    const plain = (b64: string): string => Buffer.from(b64, 'base64url').toString();
    const known = {
      id: name,
      anchor: '',
      signature: fields.signature,
      recipient: '',
      owner: { key: fields.owner },
      tags: fields.tags.map((one) => ({ name: plain(one.name), value: plain(one.value) })),
      data: { size: '11' },
    };
    const answers = {
      [name]: known,
      [`/raw/${name}`]: toBytes('Hello World'),
      [`/tx/${name}`]: json({ ...fields, data: '' }),
    };
    const { cache } = gateway(answers);
    expect(((await cache.read(name)) as Message).get('data')).toBe('Hello World');
    const changed = gateway({ ...answers, [`/raw/${name}`]: toBytes('Hello Mars!') });
    expect(await changed.cache.read(name)).toBeUndefined();
  });

  test('an empty item and one with a target and an anchor', async () => {
    const full = makeItem({
      tags: [],
      data: new Uint8Array(0),
      target: new Uint8Array(32).fill(1),
      anchor: new Uint8Array(32).fill(2),
    });
    const { target, anchor } = full;
    const signed = await signItem({ tags: [tag('a', 'b')], data: new Uint8Array(0), target, anchor }, wallet);
    const { name, answers } = serving(signed);
    const { cache, requests, env } = gateway(answers);
    const read = (await cache.read(name)) as Message;
    expect(await verify(read, env, everySigner)).toBe(true);
    expect(requests.length).toBe(1);
  });
});

// ---- other nodes ------------------------------------------------------------------------------------------------------------

/** A server node, and a client whose only source it is. What the server says can be changed on the way. */
function pair(change: (answer: Value) => Value = (answer) => answer) {
  const clientWallet = testWallet('rsa4096-2');
  const server = world({ devices: [cacheDevice], wallet, options: { 'cache-writers': [clientWallet.address] } });
  const paths: string[] = [];
  const peers: Peers = {
    async request(_node, request) {
      const path = request.get('path') as string;
      paths.push(path);
      const outcome = await server.library.request(request.with('path', path));
      if (outcome.status !== 'ok') return outcome;
      const bundle = request.get('accept-bundle') === true && isMessage(outcome.value);
      const whole = bundle ? await loadAll(outcome.value, server.env) : outcome.value;
      // What HTTP adds to an answer.
      const answer = isMessage(whole) ? whole.with('status', 200) : message({ body: whole as string, status: 200 });
      return { status: 'ok', value: change(answer) };
    },
  };
  const failures: unknown[] = [];
  const env = (): Environment => client.env;
  const options = { url: 'http://server', peers, environment: env };
  const client = cacheWorld(memoryStore(), '2025-11', {
    sources: [remoteNodeSource(options)],
    onSourceFailure: (_, error) => failures.push(error),
  });
  const writer = new RemoteWriter({ ...options, environment: () => ({ ...client.env, wallet: clientWallet }) });
  return { server, client, writer, paths, failures };
}

describe('another node', () => {
  test('[row N1] gives messages by unsigned id, and bytes by hash', async () => {
    const { server, client } = pair();
    const path = await server.env.cache.write(messageFrom([['test-key', 12345]]));
    const bytes = await server.env.cache.write('some bytes');
    expect(((await client.cache.read(path)) as Message).get('test-key')).toBe(12345);
    expect(await client.cache.read(bytes)).toBe('some bytes');
  });

  test('gives signed messages, children when somebody looks', async () => {
    const { server, client, paths } = pair();
    const child = await server.ao.commit(message({ child: 'yes' }));
    const signed = await server.ao.commit(
      messageFrom([
        ['a', 1],
        ['child', child],
      ]),
    );
    await server.env.cache.write(signed);
    const name = server.ao.id(signed, 'signed');
    const read = (await client.cache.read(name)) as Message;
    expect(await signers(read, client.env)).toEqual([wallet.address]);
    expect(paths.length).toBe(1);
    expect(await client.cache.read(`${name}/child/child`)).toBe('yes');
    expect(paths.length).toBe(2);
    expect(((await client.cache.readLocal(name)) as Message).get('a')).toBe(1);
    expect((await client.cache.readLocal(name)) as Message).not.toHaveProperty('status');
  });

  test('gives messages signed by two', async () => {
    const { server, client } = pair();
    const one = await server.ao.commit(message({ a: '1' }));
    const two = await server.ao.commit(one, message({ 'commitment-device': 'httpsig@1.0' }), testWallet('rsa4096-2'));
    await server.env.cache.write(two);
    const read = (await client.cache.read(server.ao.id(two, 'signed'))) as Message;
    expect((await signers(read, client.env)).length).toBe(2);
  });

  test('is not believed', async () => {
    for (const change of [
      (answer: Value) => (answer as Message).with('a', 'changed'),
      () => message({ entirely: 'other' }),
      () => 'text',
      (answer: Value) => (answer as Message).without('a'),
    ]) {
      const { server, client, failures } = pair(change);
      const signed = await server.ao.commit(message({ a: '1' }));
      const path = await server.env.cache.write(signed);
      expect(await client.cache.read(server.ao.id(signed, 'signed'))).toBeUndefined();
      expect(await client.cache.read(path)).toBeUndefined();
      expect(failures.length).toBe(2);
    }
  });

  test('[row N2] is not asked for names, and says when it has nothing', async () => {
    const { server, client, paths, failures } = pair();
    await server.env.cache.link(await server.env.cache.write('x'), 'some/name');
    expect(await client.cache.read('some/name')).toBeUndefined();
    expect(paths).toEqual([]);
    expect(await client.cache.read('A'.repeat(43))).toBeUndefined();
    expect(failures).toEqual([]);
  });

  test('[row D1, D2] can be written to with a listed key', async () => {
    const { writer, client, server } = pair();
    const path = await writer.write(asValue({ test_key: 'test_value' }));
    expect(((await client.cache.read(path)) as Message).get('test_key')).toBe('test_value');
    const bytes = await writer.write('test_binary');
    expect(await client.cache.read(bytes)).toBe('test_binary');
    await writer.link(path, 'a/name');
    expect(await server.env.cache.read('a/name/test_key')).toBe('test_value');
  });
});
