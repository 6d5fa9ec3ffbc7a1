/** Which function a message can have run: its `path` may name one of the program's, unless the definition has chosen. */
import { expect, test } from 'vitest';
import { counter, luaWorld, value } from '../support/lua-world.ts';

test.each([
  'balance',
  'process',
  'count',
  'keys',
  'set',
  'init',
  'snapshot',
  'remove',
  'path',
  'nothing',
  'compute/count',
])('a definition with `function` runs that one, whatever the path of a message: %s', async (path) => {
  const world = await luaWorld();
  const process = await world.program(counter, { function: 'compute', balance: { x: 1 } });
  await world.post(process, { path });
  await world.post(process, { n: 1 });
  expect(value(await world.get(`/${process}/now/count`))).toBe(3);
  expect(value(await world.get(`/${process}/now/balance/x`))).toBe(1);
});

test.each(['balance', 'process', 'snapshot'])(
  'without one, a path that names a message instead of a function fails the slot; the state stays: %s',
  async (path) => {
    const world = await luaWorld();
    const process = await world.program(counter, { balance: { x: 1 } });
    await world.post(process, { n: 1 });
    await world.post(process, { path });
    const outcome = await world.get(`/${process}/now`);
    expect(outcome.status === 'error' && outcome.error.status).toBe(500);
    expect(value(await world.get(`/${process}/compute/count`))).toBe(2);
    expect(value(await world.get(`/${process}/as=execution/balance/x`))).toBe(1);
  },
);
