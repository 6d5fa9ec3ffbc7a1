/** Rows of spec/cases-storage.md that need more than one store: the private store, nodes over HTTP, gateways. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { equal } from '../../src/core/equal.ts';
import { load, loadAll } from '../../src/core/links.ts';
import { match } from '../../src/core/match.ts';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { notFound, ok } from '../../src/core/outcome.ts';
import { Link, type Value } from '../../src/core/value.ts';
import { createLibrary } from '../../src/node/library.ts';
import { openFs } from '../../src/stores/fs.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { privateBefore } from '../../src/stores/private.ts';
import { link, put } from '../../src/stores/store.ts';
import { fakeGateway, startNode, testWallet } from '../../src/testing/index.ts';
import { readText } from '../conformance/store.ts';
import { cacheWorld } from '../support/cache-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'rows-'));
let counter = 0;
const fresh = (): string => join(directory, String(counter++));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const wallet = testWallet();
const library = createLibrary({ wallet });

/** A message as a signed data item. */
async function dataItem(keys: { readonly [key: string]: string }): Promise<{ signed: Message; bytes: Uint8Array }> {
  const signed = await library.commit(message(keys), message({ 'commitment-device': 'ans104@1.0' }));
  return { signed, bytes: (await library.convert(signed, 'ans104@1.0')) as Uint8Array };
}

const nothing = message({});
const withoutStatus = (value: Value): Message => (isMessage(value) ? value.without('status') : nothing);

describe('the private store', () => {
  test('[row P1] what only the public store has is found with private options, also by a link', async () => {
    await using shared = await openLmdb({ directory: fresh() });
    await using own = openFs({ directory: fresh() });
    const both = privateBefore(own, shared);
    await shared.write([put('key', new TextEncoder().encode('test-message')), link('key', 'link')]);
    expect(await readText(both, 'link')).toBe('test-message');
    const everybody = cacheWorld(shared);
    await everybody.cache.link(await everybody.cache.write('test-message'), 'named');
    const { env } = cacheWorld(both);
    expect(await load(new Link('named'), env)).toBe('test-message');
  });

  test('[row P2] a signed process is read and loaded through either', async () => {
    await using shared = await openLmdb({ directory: fresh() });
    await using own = openFs({ directory: fresh() });
    // Later dialects add the unsigned commitment to what was read.
    const everybody = cacheWorld(shared, '2025-09');
    const module = message({ 'content-type': 'application/lua', body: 'function compute(s) return s end' });
    const scheduler = await everybody.sign(message({ type: 'Scheduler', nested: { deep: { deeper: 1 } } }));
    const process = await everybody.sign(message({ device: 'process@1.0', type: 'Process', module, scheduler }));
    await everybody.cache.write(process);
    for (const { cache, env } of [everybody, cacheWorld(privateBefore(own, shared), '2025-09')]) {
      const read = (await cache.read(library.id(process, 'signed'))) as Message;
      expect(await match((await loadAll(read, env)) as Message, process, env, 'strict')).toBe(true);
    }
  });

  test('what is written there stays there, over restarts, and no stranger reads it', async () => {
    const at = fresh();
    const vault = device({
      name: 'vault@1.0',
      doc: 'Keeps a secret.',
      uses: ['cache', 'privateCache'],
      keys: {
        keep: {
          doc: 'Keeps it, and says where.',
          run: async ({ privateCache, cache }) => {
            const shared = await cache.write(message({ shared: 'by all' }));
            const path = await privateCache.write(message({ secret: 'S3CRET' }));
            await privateCache.link(path, 'vault/secret');
            return ok(message({ at: path, shared }));
          },
        },
        open: {
          doc: 'Whether it is there, and what everybody has as well.',
          run: async ({ privateCache, cache, base }) => {
            const found = await privateCache.read('vault/secret/secret');
            if (found === undefined) return notFound;
            const shared = await privateCache.read(String(base.get('shared')));
            return ok(message({ found, outside: (await cache.read('vault/secret')) !== undefined, shared: shared! }));
          },
        },
      },
    });
    const kept: Message[] = [];
    {
      await using node = await startNode({ devices: [vault], options: { 'data-dir': at, 'store-kind': 'fs' } });
      kept.push((await node.client().read('/~vault@1.0/keep')) as Message);
      const path = kept[0]!.get('at') as string;
      for (const asked of [path, `~cache@1.0/read?target=${path}`, '~cache@1.0/read?target=vault/secret']) {
        const answer = await fetch(`${node.url}/${asked}`);
        expect([answer.status, (await answer.text()).includes('S3CRET')]).toEqual([404, false]);
      }
    }
    await using again = await startNode({ devices: [vault], options: { 'data-dir': at, 'store-kind': 'fs' } });
    const opened = (await again
      .client()
      .read(`/~vault@1.0&shared=${String(kept[0]!.get('shared'))}/open?accept-bundle=true`)) as Message;
    expect([opened.get('found'), opened.get('outside')]).toEqual(['S3CRET', false]);
    expect((opened.get('shared') as Message).get('shared')).toBe('by all');
    expect(statSync(join(at, 'private')).mode & 0o077).toBe(0);
  });
});

