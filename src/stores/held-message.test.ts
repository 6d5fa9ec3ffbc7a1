/** Messages that stand in another entry read as those that are taken apart, by every id, and come back when the entry is lost. */
import { describe, expect, test } from 'vitest';
import { type CacheWorld, cacheWorld, testWallet } from '../../test/support/cache-world.ts';
import { commitmentsOf, everyCommitment } from '../core/commitments.ts';
import { encode } from '../core/encode.ts';
import { equal } from '../core/equal.ts';
import { id } from '../core/ids.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { Link, type Value } from '../core/value.ts';
import { verify } from '../core/verify.ts';
import { verifyStore } from './maintenance/verify.ts';
import { memoryStore } from './memory.ts';
import type { PathStore } from './path-store.ts';
import { put, remove } from './store.ts';

const place = ['rows/1', 'whole'] as const;

/** An assignment as the scheduler makes them, with its message. */
async function assigned({ sign }: CacheWorld, more: { readonly [key: string]: Value } = {}): Promise<Message> {
  const body = await sign(message({ action: 'Transfer', quantity: '10', n: 7, ...more }), testWallet('rsa4096-2'));
  return sign(message({ slot: 3, type: 'Assignment', body }));
}

/** Writes the row and what the cache says of the messages in it; gives the paths that the cache wrote. */
async function writeRow(world: CacheWorld, whole: Message): Promise<readonly string[]> {
  const { entries, done } = await world.cache.prepareStanding([{ message: whole, checked: [], place }]);
  await world.cache.store.write([put('rows/1', encode(message({ whole }))), ...entries]);
  done();
  return entries.map(({ path }) => path);
}

/** Every id that leads to one of the messages. */
function idsOf(whole: Message, { env }: CacheWorld): string[] {
  return [whole, whole.get('body') as Message].flatMap((one) => [
    env.unsignedId(one, env),
    ...commitmentsOf(one).map(([commitment]) => commitment),
  ]);
}

