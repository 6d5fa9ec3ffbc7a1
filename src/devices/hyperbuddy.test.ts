import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import type { Capabilities } from '../core/device.ts';
import type { Input, Message } from '../core/message.ts';
import { Float, Link, NULL } from '../core/value.ts';
import { createEventCounters } from '../observe/events.ts';
import { format } from './hyperbuddy/format.ts';
import { hyperbuddy } from './hyperbuddy.ts';

const base = { device: 'hyperbuddy@1.0', a: 1 };
const said = async (here: ReturnType<typeof world>, request: Input): Promise<Message> =>
  (await here.value(base, request)) as Message;

describe('hyperbuddy@1.0', () => {
  test('metrics, where the node keeps them', async () => {
    const bare = world({ devices: [hyperbuddy] });
    expect((await said(bare, 'metrics')).get('body')).toBe('Prometheus metrics disabled.');
    const metrics = { render: () => ({ contentType: 'text/plain; version=0.0.4', body: 'event 1' }) };
    const page = await said(world({ devices: [hyperbuddy], capabilities: { metrics } }), 'metrics');
    expect(toNotation(page)).toEqual({ 'content-type': 'text/plain; version=0.0.4', body: 'event 1' });
  });

  test('events', async () => {
    const events = createEventCounters();
    events.count('http', 'get', 3);
    const here = world({ devices: [hyperbuddy], capabilities: { events } });
    expect(toNotation(await said(here, 'events'))).toEqual({ http: { get: 3 } });
  });

  test('processes: those with a schedule here, and what the node is doing for them', async () => {
    const doing: { [id: string]: unknown } = { a: { status: 'computing', slot: 3 } };
    const done: { [id: string]: unknown } = { a: { slot: 2 }, b: { slot: 7, failed: {} } };
    const schedules = {
      log: { processes: () => ['a', 'b', 'c'], head: (id: string) => (id === 'c' ? undefined : { slot: 9 }) },
    };
    const processes = { status: (id: string) => doing[id], slots: { latest: (id: string) => done[id] } };
    const capabilities = { schedules, processes } as unknown as Partial<Capabilities>;
    const here = world({ devices: [hyperbuddy], capabilities });
    expect(toNotation(await said(here, 'processes'))).toEqual({
      count: 3,
      processes: {
        a: { slot: 9, computed: 2, state: 'computing' },
        b: { slot: 9, computed: 7, state: 'failed' },
        c: { slot: -1, computed: -1, state: 'idle' },
      },
    });
    expect(toNotation(await said(world({ devices: [hyperbuddy] }), 'processes'))).toEqual({ count: 0, processes: {} });
  });

  test('format shows base and request, or what is asked for; never private keys', async () => {
    const here = world({ devices: [hyperbuddy], options: { 'priv-key': 'SECRET', port: 1 } });
    const both = (await said(here, { path: 'format', q: 'x' })).get('body') as string;
    expect(both).toContain('base => Message {\n    a => 1\n  }');
    expect(both).toContain('q => "x"');
    const node = (await said(here, { path: 'format', format: 'node' })).get('body') as string;
    expect(node).toContain('port => 1');
    expect(node).not.toContain('SECRET');
    const all = (await said(here, { path: 'format', format: ['all'], 'truncate-keys': 1 })).get('body') as string;
    expect(all).toContain('… 2 more');
  });

  test('throw fails in debug mode only', async () => {
    const debug = world({ devices: [hyperbuddy], options: { mode: 'debug' } });
    expect(await debug.resolve(base, 'throw')).toMatchObject({ error: { code: 'device-failed' } });
    const prod = world({ devices: [hyperbuddy], options: { mode: 'prod' } });
    expect(await prod.resolve(base, 'throw')).toMatchObject({ error: { code: 'forbidden' } });
  });

  test('[row node/hyperbuddy/return_custom_json] pages of the node, and those the operator adds', async () => {
    const pages = {
      read: (name: string) => (name === 'dashboard' ? { contentType: 'text/html', body: '<html>' } : undefined),
    };
    const here = world({
      devices: [hyperbuddy],
      options: { 'hyperbuddy-serve': { 'own.json': '{}' } },
      capabilities: { pages },
    });
    expect(toNotation(await said(here, 'dashboard'))).toEqual({ 'content-type': 'text/html', body: '<html>' });
    expect(toNotation(await said(here, 'own.json'))).toEqual({ 'content-type': 'application/json', body: '{}' });
    expect(await here.resolve(base, 'nothing')).toMatchObject({ error: { code: 'not-found' } });
  });
});

describe('format', () => {
  test('every kind of value', () => {
    const value = asValue({
      float: new Float(1),
      nothing: NULL,
      link: new Link('ID', true),
      bytes: Uint8Array.from([0, 255]),
      text: 'x'.repeat(300),
      list: [1, ['a']],
      empty: {},
      'odd key': true,
    });
    const shown = format(value);
    for (const part of [
      'float => 1.0',
      'nothing => null',
      'link => Link ID (lazy)',
      'bytes => <2 bytes: 00ff>',
      '… (300)',
      'empty => Message {}',
      '"odd key" => true',
    ]) {
      expect(shown).toContain(part);
    }
  });

  test('names the committers', async () => {
    const { ao } = world({ wallet: testWallet('rsa4096-1') });
    const signed = await ao.commit(asValue({ a: 1 }) as Message);
    expect(format(signed)).toMatch(/^Message \(committed by [\w-]{43}\) \{\n {2}a => 1\n\}$/);
  });

  test('deep messages end somewhere', () => {
    let deep: Input = {};
    for (let i = 0; i < 100; i++) deep = { a: deep };
    expect(format(asValue(deep)).length).toBeLessThan(10_000);
  });
});
