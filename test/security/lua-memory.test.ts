/** What the machines outside of lanes keep is bounded: neither many of them nor their earlier states fill the memory. */
import { expect, test } from 'vitest';
import { defaultLuaMachinesOptions, LuaMachines } from '../../src/devices/lua/machines.ts';

const MiB = 1024 * 1024;
const fresh =
  'function fill() S = {} for i = 1, 100 do S[i] = string.rep(tostring(i % 10), 100000) .. N end N = N + 1 end';

async function open(given: Partial<typeof defaultLuaMachinesOptions>) {
  const machines = await LuaMachines.open({ ...defaultLuaMachinesOptions, ...given });
  const make = async () => {
    const live = machines.create('network', 0);
    await live.machine.load('m', `N = 0 ${fresh}`);
    return live;
  };
  return { machines, make };
}

test('earlier states of a machine', async () => {
  const { machines, make } = await open({ maxKeptBytes: 100 * MiB });
  const live = await make();
  for (let i = 0; i < 12; i++) {
    machines.hold(live);
    await live.machine.call('fill');
    live.version++;
  }
  const pages = new Set([...live.kept.values()].flatMap((snapshot) => snapshot.pages));
  expect(pages.size * 4096).toBeLessThan(110 * MiB);
  expect(live.kept.size).toBeGreaterThan(1);
  expect(live.keptBytes).toBeGreaterThanOrEqual(pages.size * 4096 - 4096);
});

test('machines with their earlier states', async () => {
  const { machines, make } = await open({ maxBytes: 100 * MiB });
  for (let n = 0; n < 6; n++) {
    const live = await make();
    for (let i = 0; i < 3; i++) {
      machines.hold(live);
      await live.machine.call('fill');
      live.version++;
    }
  }
  await make();
  expect(machines.bytes).toBeLessThan(130 * MiB);
});
