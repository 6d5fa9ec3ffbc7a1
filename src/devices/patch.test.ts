import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, testWallet, type WorldOptions, world } from '../../test/support/world.ts';
import type { Input, Message } from '../core/message.ts';

async function patched(on: Input, request: Input, more: WorldOptions = {}): Promise<unknown> {
  return toNotation(await world(more).value(on, request));
}

describe('patch@1.0', () => {
  test('[row SD04] only patches move, to the root', async () => {
    const { value, ao } = world();
    const on = {
      device: 'patch@1.0',
      results: {
        outbox: {
          1: { method: 'PATCH', prices: { apple: 100, banana: 200 } },
          2: { method: 'GET', prices: { apple: 1000 } },
        },
      },
      'other-message': 'other',
      'patch-to': '/',
      'patch-from': '/results/outbox',
    };
    const result = await value(on, 'compute');
    expect(await ao.get(result, 'prices/apple')).toBe(100);
    expect(await ao.get(result, 'prices/banana')).toBe(200);
    expect(await ao.get(result, 'results/outbox/1')).toBeUndefined();
    expect(await ao.get(result, 'results/outbox/2/method')).toBe('GET');
  });

  test('patches of a list are laid over one another in its order', async () => {
    const { value, ao } = world();
    const outbox = Array.from({ length: 12 }, (_, i) => ({ method: 'PATCH', last: i + 1, [`n${i + 1}`]: i + 1 }));
    const on = { device: 'patch@1.0', results: { outbox }, 'patch-from': '/results/outbox', 'patch-to': '/state' };
    const result = await value(on, 'compute');
    expect(await ao.get(result, 'state/last')).toBe(12);
    expect(await ao.get(result, 'state/n3')).toBe(3);
  });

  test('[row SD05] a signed patch, below a state', async () => {
    const wallet = testWallet('rsa4096-1');
    const { value, ao } = world({ wallet });
    const signed = await ao.commit(asValue({ method: 'PATCH', prices: { apple: 100 } }) as Message);
    const on = {
      device: 'patch@1.0',
      results: { outbox: { 1: signed } },
      state: { prices: { apple: 1000 } },
      'patch-to': '/state',
      'patch-from': '/results/outbox',
    };
    const result = await value(on, 'compute');
    expect(await ao.get(result, 'state/prices/apple')).toBe(100);
    expect(await ao.get(result, 'state/commitments')).toBeUndefined();
    expect(await ao.get(result, 'results/outbox/1')).toBeUndefined();
  });

  test('[row SD06] all', async () => {
    const { value, ao } = world();
    const on = {
      device: 'patch@1.0',
      input: { zones: { 1: { prices: { apple: 100 } }, 2: { prices: { orange: 300 } } } },
      state: { prices: { apple: 1000, banana: 200 } },
    };
    const result = await value(on, { path: 'all', 'patch-to': '/state', 'patch-from': '/input/zones' });
    expect(await ao.get(result, 'state/1/prices/apple')).toBe(100);
    expect(await ao.get(result, 'state/2/prices/orange')).toBe(300);
    expect(await ao.get(result, 'state/prices/banana')).toBe(200);
    expect(await ao.get(result, 'input/zones')).toBeUndefined();
  });

  test('[row SD07] from the request', async () => {
    const { value, ao } = world();
    const request = {
      path: 'all',
      'patch-from': 'req:/results/outbox/1',
      'patch-to': '/state',
      results: { outbox: { 1: { method: 'PATCH', prices: { apple: 100, banana: 200 } } } },
    };
    const result = await value({ device: 'patch@1.0', state: { prices: { apple: 1000 } } }, request);
    expect(await ao.get(result, 'state/prices/apple')).toBe(100);
    expect(await ao.get(result, 'state/prices/banana')).toBe(200);
    expect(await ao.get(result, 'results/outbox/1')).toBeUndefined();
  });

  const base: Input = {
    device: 'patch@1.0',
    results: { outbox: { 1: { method: 'PATCH', a: 1 }, 2: { device: 'patch@1.0', b: 2 }, 3: { x: 3 } } },
  };

  test('[row SDX13x] compute', async () => {
    expect(await patched(base, { path: 'compute', 'patch-from': '/results/outbox' })).toEqual({
      a: 1,
      b: 2,
      device: 'patch@1.0',
      results: { outbox: { '3': { x: 3 } } },
    });
  });

  test('[row SDX14x] patches below a path', async () => {
    expect(await patched(base, { path: 'patches', from: 'results/outbox', to: '/state' })).toEqual({
      device: 'patch@1.0',
      results: { outbox: { '3': { x: 3 } } },
      state: { a: 1, b: 2, device: 'patch@1.0' },
    });
  });

  test('[row SDX15x] all moves everything; a source that is not there', async () => {
    expect(await patched(base, { path: 'all', from: 'results/outbox', to: '/state' })).toEqual({
      device: 'patch@1.0',
      results: {},
      state: { '1': { method: 'PATCH', a: 1 }, '2': { device: 'patch@1.0', b: 2 }, '3': { x: 3 } },
    });
    expect(await world().resolve(base, { path: 'all', from: 'results/none', to: '/state' })).toMatchObject({
      status: 'error',
      error: { code: 'not-found' },
    });
  });

  test('[row SDX16x] the whole message cannot be the source', async () => {
    expect(await world().resolve(base, 'compute')).toMatchObject({ status: 'error', error: { code: 'bad-request' } });
  });

  test('[row SDX17x] from the request: the request is the result', async () => {
    expect(await patched(base, { path: 'all', from: 'req:/q', to: '/state', q: { z: 1 } })).toEqual({
      from: 'req:/q',
      path: 'all',
      to: '/state',
      state: { z: 1 },
    });
  });

  test('[row SDX18x] explicitly from the base', async () => {
    expect(await patched(base, { path: 'all', from: 'base:results/outbox/1', to: '/state' })).toEqual({
      device: 'patch@1.0',
      results: { outbox: { '2': { device: 'patch@1.0', b: 2 }, '3': { x: 3 } } },
      state: { a: 1, method: 'PATCH' },
    });
  });

  test('from 2025-11 on commitments and Tags of a patch stay behind', async () => {
    const on: Input = {
      device: 'patch@1.0',
      results: { outbox: [{ method: 'PATCH', a: 1, Tags: [{ name: 'A', value: '1' }] }] },
    };
    const request = { path: 'compute', from: 'results/outbox', to: 'state' };
    expect(await patched(on, request)).toMatchObject({ state: { a: 1 } });
    expect(((await patched(on, request)) as { state: object }).state).not.toHaveProperty('Tags');
    expect(await patched(on, request, { dialect: '2025-09' })).toMatchObject({
      state: { a: 1, Tags: [{ name: 'A', value: '1' }] },
    });
  });

  test('keys of a patch are data, even if the device knows a key of that name', async () => {
    const on: Input = {
      device: 'patch@1.0',
      results: { outbox: { 1: { device: 'patch@1.0', all: 'of it', compute: 7 } } },
    };
    expect(await patched(on, { path: 'compute', from: 'results/outbox', to: '/state' })).toMatchObject({
      state: { all: 'of it', compute: 7, device: 'patch@1.0' },
    });
  });

  test('a destination with a device of its own takes the patch in its own way', async () => {
    const on: Input = {
      device: 'patch@1.0',
      balances: { device: 'trie@1.0' },
      results: { outbox: { 1: { method: 'PATCH', balances: { alice: 1, alan: 2 } } } },
    };
    expect(await patched(on, { path: 'compute', from: 'results/outbox', to: '/' })).toMatchObject({
      balances: { device: 'trie@1.0', al: { ice: 1, an: 2 } },
    });
  });

  test('init, normalize and snapshot leave the state alone', async () => {
    for (const key of ['init', 'normalize', 'snapshot'])
      expect(await patched(base, key)).toEqual(toNotation(asValue(base)));
  });
});
