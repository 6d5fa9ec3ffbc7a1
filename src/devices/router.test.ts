import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { testNode } from '../../test/support/test-node.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import type { Input, Message } from '../core/message.ts';
import type { Peers } from '../core/peers.ts';
import { atom } from '../core/value.ts';
import { router } from './router.ts';

const base = { device: 'router@1.0' };
const operator = testWallet('rsa4096-2');

function routed(routes: Input, more: { [key: string]: Input } = {}) {
  const node = testNode({ routes, operator: operator.address, ...more });
  return { ...world({ devices: [router], wallet: testWallet('rsa4096-1'), capabilities: { node } }), node };
}

const noMatches = { status: 'error', error: { value: atom('no_matches') } };

describe('router@1.0', () => {
  test('[row node/router/test_provider] a table that something else provides', async () => {
    const provider = { path: '/test-key/routes', 'test-key': { routes: [{ template: '*', node: 'testnode' }] } };
    const { value } = routed([], { 'router-opts': { provider } });
    expect(await value(base, 'routes/1/node')).toBe('testnode');
  });

  test('a provider that fails', async () => {
    const { resolve } = routed([], { 'router-opts': { provider: '/~message@1.0/nope' } });
    expect(await resolve(base, 'routes')).toMatchObject({ error: { code: 'unavailable' } });
  });

  test('[row node/router/route_template_message_matches] templates that are messages', async () => {
    const table: Input[] = [
      { template: { 'other-key': 'other-value' }, node: 'incorrect' },
      { template: { 'special-key': 'special-value' }, node: 'correct' },
    ];
    const asked = (value: string) => ({ path: 'route', 'route-path': '/', 'special-key': value });
    expect(await routed(table).value(base, asked('special-value'))).toBe('correct');
    expect(await routed(table).resolve(base, asked('special-value2'))).toMatchObject(noMatches);
    const withFallback = routed([...table, { node: 'fallback' }]);
    expect(await withFallback.value(base, asked('special-value2'))).toBe('fallback');
  });

  test('[row node/router/route_regex_matches] templates that are expressions', async () => {
    const { value, resolve } = routed([
      { template: '/.*/compute', node: 'incorrect' },
      { template: '/.*/schedule', node: 'correct' },
    ]);
    for (const path of ['/abc/schedule', '/a/b/c/schedule']) {
      expect(await value(base, { path: 'route', 'route-path': path })).toBe('correct');
    }
    expect(await resolve(base, { path: 'route', 'route-path': '/a/b/c/bad-key' })).toMatchObject(noMatches);
  });

  test('a template’s own path is an expression', async () => {
    const { value, resolve } = routed([{ template: { path: '^/arweave/chunk', method: 'POST' }, node: 'chunks' }]);
    const asked = (method: string) => ({ path: 'route', 'route-path': '/arweave/chunk/1', method });
    expect(await value(base, asked('POST'))).toBe('chunks');
    expect(await resolve(base, asked('GET'))).toMatchObject(noMatches);
  });

  test('[row node/router/explicit_route] addresses are their own routes', async () => {
    const { value } = routed([{ template: '*', node: 'unimportant' }]);
    for (const uri of ['https://google.com', 'http://google.com']) {
      expect(await value(base, { path: 'route', 'route-path': uri })).toBe(uri);
    }
    const match = (await value(base, { path: 'match', 'route-path': 'http://google.com' })) as Message;
    expect([match.get('node'), match.get('reference')]).toEqual(['http://google.com', 'explicit']);
  });

  test('match says which route', async () => {
    const { value, resolve } = routed([
      { template: '/a', node: 'x' },
      { template: '/b', node: 'y' },
    ]);
    expect(((await value(base, { path: 'match', 'route-path': '/b' })) as Message).get('reference')).toBe('routes/2');
    expect(await resolve(base, { path: 'match', 'route-path': '/c' })).toMatchObject({
      error: { value: atom('no_matching_route') },
    });
  });

  test('[row node/router/get_routes, node/router/device_call_from_singleton] the table', async () => {
    const { value, library } = routed([{ template: '*', node: 'our_node', priority: 10 }]);
    expect(await value(base, 'routes/1/node')).toBe('our_node');
    expect(await library.request('/~router@1.0/routes/1/priority')).toEqual({ status: 'ok', value: 10 });
  });

  test('[row node/router/add_route] a route owner adds a route, once and signed', async () => {
    const { value, resolve, ao } = routed([{ template: '*', node: 'old', priority: 10 }]);
    const route = { path: 'routes', method: 'POST', template: '/.*', node: 'new', priority: 15 };
    const unsigned = asValue(route) as Message;
    expect(await resolve(base, unsigned)).toMatchObject({ error: { value: atom('not_authorized') } });
    expect(await resolve(base, await ao.commit(unsigned))).toMatchObject({ error: { value: atom('not_authorized') } });
    const signed = await ao.commit(unsigned, undefined, operator);
    expect(await value(base, signed.with('forged', '1'))).toBe('Route added.');
    expect(await value(base, 'routes/2/node')).toBe('new');
    expect(await resolve(base, 'routes/2/forged')).toMatchObject({ error: { code: 'not-found' } });
    expect(await resolve(base, signed)).toMatchObject({ error: { code: 'conflict' } });
    const first = await ao.commit(asValue({ ...route, node: 'first', priority: 1 }) as Message, undefined, operator);
    await value(base, first);
    expect(await value(base, 'routes/1/node')).toBe('first');
  });

  describe('preprocess', () => {
    const call = (request: Input) => ({ path: 'preprocess', request, body: [{}, { path: 'c' }] });
    const table: Input[] = [{ template: '/c', node: { prefix: 'https://exec' } }];

    test('what has a route is executed there, inside a message of its own', async () => {
      const { value, ao } = routed(table);
      const handler = { ...base, 'commit-request': true };
      const result = (await value(handler, call({ path: '/c', method: 'GET', 'c+list': '1' }))) as Message;
      const [relay, relayed] = result.get('body') as readonly [Message, Message];
      expect(toNotation(relay)).toEqual({
        device: 'relay@1.0',
        'relay-device': 'apply@1.0',
        method: 'POST',
        peer: 'https://exec',
        'commit-request': true,
      });
      expect(relayed.get('path')).toBe('call');
      const proxy = relayed.get('proxy-message') as Message;
      expect(proxy.get('user-path')).toBe('/c');
      const inner = proxy.get('user-message') as Message;
      expect(await ao.get(inner, 'c+list')).toBe('1');
      expect(inner.has('commitments')).toBe(true);
      expect(await ao.signers(inner)).toEqual([]);
    });

    test('what has none stays here, or is refused', async () => {
      const local = (await routed(table).value(base, call({ path: '/other' }))) as Message;
      expect(toNotation(local.get('body')!)).toEqual([{}, { path: 'c' }]);
      const strict = routed(table, { 'router-preprocess-default': 'error' });
      const refused = (await strict.value(base, call({ path: '/other' }))) as Message;
      expect(toNotation(refused.get('body')!)).toEqual([
        { status: 404, message: 'No matching template found in the given routes.' },
      ]);
    });
  });

  test('register posts every offered route, signed by the node', async () => {
    const posted: [string, Message][] = [];
    const peers: Peers = {
      async request(node, request) {
        posted.push([node, request]);
        return { status: 'ok', value: 'Route added.' };
      },
    };
    const offered = [{ 'registration-peer': 'https://router', template: '/c', prefix: 'https://me', price: 0 }];
    const node = testNode({ 'router-opts': { offered } });
    const { value, ao } = world({ devices: [router], wallet: testWallet('rsa4096-1'), capabilities: { node, peers } });
    expect(await value(base, 'register')).toBe('Routes registered.');
    const [[to, request]] = posted as [[string, Message]];
    expect([to, request.get('path'), request.get('method')]).toEqual(['https://router', '/~router@1.0/routes', 'POST']);
    expect(await ao.get(request, 'route/template')).toBe('/c');
    expect(await ao.signers(request, ['route', 'action'])).toEqual([testWallet('rsa4096-1').address]);
  });
});
