import { describe, expect, test } from 'vitest';
import { received } from '../../test/support/received.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import { type Input, type Message, message, messageFrom } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import type { Wallet } from '../core/wallet.ts';
import { cacheDevice } from './cache.ts';
import { cacheviz } from './cacheviz.ts';

const node = testWallet('rsa4096-1');
const client = testWallet('rsa4096-2');
const base = { device: 'cache@1.0' };

function start(writers: readonly string[] = [client.address]) {
  const here = world({ devices: [cacheDevice, cacheviz], wallet: node, options: { 'cache-writers': writers } });
  const signed = async (request: Value, by: Wallet = client, committed?: readonly string[]): Promise<Message> => {
    const spec = { 'commitment-device': 'httpsig@1.0', ...(committed === undefined ? {} : { committed }) };
    return here.ao.commit(request as Message, message(spec as { [key: string]: Input }), by);
  };
  const resolve = async (request: Value) => here.library.resolve(asValue(base), request, { hashpath: 'ignore' });
  const post = async (request: { [key: string]: Input }, by?: Wallet) => resolve(await signed(asValue(request), by));
  return { ...here, signed, resolve, post };
}

describe('cache@1.0', () => {
  test('[row LK1, LK2] reads bytes and messages by id, path and name', async () => {
    const { env, value } = start();
    const path = await env.cache.write(asValue({ 'test-key': 'test-value', child: { a: 'b' } }));
    const bytes = await env.cache.write('bytes');
    await env.cache.link(path, 'my/name');
    const read = (target: string) => value(base, { path: 'read', target });
    expect(await read(bytes)).toBe('bytes');
    expect(((await read(path)) as Message).get('test-key')).toBe('test-value');
    expect(await read(`${path}/child/a`)).toBe('b');
    expect(await read('my/name/test-key')).toBe('test-value');
    expect(await value(base, { path: 'read', read: bytes })).toBe('bytes');
  });

  test('what is not there is not found', async () => {
    const { resolve } = start();
    for (const target of ['nothing', 'A'.repeat(43), '', '../../etc/passwd', 'data/..']) {
      expect(await resolve(asValue({ path: 'read', target }))).toMatchObject({
        status: 'error',
        error: { code: 'not-found' },
      });
    }
    expect(await resolve(asValue({ path: 'read' }))).toMatchObject({ error: { code: 'not-found' } });
  });

  test('[row LK3] as JSON for legacy clients', async () => {
    const { env, value } = start();
    const path = await env.cache.write(asValue({ 'test-key': 'test-value', data: 'test-data' }));
    const answer = (await value(base, { path: 'read', target: path, accept: 'application/aos-2' })) as Message;
    expect(answer.get('content-type')).toBe('application/aos-2');
    expect(JSON.parse(answer.get('body') as string)).toMatchObject({ Data: 'test-data' });
  });

  test('[row D2] a listed writer writes bytes', async () => {
    const { post, env } = start();
    const outcome = await post({ path: 'write', body: 'test_binary' });
    const path = (outcome as { value: Message }).value.get('path') as string;
    expect(path).toMatch(/^data\//);
    expect(await env.cache.read(path)).toBe('test_binary');
  });

  test('[row D1] and messages; the node itself always may', async () => {
    const { resolve, ao, env } = start([]);
    const content = asValue({ type: 'message', body: { test_key: 'test_value' } }) as Message;
    const outcome = await resolve(await received(ao, 'cache@1.0', 'write', content));
    const path = (outcome as { value: Message }).value.get('path') as string;
    expect(((await env.cache.read(path)) as Message).get('test_key')).toBe('test_value');
  });

  test('nobody else writes', async () => {
    const { resolve, signed, post } = start([]);
    const forbidden = { status: 'error', error: { code: 'forbidden', status: 403 } };
    expect(await resolve(asValue({ path: 'write', body: 'x' }))).toMatchObject(forbidden);
    expect(await post({ path: 'write', body: 'x' })).toMatchObject(forbidden);
    expect(await post({ path: 'link', source: 'a', destination: 'b' })).toMatchObject(forbidden);
    expect(await post({ path: 'group', body: 'b' })).toMatchObject(forbidden);
    // A claim without a signature that holds.
    const forged = (await signed(asValue({ path: 'write', body: 'x' }), node)).with('body', 'y');
    expect(await resolve(forged)).toMatchObject(forbidden);
  });

  test('a signature over something else does not count', async () => {
    const { resolve, signed } = start();
    const partly = await signed(
      asValue({ path: 'write', body: 'x', operation: 'link', source: 'a', destination: 'b' }),
      client,
      ['body'],
    );
    expect(await resolve(partly)).toMatchObject({ error: { code: 'forbidden' } });
  });

  test('links once per request', async () => {
    const { signed, resolve, env } = start();
    const path = await env.cache.write(asValue({ a: '1' }));
    const other = await env.cache.write(asValue({ a: '2' }));
    const first = await signed(asValue({ path: 'link', source: path, destination: 'some/name' }));
    expect(await resolve(first)).toMatchObject({ status: 'ok' });
    expect(await env.cache.read('some/name/a')).toBe('1');
    expect(
      await resolve(
        await signed(asValue({ path: 'write', operation: 'link', source: other, destination: 'some/name' })),
      ),
    ).toMatchObject({ status: 'ok' });
    expect(await env.cache.read('some/name/a')).toBe('2');
    expect(await resolve(first)).toMatchObject({ error: { code: 'conflict' } });
    expect(await env.cache.read('some/name/a')).toBe('2');
  });

  test('says what is wrong with a write', async () => {
    const { post } = start();
    const said = async (request: { [key: string]: Input }) =>
      ((await post(request)) as { error: { message: string } }).error.message;
    expect(await said({ path: 'write' })).toBe('No body to write.');
    expect(await said({ path: 'write', body: { a: 'map' } })).toBe('Invalid write type.');
    expect(await said({ path: 'write', body: 'x', location: 'y' })).toBe('Invalid write type.');
    expect(await said({ path: 'write', body: 'x', type: 'other' })).toBe('Invalid write type.');
    expect(await said({ path: 'write', type: 'message', body: 'x' })).toBe('Invalid write type.');
    expect(await said({ path: 'link', source: 'x', destination: '/' })).toMatch(/needs/);
  });

  test('writes a batch, each for itself', async () => {
    const { post, env } = start();
    const outcome = await post({
      path: 'write',
      type: 'batch',
      body: { one: { body: 'first' }, two: { type: 'odd', body: 'x' } },
    });
    const results = (outcome as { value: Message }).value;
    expect(await env.cache.read((results.get('one') as Message).get('path') as string)).toBe('first');
    expect((results.get('two') as Message).get('status')).toBe(400);
  });
});

describe('cacheviz@1.0', () => {
  const viz = { device: 'cacheviz@1.0' };

  test('draws a message with its children', async () => {
    const { env, value } = start();
    const path = await env.cache.write(
      messageFrom([
        ['a', '"quoted"\\'],
        ['n', 1],
        ['child', message({ b: 'c' })],
      ]),
    );
    await env.cache.link(path, 'some/name');
    const dot = ((await value(viz, { path: 'dot', target: path, 'render-data': true })) as Message).get(
      'body',
    ) as string;
    expect(dot).toMatch(/^digraph filesystem \{\n {2}node \[shape=circle\];/);
    expect(dot).toContain(`"${path}" [label=`);
    expect(dot).toContain('label="\\"quoted\\"\\\\", color=lightblue');
    expect(dot).toMatch(/-> "[\w-]{43}" \[label="child"\]/);
    const json = JSON.parse(((await value(viz, { path: 'json', target: '.' })) as Message).get('body') as string);
    expect(json.nodes.find((one: { id: string }) => one.id === 'some')).toMatchObject({
      label: 'some',
      type: 'composite',
    });
    expect(json.links).toContainEqual({ source: 'some', target: 'some/name', label: 'name' });
    const few = JSON.parse(
      ((await value(viz, { path: 'json', target: '.', 'max-size': 2 })) as Message).get('body') as string,
    );
    expect(few.nodes.length).toBe(2);
  });

  test('stores and shows a base with keys of its own', async () => {
    const { value } = start();
    const shown = (await value({ ...viz, a: 'b' }, { path: 'json' })) as Message;
    expect(JSON.parse(shown.get('body') as string).links).toContainEqual(expect.objectContaining({ label: 'a' }));
  });

  test('has a page, and a picture only where Graphviz is', async () => {
    const { value } = start();
    expect(((await value(viz, 'index')) as Message).get('body')).toContain('/~cacheviz@1.0/js');
    expect(((await value(viz, 'js')) as Message).get('content-type')).toBe('text/javascript');
    const drawn = await world({ devices: [cacheviz] }).resolve(viz, { path: 'svg', target: '.' });
    if (drawn.status === 'ok') expect((drawn.value as Message).get('body')).toContain('<svg');
    else expect(drawn).toMatchObject({ status: 'error', error: { code: 'unavailable' } });
  });
});
