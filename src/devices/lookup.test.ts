import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import { toBytes } from '../core/bytes.ts';
import type { Message } from '../core/message.ts';
import type { LegacyMessage } from './json-iface/legacy.ts';
import { lookup } from './lookup.ts';

const { env, resolve, value, ao } = world({ devices: [lookup], wallet: testWallet('rsa4096-1') });
const read = (target: string, more: object = {}) => ({ path: 'read', target, ...more });

describe('lookup@1.0', () => {
  test('[row SD13, node/lookup/binary_lookup] a byte string', async () => {
    const path = await env.cache.write('Hello, world!');
    expect(await value({ device: 'lookup@1.0' }, read(path))).toBe('Hello, world!');
  });

  test('[row SD14, node/lookup/message_lookup] a message', async () => {
    const path = await env.cache.write(asValue({ 'test-key': 'test-value', data: 'test-data' }));
    expect(toNotation(await value({ device: 'lookup@1.0' }, read(path)))).toMatchObject({
      'test-key': 'test-value',
      data: 'test-data',
    });
  });

  test('[row SD15, SD16, node/lookup/aos2_message_lookup] in the JSON of legacy clients', async () => {
    const signed = await ao.commit(asValue({ 'test-key': 'test-value', data: 'test-data' }) as Message);
    const path = await env.cache.write(signed);
    const answer = (await value({ device: 'lookup@1.0' }, read(path, { accept: 'application/aos-2' }))) as Message;
    expect(answer.get('content-type')).toBe('application/aos-2');
    const body = JSON.parse(answer.get('body') as string) as LegacyMessage;
    expect(body).toMatchObject({
      Id: ao.id(signed, 'signed'),
      Owner: testWallet('rsa4096-1').address,
      From: testWallet('rsa4096-1').address,
      Target: '',
      Anchor: '',
      Data: 'test-data',
      Tags: [{ name: 'Test-Key', value: 'test-value' }],
    });
    expect(body.Signature).toMatch(/^[\w-]{683}$/);
    expect(body.PublicKey).toMatch(/^[\w-]{683}$/);
  });

  test('legacy JSON: data that is not text, and a sender', async () => {
    const stored = asValue({ data: toBytes('\x00').fill(0xff), 'from-process': 'P', count: 1 });
    const path = await env.cache.write(stored);
    const answer = (await value({ device: 'lookup@1.0' }, read(path, { accept: 'application/aos-2' }))) as Message;
    expect(JSON.parse(answer.get('body') as string)).toMatchObject({
      Owner: '',
      From: 'P',
      Data: null,
      Tags: [
        { name: 'Ao-Types', value: 'count="integer"' },
        { name: 'Count', value: '1' },
        { name: 'From-Process', value: 'P' },
      ],
    });
  });

  test('[row SDX26x] an unknown id; keys', async () => {
    expect(await resolve({ device: 'lookup@1.0' }, read('A'.repeat(43)))).toMatchObject({
      status: 'error',
      error: { code: 'not-found' },
    });
    expect(await value({ device: 'lookup@1.0' }, 'keys')).toEqual(['device']);
  });
});
