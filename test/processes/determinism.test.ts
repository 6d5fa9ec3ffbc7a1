/** The same schedule gives the same states, wherever and however it is computed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/node/open-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { type LuaWorld, luaWorld, sameSchedule, value } from '../support/lua-world.ts';

/** Floats, big integers, orders of keys, random numbers, deep tables, things that depend on the machine. */
const program = `
hidden = {}
function compute(state, assignment)
  local m = assignment.body
  hidden[#hidden + 1] = m.n
  hidden['k' .. m.n % 7] = { m.n, nested = { n = m.n / 3 } }
  local sum = 0
  for k, v in pairs(hidden) do sum = sum + #tostring(k) end
  state.sum = sum
  state.random = math.random(1000000)
  state.third = m.n / 3
  state.big = tostring(2^63 * m.n)
  state.table = hidden['k3']
  state.time = os.time()
  state.label = m.label
  return state
end`;

const last = 60;
let origin: LuaWorld;
let process: string;
let expected: readonly string[];

async function stateIds(world: LuaWorld, slots: readonly number[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const slot of slots) ids.push(world.library.id(value(await world.get(`/${process}/compute=${slot}`))));
  return ids;
}

const looked = [0, 7, 31, 32, 59, last];

beforeAll(async () => {
  origin = await luaWorld();
  process = await origin.program(program, { n: 0 });
  for (let n = 1; n <= last; n++) await origin.post(process, { n, label: `message ${n}`, price: n / 7 });
  expected = await stateIds(origin, looked);
});

async function fresh(lane: Parameters<typeof luaWorld>[0] = {}, store?: Store): Promise<LuaWorld> {
  return luaWorld({ ...lane, store: await sameSchedule(origin.store, store) });
}

describe('state ids', () => {
  test('of all slots at once, without snapshots', async () => {
    const world = await fresh({ lane: { snapshotEveryMs: 1e9 } });
    await world.get(`/${process}/now`);
    expect(await stateIds(world, looked)).toEqual(expected);
  });

  test('with a snapshot after every slot, and a restart at every tenth', async () => {
    const store = await sameSchedule(origin.store);
    const ids = new Map<number, string>();
    for (let slot = 0; slot <= last; slot++) {
      if (slot % 10 !== 0 && slot !== last && !looked.includes(slot)) continue;
      const world = await luaWorld({ store, lane: { snapshotEveryMs: 0 } });
      const [id] = await stateIds(world, [slot]);
      ids.set(slot, id!);
      if (slot % 20 === 0) await world.processes[Symbol.asyncDispose]();
    }
    expect(looked.map((slot) => ids.get(slot))).toEqual(expected);
  });

  test('asked for backwards, and by many at once', async () => {
    const world = await fresh();
    const ids = await Promise.all(looked.toReversed().map(async (slot) => (await stateIds(world, [slot]))[0]!));
    expect(ids.toReversed()).toEqual(expected);
  });

  test('with machines that are lost again and again, and dry runs in between', async () => {
    const world = await fresh();
    const ids: string[] = [];
    for (const slot of looked) {
      ids.push((await stateIds(world, [slot]))[0]!);
      await world.get(`/${process}/as=execution/compute/sum`);
      world.machines.clear();
    }
    expect(ids).toEqual(expected);
  });

  test.each(['lmdb', 'fs'] as const)('on %s', async (kind) => {
    const directory = await mkdtemp(join(tmpdir(), 'hb-same-'));
    try {
      await using store = await openStore(kind, directory);
      const world = await fresh({}, store);
      expect(await stateIds(world, looked)).toEqual(expected);
      await world.processes[Symbol.asyncDispose]();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
