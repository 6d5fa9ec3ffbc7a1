/** Pages of snapshots that nobody needs are removed, those in use never, whoever writes meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { collectPages } from '../../src/devices/process/collect-pages.ts';
import { Snapshots } from '../../src/devices/process/snapshots.ts';
import { collectNowAndThen } from '../../src/node/lanes.ts';
import { openStore } from '../../src/node/open-store.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import type { Store } from '../../src/stores/store.ts';
import { lostPages } from '../support/kill.ts';

const pageBytes = 16 * 1024;

/** A machine of these pages, each known by its letter. */
function machine(letters: string) {
  const memory = new Uint8Array(letters.length * pageBytes);
  for (let i = 0; i < letters.length; i++) memory.fill(letters.charCodeAt(i), i * pageBytes, (i + 1) * pageBytes);
  return message({ memory });
}

let looks = 0;
const look = (store: Store, signal = new AbortController().signal): Promise<number> =>
  collectPages({ store, signal, stamp: Uint8Array.of(looks++), breathe: () => Promise.resolve() });

async function save(store: Store, process: string, slot: number, letters: string): Promise<void> {
  const snapshots = new Snapshots(store, sha256);
  while (!(await snapshots.save(await snapshots.prepare(process, slot, machine(letters)))));
}

const letters = async (store: Store): Promise<string> => {
  const rows = await store.scan('pages');
  return rows
    .map((row) => String.fromCharCode(row.value[0]!))
    .sort()
    .join('');
};

describe.each(['memory', 'lmdb', 'fs'] as const)('on %s', (kind) => {
  test('a page that no snapshot has now is gone after the second look', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hb-pages-'));
    try {
      await using store = await openStore(kind, directory);
      await save(store, 'P', 1, 'abc');
      await save(store, 'Q', 1, 'cd');
      // Slot 2 takes the place of slot 1 on the ladder only when 3 comes.
      for (const slot of [2, 3, 4]) await save(store, 'P', slot, `ab${slot}`);
      const used = await letters(store);
      expect(await look(store)).toBe(0);
      expect(await letters(store)).toBe(used);
      const removed = await look(store);
      expect(removed).toBeGreaterThan(0);
      expect((await letters(store)).length).toBe(used.length - removed);
      expect(await lostPages(store)).toEqual([]);
      expect(await look(store)).toBe(0);
      expect(await store.list('pages-unused')).toBeUndefined();
      const { content } = (await new Snapshots(store, sha256).latest('P', 4))!;
      expect(content.get('memory')).toEqual(machine('ab4').get('memory'));
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

test('a node looks now and then, and stops when it closes', async () => {
  const store = await withUnused(0);
  const used = async () => (await letters(store)).includes('x');
  const collecting = collectNowAndThen(store, { error: () => expect.unreachable() }, 5);
  await expect.poll(used).toBe(false);
  await collecting[Symbol.asyncDispose]();
  expect(await lostPages(store)).toEqual([]);
});

/** The store, with something that happens before its operation number `at`. */
function interrupted(store: Store, at: number, happens: () => Promise<void>): { readonly store: Store; count: number } {
  const state = { count: 0, store };
  state.store = new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      const run = (value as (...args: unknown[]) => unknown).bind(target);
      if (!['list', 'scan', 'read', 'write'].includes(String(name))) return run;
      return async (...args: unknown[]) => {
        if (state.count++ === at) await happens();
        return run(...args);
      };
    },
  });
  return state;
}

/** A page `x` nobody uses, marked or not, and two processes. */
async function withUnused(marks: number): Promise<Store> {
  const store = memoryStore();
  await save(store, 'Q', 1, 'b');
  for (const [slot, letters] of [...'axaa'].entries()) await save(store, 'P', slot, letters);
  for (let i = 0; i < marks; i++) await look(store);
  return store;
}

describe('a snapshot that needs an unused page again', () => {
  test.each([0, 1])('at any moment of a look (%i looks before)', async (marks) => {
    for (let at = 0, reached = true; reached; at++) {
      const store = await withUnused(marks);
      const cut = interrupted(store, at, () => save(store, 'Q', 2, 'bx'));
      await look(cut.store);
      reached = cut.count > at;
      expect(await lostPages(store), `before operation ${at}`).toEqual([]);
      await look(store);
      await look(store);
      expect(await lostPages(store), `after operation ${at}`).toEqual([]);
    }
  });

  test.each([0, 1, 2])('while looks happen at any moment of it (%i looks before)', async (marks) => {
    for (let at = 0, reached = true; reached; at++) {
      const store = await withUnused(marks);
      const cut = interrupted(store, at, async () => {
        await look(store);
        await look(store);
      });
      await save(cut.store, 'Q', 2, 'bx');
      reached = cut.count > at;
      expect(await lostPages(store), `before operation ${at}`).toEqual([]);
      const { content } = (await new Snapshots(store, sha256).latest('Q', 2))!;
      expect(content.get('memory')).toEqual(machine('bx').get('memory'));
    }
  });

  test('a look that is cut off removes nothing that is used', async () => {
    for (let at = 0, reached = true; reached; at++) {
      const store = await withUnused(1);
      const abort = new AbortController();
      const cut = interrupted(store, at, async () => abort.abort());
      await look(cut.store, abort.signal);
      reached = cut.count > at;
      expect(await lostPages(store), `before operation ${at}`).toEqual([]);
    }
  });
});
