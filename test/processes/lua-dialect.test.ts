/** The dialect that programs of the network are written in: the observed rows of cases-processes.md §5.3, in their order. */
import { beforeAll, expect, test } from 'vitest';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { Float, isList, type Value } from '../../src/core/value.ts';
import { compileLua, type LuaEngine } from '../../src/vm/lua/engine.ts';
import { luaWorld, value } from '../support/lua-world.ts';

let engine: LuaEngine;
beforeAll(async () => {
  engine = await compileLua();
});

async function returned(code: string): Promise<readonly unknown[]> {
  const outcome = await engine.create().load('row', code);
  if (!outcome.ok) throw new Error(outcome.failure.message);
  return outcome.values;
}

const float = (of: number): Float => new Float(of);
/** The keys of a table in their order, as text. */
const keysOf = (table: string): string =>
  `local keys = {} for key in pairs(${table}) do keys[#keys + 1] = tostring(key) end return table.concat(keys, ' ')`;

const rows: readonly (readonly [string, readonly unknown[]])[] = [
  ['return math.maxinteger + 1', [9223372036854775808n]],
  ['return 1 << 64, -1 >> 1, -7 >> 1', [18446744073709551616n, -1, -4]],
  ["return tonumber('12'), '10' + 5, '1' + '2'", [float(12), float(15), float(3)]],
  ["return select('#', 1, 2, 3)", [float(3)]],
  [
    'return tostring(1000.0), tostring(100.0), tostring(1e15), tostring(1234567890.0), tostring(2^63), tostring(0.0001), tostring(1e-5)',
    ['1.0e3', '100.0', '1.0e15', '1234567890.0', '9.223372036854776e18', '0.0001', '1.0e-5'],
  ],
  ["return 'a' .. 1 .. 2.0", ['a12.0']],
  ['return pcall(error, { code = 1 })', [false, expect.stringMatching(/^table: \d+$/)]],
  ['return pcall(function() error(42) end)', [false, '42']],
  ["return pcall(function() return assert(false, 'msg') end)", [false, 'msg!']],
  ["return pcall(function() return 'a' + 1 end)", [false, "bad arithmetic '+' on 'a',1"]],
  ['return pcall(function() local a = {}; a.b.c = 1 end)', [false, "invalid index in nil: 'c'"]],
  ["return pcall(string.gmatch, 'a', 'b')", [false, "bad argument 'a','b' to 'gmatch'"]],
  [keysOf('{ z = 1, a = 1, [10] = 1, [2] = 1, [1] = 1, [true] = 1, [1.5] = 1 }'), ['1 2 10 1.5 true a z']],
  [keysOf("{ c = 1, b = 1, a = 1, B = 1, ['9'] = 1, ['10'] = 1 }"), ['10 9 B a b c']],
  [
    "return string.format('%g', 1e20), string.format('%e', 12345.678), string.format('%.1f', 2.25)",
    ['1.00000e+20', '1.234568e+4', '2.3'],
  ],
];

test.each(rows.map(([code, expected], i) => ({ number: i + 1, code, expected })))(
  '[row processes/5.3/$number] $code',
  async ({ code, expected }) => {
    expect(await returned(code)).toEqual(expected);
  },
);

test('[row processes/5.3/16] a division by zero fails the call; spec 04 A.1 and the vectors have `pcall` catch it', async () => {
  await expect(returned('return 1/0')).rejects.toThrow("bad arithmetic '/' on 1,0");
  expect(await returned('return pcall(function() return 1/0 end)')).toEqual([false, "bad arithmetic '/' on 1,0"]);
});

async function resolved(body: string, path: string, keys: { readonly sandbox?: boolean } = {}): Promise<Value> {
  const world = await luaWorld({ dialect: '2025-09' });
  const base = message({ device: 'lua@5.3a', module: message({ 'content-type': 'application/lua', body }), ...keys });
  return value(await world.library.resolve(base, path));
}

test('[row processes/5.3/17] tables as results', async () => {
  const program = `function empty() return {} end function list() return { 1, 2 } end
    function holes() return { [1] = 'x', [3] = 'y' } end`;
  const empty = await resolved(program, 'empty');
  expect(isMessage(empty) && empty.without('priv').size).toBe(0);
  const list = await resolved(program, 'list');
  expect(isList(list) ? list : [...(list as Message).without('priv').entries()]).toEqual([1, 2]);
  const holes = (await resolved(program, 'holes')) as Message;
  expect([...holes.without('priv').entries()]).toEqual([
    ['1', 'x'],
    ['3', 'y'],
  ]);
});

test('[row processes/5.3/18] the sandbox stands before the first line of a module runs', async () => {
  const program = `
    local at_top = type(os.getenv)
    function seen() return at_top .. ' ' .. type(os.getenv) .. ' ' .. os.getenv end`;
  expect(await resolved(program, 'seen', { sandbox: true })).toBe('string string sandboxed');
});