describe('a message in a row', () => {
  test('reads the same as one that was taken apart', async () => {
    const [heldIn, apartIn] = [memoryStore(), memoryStore()];
    const apart = cacheWorld(apartIn);
    const whole = await assigned(apart);
    await apart.cache.write(whole);
    await writeRow(cacheWorld(heldIn), whole);
    // Nothing is remembered.
    for (const dialect of ['2025-09', '2025-11', '2026'] as const) {
      const [held, same] = [cacheWorld(heldIn, dialect), cacheWorld(apartIn, dialect)];
      for (const one of idsOf(whole, apart)) {
        const [found, expected] = [await held.cache.read(one), await same.cache.read(one)];
        expect(isMessage(found) && equal(found, expected!)).toBe(true);
        expect(await held.cache.read(`${one}/action`)).toEqual(await same.cache.read(`${one}/action`));
        const [every, expectedEvery] = [await held.cache.readEvery(one), await same.cache.readEvery(one)];
        expect(equal(every!, expectedEvery!)).toBe(true);
      }
      const assignment = (await held.cache.read(id(whole, 'signed', held.env))) as Message;
      expect(assignment.get('body')).toBeInstanceOf(Link);
      expect(await verify(assignment, held.env, everyCommitment)).toBe(true);
    }
    expect(await cacheWorld(heldIn).cache.match(message({ action: 'Transfer' }))).toEqual(
      await cacheWorld(apartIn).cache.match(message({ action: 'Transfer' })),
    );
  });

  test('is written once: its ids point to the row', async () => {
    const store = memoryStore();
    const world = cacheWorld(store);
    const whole = await assigned(world);
    const paths = await writeRow(world, whole);
    expect(paths.filter((path) => path.startsWith('com/'))).toEqual([]);
    for (const path of paths.filter((path) => path.startsWith('msg/'))) {
      expect(store.read(path)!.length).toBeLessThan(40);
    }
    // Again, as when a client sends the same message once more.
    const again = cacheWorld(store);
    expect((await again.cache.prepare(whole)).entries).toEqual([]);
  });

  test('gets further commitments beside it', async () => {
    const store = memoryStore();
    const world = cacheWorld(store);
    const whole = await assigned(world);
    await writeRow(world, whole);
    const body = whole.get('body') as Message;
    const twice = await world.sign(body);
    await world.cache.write(twice);
    const { cache, env } = cacheWorld(store);
    const read = (await cache.readEvery(env.unsignedId(body, env))) as Message;
    const ids = commitmentsOf(read).map(([commitment]) => commitment);
    expect(new Set(ids)).toEqual(new Set(commitmentsOf(twice).map(([commitment]) => commitment)));
    expect(ids.length).toBe(new Set(ids).size);
    expect(await cache.read(`${id(twice, 'signed', env)}/quantity`)).toBe('10');
  });

  test('is checked by `store verify`, and comes back when the row was lost', async () => {
    const store = memoryStore();
    const world = cacheWorld(store);
    const { env } = world;
    const whole = await assigned(world);
    await writeRow(world, whole);
    expect(await damage(store, world)).toEqual([]);

    await store.write([put('rows/1', encode(message({ whole: whole.with('slot', 4) })))]);
    expect(await damage(store, world)).toEqual([expect.stringMatching(/^msg\/.*another id/)]);

    await store.write([remove('rows/1')]);
    const missing = (group: string) => expect.stringMatching(new RegExp(`^${group}/.*missing from \`rows/1 whole`));
    expect(await damage(store, world)).toEqual(['id', 'id', 'msg', 'msg'].map(missing));

    await store.write([put('rows/1', encode(message({ whole: await world.sign(whole) })))]);
    expect(await damage(store, world)).toEqual([]);
    const another = message({ whole: (await world.sign(message({ n: 1 }))).with('body', whole.get('body')!) });
    await store.write([put('rows/1', encode(another))]);
    expect(await damage(store, world)).toEqual([
      expect.stringMatching(/^id\/.*another id/),
      expect.stringMatching(/^msg\/.*another id/),
    ]);
    await store.write([remove('rows/1')]);
    const after = cacheWorld(store);
    expect(await after.cache.read(id(whole, 'signed', env))).toBeUndefined();
    await after.cache.write(whole);
    expect(await cacheWorld(store).cache.read(`${id(whole, 'signed', env)}/slot`)).toBe(3);
    expect(await damage(store, world)).toEqual([]);
  });

  const unheld: [string, { readonly [key: string]: Value }][] = [
    ['a literal that is stored by its hash', { long: 'x'.repeat(5_000) }],
    ['a list', { list: ['a', 'b'] }],
  ];
  test.each(unheld)('is taken apart if it has %s', async (_, more) => {
    const store = memoryStore();
    const world = cacheWorld(store);
    const whole = message({ slot: 3, body: message(more) });
    const paths = await writeRow(world, whole);
    const { cache, env } = cacheWorld(store);
    expect(paths).toContain(`msg/${env.unsignedId(whole, env)}`);
    await store.write([remove('rows/1')]);
    const read = (await cache.read(env.unsignedId(whole, env))) as Message;
    expect(read.get('slot')).toBe(3);
  });

  test('is taken apart if a commitment on it does not hold: nobody reads that by its id', async () => {
    const store = memoryStore();
    const world = cacheWorld(store);
    const whole = await assigned(world);
    const forged = whole.with('slot', 99);
    await writeRow(world, forged);
    const { cache, env } = cacheWorld(store);
    expect(await cache.read(id(whole, 'signed', env))).toBeUndefined();
    expect(await cache.read(`${env.unsignedId(forged, env)}/slot`)).toBe(99);
    expect(await cache.read(`${id(forged.get('body') as Message, 'signed', env)}/quantity`)).toBe('10');
  });
});

async function damage(store: PathStore, { env }: CacheWorld): Promise<readonly string[]> {
  const report = await verifyStore(store, { environment: env });
  return report.damage.map(({ path, problem }) => `${path}: ${problem}`).sort();
}
