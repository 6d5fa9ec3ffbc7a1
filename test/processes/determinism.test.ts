/** The same schedule gives the same states, wherever and however it is computed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Value } from '../../src/core/value.ts';
import { defaultLuaMachinesOptions, type LuaMachinesOptions } from '../../src/devices/lua/machines.ts';
import { openStore } from '../../src/node/open-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { type LuaWorld, luaWorld, sameSchedule, value } from '../support/lua-world.ts';
import { type Random, random, randomProcess } from '../support/random-program.ts';
import { workerNode } from '../support/worker-node.ts';

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

/** What a slot came to: the id of its state, or its error. */
function cameTo(outcome: Outcome, id: (value: Value) => string): string {
  if (outcome.status === 'ok') return id(outcome.value);
  return outcome.status === 'error' ? `${outcome.error.code}: ${outcome.error.message}` : outcome.status;
}

/** More of them: `RANDOM_PROGRAMS=1-200 npx vitest run test/processes/determinism.test.ts`. */
const [firstSeed, lastSeed] = (globalThis.process.env['RANDOM_PROGRAMS'] ?? '1-5').split('-').map(Number) as [
  number,
  number,
];
const seeds = Array.from({ length: lastSeed - firstSeed + 1 }, (_, i) => firstSeed + i);

/** How a schedule is computed: what happens before and after each slot. */
interface Course {
  /** Gives the world that goes on. */
  readonly before?: (draw: Random, world: LuaWorld, again: () => Promise<LuaWorld>) => Promise<LuaWorld>;
  readonly after?: (draw: Random, world: LuaWorld, process: string, slot: number) => Promise<unknown>;
}

const courses: { readonly [name: string]: Course } = {
  'slot by slot': {},
  'with a snapshot and a restore after every slot': { after: (_, world) => world.processes[Symbol.asyncDispose]() },
  'with evictions, lost machines, stops and kills': {
    async before(draw, world, again) {
      const how = draw(6);
      if (how === 0) return again();
      if (how === 1) world.machines.clear();
      if (how === 2 || how === 3) await world.processes[Symbol.asyncDispose]();
      return how === 3 ? again() : world;
    },
  },
  'with reads of old slots and dry runs in between': {
    async after(draw, world, process, slot) {
      await world.get(`/${process}/compute=${draw(slot + 1)}`);
      if (draw(2) === 0) {
        const view = await world.get(`/${process}/as=execution`);
        const body = message({ n: draw(50), kind: draw(4) });
        if (view.status === 'ok') await world.library.resolve(view.value, message({ path: 'compute', body }));
      }
      if (draw(4) === 0) await world.processes[Symbol.asyncDispose]();
    },
  },
};

test('a machine of a stack that is lost before its process is put away', async () => {
  const world = await luaWorld({ lane: { snapshotEveryMs: 1e9 } });
  const counting = await world.program('n = 0 function compute(s) n = n + 1 s.count = n return s end', {
    'execution-device': 'stack@1.0',
    'device-stack': ['lua@5.3a', 'patch@1.0'],
    'patch-from': '/results/outbox',
  });
  expect(value(await world.get(`/${counting}/now/count`))).toBe(1);
  world.machines.clear();
  await world.processes[Symbol.asyncDispose]();
  await world.post(counting, { n: 1 });
  expect(value(await world.get(`/${counting}/now/count`))).toBe(2);
});

describe('random programs', () => {
  const slots = 20;

  test.each(seeds)('have the same states, however they are computed: %i', { timeout: 30_000 }, async (seed) => {
    const draw = random(seed + 1_000_000);
    const limits = {
      instructions: [20_000, 60_000, 300_000][draw(3)]!,
      memoryBytes: [600_000, 2_000_000, 8_000_000][draw(3)]!,
      timeMs: 0,
    };
    const machines: LuaMachinesOptions = { ...defaultLuaMachinesOptions, limits };
    const open = (store: Store) => luaWorld({ machines, lane: { snapshotEveryMs: 1e9 }, store });
    const at = async (world: LuaWorld, process: string, slot: number) =>
      cameTo(await world.get(`/${process}/compute=${slot}`), (of) => world.library.id(of));

    const { code, extra, messages } = randomProcess(seed, slots);
    const straight = await luaWorld({ machines, lane: { snapshotEveryMs: 1e9 } });
    const process = await straight.program(code, extra);
    for (const literal of messages) await straight.post(process, literal);
    await straight.get(`/${process}/now`);
    const expected: string[] = [];
    for (let slot = 0; slot <= slots; slot++) expected.push(await at(straight, process, slot));

    for (const [name, { before, after }] of Object.entries(courses)) {
      const store = await sameSchedule(straight.store);
      let world = await open(store);
      const states: string[] = [];
      for (let slot = 0; slot <= slots; slot++) {
        world = (await before?.(draw, world, () => open(store))) ?? world;
        states.push(await at(world, process, slot));
        await after?.(draw, world, process, slot);
      }
      expect(states, name).toEqual(expected);
    }
  });

  test('have the same states in one worker and in three, after restarts and beside each other', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hb-same-'));
    const draw = random(firstSeed);
    const expected = new Map<string, string>();
    try {
      const processes: string[] = [];
      for (const workers of ['1', '3', '0']) {
        await using node = await workerNode({ 'data-dir': directory, workers });
        const ao = node.node.resolver.ao();
        const id = (of: Value): string => ao.id(of);
        if (processes.length === 0) {
          for (const seed of seeds.slice(0, 5)) {
            const { code, extra, messages } = randomProcess(seed, 8, true);
            processes.push(await node.program(code, extra));
            for (const literal of messages) await node.post(processes.at(-1)!, literal);
          }
          const store = await sameSchedule(node.node.store);
          const alone = await luaWorld({ store, dialect: '2025-11', lane: { snapshotEveryMs: 1e9 } });
          for (const process of processes) {
            for (let slot = 8; slot >= 0; slot--) {
              const path = `/${process}/compute=${slot}`;
              expected.set(
                path,
                cameTo(await alone.get(path), (of) => alone.library.id(of)),
              );
            }
          }
        }
        // Some now, some in the next node.
        const paths = [...expected.keys()].filter(() => workers === '0' || draw(4) === 0);
        await Promise.all(
          paths.map(async (path) =>
            expect([path, cameTo(await node.get(path), id)]).toEqual([path, expected.get(path)]),
          ),
        );
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  }, 60_000);
});
