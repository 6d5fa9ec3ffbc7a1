/** Rows of cases-processes.md §5 for `lua@5.3a` by itself, and for the programs of processes. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runtimeFile } from '../../runtime/build.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { As } from '../../src/core/value.ts';
import { trie } from '../../src/devices/trie.ts';
import { startNode, testWallet } from '../../src/testing/index.ts';
import { type LuaWorld, luaWorld, value } from '../support/lua-world.ts';
import { testLua } from '../support/test-lua.ts';

const module = (body: string): Message => message({ 'content-type': 'application/lua', body });
const base = (keys: { readonly [key: string]: Input } = {}): Message =>
  message({ device: 'lua@5.3a', module: module(testLua), parameters: [], ...keys });

function failed(outcome: Outcome) {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
}

async function ask(world: LuaWorld, on: Message, path: string): Promise<Outcome> {
  return world.library.resolve(on, path);
}

describe('a message with Lua functions', () => {
  test('[row processes/5/simple_invocation] a key of what a function gives', async () => {
    const world = await luaWorld();
    expect(value(await ask(world, base(), 'assoctable/b'))).toBe(2);
    expect(value(await ask(world, base(), 'ListTable/3'))).toBe(3);
  });

  test('[row processes/5/load_modules_by_id] a module by its id', async () => {
    const world = await luaWorld();
    const id = await world.cache.write(module(testLua));
    expect(value(await ask(world, base({ module: id }), 'assoctable/b'))).toBe(2);
  });

  test('[row processes/5/multiple_modules] modules after one another in one world', async () => {
    const world = await luaWorld();
    const second = module('function test_second_script() return 4 end');
    const on = base({ module: [module(testLua), second] });
    expect(value(await ask(world, on, 'assoctable/b'))).toBe(2);
    expect(value(await ask(world, on, 'test_second_script'))).toBe(4);
  });

  test('[row processes/5/error_response] an error that the program returns', async () => {
    const world = await luaWorld();
    expect(failed(await ask(world, base(), 'error_response')).value).toBe('Very bad, but Lua caught it.');
  });

  test('[row processes/5/sandboxed_failure] what the sandbox takes away', async () => {
    const world = await luaWorld();
    expect(failed(await ask(world, base({ sandbox: true }), 'sandboxed_fail')).status).toBe(500);
  });

  test('[row processes/5/ao_core_sandbox] devices that are not listed cannot be asked', async () => {
    const world = await luaWorld();
    const on = base({ 'device-sandbox': ['message@1.0'] });
    expect((await ask(world, on, 'ao_relay')).status).toBe('error');
    expect(value(await ask(world, on, 'ao_resolve'))).toBe('Hello, AO world!');
  });

  test('[row processes/5/ao_core_resolution_from_lua] AO-Core from inside', async () => {
    const world = await luaWorld();
    expect(value(await ask(world, base(), 'ao_resolve'))).toBe('Hello, AO world!');
  });

  test('calls on one message at the same time all see its state, not each other’s', async () => {
    const world = await luaWorld();
    const code = `n = 0
      function f(s) n = n + 1 s.n = n return s end
      function wait(s) n = n + 1 local st = ao.resolve({ x = { y = 1 } }, 'x/y') n = n + 1 s.n = n return s end
      function fails() n = n + 1 error('no') end`;
    const on = value(await ask(world, base({ module: module(code) }).without('parameters'), 'init')) as Message;
    const paths = ['f', 'wait', 'fails', 'f', 'wait', 'f'];
    const outs = await Promise.all(paths.map((path, i) => world.library.resolve(on, message({ path, i }))));
    const counted = outs.map((out) => (out.status === 'ok' ? (out.value as Message).get('n') : failed(out).message));
    expect(counted).toEqual([1, 2, 'no', 1, 2, 1]);
    // Each has gone on from there by itself.
    const next = await Promise.all([0, 1, 3, 4].map((i) => ask(world, value(outs[i]!) as Message, 'f')));
    expect(next.map((out) => (value(out) as Message).get('n'))).toEqual([2, 3, 2, 3]);
    expect((value(await ask(world, on, 'f')) as Message).get('n')).toBe(1);
  });

  test('what cannot be given to a program is refused, and the machine is as before', async () => {
    const world = await luaWorld();
    const code = 'n = 0 function f(s) n = n + 1 s.n = n return s end';
    const on = value(await ask(world, base({ module: module(code) }).without('parameters'), 'init')) as Message;
    const directive = new As('message@1.0', message({ a: 1 }));
    expect(failed(await world.library.resolve(on, message({ path: 'f', x: { y: directive } }))).code).toBe(
      'bad-request',
    );
    expect((value(await ask(world, on, 'f')) as Message).get('n')).toBe(1);
  });

  test('ao.resolve of one message as a device', async () => {
    const world = await luaWorld();
    const code = `function f() local status, m = ao.resolve({ 'as', 'message@1.0', { a = 1 } }) return status .. m.a .. m.device end`;
    expect(value(await ask(world, base({ module: module(code) }), 'f'))).toBe('ok1message@1.0');
  });

  test.each([[[[]]], [[]], [[['os', 'getenv'], []]]])('a sandbox that names nothing: %j', async (sandbox) => {
    const world = await luaWorld();
    const on = base({ sandbox: sandbox as Input, module: module('function f() return type(os.getenv) end') });
    expect(value(await ask(world, on, 'f'))).toBe(sandbox.length === 2 ? 'string' : 'function');
  });

  test('[row processes/5/direct_benchmark] many calls on one message', async () => {
    const world = await luaWorld();
    const on = value(await ask(world, base(), 'init')) as Message;
    for (let i = 0; i < 200; i++) expect(value(await ask(world, on, 'assoctable/b'))).toBe(2);
  });

  test('[row processes/5/invoke_non_compute_key] the base and the request are the arguments', async () => {
    const world = await luaWorld();
    const on = base({ 'test-value': 42 }).without('parameters');
    const result = value(await ask(world, on, 'hello')) as Message;
    expect([result.get('test-value'), result.get('hello')]).toEqual([42, 'world']);
    const named = await world.library.resolve(on, message({ path: 'hello', name: 'Alice' }));
    expect((value(named) as Message).get('hello')).toBe('Alice');
  });

  test('[row processes/5/lua_http_hook] a hook that replaces the request', async () => {
    const hook = message({ device: 'lua@5.3a', module: module(testLua) });
    await using node = await startNode({ options: { on: message({ request: hook }) } });
    expect(await (await fetch(`${node.url}/hello?hello=world`)).text()).toBe('i like turtles');
  });
});

describe('newer nodes', () => {
  const newer = () => luaWorld({ dialect: '2026', devices: [trie] });

  test('[row processes/5/lua_trie_metatable] a parameter is read and written as its device does', async () => {
    const world = await newer();
    const empty = message({ device: 'trie@1.0' });
    const table = await world.library.ao.set(empty, message({ to: 1, tor: 2, torrent: 3, toronto: 42 }));
    const on = base({ parameters: [table, {}, {}] });
    const result = value(await ask(world, on, 'trie_metatable_test')) as Message;
    const entries = ['to', 'tor', 'torrent', 'toro', 'toronto'];
    expect(await Promise.all(entries.map((name) => world.library.ao.get(result, name)))).toEqual([1, 2, 3, 42, 100]);
    expect(result.has('toro')).toBe(false);
  });

  test('[row processes/5/lua_map_metatable_overwrite] keys of a plain message', async () => {
    const world = await newer();
    const on = base({ parameters: [{ a: 1, b: 2, c: 3 }, {}, {}] });
    const result = value(await ask(world, on, 'map_metatable_overwrite_test')) as Message;
    expect(['a', 'b', 'c', 'd'].map((key) => result.get(key))).toEqual([100, 2, 3, 4]);
  });

  test('[row processes/5/lua_metatable_get_now] a process as a parameter is asked for its state', async () => {
    const world = await newer();
    const process = await world.program(testLua);
    for (let n = 1; n < 15; n++) await world.post(process, { path: 'inc' });
    const on = base({ parameters: [(await world.cache.read(process))!, {}, {}] });
    const result = value(await ask(world, on, 'get_now_test')) as Message;
    expect(result.get('executed_now')).toBe(true);
    expect(await world.library.ao.get(result, 'found_now/at-slot')).toBe(14);
    expect(result.get('found_slot')).toBe(3);
  });

  test('parameters of older nodes are plain tables', async () => {
    const world = await luaWorld({ devices: [trie] });
    const on = base({
      parameters: [{ a: 1 }],
      module: module('function f(t) return { kind = type(getmetatable(t)) } end'),
    });
    expect(value(await ask(world, on, 'f/kind'))).toBe('nil');
  });

  test('[row processes/5/sandboxed require] modules that are there, and no others', async () => {
    const world = await newer();
    const provides = module(`package.preload.x = function(name) return { name = name } end`);
    const uses = module(`
      local x = require('x')
      function name() return x.name .. (require('x') == x and ' once' or ' twice') end
      function missing() return require('y') end
      function state() return type(io) .. ' ' .. type(package.loaded.io) .. ' ' .. type(package.loaded.string) end`);
    const on = base({ sandbox: true, module: [provides, uses] });
    expect(value(await ask(world, on, 'name'))).toBe('x once');
    expect(failed(await ask(world, on, 'missing')).message).toContain("module 'y' not found");
    expect(value(await ask(world, on, 'state'))).toBe('string nil table');
  });
});

describe('programs of processes', () => {
  const eval_ = (code: string) => ({ action: 'Eval', body: { 'content-type': 'application/lua', body: code } });
  const sending = `
    Count = 0
    function count() Send({ Target = ao.id, Action = 'Foo' }) Count = Count + 1 end
    function Prompt() return Name .. '> ' end
    count()
    return Count`;

  async function aos(extra: { readonly [key: string]: Input } = {}) {
    const world = await luaWorld();
    const process = await world.program(readFileSync(runtimeFile, 'utf8'), {
      authority: [world.wallet.address, testWallet('second').address],
      ...extra,
    });
    return { world, process };
  }

  test('[row processes/5/pure_lua_process] a result that is an integer', async () => {
    const world = await luaWorld();
    const process = await world.program(testLua);
    await world.post(process, eval_(sending));
    expect(value(await world.get(`/${process}/now/results/output/body`))).toBe(42);
  });

  test('[row processes/5/pure_lua_process_benchmark] 50 messages, computed at once', async () => {
    const world = await luaWorld();
    const process = await world.program(testLua);
    for (let n = 0; n < 50; n++) await world.post(process, { path: 'inc' });
    expect(value(await world.get(`/${process}/now/count`))).toBe(50);
  });

  test('[row processes/5/invoke_aos] code in a message inside of the message; the prompt is the program’s', async () => {
    const { world, process } = await aos();
    await world.post(process, eval_(sending));
    const output = value(await world.get(`/${process}/now/results/output`));
    expect(isMessage(output) && [output.get('data'), output.get('prompt')]).toEqual(['1', 'aos> ']);
    expect(value(await world.get(`/${process}/now/results/outbox/1/action`))).toBe('Foo');
  });

  test('[row processes/5/aos_authority_not_trusted] a sender that no authority stands for', async () => {
    const { world, process } = await aos({ authority: testWallet('second').address });
    await world.post(process, { ...eval_('return 1'), 'from-process': '1234' });
    expect(value(await world.get(`/${process}/now/results/output/data`))).toBe('Message is not trusted.');
  });

  test('[row processes/5/aos_process_benchmark] ten messages, computed at once', async () => {
    const { world, process } = await aos();
    for (let n = 0; n < 10; n++) await world.post(process, eval_('N = (N or 0) + 1 return N'));
    expect(value(await world.get(`/${process}/now/results/output/data`))).toBe('10');
  });
});
