import { describe, expect, test } from 'vitest';
import { testNode } from '../../test/support/test-node.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import type { Input, Message } from '../core/message.ts';
import { setPrivate } from '../core/private.ts';
import type { Value } from '../core/value.ts';
import { meta } from './meta.ts';

const wallet = testWallet('rsa4096-1');
const operator = testWallet('rsa4096-2');
const base = { device: 'meta@1.0' };
const refused = (message: string) => ({ status: 'error', error: { message, status: 400 } });

function node(options: { [name: string]: Input } = {}, dialect: '2025-11' | '2026' = '2025-11') {
  const control = testNode(options);
  const here = world({ devices: [meta], wallet, dialect, options, capabilities: { node: control } });
  const post = async (changes: { [key: string]: Input }, signedBy = operator): Promise<Message> =>
    here.ao.commit(asValue({ path: 'info', method: 'POST', ...changes }) as Message, undefined, signedBy);
  const info = async (key: string): Promise<Value | undefined> =>
    ((await here.value(base, { path: 'info', method: 'GET' })) as Message).get(key);
  return { ...here, control, post, info };
}

describe('meta@1.0 info', () => {
  test('[row node/meta/config] shows the options, the address, the devices', async () => {
    const { info } = node({ 'test-config-item': 'test' });
    expect(await info('test_config_item')).toBe('test');
    expect(await info('address')).toBe(wallet.address);
    const devices = (await info('preloaded_devices')) as readonly Message[];
    expect(devices.map((one) => one.get('name'))).toContain('meta@1.0');
    expect(await node({ 'test-config-item': 'test' }, '2026').info('test-config-item')).toBe('test');
  });

  test('[row node/meta/priv_inaccessible] never private options', async () => {
    const { info, value } = node({ 'priv-key': 'BAD', nested: { priv_key: 'BAD', fine: 1 } });
    expect(await info('priv_key')).toBeUndefined();
    expect(await info('priv-key')).toBeUndefined();
    expect((await value(base, 'info/nested/keys')) as Value).toEqual(['fine']);
  });
});

