import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, world } from '../../test/support/world.ts';
import type { Message } from '../core/message.ts';
import { UNSET } from '../core/value.ts';

const { env, ao, resolve, value } = world();
const entries = { to: 1, tor: 2, torrent: 3, toronto: 42 };

describe('trie@1.0', () => {
  test('reads and sets like any message', async () => {
    const table = (await value({ device: 'trie@1.0' }, { path: 'set', ...entries })) as Message;
    expect(toNotation(table)).toEqual({
      device: 'trie@1.0',
      to: { 'node-value': 1, r: { 'node-value': 2, rent: 3, onto: 42 } },
    });
    for (const [key, expected] of Object.entries(entries)) {
      expect(await ao.get(table, key)).toBe(expected);
      expect(await value(table, { path: 'get', key })).toBe(expected);
    }
    expect(await resolve(table, 'toro')).toMatchObject({ error: { code: 'not-found' } });
    expect(toNotation(await ao.set(table, asValue({ toronto: 100, torrent: UNSET }) as Message))).toEqual({
      device: 'trie@1.0',
      to: { 'node-value': 1, r: { 'node-value': 2, onto: 100 } },
    });
    expect(toNotation(await value(table, 'entries'))).toEqual(entries);
  });

  test('a message that was no trie becomes one with the first change', async () => {
    const flat = asValue({ device: 'trie@1.0', ...entries }) as Message;
    const table = (await value(flat, { path: 'set', torrent: 4, x: 5 })) as Message;
    expect(toNotation(await value(table, 'entries'))).toEqual({ ...entries, torrent: 4, x: 5 });
    const made = (await value({ device: 'trie@1.0' }, { path: 'set', ...entries, torrent: 4, x: 5 })) as Message;
    expect(ao.id(table)).toBe(ao.id(made));
    expect(await value(flat, { path: 'set', to: 1 })).toMatchObject({ size: 5 });
  });

  test('a flat message of ten thousand keys is changed as fast as a trie', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [(i * 7919).toString(36), i]));
    const started = performance.now();
    const table = (await value({ device: 'trie@1.0', ...many }, { path: 'set', ...many })) as Message;
    // Each change copied all keys and looked through them: minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await ao.get(table, (7919).toString(36))).toBe(1);
  });

  test('deep below another message, by path', async () => {
    const state = asValue({ balances: { device: 'trie@1.0' } }) as Message;
    const next = await ao.set(state, asValue({ 'balances/alice': 5, 'balances/alan': 6 }) as Message);
    expect(await ao.get(next, 'balances/alice')).toBe(5);
    expect(toNotation(next)).toEqual({ balances: { device: 'trie@1.0', al: { ice: 5, an: 6 } } });
  });

  test('has an id, and comes back from the store', async () => {
    const table = (await value({ device: 'trie@1.0' }, { path: 'set', ...entries })) as Message;
    const id = await env.cache.write(table);
    expect(await value(table, 'id')).toBe(id);
    const stored = (await env.cache.read(id)) as Message;
    expect(await ao.get(stored, 'torrent')).toBe(3);
    const changed = await ao.set(stored, asValue({ torrent: 4 }) as Message);
    expect(await ao.get(changed, 'torrent')).toBe(4);
    expect(await ao.get(changed, 'toronto')).toBe(42);
  });

  test('entries called like parts of a message', async () => {
    const names = { id: 1, keys: 2, 'node-value': 3, 'ao-types': 4 };
    const table = (await value({ device: 'trie@1.0' }, { path: 'set', ...names, devices: 5, devicer: 6 })) as Message;
    expect(await value(table, 'device')).toBe('trie@1.0');
    expect(await value(table, 'node-value')).toBe(3);
    expect(await value(table, 'ao-types')).toBe(4);
    expect(await value(table, 'devices')).toBe(5);
    expect(await resolve(table, { path: 'set', 'a/b': 1 })).toMatchObject({ error: { code: 'bad-key' } });
  });
});
