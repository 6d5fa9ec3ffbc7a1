/**
 * Rows PC and SC of spec/cases-storage.md: what is kept of processes and of schedules, through the parts of this node that keep it.
 *
 * The reference writes results and assignments as messages under named links; here a result is a state among the slots of a process, and an
 * assignment a row of the schedule log. So a process cache is `Slots`, a scheduler cache a `StoreLog`. A store that was stopped and
 * emptied is one that was reset, with everything opened on it anew.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AoError, AoException } from '../../src/core/errors.ts';
import { isMessage, type Message, message, messageFrom } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Value } from '../../src/core/value.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { isFresh } from '../../src/devices/process/freshness.ts';
import { type SlotResult, Slots } from '../../src/devices/process/slots.ts';
import { Snapshots } from '../../src/devices/process/snapshots.ts';
import type { Row } from '../../src/devices/scheduler/log.ts';
import { StoreLog } from '../../src/devices/scheduler/store-log.ts';
import { openFs } from '../../src/stores/fs.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { lruStore } from '../../src/stores/lru.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import type { Store } from '../../src/stores/store.ts';
import { virtualClock } from '../../src/testing/index.ts';
import { type CacheWorld, cacheWorld } from '../support/cache-world.ts';
import { luaWorld, value } from '../support/lua-world.ts';
import { processWorld } from '../support/process-world.ts';
import { stillClock } from '../support/world.ts';

const directory = mkdtempSync(join(tmpdir(), 'rows-'));
let counter = 0;
const fresh = (): string => join(directory, String(counter++));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const P = 'P'.repeat(43);
const backends: readonly (readonly [string, () => Promise<Store>])[] = [
  ['files', async () => openFs({ directory: fresh() })],
  ['lmdb', () => openLmdb({ directory: fresh() })],
  ['memory over files', async () => lruStore({ capacity: 10_000, below: openFs({ directory: fresh() }) })],
];

const T = (text: string): Message => message({ 'base-test-key': 'base-test-value', 'other-test-key': text });
const stateOf = (result: SlotResult | undefined): Message | undefined =>
  result !== undefined && 'state' in result ? result.state : undefined;

async function write(store: Store, states: readonly Message[]): Promise<Slots> {
  const slots = new Slots(store, stillClock);
  const writer = slots.writer(P);
  for (const [slot, state] of states.entries()) writer.add(slot, state);
  await writer.flush();
  return slots;
}

describe.each(backends)('results of a process: %s', (_, open) => {
  test('[row PC1, processes/2/write and read process outputs] each slot is read back as it was written, signatures included', async () => {
    await using store = await open();
    const world = cacheWorld(store);
    const signed = await world.sign(T('Simple signed output #1'));
    const slots = await write(store, [signed, T('Simple unsigned output #2')]);
    for (const reader of [slots, new Slots(store, stillClock)]) {
      expect(stateOf(await reader.read(P, 0))).toEqual(signed);
      expect(stateOf(await reader.read(P, 1))).toEqual(T('Simple unsigned output #2'));
      expect(await reader.read(P, 2)).toBeUndefined();
      expect(await reader.read('Q'.repeat(43), 0)).toBeUndefined();
    }
  });

  test('[row PC2, processes/2/find latest output] the newest one, the newest up to a slot, the newest with a state, the newest with a snapshot', async () => {
    await using store = await open();
    const result = (n: number): Message => message({ results: { 'result-number': n } });
    const states = [
      result(0),
      result(1).with('process', message({ a: 1 })),
      result(2).with('deep', message({ process: { a: 2 } })),
    ];
    const slots = await write(store, states);
    const snapshots = new Snapshots(store, sha256);
    const writer = slots.writer(P);
    await snapshots.save(await snapshots.prepare(P, 1, message({ memory: new Uint8Array(40_000).fill(7) })));
    writer.fail(3, message({ message: 'broken' }));
    await writer.flush();
    expect((await slots.latest(P))?.slot).toBe(3);
    expect(await slots.latestState(P)).toEqual({ slot: 2, state: states[2] });
    expect(await slots.latest(P, 1)).toEqual({ slot: 1, state: states[1] });
    expect(await slots.latest('Q'.repeat(43))).toBeUndefined();
    const snapshot = await snapshots.latest(P, 2);
    expect([snapshot?.slot, snapshot?.content.get('memory')]).toEqual([1, new Uint8Array(40_000).fill(7)]);
    expect(await snapshots.latest(P, 0)).toBeUndefined();
  });

  test('[row PC4, processes/1/isolated_process_store] in a store of their own they are in no other, and go with that one only', async () => {
    await using main = await open();
    await using own = await open();
    const slots = await write(own, [T('a'), T('b')]);
    expect(await new Slots(main, stillClock).latest(P)).toBeUndefined();
    expect(await main.list('')).toBeUndefined();
    await main.reset();
    expect(stateOf(await slots.read(P, 1))).toEqual(T('b'));
    await own.reset();
    expect(await slots.read(P, 1)).toBeUndefined();
    expect(await slots.latest(P)).toBeUndefined();
  });
});

test('[row PC1] the result of a message is found by the message’s id', async () => {
  const world = await luaWorld();
  const process = await world.program(`function compute(s, m) s.results = { said = m.body.said } return s end`);
  const log = new StoreLog(world.cache, () => world.library.env);
  for (const said of ['one', 'two']) {
    const sent = await world.sign({ type: 'Message', target: process, said });
    const request = message({ path: 'schedule', method: 'POST', body: sent });
    value(await world.library.resolve((await world.cache.read(process))!, request));
    const slot = await log.slotOf(process, world.library.id(sent, 'signed'));
    expect(value(await world.get(`/${process}/compute=${slot}/results/said`))).toBe(said);
  }
  expect(await log.slotOf(process, 'M'.repeat(43))).toBeUndefined();
});

describe('how old a result may be', () => {
  const clock = (seconds: number) => ({ now: () => seconds * 1_000 });
  const at = (seconds: number, request: Message, limit?: number | 'infinity', refreshedAt: number | undefined = 100) =>
    isFresh(request, limit, refreshedAt * 1_000, seconds * 1_000);

  test('[row PC3, processes/1/freshness_max_age] up to its limit, whoever sets it; what was never written never is', async () => {
    const store = memoryStore();
    const slots = new Slots(store, clock(100));
    expect(await slots.refreshedAt(P)).toBeUndefined();
    expect(isFresh(message({ 'max-age': 'infinity' }), 'infinity', undefined, 0)).toBe(false);
    const writer = slots.writer(P);
    writer.add(1, T('a'));
    await writer.flush();
    expect(await slots.refreshedAt(P)).toBe(100_000);
    for (const limit of [60, '60']) {
      expect(at(160, message({ 'max-age': limit }))).toBe(true);
      expect(at(161, message({ 'max-age': limit }))).toBe(false);
    }
    expect(at(1000, message({ 'max-age': 'infinity' }))).toBe(true);
    expect(at(1000, message({ 'max-age': 0, 'cache-control': ['only-if-cached'] }))).toBe(true);
    expect([at(160, message({}), 60), at(161, message({}), 60), at(161, message({}), 'infinity')]).toEqual([
      true,
      false,
      true,
    ]);
    expect(at(161, message({ 'max-age': 600 }), 60)).toBe(true);
    expect([at(100, message({})), at(100, message({ 'max-age': 'soon' }), 60)]).toEqual([false, false]);
  });

  test('[row PC3] now: new messages are seen when the limit has passed', async () => {
    const time = virtualClock();
    for (const options of [undefined, message({ 'process-now-max-age': 60 })]) {
      const world = await luaWorld({ clock: time, ...(options === undefined ? {} : { options }) });
      const process = await world.program('function compute(s, m) s.seen = m.slot return s end');
      const now = async (): Promise<Value> =>
        value(await world.get(`/${process}/now${options === undefined ? '&max-age=60' : ''}/seen`));
      expect(await now()).toBe(0);
      await world.post(process, { n: 1 });
      await time.advance(60_000);
      expect(await now()).toBe(0);
      expect(value(await world.get(`/${process}/now&max-age=59/seen`))).toBe(1);
      await world.post(process, { n: 2 });
      await time.advance(61_000);
      expect(await now()).toBe(2);
    }
  });
});

// ---- schedules ------------------------------------------------------------------------------------------------------------------

interface Scheduling extends CacheWorld {
  readonly log: StoreLog;
}

function scheduling(store: Store): Scheduling {
  const world = cacheWorld(store);
  return { ...world, log: new StoreLog(world.cache, () => world.env) };
}

function row(slot: number, extra: Message = message({ variant: 'ao.N.1' })): Row {
  const chain = sha256(Uint8Array.of(slot & 255, slot >> 8));
  const assignment = messageFrom([
    ...extra.entries(),
    ['process', P],
    ['slot', slot],
    ['hash-chain', chain],
    ['body', message({ n: slot })],
  ]);
  return { slot, chain, messageId: `${slot}`.padStart(43, 'M'), assignment };
}

async function numbers(log: StoreLog): Promise<readonly number[]> {
  return (await log.range(P, 0, 100_000)).map((assignment) => assignment.get('slot') as number);
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

describe('the schedule log', () => {
  test('[row SC1, processes/3/volatile_schedule] an assignment is the newest and is read; with its store it is gone', async () => {
    const store = openFs({ directory: fresh() });
    await using _ = store;
    const { log, sign } = scheduling(store);
    const one = { ...row(0), assignment: await sign(row(0).assignment) };
    expect(await log.append(P, [one])).toBe('ok');
    expect(await log.head(P)).toEqual({ slot: 0, chain: one.chain });
    expect(await log.read(P, 0)).toEqual(one.assignment);
    await store.reset();
    for (const { log: reader } of [{ log }, scheduling(store)]) {
      expect(await reader.head(P)).toBeUndefined();
      expect(await reader.read(P, 0)).toBeUndefined();
      expect(await reader.slotOf(P, one.messageId)).toBeUndefined();
      expect(await reader.processes()).toEqual([]);
    }
  });

  test('[row SC2, processes/3/concurrent_scheduler_write] fifty writers at once: every slot once, none left out', async () => {
    await using store = openFs({ directory: fresh() });
    const world = processWorld({ store });
    const process = await world.spawn({ 'execution-device': 'test-device@1.0' });
    const slots = await Promise.all(Array.from({ length: 50 }, (_, n) => world.post(process, { n })));
    expect(slots.sort((a, b) => a - b)).toEqual(upTo(51).slice(1));
    const kept = await new StoreLog(world.cache, () => world.library.env).range(process, 1, 50);
    expect(kept.map((assignment) => assignment.get('slot'))).toEqual(upTo(51).slice(1));
  });

  test('[row SC3, processes/3/concurrent_read_write] readers beside a writer see an assignment or nothing, never a part of one', async () => {
    await using store = openFs({ directory: fresh() });
    const { log } = scheduling(store);
    let writing = true;
    let found = 0;
    const reader = async (seed: number): Promise<void> => {
      for (let n = seed; writing; n = (n * 7 + 3) % 100) {
        const read = await log.read(P, n);
        if (read !== undefined) {
          expect(read).toEqual(row(n).assignment);
          found++;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const readers = upTo(10).map(reader);
    for (const slot of upTo(100)) expect(await log.append(P, [row(slot)])).toBe('ok');
    writing = false;
    await Promise.all(readers);
    expect(found).toBeGreaterThan(0);
    expect(await numbers(log)).toEqual(upTo(100));
  });

  test('[row SC4, processes/3/large_assignment_volume] a thousand assignments one after another, without a variant', async () => {
    await using store = await openLmdb({ directory: fresh() });
    const { log } = scheduling(store);
    const none = message({});
    for (let slot = 0; slot < 1000; slot += 20) {
      const rows = upTo(20).map((i) => row(slot + i, none));
      expect(await log.append(P, rows)).toBe('ok');
    }
    expect(await numbers(log)).toEqual(upTo(1000));
    for (const slot of [0, 1, 499, 999]) expect(await log.read(P, slot)).toEqual(row(slot, none).assignment);
    expect((await log.head(P))?.slot).toBe(999);
  });

  test('[row SC5, SC9, processes/3/rapid_restart, processes/3/volatile_store_corruption] a store that is emptied again and again begins at the beginning', async () => {
    await using store = openFs({ directory: fresh() });
    for (let round = 0; round < 5; round++) {
      const { log } = scheduling(store);
      for (const slot of upTo(10)) expect(await log.append(P, [row(slot)])).toBe('ok');
      expect(await numbers(log)).toEqual(upTo(10));
      await store.reset();
      expect(await numbers(log)).toEqual([]);
      expect(await log.read(P, 1)).toBeUndefined();
      expect(await log.head(P)).toBeUndefined();
    }
  });

  test('[row SC6, processes/3/mixed_store_reset_operations] schedules stand in their own store and are gone with that one only', async () => {
    await using main = openFs({ directory: fresh() });
    await using own = openFs({ directory: fresh() });
    const { log } = scheduling(own);
    await scheduling(main).cache.write(row(0).assignment);
    await log.append(P, [row(0)]);
    await main.reset();
    expect(await log.read(P, 0)).toEqual(row(0).assignment);
    await own.reset();
    expect(await log.read(P, 0)).toBeUndefined();
  });

  test('[row SC7, processes/3/invalid_assignment_stress] what is no assignment, or not the next one, is not written', async () => {
    const store = memoryStore();
    const { log } = scheduling(store);
    for (const slot of [-1, 1, 7, 0.5, Number.NaN]) expect(await log.append(P, [row(slot)])).toBe('conflict');
    expect(store.list('')).toBeUndefined();

    const world = processWorld();
    const process = await world.spawn({ 'execution-device': 'test-device@1.0' });
    const definition = (await world.cache.read(process))!;
    const refused: readonly Message[] = [
      message({}),
      message({ process: 'invalid' }),
      message({ slot: 1 }),
      await world.sign({ target: '', slot: 1 }),
      await world.sign({ target: 'invalid', slot: -1 }),
      await world.sign({ target: 'N'.repeat(43), slot: 'not-integer' }),
    ];
    const device = message({ device: 'scheduler@1.0' });
    for (const [i, body] of refused.entries()) {
      for (const base of i < 3 ? [device, definition] : [device]) {
        const outcome = await world.library.resolve(base, message({ path: 'schedule', method: 'POST', body }));
        expect(outcome.status, String(i)).toBe('error');
      }
    }
    expect(value(await world.get(`/${process}/slot/current`))).toBe(0);
    expect(await new StoreLog(world.cache, () => world.library.env).processes()).toEqual([process]);
  });

  test('[row SC8, processes/3/scheduler_location_stress] location records that nobody signed are refused, one like the other', async () => {
    const world = processWorld();
    const base = message({ device: 'scheduler@1.0' });
    for (const n of upTo(10)) {
      const record = { scheduler: `${n}`.padStart(43, 'S'), location: 'http://x', timestamp: n, ttl: 1000, nonce: n };
      const outcome: Outcome = await world.library.resolve(
        base,
        message({ path: 'location', method: 'POST', url: 'http://x', ...record }),
      );
      expect(outcome).toMatchObject({ status: 'error', error: { code: 'bad-signature' } });
      const asked = `/~scheduler@1.0/location?address=${record.scheduler}`;
      const told = value(await world.get(asked));
      expect(isMessage(told) && told.get('status')).toBe(404);
    }
  });

  test.each(backends)(
    '[row SC10, processes/3/remote_confirmation_upload_failure_unlinks] an assignment that could not be written is nowhere, and can be written again: %s',
    async (_, open) => {
      await using store = await open();
      const { log, cache } = scheduling(store);
      await log.append(P, [row(0)]);
      const before = await store.scan('');
      const { write: working } = store;
      store.write = async () => {
        throw new AoException(new AoError('disk-full', 'The disk is full.'));
      };
      await expect(log.append(P, [row(1)])).rejects.toMatchObject({ code: 'disk-full' });
      store.write = working;
      expect(await store.scan('')).toEqual(before);
      expect(await numbers(log)).toEqual([0]);
      expect(await log.read(P, 1)).toBeUndefined();
      expect(await log.slotOf(P, row(1).messageId)).toBeUndefined();
      expect(await log.append(P, [row(1)])).toBe('ok');
      expect(await log.read(P, 1)).toEqual(row(1).assignment);
      expect(await numbers(log)).toEqual([0, 1]);
      expect(await cache.list('')).not.toEqual([]);
    },
  );
});
