/** Names and paths that are longer, or stranger, than a database key can be: refused or kept, never a fault of the node. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Message, message, messageFrom } from '../../src/core/message.ts';
import type { TestNode } from '../../src/testing/start-node.ts';
import { operator, stranger, victim } from './attack.ts';

const directory = mkdtempSync(join(tmpdir(), 'hb-keys-'));
let node: TestNode;
beforeAll(async () => {
  node = await victim({ options: { 'data-dir': directory, workers: 0 } });
});
afterAll(async () => {
  await node.close();
  rmSync(directory, { recursive: true, force: true });
});

const names: { readonly [what: string]: string } = {
  'longer than a key of LMDB': 'k'.repeat(1_979),
  'as long as one': 'k'.repeat(1_978),
  'a little shorter': 'k'.repeat(1_900),
  'twice as long': 'k'.repeat(4_000),
  'long in bytes only': '\u{1f600}'.repeat(600),
  'of slashes': '/'.repeat(500),
  'of many parts': 'k/'.repeat(990),
  'of dots': '../'.repeat(30),
  'with NUL': 'a\0b',
  'of control characters': '\u0001\u001e\u001f\u007f',
  'of half a surrogate': 'a\ud800b',
  empty: '',
};

const places: readonly ((name: string) => string)[] = [
  (name) => `/${name}`,
  (name) => `/${name}/x`,
  (name) => `/~local-name@1.0/lookup?key=${name}`,
  (name) => `/~name@1.0/${name}`,
  (name) => `/~cache@1.0/read?read=${name}`,
  (name) => `/~cache@1.0/read?target=${name}`,
  (name) => `/~lookup@1.0/read?target=${name}`,
  (name) => `/~scheduler@1.0/location?address=${name}`,
  (name) => `/~scheduler@1.0/schedule?target=${name}`,
  (name) => `/~scheduler@1.0/slot?target=${name}`,
  (name) => `/~scheduler@1.0/status?from=${name}`,
  (name) => `/${name}~process@1.0/now`,
  (name) => `/~cron@1.0/stop?task=${name}`,
  (name) => `/~cacheviz@1.0/index?target=${name}`,
  (name) => `/~hyperbuddy@1.0/${name}`,
  (name) => `/~message@1.0&a=1/${name}`,
];

describe.each(Object.entries(names))('a name %s', (_, name) => {
  const spelt = encodeURIComponent(name.toWellFormed());

  test('in paths and parameters', async () => {
    for (const place of places) {
      for (const headers of [{}, { 'cache-control': 'always' }]) {
        const reply = await fetch(node.url + place(spelt), { headers, redirect: 'manual' });
        const text = await reply.text();
        expect(reply.status, `${place('…')} ${text.slice(0, 200)}`).not.toBe(500);
        expect(text).not.toMatch(/MDB_|ENAMETOOLONG|EINVAL/);
      }
    }
  });

  test('as a key of what is kept', async () => {
    const key = name.toWellFormed();
    const whole = messageFrom([
      [key, 'here'],
      ['deep', messageFrom([[key, messageFrom([[key, 'deep']])]])],
    ]);
    const id = await Promise.resolve(node.cache.write(whole)).catch((error: unknown) => {
      expect((error as { code?: string }).code).toMatch(/^(bad-key|limit-exceeded|bad-request)$/);
      return undefined;
    });
    if (id === undefined) return;
    const read = await node.cache.read(id);
    const ao = node.resolver.ao();
    const loaded = (await ao.loadAll(read!)) as Message;
    expect([loaded.get(key), ao.id(loaded)]).toEqual(['here', ao.id(whole)]);
    expect((await fetch(`${node.url}/${id}`, { headers: { 'accept-bundle': 'true' } })).status).not.toBe(500);
  });

  test('as a tag and as the name of a name', async () => {
    const tags = name === '' ? {} : { [name.toWellFormed()]: 'x' };
    await node
      .client(stranger)
      .upload({ tags, data: 'x' })
      .catch((error: unknown) => expect(String(error)).not.toMatch(/MDB_|internal/));
    const order = await node.resolver
      .ao()
      .commit(
        message({ path: '/~local-name@1.0/register', key: name.toWellFormed(), value: 'v' }),
        undefined,
        operator,
      );
    const outcome = await node.resolver
      .ao()
      .resolve(message({ device: 'local-name@1.0' }), order.with('path', 'register'));
    expect(outcome.status === 'error' ? outcome.error.fault : 'caller').toBe('caller');
  });
});
