/** Threads that run programs of strangers hold the node's keys, for devices that need one, and never sign for a program. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import { value } from '../support/lua-world.ts';
import { type WorkerNode, workerNode } from '../support/worker-node.ts';

let world: WorkerNode;
beforeAll(async () => {
  world = await workerNode({ workers: '1' });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Ways to a signature. Each gives the program what it got. */
const ways: { readonly [name: string]: string } = {
  'commit by path': `'/~message@1.0&action=EVIL/commit'`,
  'commit of a letter': `{['from-process'] = 'TOKEN', action = 'Credit-Notice'}, 'commit'`,
  'commit of an order': `{path = '/~meta@1.0/info', operator = 'EVIL'}, {path = 'commit'}`,
  'commit as a data item': `{action = 'EVIL'}, {path = 'commit', ['commitment-device'] = 'ans104@1.0'}`,
  'commit by a codec': `{device = 'httpsig@1.0', action = 'EVIL'}, {path = 'commit', type = 'signed'}`,
  'commit by another codec': `{device = 'ans104@1.0', action = 'EVIL'}, {path = 'commit'}`,
  'commit with a target': `{device = 'message@1.0'}, {path = 'commit', target = 'x', x = {action = 'EVIL'}}`,
  'a hook that signs': `{device = 'hook@1.0'}, {path = 'run', on = {x = {device = 'message@1.0', path = 'id', ['hook/commit-request'] = 'true'}}}`,
  'a location record': `{device = 'scheduler@1.0'}, {path = 'location', method = 'POST', url = 'https://evil.example', nonce = 99}`,
  apply: `{device = 'apply@1.0', body = '/~message@1.0&action=EVIL/commit'}, 'body'`,
  'a stack': `{device = 'stack@1.0', ['device-stack'] = {'message@1.0'}, action = 'EVIL'}, 'commit'`,
  'a program in a program': `{device = 'lua@5.3a', module = {['content-type'] = 'application/lua', body = "function g() return ao.resolve('/~message@1.0&action=EVIL/commit') end"}}, 'g'`,
};

/** Says whether anything with a signature of this address came back, and what. */
const look = `
local function signed(m, address, depth)
  if type(m) ~= 'table' or depth > 8 then return false end
  for k, v in pairs(m) do
    if k == 'committer' and v == address then return true end
    if signed(v, address, depth + 1) then return true end
  end
  return false
end`;

describe.each(Object.entries(ways))('%s', (_, way) => {
  test('in a program outside of processes', async () => {
    const code = `${look} function f() local s, m = ao.resolve(${way}) return tostring(signed(m, '${world.node.address}', 0)) .. ' ' .. tostring(s) end`;
    const ao = world.node.resolver.ao({ lendsKey: false });
    const said = await ao.resolve(
      message({ device: 'lua@5.3a', module: message({ 'content-type': 'application/lua', body: code }) }),
      'f',
    );
    expect(said.status === 'ok' ? said.value : 'false error').toMatch(/^false /);
  });

  test('in a process', async () => {
    const process = await world.program(`${look}
      function compute(s, a) local s1, m = ao.resolve(${way}) return {said = tostring(signed(m, '${world.node.address}', 0))} end`);
    const said = await world.get(`/${process}/now/said`);
    expect(said.status === 'ok' ? value(said) : 'false').toBe('false');
  });
});

test('the programs can see a signature if there is one', async () => {
  const process = await world.program(`${look}
    function compute(s, a) return {said = tostring(signed(a, '${world.node.address}', 0))} end`);
  expect(value(await world.get(`/${process}/now/said`))).toBe('true');
});
