/** The examples of this entry point's docstrings, and of the others'. */
import { ArweaveSigner, createData } from '@dha-team/arbundles';
import { describe, expect, test } from 'vitest';
import { device, ok, text } from '../device.ts';
import { createLibrary, isMessage } from '../index.ts';
import { fakeBundler, fakeGateway, seededRandom, startNode, testJwk, testWallet, virtualClock } from './index.ts';

describe('nodes', () => {
  test('start on ports of their own, with keys of their own', async () => {
    await using first = await startNode();
    await using second = await startNode({ wallet: testWallet('second') });
    expect(first.url).not.toBe(second.url);
    const reply = await fetch(`${first.url}/~message@1.0&greeting=hello/greeting`);
    expect(await reply.text()).toBe('hello');
    expect(await first.client(testWallet('second')).read('/~meta@1.0/info/address')).toBe(first.address);
    expect(await second.client().address()).toBe('Kmn2WfmxrWgtcUJUQp8fUKbl64RuCtm7w6s4yEmonlQ');
  });

  test('take devices, options and a clock', async () => {
    const greeter = device({
      name: 'greeter@1.0',
      doc: 'Greets.',
      keys: {
        greet: { doc: 'Greets `name`.', request: { name: text }, run: ({ request }) => ok(`Hello, ${request.name}!`) },
      },
    });
    const clock = virtualClock();
    await using node = await startNode({ devices: [greeter], clock, options: { host: 'example.org' } });
    const client = node.client();
    expect(await client.read('/~greeter@1.0/greet?name=Ada')).toBe('Hello, Ada!');
    expect(await client.read('/~meta@1.0/info/host')).toBe('example.org');
    await expect(client.read('/~meta@1.0/info/nothing')).rejects.toMatchObject({ code: 'not-found' });
    await expect(startNode({ options: { hots: 'x' } })).rejects.toMatchObject({
      error: { hint: 'Did you mean `host`?' },
    });
  });

  test('know what other nodes have', async () => {
    await using origin = await startNode();
    const id = await origin.client().upload({ tags: { Name: 'a note' }, data: 'hello' });
    await using other = await startNode({ wallet: testWallet('second'), options: { peers: [origin.url] } });
    expect(await other.client().read(`/${id}/data`)).toBe('hello');
  });
});

test('the library works without a node', async () => {
  const ao = createLibrary();
  expect(await ao.request('/~message@1.0&greeting="Hello"&count+integer=42/count')).toEqual({
    status: 'ok',
    value: 42,
  });
});

describe('time and chance', () => {
  test('sleepers wake in the order of their times', async () => {
    const clock = virtualClock(0);
    const woken: string[] = [];
    const sleep = (name: string, ms: number, then?: () => void): void => {
      void clock.sleep(ms).then(() => {
        woken.push(`${name} ${clock.now()}`);
        then?.();
      });
    };
    sleep('late', 300);
    sleep('early', 100, () => sleep('again', 100));
    sleep('never', 10_000);
    await clock.advance(1_000);
    expect(woken).toEqual(['early 100', 'again 200', 'late 300']);
    expect(clock.now()).toBe(1_000);
    expect(clock.sleeping).toBe(1);
    const stop = new AbortController();
    const stopped = clock.sleep(10, stop.signal);
    stop.abort(new Error('stopped'));
    await expect(stopped).rejects.toThrow('stopped');
    expect(clock.sleeping).toBe(1);
  });

  test('the same seed gives the same bytes', () => {
    expect(seededRandom('a')(40)).toEqual(seededRandom('a')(40));
    expect(seededRandom('a')(40)).not.toEqual(seededRandom('b')(40));
  });
});

describe('gateway and bundler', () => {
  test('what is bundled can be read through a node, verified', async () => {
    await using gateway = await fakeGateway();
    await using bundler = await fakeBundler({ gateway });
    const signer = new ArweaveSigner(testJwk('second'));
    const item = createData('data of the item', signer, { tags: [{ name: 'App', value: 'test' }] });
    await item.sign(signer);
    const raw = new Uint8Array(item.getRaw());
    const posted = await fetch(`${bundler.url}/tx`, { method: 'POST', body: raw });
    expect(await posted.json()).toMatchObject({ id: item.id });
    const damaged = raw.slice();
    damaged[damaged.length - 1]! ^= 1;
    expect((await fetch(`${bundler.url}/tx`, { method: 'POST', body: damaged })).status).toBe(400);
    expect(bundler.items.length).toBe(1);

    await using node = await startNode({ options: { gateway: gateway.url, 'gateway-reads': true } });
    const client = node.client();
    expect(await client.read(`/${item.id}/data`)).toBe('data of the item');
    expect(gateway.requests.map(({ path }) => path)).toEqual(['/graphql', `/raw/${item.id}`]);
    const found = await client.read(`/${item.id}`);
    expect(isMessage(found) && found.get('app')).toBe('test');
  });

  test('GraphQL finds by tags and owners', async () => {
    await using gateway = await fakeGateway();
    const signer = new ArweaveSigner(testJwk());
    const ids: string[] = [];
    for (const value of ['one', 'two']) {
      const item = createData(value, signer, { tags: [{ name: 'Kind', value }] });
      await item.sign(signer);
      ids.push(gateway.addItem(new Uint8Array(item.getRaw())));
    }
    const ask = async (query: string, variables: object = {}): Promise<string[]> => {
      const reply = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        body: JSON.stringify({ query, variables }),
      });
      const { data } = (await reply.json()) as { data: { transactions: { edges: { node: { id: string } }[] } } };
      return data.transactions.edges.map(({ node }) => node.id);
    };
    expect(await ask('{ transactions(tags: [{ name: "Kind", values: ["two"] }]) { edges { node { id } } } }')).toEqual([
      ids[1],
    ]);
    expect(
      await ask('query($o: [String!]) { transactions(owners: $o) { edges { node { id } } } }', { o: ['x'] }),
    ).toEqual([]);
    expect(
      await ask('query($o: [String!]) { transactions(owners: $o) { edges { node { id } } } }', {
        o: [testWallet().address],
      }),
    ).toEqual(ids);
    gateway.fail(503, 1);
    expect((await fetch(`${gateway.url}/info`)).status).toBe(503);
    expect(await (await fetch(`${gateway.url}/info`)).json()).toMatchObject({ height: 1_000_000 });
  });
});
