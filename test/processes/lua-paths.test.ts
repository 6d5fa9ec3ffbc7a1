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