describe('meta@1.0, changing the node', () => {
  test('[row node/meta/unauthorized_set_node_msg_fails] not by a stranger', async () => {
    const { resolve, post, info } = node();
    expect(await resolve(base, await post({ evil_config_item: 'BAD' }))).toMatchObject(refused('Unauthorized'));
    expect(await info('evil_config_item')).toBeUndefined();
    expect(await info('node_history')).toEqual([]);
  });

  test('[row node/meta/authorized_set_node_msg_succeeds] by the operator', async () => {
    const { value, post, info } = node({ operator: operator.address, 'test-config-item': 'test' });
    const answer = (await value(base, await post({ test_config_item: 'test2' }))) as Message;
    expect(answer.get('history-length')).toBe(1);
    expect(answer.get('body')).toBe('Node message updated. History: 1 updates.');
    expect(await info('test_config_item')).toBe('test2');
    expect(await info('node_history')).toHaveLength(1);
    expect(await info('path')).toBeUndefined();
    expect(await info('method')).toBeUndefined();
  });

  test('[row node/meta/permanent_node_message] permanent is the last change', async () => {
    const { value, resolve, post, info } = node({ operator: 'unclaimed', initialized: false });
    await value(base, await post({ test_config_item: 'test2', initialized: 'permanent' }));
    expect(await info('test_config_item')).toBe('test2');
    expect(await resolve(base, await post({ bad_value: 'x' }))).toMatchObject(
      refused('The node message of this machine is already permanent. It cannot be changed.'),
    );
    expect(await info('bad_value')).toBeUndefined();
    expect(await info('node_history')).toHaveLength(1);
  });

  test('[row node/meta/claim_node] an unclaimed node is claimed by whoever comes first', async () => {
    const { value, resolve, post, info } = node({ operator: 'unclaimed' });
    await value(base, await post({ operator: operator.address }));
    expect(await info('operator')).toBe(operator.address);
    expect(await resolve(base, await post({ test_config_item: 'x' }, wallet))).toMatchObject(refused('Unauthorized'));
    const answer = (await value(base, await post({ test_config_item: 'test2' }))) as Message;
    expect(answer.get('history-length')).toBe(2);
    expect(await info('test_config_item')).toBe('test2');
  });

  test('an unclaimed node takes unsigned options, but no headers', async () => {
    const { value, info } = node({ operator: 'unclaimed' });
    await value(base, { path: 'info', method: 'POST', port: 9, host: 'x', accept: '*/*', 'user-agent': 'curl' });
    expect(await info('port')).toBe(9);
    for (const header of ['host', 'accept', 'user_agent']) expect(await info(header)).toBeUndefined();
  });

  test('a signature works once', async () => {
    const { value, resolve, post, info } = node({ operator: operator.address });
    const first = await post({ item: 1 });
    await value(base, first);
    await value(base, await post({ item: 2 }));
    expect(await resolve(base, first)).toMatchObject({ error: { code: 'conflict' } });
    expect(await resolve(base, first.with('extra', '1'))).toMatchObject({ error: { code: 'conflict' } });
    expect(await info('item')).toBe(2);
  });

  test('a whole request, signed with its path and method', async () => {
    const { library, ao, info } = node({ operator: operator.address });
    const sent = asValue({ path: '/~meta@1.0/info', method: 'POST', item: 1 }) as Message;
    const signed = await ao.commit(sent, undefined, operator);
    expect(await library.request(setPrivate(signed, 'request', signed))).toMatchObject({ status: 'ok' });
    expect(await info('item')).toBe(1);
    const again = await ao.commit(sent.with('item', 2), undefined, operator);
    const bent = setPrivate(again, 'request', again).with('path', '/~meta@1.0/info&item+integer=3');
    expect(await library.request(bent)).toMatchObject({ error: { code: 'unauthorized' } });
    expect(await info('item')).toBe(1);
  });

  test('two at the same time with one signature: one of them', async () => {
    const { resolve, post, control } = node({ operator: operator.address });
    const change = await post({ item: 1 });
    await Promise.all([
      resolve(base, change),
      resolve(base, change.with('x', '1')),
      resolve(base, change.with('y', '1')),
    ]);
    expect(control.history()).toHaveLength(1);
  });

  test('what the signature does not cover is not taken', async () => {
    const { value, post, info, resolve } = node({ operator: operator.address });
    await value(base, (await post({ item: 1 })).with('extra', 'BAD'));
    expect(await info('item')).toBe(1);
    expect(await info('extra')).toBeUndefined();
    expect(await resolve(base, (await post({ item: 3 })).with('item', 4))).toMatchObject(refused('Unauthorized'));
  });
});

describe('meta@1.0, other keys', () => {
  test('[row node/meta/buildinfo] build', async () => {
    const { value } = node();
    expect(await value(base, 'build/node')).toBe('HyperBEAM');
    expect(await value(base, 'build/source')).toBe('a'.repeat(40));
    expect(await value(base, 'build/source-short')).toBe('a'.repeat(7));
    expect(await value(base, 'build/build-time')).toBe(1_700_000_000);
    expect(await value(base, 'build/version')).toMatchObject({ value: 0.9 });
    expect(await value(base, 'build/implementation')).toBe('hyperbeam-ts');
  });

  test('is-operator', async () => {
    const { value, ao } = node({ operator: operator.address });
    const said = asValue({ path: 'is-operator', a: 1 }) as Message;
    expect(await value(base, said)).toBe(false);
    expect(await value(base, await ao.commit(said))).toBe(false);
    expect(await value(base, await ao.commit(said, undefined, operator))).toBe(true);
    const inner = await ao.commit(asValue({ a: 1 }) as Message, undefined, operator);
    expect(await value(base, { path: 'is-operator', body: inner })).toBe(true);
  });
});
