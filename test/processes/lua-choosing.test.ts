/** Which module and which function of it run: modules that appear later, and every way to name a function. */
import { describe, expect, test } from 'vitest';
import { type Input, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { counter, type LuaWorld, luaWorld, value } from '../support/lua-world.ts';
import { workerNode } from '../support/worker-node.ts';

const module = (body: string, keys: { readonly [key: string]: Input } = {}): Message =>
  message({ 'content-type': 'application/lua', body, ...keys });

function error(outcome: Outcome) {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
}

describe('a module that appears later', () => {
  const late = module(counter);
  const first = module('first = true');

  async function waits(world: LuaWorld, process: string, id: string): Promise<void> {
    for (const path of ['now', 'compute=1', 'now/count', 'as=execution/compute', 'compute=0']) {
      const failure = error(await world.get(`/${process}/${path}`));
      expect([failure.status, failure.message], path).toEqual([404, `Lua module '${id}' not found.`]);
    }
    expect(value(await world.get(`/${process}/process-status/state`))).toBe('waiting');
  }

  test.each([
    ['in a list', (id: string): Input => [first, id]],
    ['in a map', (id: string): Input => ({ a: first, b: id })],
    ['alone', (id: string): Input => id],
  ])('%s: the process waits with every slot, and computes them all then', async (_, form) => {
    const world = await luaWorld();
    const id = world.library.id(late);
    const process = await world.spawn({ 'execution-device': 'lua@5.3a', module: form(id), 'on-failure': 'skip' });
    await world.post(process, { n: 1 });
    await waits(world, process, id);
    await world.cache.write(late);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(2);
    expect(value(await world.get(`/${process}/compute=0/hidden`))).toBe(1);
    expect(value(await world.get(`/${process}/process-status/state`))).toBe('idle');
  });

  test('in a stack', async () => {
    const world = await luaWorld();
    const id = world.library.id(late);
    const process = await world.spawn({
      'execution-device': 'stack@1.0',
      'device-stack': ['lua@5.3a', 'test-device@1.0'],
      module: id,
    });
    await world.post(process, { n: 1 });
    expect(error(await world.get(`/${process}/now`)).message).toContain(`Lua module '${id}' not found.`);
    await world.cache.write(late);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(2);
  });

  test('under the id of its signature', async () => {
    const world = await luaWorld();
    const signed = await world.library.commit(late);
    const id = world.library.id(signed, 'signed');
    const process = await world.spawn({ 'execution-device': 'lua@5.3a', module: id });
    expect(error(await world.get(`/${process}/now`)).status).toBe(404);
    await world.cache.write(signed);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(1);
  });

  test('after a restart in between', async () => {
    const world = await luaWorld();
    const id = world.library.id(late);
    const process = await world.spawn({ 'execution-device': 'lua@5.3a', module: id });
    await world.post(process, { n: 1 });
    await waits(world, process, id);
    await world.processes[Symbol.asyncDispose]();
    const again = await luaWorld({ store: world.store });
    await waits(again, process, id);
    await again.cache.write(late);
    expect(value(await again.get(`/${process}/now/hidden`))).toBe(2);
  });

  test('that is no Lua module fails the process in words of its own', async () => {
    const world = await luaWorld();
    const other = message({ 'content-type': 'text/plain', body: counter });
    const process = await world.spawn({ 'execution-device': 'lua@5.3a', module: world.library.id(other) });
    expect(error(await world.get(`/${process}/now`)).status).toBe(404);
    await world.cache.write(other);
    expect(error(await world.get(`/${process}/now`)).message).toBe('This is no Lua module.');
  });

  test('outside of a process', async () => {
    const world = await luaWorld();
    const source = module('function two() return 2 end');
    const base = message({ device: 'lua@5.3a', module: world.library.id(source), parameters: [] });
    for (let i = 0; i < 2; i++) expect(error(await world.library.resolve(base, 'two')).status).toBe(404);
    await world.cache.write(source);
    expect(value(await world.library.resolve(base, 'two'))).toBe(2);
  });

  test.each(['0', '2'])('on a whole node (workers: %s)', async (workers) => {
    await using world = await workerNode({ workers });
    const id = world.node.resolver.ao().id(late);
    const process = await world.program('', { module: id });
    await world.post(process, { n: 1 });
    for (let i = 0; i < 2; i++) {
      const failure = error(await world.get(`/${process}/now`));
      expect([failure.status, failure.message]).toEqual([404, `Lua module '${id}' not found.`]);
    }
    await world.node.cache.write(late);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(2);
  });
});

const named = `
  function who(name) return function(s, m) s.ran = name s.args = type(m) == 'table' and 'yes' or tostring(m) return s end end
  compute, a, b, c = who('compute'), who('a'), who('b'), who('c')
  inner = { f = who('inner') }
  number = 5
  callable = setmetatable({}, { __call = function(_, s) s.ran = 'callable' return s end })`;

describe('the function of a message', () => {
  const base = (keys: { readonly [key: string]: Input } = {}): Message =>
    message({ device: 'lua@5.3a', module: module(named), ...keys });

  test.each([
    ['the key', {}, { path: 'a' }, 'a'],
    ['`function` of the base', { function: 'b' }, { path: 'a' }, 'b'],
    ['`function` of the request', { function: 'b' }, { path: 'a', function: 'c' }, 'c'],
    [
      '`function` of the body',
      { function: 'b' },
      { path: 'a', function: 'c', body: { function: 'compute' } },
      'compute',
    ],
    ['the key, where `function` is no text', { function: { x: 'b' } }, { path: 'a' }, 'a'],
    ['a body that is text', { function: 'b' }, { path: 'a', body: 'function' }, 'b'],
    ['bytes', {}, { path: 'a', function: new TextEncoder().encode('c') }, 'c'],
    ['a value that can be called', {}, { path: 'callable' }, 'callable'],
  ] as const)('outside of a process: %s', async (_, on, request, ran) => {
    const world = await luaWorld();
    expect((value(await world.library.resolve(base(on), message(request))) as Message).get('ran')).toBe(ran);
  });

  test.each(['nothing', 'inner', 'inner.f', 'number', ''])('outside of a process: %s is none', async (name) => {
    const world = await luaWorld();
    expect(error(await world.library.resolve(base(), message({ path: 'x', function: name }))).status).toBe(500);
  });

  test('parameters come from where functions come from', async () => {
    const world = await luaWorld();
    const on = message({ device: 'lua@5.3a', module: module('function f(...) return table.concat({ ... }, " ") end') });
    const run = async (keys: { readonly [key: string]: Input }, request: { readonly [key: string]: Input }) =>
      value(await world.library.resolve(on.withAll(message(keys).entries()), message({ path: 'f', ...request })));
    expect(await run({ parameters: ['x', 'y'] }, {})).toBe('x y');
    expect(await run({ parameters: ['x'] }, { parameters: ['z'] })).toBe('z');
    expect(await run({}, { parameters: ['z'], body: { parameters: { 1: 'p', 2: 'q' } } })).toBe('p q');
    expect(await run({}, { parameters: [] })).toBe('');
  });

  test.each([
    ['nothing: compute', {}, {}, 'compute'],
    ['the path', {}, { path: 'a' }, 'a'],
    ['`function` of the message', {}, { function: 'b' }, 'b'],
    ['`function` before the path', {}, { function: 'b', path: 'a' }, 'b'],
    ['the definition before both', { function: 'c' }, { function: 'b', path: 'a' }, 'c'],
    ['a body of the message names none', {}, { body: { function: 'b' } }, 'compute'],
    ['the message brings no arguments', {}, { parameters: ['x'] }, 'compute'],
  ] as const)('in a process: %s', async (_, definition, sent, ran) => {
    const world = await luaWorld();
    const process = await world.program(named, definition);
    await world.post(process, sent);
    const state = value(await world.get(`/${process}/now`)) as Message;
    expect([state.get('ran'), state.get('args'), state.get('at-slot')]).toEqual([ran, 'yes', 1]);
  });

  test.each([
    ['the language’s own', {}, { function: 'tostring' }],
    ['the language’s own, by the definition', { function: 'print' }, {}],
    ['the language’s own, by a path', {}, { path: 'rawset' }],
    ['one that is not there', {}, { function: 'nothing' }],
    ['a field', {}, { function: 'inner.f' }],
    ['a table', {}, { function: 'inner' }],
    ['a number', {}, { function: 'number' }],
  ] as const)('in a process: %s fails the slot, and the next one is computed', async (_, definition, sent) => {
    const world = await luaWorld();
    const process = await world.program(named, { 'on-failure': 'skip', ...definition });
    await world.post(process, sent);
    expect(value(await world.get(`/${process}/now/results/code`))).toBe('program-failed');
    await world.post(process, { function: 'a' });
    if (!('function' in definition)) expect(value(await world.get(`/${process}/now/ran`))).toBe('a');
  });
});
