/** Results of slots that look like something else: nothing that waits, nothing that no message can hold. */
import { expect, test } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { luaWorld, value } from '../support/lua-world.ts';

const program = (statement: string): string => `
  function compute(state, assignment)
    state.count = (state.count or 0) + 1
    if assignment.slot == 1 then ${statement} end
    return state
  end
  function missing() return 'not_found', 'There is no such account.' end`;

function error(outcome: Outcome) {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
}

const plain = { 'lua-dialect': 'standard' };
const infinite = 'A number that is not finite cannot be in a message.';

const cases = [
  ['says that something is missing', "return 'not_found', { body = 'gone' }", {}, 'program-error', 404, 'gone'],
  ['has an infinite number', 'state.x = { 1 / 0 }', plain, 'program-failed', 500, infinite],
  ['has a number that is none', 'state.x = { y = 0 / 0 }', plain, 'program-failed', 500, infinite],
  ['throws an infinite number', 'error(1 / 0)', plain, 'program-failed', 500, 'inf'],
] as const;

test.each(cases)('a slot that %s is an error for good', async (_, statement, extra, code, status, sentence) => {
  const world = await luaWorld();
  const process = await world.program(program(statement), extra);
  await world.post(process, { n: 1 });
  for (let i = 0; i < 2; i++) {
    const failure = error(await world.get(`/${process}/now`));
    expect([failure.code, failure.status, failure.message]).toEqual([code, status, sentence]);
  }
  expect(value(await world.get(`/${process}/process-status/state`))).toBe('failed');
  expect(value(await world.get(`/${process}/compute=0/count`))).toBe(1);
});

test.each(cases)(
  'a process with `on-failure: skip` goes on behind a slot that %s',
  async (_, statement, extra, code) => {
    const world = await luaWorld();
    const process = await world.program(program(statement), { ...extra, 'on-failure': 'skip' });
    for (let n = 1; n <= 2; n++) await world.post(process, { n });
    const [at1, at2] = [1, 2].map((slot) => world.get(`/${process}/compute=${slot}`));
    const skipped = value(await at1!) as Message;
    expect([skipped.get('count'), (skipped.get('results') as Message).get('code')]).toEqual([1, code]);
    expect(world.library.id(skipped)).toMatch(/^[\w-]{43}$/);
    expect((value(await at2!) as Message).get('count')).toBe(2);
  },
);

test('a read that says that something is missing is a 404, and the process goes on', async () => {
  const world = await luaWorld();
  const process = await world.program(program(''));
  expect(error(await world.get(`/${process}/as=execution/missing`)).code).toBe('not-found');
  await world.post(process, { n: 1 });
  expect(value(await world.get(`/${process}/now/count`))).toBe(2);
});

test('a path that names a global which no message can hold is told that it is no function', async () => {
  const world = await luaWorld();
  const process = await world.program(`${program('')} odd = { [1.5] = 1 }`, { 'on-failure': 'skip' });
  await world.post(process, { path: 'odd' });
  expect(value(await world.get(`/${process}/now/results/code`))).toBe('program-failed');
});