describe('a node that reads from a gateway', () => {
  test('[row G6, GC1] an id that only the gateway has is served over HTTP', async () => {
    const { signed, bytes } = await dataItem({ 'data-protocol': 'ao', data: 'x' });
    await using gateway = await fakeGateway();
    const id = gateway.addItem(bytes);
    expect(id).toBe(library.id(signed, 'signed'));
    const store = [
      { kind: 'fs', name: fresh() },
      { kind: 'gateway', node: gateway.url },
    ];
    await using node = await startNode({ options: { store: store.map((one) => message(one)) } });
    const answer = await fetch(`${node.url}/${id}`, { headers: { 'cache-control': 'cache' } });
    expect([answer.status, answer.headers.get('data-protocol')]).toEqual([200, 'ao']);
  });

  test('[row G9] a message that somebody signed as a data item comes back the same, queries at one address and data at another', async () => {
    const { signed, bytes } = await dataItem({ hello: 'world', data: 'Hello' });
    expect(await library.verify(signed)).toBe(true);
    await using index = await fakeGateway();
    await using data = await fakeGateway();
    const id = index.addItem(bytes);
    data.addItem(bytes);
    const store = [
      { kind: 'gateway', node: data.url, graphql: `${index.url}/graphql` },
      { kind: 'memory', name: 'test' },
    ];
    await using node = await startNode({ options: { store: store.map((one) => message(one)) } });
    const read = (await node.cache.read(id)) as Message;
    expect(await library.verify(read)).toBe(true);
    expect(await match(signed, read, library.env, 'primary')).toBe(true);
    expect(library.id(read)).toBe(library.id(signed));
    expect([index.requests, data.requests].map((made) => made.map(({ path }) => path))).toEqual([
      ['/graphql'],
      [`/raw/${id}`],
    ]);
  });
});

describe('lookup@1.0 over HTTP', () => {
  test('[row LK4, node/lookup/http_lookup] a signed POST in the JSON of legacy clients', async () => {
    await using node = await startNode();
    const stored = message({ 'test-key': 'test-value', data: 'test-data' });
    const target = await node.cache.write(stored);
    const path = `/~lookup@1.0/read?target=${target}`;
    using client = node.client();
    const answer = await client.request(path, { device: 'lookup@1.0', accept: 'application/aos-2', target });
    const body = isMessage(answer) ? answer.get('body') : answer;
    expect(JSON.parse(body as string)).toMatchObject({ Data: 'test-data' });
    const plain = await client.read(path);
    expect(equal(withoutStatus(plain).without('commitments'), stored)).toBe(true);
  });
});

test('a store that is listed privately and cannot be is told at the start', async () => {
  await expect(startNode({ options: { 'priv-store': [message({ kind: 'floppy' })] } })).rejects.toThrow(/floppy|kind/);
});
