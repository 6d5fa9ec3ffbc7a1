/**
 * The message cache against a model: a map of what was acknowledged. Histories of random writes (whole, signed by one or two, held in
 * rows), names and results, with the store opened anew in between. Everything has to be read by every id, with its commitments, from a cache that has
 * memory and from one that has none.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type CacheWorld, cacheWorld, testWallet } from '../../test/support/cache-world.ts';
import { commitmentsOf, everySigner, selectCommitments } from '../core/commitments.ts';
import { encode } from '../core/encode.ts';
import { equal } from '../core/equal.ts';
import { sumOfIds } from '../core/ids.ts';
import { loadAll } from '../core/links.ts';
import { isMessage, type Message, message, messageFrom } from '../core/message.ts';
import { atom, Float, isList, type Value } from '../core/value.ts';
import { verify } from '../core/verify.ts';
import { openFs } from './fs.ts';
import { storeList } from './list.ts';
import { openLmdb } from './lmdb.ts';
import { lruStore } from './lru.ts';
import { memoryStore } from './memory.ts';
import { privateBefore } from './private.ts';
import { put, type Store } from './store.ts';
import { tieredStore } from './tiered.ts';

const directory = mkdtempSync(join(tmpdir(), 'model-'));
let counter = 0;
const fresh = (): string => join(directory, String(counter++));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Each gives how to open it, for the first time and again. */
const kinds: readonly (readonly [string, () => () => Promise<Store>])[] = [
  [
    'lmdb',
    () =>
      (
        (at) => () =>
          openLmdb({ directory: at })
      )(fresh()),
  ],
  [
    'fs',
    () =>
      (
        (at) => async () =>
          openFs({ directory: at })
      )(fresh()),
  ],
  [
    'lru over lmdb',
    () =>
      (
        (at) => async () =>
          lruStore({ capacity: 5000, below: await openLmdb({ directory: at }) })
      )(fresh()),
  ],
  [
    'tiers',
    () =>
      (
        (back) => async () =>
          tieredStore({ front: lruStore({ capacity: 3000 }), back })
      )(memoryStore()),
  ],
  [
    'a list that gets a store before it',
    () => {
      const [own, shared] = [memoryStore(), memoryStore()];
      let opened = 0;
      return async () => (opened++ === 0 ? shared : privateBefore(own, storeList([{ store: shared }])));
    },
  ],
];

const seeds = [1, 2, 3];
const steps = 25;
const wallets = [testWallet('rsa4096-1'), testWallet('rsa4096-2')];
const leaves: readonly Value[] = [
  'text',
  '',
  -7,
  10n ** 30n,
  new Float(0.5),
  true,
  atom('at'),
  new Uint8Array(5).fill(255),
  'L'.repeat(4097),
  'M'.repeat(270_000),
  [],
  ['a', 1, ['b', true]],
  ['x'.repeat(5000), 2],
  Array.from({ length: 10 }, (_, i) => message({ i, s: 'z'.repeat(600) })),
];

interface Known {
  readonly content: Value;
  /** Of commitments, and sums of them. */
  readonly ids: Set<string>;
}

test.each(kinds)(
  'what was acknowledged is read by every id, with its commitments: %s',
  async (_, kind) => {
    for (const seed of seeds) await history(seed, kind());
  },
  120_000,
);

