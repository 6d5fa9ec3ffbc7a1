import { describe, expect, test } from 'vitest';
import { received } from '../../test/support/received.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import type { Input, Message } from '../core/message.ts';
import { setPrivate } from '../core/private.ts';
import { localName } from './local-name.ts';

const wallet = testWallet('rsa4096-1');
const stranger = testWallet('rsa4096-2');
const base = { device: 'local-name@1.0' };

const node = (options: { [name: string]: Input } = {}) => world({ devices: [localName], wallet, options });
const request = { path: 'register', key: 'name1', value: 'value1' };
const device = 'local-name@1.0';

describe('local-name@1.0', () => {
  test('[row LN1, SD21, node/local-name/no_names] no names', async () => {
    expect(await node().resolve(base, { path: 'lookup', key: 'name1' })).toMatchObject({
      status: 'error',
      error: { code: 'not-found' },
    });
  });

  test('[row LN2, SD22, node/local-name/lookup_opts_name] names in the options', async () => {
    const { value } = node({ 'local-names': { name1: 'value1' } });
    expect(await value(base, { path: 'lookup', key: 'name1' })).toBe('value1');
    expect(await value(base, 'name1')).toBe('value1');
  });

  test('[row LN3, SD23, node/local-name/register] the operator registers a name', async () => {
    const { value, ao } = node();
    expect(await value(base, await received(ao, device, 'register', asValue(request) as Message))).toBe('Registered.');
    expect(await value(base, { path: 'lookup', key: 'name1', load: false })).toBe('value1');
    expect(await value(base, 'name1')).toBe('value1');
  });

  test('[row LN4, SD24, node/local-name/unauthorized] nobody else does', async () => {
    const { resolve, ao } = node();
    const refused = { status: 'error', error: { code: 'forbidden', status: 403 } };
    expect(await resolve(base, await ao.commit(asValue(request) as Message, undefined, stranger))).toMatchObject(
      refused,
    );
    expect(await resolve(base, request)).toMatchObject(refused);
  });

  test('[row LN5, SD25, node/local-name/http] by whole requests', async () => {
    const { library, ao } = node();
    const post = { ...request, path: '/~local-name@1.0/register', method: 'POST' };
    const signed = await ao.commit(asValue(post) as Message);
    // As the HTTP edge hands it on: the steps of a request have paths of their own, which nobody signed.
    const received = setPrivate(signed, 'request', signed);
    expect(await library.request(received)).toEqual({ status: 'ok', value: 'Registered.' });
    expect(await library.request('/~local-name@1.0/lookup?key=name1')).toEqual({ status: 'ok', value: 'value1' });
  });

  test('only what the operator’s signature covers is registered', async () => {
    const { resolve, ao } = node();
    const other = await received(ao, device, 'register', asValue({ key: 'name1' }) as Message);
    expect(await resolve(base, other.with('value', 'forged'))).toMatchObject({ error: { code: 'forbidden' } });
    const signed = await received(ao, device, 'register', asValue(request) as Message);
    expect(await resolve(base, signed.with('value', 'forged'))).toMatchObject({ error: { code: 'forbidden' } });
  });

  test('the operator may be somebody else than the node’s own key', async () => {
    const { value, resolve, ao } = node({ operator: stranger.address });
    expect(await value(base, await ao.commit(asValue(request) as Message, undefined, stranger))).toBe('Registered.');
    expect(await resolve(base, await ao.commit(asValue(request) as Message))).toMatchObject({
      error: { code: 'forbidden' },
    });
  });

  test('names are single path parts', async () => {
    const { resolve, ao } = node();
    for (const key of ['a/b', '..', '.', '', 'x'.repeat(256)]) {
      const signed = await received(ao, device, 'register', asValue({ ...request, key }) as Message);
      expect(await resolve(base, signed)).toMatchObject({ status: 'error', error: { code: 'bad-key' } });
    }
  });

  test('a message is registered whole', async () => {
    const { value, ao } = node();
    await value(
      base,
      await received(ao, device, 'register', asValue({ ...request, value: { deep: { k: 1 } } }) as Message),
    );
    expect(await ao.get(await value(base, 'name1'), 'deep/k')).toBe(1);
  });
});
