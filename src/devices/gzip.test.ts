import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { world } from '../../test/support/world.ts';
import { sameBytes, toBytes } from '../core/bytes.ts';
import type { Message } from '../core/message.ts';
import { base64url } from './base64url.ts';
import { gzip } from './gzip.ts';

const { resolve, value } = world({ devices: [gzip, base64url], limits: { maxMessageBytes: 100_000 } });
const body = (message: unknown): Uint8Array => toBytes((message as Message).get('body') as Uint8Array);

describe('gzip@1.0', () => {
  test('zip and unzip the body, and say so', async () => {
    const zipped = (await value({ device: 'gzip@1.0', body: 'hello', a: 1 }, 'zip')) as Message;
    expect(zipped.get('content-encoding')).toBe('gzip');
    expect(zipped.get('a')).toBe(1);
    expect(gunzipSync(body(zipped)).toString()).toBe('hello');
    const plain = (await value(zipped, 'unzip')) as Message;
    expect(plain.get('body')).toBe('hello');
    expect(plain.has('content-encoding')).toBe(false);
  });

  test('any bytes come back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (bytes) => {
        const zipped = await value({ device: 'gzip@1.0' }, { path: 'zip', body: bytes });
        expect(sameBytes(body(await value(zipped, 'unzip')), bytes)).toBe(true);
      }),
    );
  });

  test('a bomb is given up as soon as it is too large', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await resolve({ device: 'gzip@1.0', body: new Uint8Array(bomb) }, 'unzip')).toMatchObject({
      error: { code: 'limit-exceeded' },
    });
  });

  test('what is not gzip', async () => {
    const whole = gzipSync('hello');
    for (const bytes of ['hello', new Uint8Array(whole.subarray(0, 10)), '']) {
      expect(await resolve({ device: 'gzip@1.0', body: bytes }, 'unzip')).toMatchObject({
        error: { code: 'bad-encoding' },
      });
    }
    expect(await resolve({ device: 'gzip@1.0' }, 'unzip')).toMatchObject({ error: { code: 'bad-request' } });
  });
});

describe('base64url@1.0', () => {
  test('any bytes come back; the text is base64url without padding', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const encoded = await value({ device: 'base64url@1.0' }, { path: 'encode', body: bytes });
        expect(Buffer.from(body(encoded)).toString()).toBe(Buffer.from(bytes).toString('base64url'));
        expect(sameBytes(body(await value(encoded, 'decode')), bytes)).toBe(true);
      }),
    );
  });

  test('both alphabets are read, padded or not; nothing else is', async () => {
    for (const text of ['-_8', '+/8=', '-_8=']) {
      expect(body(await value({ device: 'base64url@1.0', body: text }, 'decode'))).toEqual(
        Uint8Array.from([0xfb, 0xff]),
      );
    }
    for (const text of ['a', 'é', '!!!!']) {
      expect(await resolve({ device: 'base64url@1.0', body: text }, 'decode')).toMatchObject({
        error: { code: 'bad-base64' },
      });
    }
  });

  test('what would become larger than a message may be', async () => {
    expect(await resolve({ device: 'base64url@1.0', body: new Uint8Array(90_000) }, 'encode')).toMatchObject({
      error: { code: 'limit-exceeded' },
    });
  });
});
