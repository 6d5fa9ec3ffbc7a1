/** `on-failure: skip`: a slot that fails is nothing but its results, wherever they are read and whoever computes on (decision 0004). */
import { describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { type Message, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type LuaWorld, luaWorld, value } from '../support/lua-world.ts';
import { courierOf } from '../support/process-world.ts';

/** Counts in the machine and in the state; sends a message to `to` and then fails where it is told to. */
const program = `
hidden = 0
function compute(state, m)
  hidden = hidden + 1
  ao.resolve('/~counting@1.0/count')
  for i = 1, m.body.work or 0 do end
  state.hidden = hidden
  state.results = { output = { data = 'fine' } }
  if m.body.to then state.results.outbox = { ['1'] = { target = m.body.to, action = 'Hello' } } end
  if m.body.bad then error('no good') end
  return state
end`;

const skip = { 'on-failure': 'skip' };

/** A world in which the slots that are run are counted. */
async function counted(given: Parameters<typeof luaWorld>[0] = {}): Promise<LuaWorld & { runs: () => number }> {
  let runs = 0;
  const counting = device({
    name: 'counting@1.0',
    doc: 'Counts.',
    uses: [],
    keys: { count: { doc: 'Counts.', run: () => ok(++runs) } },
  });
  return { ...(await luaWorld({ ...given, devices: [counting] })), runs: () => runs };
}

describe('on-failure: skip', () => {
  test('the results of a skipped slot are the same on every way to them, also after a restart', async () => {
    const store = memoryStore();
    const world = await counted({ store });
    const process = await world.program(program, skip);
    await world.post(process, { n: 1 });
    await world.post(process, { bad: 1 });
    const ways = ['now', 'compute', 'compute=2', 'compute&slot=2', 'latest'].map((way) => `${way}/results`);
    ways.push('compute/results=2', 'now/results=2', 'now/results');
    for (const one of [world, await counted({ store })]) {
      for (const way of ways) {
        expect(value(await one.get(`/${process}/${way}/code`)), way).toBe('program-failed');
        expect(value(await one.get(`/${process}/${way}/error`)), way).toContain('no good');
        expect(value(await one.get(`/${process}/${way}/output/data`)), way).toContain('no good');
      }
      expect(value(await one.get(`/${process}/compute=1/results/output/data`))).toBe('fine');
      expect(value(await one.get(`/${process}/now/hidden`))).toBe(2);
      expect(value(await one.get(`/${process}/now/at-slot`))).toBe(2);
    }
    expect(world.runs()).toBeGreaterThan(0);
  });

  test('a skipped slot sends nothing, whether it is pushed or computed with `push`', async () => {
    const world = await counted();
    const target = await world.program(program);
    const process = await world.program(program, skip);
    const definition = (await world.cache.read(process)) as Message;
    await using courier = courierOf(world);
    courier.start();
    for (const literal of [{ to: target }, { to: target, bad: 1 }, { to: target }]) await world.post(process, literal);
    value(await world.library.resolve(definition, message({ path: 'compute', slot: 3, push: true })));
    await expect.poll(async () => (await world.store.scan('pushing')).length).toBe(0);
    await expect.poll(() => world.outbox.waiting()).toEqual([]);
    // Slots 1 and 3 have sent one message each.
    expect(value(await world.get(`/${target}/slot/current`))).toBe(2);
    const answer = value(await world.library.resolve(definition, message({ path: 'push', slot: 2 })));
    expect(value(await world.library.resolve(answer, 'error'))).toContain('no good');
    expect(value(await world.get(`/${target}/slot/current`))).toBe(2);
    expect(await world.outbox.deadLetters()).toEqual([]);
  });

  test('messages that fail one after another do not have everything before computed again each time', async () => {
    const world = await counted({ lane: { snapshotEveryMs: 1e9 } });
    const process = await world.program(program, skip);
    for (let i = 0; i < 20; i++) await world.post(process, { work: 1_000_000 });
    for (let i = 0; i < 10; i++) await world.post(process, { bad: 1 });
    await world.post(process, { n: 1 });
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(22);
    // Once each, and once more what came before the first one that failed.
    expect(world.runs()).toBeLessThan(32 + 21 + 30);
  });

  test('evicted right after a skipped slot, a process goes on with the machine of the slot before', async () => {
    const world = await counted({ maxWarm: 1 });
    const process = await world.program(program, skip);
    const other = await world.program(program);
    for (const literal of [{ n: 1 }, { bad: 1 }, { n: 1 }, { bad: 1 }, { bad: 1 }, { n: 1 }]) {
      await world.post(process, literal);
      const at = value(await world.get(`/${process}/slot/current`));
      expect(value(await world.get(`/${process}/now/at-slot`))).toBe(at);
      await world.post(other, { n: 1 });
      value(await world.get(`/${other}/now`));
      await expect.poll(() => world.processes.warm).toBeLessThanOrEqual(1);
    }
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(4);
  });

  test.each(['priv', 'init', 'priv/x', '~lua@5.3a/init'])('a message with the path %s is skipped', async (path) => {
    const world = await counted();
    const process = await world.program(program, skip);
    await world.post(process, { n: 1 });
    await world.post(process, { path });
    await world.post(process, { n: 1 });
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(3);
    expect(value(await world.get(`/${process}/compute=2/results/error`))).not.toBe('');
  });
});

describe('only-if-cached', () => {
  test('by its id a process is looked up among kept results; as a process it answers with the newest state', async () => {
    const world = await counted();
    const process = await world.program(program);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(1);
    await world.post(process, { n: 1 });
    const byId = await world.get(`/${process}/now&cache-control=only-if-cached`);
    expect(byId.status === 'error' && [byId.error.code, byId.error.status]).toEqual(['not-cached', 504]);
    expect(value(await world.get(`/${process}~process@1.0/now&cache-control=only-if-cached/hidden`))).toBe(1);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(2);
  });
});
