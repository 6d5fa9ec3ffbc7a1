import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { cacheSuite } from '../../test/conformance/cache.ts';
import { cacheWorld } from '../../test/support/cache-world.ts';
import { equal } from '../core/equal.ts';
import { loadAll } from '../core/links.ts';
import { isMessage, messageFrom } from '../core/message.ts';
import { Float, type Value } from '../core/value.ts';
import { openFs } from './fs.ts';
import { openLmdb } from './lmdb.ts';
import { lruStore } from './lru.ts';
import { verifyStore } from './maintenance/verify.ts';
import { memoryStore } from './memory.ts';
import { put } from './store.ts';

const directory = mkdtempSync(join(tmpdir(), 'cache-'));
let counter = 0;
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const fresh = (): string => join(directory, String(counter++));

cacheSuite({ name: 'memory', open: async () => memoryStore() });
cacheSuite({ name: 'lmdb', open: () => openLmdb({ directory: fresh() }) });
cacheSuite({ name: 'fs', open: async () => openFs({ directory: fresh() }) });

const key = fc.oneof(
  fc.string({ maxLength: 5 }).filter((text) => !text.startsWith('priv') && !text.endsWith('+link')),
  fc.constantFrom('__proto__', '..', 'a/b', 'body', '1', 'é', '\udc80', 'x'.repeat(600)),
);
const usable = (name: string): boolean =>
  // A stray `%` has no form on the wire, so such a message has no id.
  !name.includes('%') &&
  !['device', 'commitments', 'ao-types', 'unsigned_id', 'content-digest', '', '.'].includes(name);
const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.uint8Array({ maxLength: 8 }),
    fc.constantFrom<Value>('y'.repeat(5000), new Uint8Array(9000).fill(255)),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => new Float(number)),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key.filter(usable), tie('value')), { maxLength: 4 }).map((entries) => messageFrom(entries)),
  ),
}));

test('a signed message that a store of limited memory has lost is written again', async () => {
  const store = memoryStore({ maxSize: 10 });
  const { cache, sign } = cacheWorld(store);
  const value = await sign(messageFrom([['a', 'b']]));
  const path = await cache.write(value);
  await store.write(Array.from({ length: 10 }, (_, i) => put(`other/${i}`, new Uint8Array(1))));
  expect(await cacheWorld(store).cache.read(path)).toBeUndefined();
  expect(await cache.write(value)).toBe(path);
  expect(await cacheWorld(store).cache.read(path)).toBeDefined();
});

test('parts of a message that a store of limited memory has lost are written again', async () => {
  const store = lruStore({ capacity: 30_000 });
  const { cache, sign } = cacheWorld(store);
  const plain = messageFrom([['body', 'y'.repeat(6000)]]);
  for (const value of [plain, await sign(plain)]) {
    const path = await cache.write(value);
    for (let i = 0; i < 30; i++) {
      await store.write([put(`other/${i}`, new Uint8Array(1000))]);
      // This one is used, what it leans on is not.
      store.read(`msg/${path}`);
    }
    expect(store.type('data')).toBeUndefined();
    expect(await cache.write(value)).toBe(path);
    expect(await cacheWorld(store).cache.read(`${path}/body`)).toBe('y'.repeat(6000));
  }
});

test('random messages come back whole under their id, from every store', async () => {
  await using lmdb = await openLmdb({ directory: fresh() });
  const stores = [memoryStore(), lmdb];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(key.filter(usable), value), { maxLength: 5 }), async (entries) => {
      const original = messageFrom(entries);
      for (const store of stores) {
        const { cache, env } = cacheWorld(store);
        const path = await cache.write(original);
        expect(path).toBe(env.unsignedId(original, env));
        const reader = cacheWorld(store);
        const whole = await loadAll((await reader.cache.read(path))!, reader.env);
        expect(equal(bare(whole), original)).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
  const { env } = cacheWorld(lmdb);
  expect((await verifyStore(lmdb, { environment: env })).damage).toEqual([]);
}, 60_000);

function bare(item: Value): Value {
  if (Array.isArray(item)) return item.map((member: Value) => bare(member));
  if (!isMessage(item)) return item;
  return messageFrom([...item.without('commitments').entries()].map(([name, child]) => [name, bare(child)]));
}
