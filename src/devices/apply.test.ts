import { describe, expect, test } from 'vitest';
import { testNode } from '../../test/support/test-node.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import { type Message, message } from '../core/message.ts';
import { meta } from './meta.ts';

const { resolve, value, library, ao } = world({
  devices: [meta],
  wallet: testWallet('rsa4096-1'),
  capabilities: { node: testNode({ 'short-trace-len': 20 }) },
});
const base = {
  device: 'apply@1.0',
  body: '/data/x',
  data: { x: 'DX' },
  alt: { y: 'AY', p: '/y' },
};
const failure = (body: string) => ({ status: 'error', error: { message: body } });

describe('apply@1.0', () => {
  test('[row SD08] runs the path that a key holds', async () => {
    const on = { device: 'apply@1.0', body: '/~meta@1.0/build/node', irrelevant: 'irrelevant' };
    expect(await value(on, { path: 'body', irrelevant2: 'irrelevant2' })).toBe('HyperBEAM');
  });

  test('[row SD09] resolves a pair', async () => {
    const on = { device: 'apply@1.0', 'data-container': { relevant: 'DATA' }, base: 'data-container' };
    expect(await value(on, { path: 'pair', 'data-path': 'relevant', request: 'data-path' })).toBe('DATA');
  });

  test('[row SD10] swaps base and request', async () => {
    const path = '/~meta@1.0/build/node~apply@1.0&node=TEST&base=request:&request=base:';
    expect(await library.request(path)).toEqual({ status: 'ok', value: 'TEST' });
  });

  test('[row SD11] takes the path from the request by prefix', async () => {
    const request = message({ path: '/~meta@1.0/info/request:debug-info~apply@1.0', 'debug-info': 'short_trace_len' });
    expect(await library.request(request)).toEqual({ status: 'ok', value: 20 });
  });

  test('[row SD12] a signed request that carries its own path and data', async () => {
    const on = { device: 'apply@1.0', 'user-path': '/user-request/test-key', 'user-request': { 'test-key': 'DATA' } };
    expect(await value(on, 'user-path')).toBe('DATA');
    const signed = await ao.commit(asValue({ ...on, path: '/user-path' }) as Message);
    expect(await library.request(signed)).toEqual({ status: 'ok', value: 'DATA' });
  });

  test('[row SDX07x] where the path may come from', async () => {
    expect(await value(base, 'body')).toBe('DX');
    expect(await value(base, 'base:body')).toBe('DX');
    expect(await value(base, { path: 'request:k', k: '/data/x' })).toBe('DX');
    expect(await value(base, { path: 'req:k', k: '/data/x' })).toBe('DX');
  });

  test('[row SDX08x] another source', async () => {
    expect(await value(base, { path: 'p', source: 'alt' })).toBe('AY');
    expect(await value(base, { path: 'p', source: 'base:alt' })).toBe('AY');
    expect(await resolve(base, { path: 'p', source: 'nope' })).toMatchObject(
      failure('Source path `nope` to apply not found.'),
    );
  });

  test('[row SDX09x] a path that is not there', async () => {
    for (const key of ['eval', 'nokey']) {
      expect(await resolve(base, key)).toMatchObject({
        status: 'error',
        error: { code: 'not-found', value: `Path \`${key}\` to execute not found.` },
      });
    }
  });

  test('[row SDX10x] pairs, by key and by name', async () => {
    expect(await value(base, { path: 'x', base: 'data', request: 'request:' })).toBe('DX');
    expect(await value(base, { path: 'pair', base: 'data', request: 'req', req: { path: 'x' } })).toBe('DX');
  });

  test('[row SDX11x] pairs that lack something', async () => {
    expect(await resolve(base, { path: 'pair', base: 'data' })).toMatchObject(
      failure('Path `request` to apply not found.'),
    );
    expect(await resolve(base, { path: 'pair', base: 'data', request: 'zzz' })).toMatchObject(
      failure('Source path `zzz` to apply not found.'),
    );
  });

  test('[row SDX12x] keys and id', async () => {
    expect(await value(base, 'keys')).toEqual(['alt', 'body', 'data', 'device']);
    expect(await resolve(base, 'id')).toMatchObject({ status: 'error', error: { code: 'not-found' } });
  });

  test('an empty path is invalid', async () => {
    expect(await resolve(base, { path: 'x', base: '', request: 'request:' })).toMatchObject(
      failure('Path `/` is invalid.'),
    );
  });
});
