/**
 * The published client library of AO-Core against our HTTP edge: what it sends is read as it means it, signed or not (spec 06 §5), and what
 * we answer is what it reads. The library is loaded with `require`, because its declared types aren't in the package.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { isMessage, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import type { HttpServer } from '../../src/http/serve.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { createLibrary } from '../../src/node/library.ts';
import { testWallet } from '../support/cache-world.ts';

interface AoCore {
  request(fields: { readonly [name: string]: unknown }): Promise<Response>;
}
interface AoCoreLibs {
  readonly default?: { init(options: object): AoCore };
  init?(options: object): AoCore;
}

const jwk: unknown = JSON.parse(readFileSync(new URL('../vectors/keys/rsa4096-2.json', import.meta.url), 'utf8'));
const address = testWallet('rsa4096-2').address;

const probe = device({
  name: 'probe@1.0',
  doc: 'Says what arrived.',
  keys: {
    whose: {
      doc: 'Who signed the request.',
      run: async ({ requestMessage, ao }) => ok((await ao.signers(requestMessage)).join(',') || 'nobody'),
    },
    field: { doc: 'The field `custom`.', run: ({ requestMessage }) => ok(requestMessage.get('custom') ?? 'absent') },
    nested: {
      doc: 'A key of the nested field.',
      run: ({ requestMessage }) => {
        const field = requestMessage.get('nested');
        return ok(isMessage(field) ? (field.get('deep') ?? 'absent') : 'flat');
      },
    },
    state: { doc: 'A message.', run: () => ok(message({ results: { output: { data: 'x' } }, slot: 5 })) },
  },
});

let server: HttpServer;
let signed: AoCore;
let unsigned: AoCore;

beforeAll(async () => {
  const library = createLibrary({ wallet: testWallet(), devices: [probe] });
  server = createHttpServer({ bind: '127.0.0.1', port: 0, drainMs: 100 }, { node: () => library.resolver });
  await server.listen();
  const libs = createRequire(import.meta.url)('@permaweb/ao-core-libs') as AoCoreLibs;
  const init = libs.default?.init ?? libs.init!;
  signed = init({ jwk, url: server.url });
  unsigned = init({ url: server.url });
});
afterAll(() => server.close());

describe('@permaweb/ao-core-libs', () => {
  test('an unsigned read', async () => {
    const response = await unsigned.request({ path: '~message@1.0&hello=world/hello' });
    expect([response.status, await response.text()]).toEqual([200, 'world']);
  });

  test('fields become keys, typed', async () => {
    const response = await unsigned.request({ path: '~probe@1.0/field', custom: 42 });
    expect([await response.text(), response.headers.get('ao-types')]).toEqual([
      '42',
      expect.stringContaining('integer'),
    ]);
  });

  test('a read signed in headers names its signer', async () => {
    const response = await signed.request({ path: '~probe@1.0/whose', custom: 'x' });
    expect(await response.text()).toBe(address);
  });

  test('a data item names its signer, and its tags are keys', async () => {
    const item = { method: 'POST', 'signing-format': 'ans104' };
    expect(await (await signed.request({ ...item, path: '~probe@1.0/whose' })).text()).toBe(address);
    expect(await (await signed.request({ ...item, path: '~probe@1.0/field', custom: 'tagged' })).text()).toBe('tagged');
  });

  test('a wish for JSON in a tag is heard', async () => {
    const response = await signed.request({
      method: 'POST',
      path: '~probe@1.0/state',
      'signing-format': 'ans104',
      'require-codec': 'application/json',
      'accept-bundle': 'true',
    });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ slot: 5, results: { output: { data: 'x' } }, status: 200 });
  });

  test('a path with a question mark is escaped by the library and still a query', async () => {
    const response = await unsigned.request({ path: 'a?a=5' });
    expect(await response.text()).toBe('5');
  });

  test('errors are statuses', async () => {
    expect((await unsigned.request({ path: '~message@1.0&a=b/nope' })).status).toBe(404);
  });
});
