/** `hbsig`, the signer inside wao, against our HTTP edge (spec 06 §6): signed headers, lists, nested messages and bytes in parts. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { isMessage } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import type { HttpServer } from '../../src/http/serve.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLibrary } from '../../src/node/library.ts';
import { testWallet } from '../support/cache-world.ts';

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly headers: { readonly [name: string]: string };
}
interface Hbsig {
  createSigner(
    jwk: unknown,
    url: string,
  ): (fields: { readonly [name: string]: unknown }, options?: { readonly path: boolean }) => Promise<unknown>;
  send(signed: unknown): Promise<Reply>;
}

const jwk: unknown = JSON.parse(readFileSync(new URL('../vectors/keys/rsa4096-2.json', import.meta.url), 'utf8'));
const address = testWallet('rsa4096-2').address;
const hbsig = createRequire(import.meta.url)('hbsig') as Hbsig;

const probe = device({
  name: 'probe@1.0',
  doc: 'Says what arrived.',
  keys: {
    whose: {
      doc: 'Who signed the request.',
      run: async ({ requestMessage, ao }) => ok((await ao.signers(requestMessage)).join(',') || 'nobody'),
    },
    nested: {
      doc: 'A key of the nested field.',
      run: ({ requestMessage }) => {
        const field = requestMessage.get('data');
        return ok(isMessage(field) ? (field.get('deep') ?? 'absent') : `flat: ${String(field)}`);
      },
    },
    count: { doc: 'The field `count`.', run: ({ requestMessage }) => ok(requestMessage.get('count') ?? 'absent') },
  },
});

let server: HttpServer;
beforeAll(async () => {
  const library = createLibrary({ wallet: testWallet(), devices: [probe] });
  server = createHttpServer({ bind: '127.0.0.1', port: 0, drainMs: 100 }, { node: () => library.resolver });
  await server.listen();
});
afterAll(() => server.close());

async function post(fields: { readonly [name: string]: unknown }, path = true): Promise<Reply> {
  return hbsig.send(await hbsig.createSigner(jwk, server.url)(fields, { path }));
}

describe('hbsig', () => {
  test('a signed message names its signer', async () => {
    const reply = await post({ path: '/~probe@1.0/whose', method: 'POST', plain: 'text' }, false);
    expect([reply.status, reply.body]).toEqual([200, address]);
  });

  test('over its path the library signs something no other verifier accepts: the message counts as unsigned', async () => {
    const reply = await post({ path: '/~probe@1.0/whose', method: 'POST', plain: 'text' });
    expect([reply.status, reply.body]).toEqual([200, 'nobody']);
  });

  test('typed fields and nested messages arrive', async () => {
    expect((await post({ path: '/~probe@1.0/count', method: 'POST', count: 7 })).body).toBe('7');
    expect((await post({ path: '/~probe@1.0/nested', method: 'POST', data: { deep: 'PING' } })).body).toBe('PING');
  });
});