async function history(seed: number, open: () => Promise<Store>): Promise<void> {
  const next = random(seed);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)]!;
  let store = await open();
  let world = cacheWorld(store);
  const made: Message[] = [];
  const known = new Map<string, Known>();
  const names = new Map<string, string>();
  const results = new Map<string, readonly [base: string, request: string, value: Value]>();
  let rows = 0;

  const tree = async (depth: number): Promise<Message> => {
    const entries: [string, Value][] = [];
    for (let i = 0; i <= 2 * next(); i++) {
      const child = depth > 0 && next() < 0.4 ? await tree(depth - 1) : undefined;
      const value = child === undefined ? pick(leaves) : next() < 0.5 ? await world.sign(child, pick(wallets)) : child;
      entries.push([`${pick(['a', 'body', 'Upper', 'longer-key'])}${i}`, value]);
    }
    return messageFrom(entries);
  };
  const signed = async (): Promise<Message> => {
    let value = made.length > 0 && next() < 0.5 ? pick(made) : await tree(2);
    for (let i = Math.floor(next() * 3); i > 0; i--) value = await world.sign(value, pick(wallets));
    made.push(value);
    return value;
  };
  const remember = (value: Value): void => {
    if (isList(value)) for (const item of value) remember(item);
    if (!isMessage(value)) return;
    const id = world.env.unsignedId(value, world.env);
    const one = known.get(id) ?? { content: bare(value), ids: new Set() };
    known.set(id, one);
    for (const [commitment] of commitmentsOf(value)) if (commitment !== id) one.ids.add(commitment);
    const signatures = selectCommitments(value, everySigner);
    if (signatures.length > 1) one.ids.add(sumOfIds(signatures));
    for (const [key, item] of value.entries()) if (key !== 'commitments') remember(item);
  };
  const actions: readonly (() => Promise<void>)[] = [
    async () => {
      const value = await signed();
      expect(await world.cache.write(value)).toBe(world.env.unsignedId(value, world.env));
      remember(value);
    },
    async () => {
      const value = await signed();
      const path = `row/${rows++}`;
      const held = { message: value, checked: [], place: [path, 'body'] as const };
      const { entries, done } = await world.cache.prepareStanding([held]);
      await store.write([...entries, put(path, encode(message({ body: value })))]);
      done();
      remember(value);
    },
    async () => {
      if (known.size === 0) return;
      const [name, id] = [pick(['n', 'n/1', 'data/x', '5', 'a/b/c']), pick([...known.keys()])];
      await world.cache.link(id, name);
      names.set(name, id);
    },
    async () => {
      if (known.size === 0) return;
      const [base, request] = [pick([...known.keys()]), pick(['k', 'k?x=1', 'q'.repeat(400)])];
      const value = next() < 0.5 ? pick(leaves) : await signed();
      await world.cache.writeResult(base, request, value);
      remember(value);
      results.set(`${base} ${request}`, [base, request, value]);
    },
    async () => {
      if (store.name.startsWith('lmdb') || store.name.includes('over lmdb') || store.name.startsWith('fs')) {
        await store[Symbol.asyncDispose]();
      }
      store = await open();
      world = cacheWorld(store);
    },
  ];
  for (let step = 0; step < steps; step++) {
    // Most of them write.
    await pick([actions[0]!, actions[0]!, ...actions])();
    if (step % 8 === 7)
      for (const reader of [world, cacheWorld(store)]) await check(reader, known, names, results.values());
  }
  await store[Symbol.asyncDispose]();
}

async function check(
  { cache, env }: CacheWorld,
  known: ReadonlyMap<string, Known>,
  names: ReadonlyMap<string, string>,
  results: Iterable<readonly [string, string, Value]>,
): Promise<void> {
  const isSame = async (found: Value | undefined, content: Value): Promise<boolean> =>
    found !== undefined && equal(bare(await loadAll(found, env)), bare(content));
  for (const [unsigned, { content, ids }] of known) {
    const whole = await cache.read(unsigned);
    expect([unsigned, await isSame(whole, content)]).toEqual([unsigned, true]);
    const all = commitmentsOf(whole as Message).map(([id]) => id);
    for (const id of ids) {
      const found = (await cache.read(id)) as Message | undefined;
      expect([id, await isSame(found, content)]).toEqual([id, true]);
      expect([id, await verify(found!, env)]).toEqual([id, true]);
      const isSum = selectCommitments(found!, everySigner).length > 1;
      if (!isSum) expect(all).toContain(id);
    }
  }
  for (const [name, id] of names)
    expect([name, await isSame(await cache.read(name), known.get(id)!.content)]).toEqual([name, true]);
  for (const [base, request, value] of results) {
    expect([base, request, await isSame(await cache.readResult(base, request), value)]).toEqual([base, request, true]);
  }
}

/** Without commitments, at any depth. */
function bare(value: Value): Value {
  if (isList(value)) return value.map(bare);
  if (!isMessage(value)) return value;
  return messageFrom([...value.without('commitments').entries()].map(([key, item]) => [key, bare(item)]));
}

/** The same numbers for the same seed. */
function random(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
