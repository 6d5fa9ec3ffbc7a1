/** Lua programs that try to get out, to take more than their budget, or to tell two nodes apart. */
import { beforeAll, describe, expect, test } from 'vitest';
import { compileLua, type LuaEngine } from '../../src/vm/lua/engine.ts';
import type { LuaLimits } from '../../src/vm/lua/machine.ts';
import { workedMs } from '../support/cpu.ts';

let engine: LuaEngine;
beforeAll(async () => {
  engine = await compileLua();
});

const limits: Partial<LuaLimits> = {
  instructions: 10_000_000,
  memoryBytes: 32 * 1024 * 1024,
  outputBytes: 1024 * 1024,
};

async function run(source: string, given: Partial<LuaLimits> = limits) {
  const machine = engine.create({ limits: given });
  const outcome = await machine.load('attack', source);
  return { machine, outcome };
}

const value = async (source: string): Promise<unknown> => {
  const { outcome } = await run(source);
  return outcome.ok ? outcome.values[0] : `${outcome.failure.code}: ${outcome.failure.message}`;
};

describe('budgets', () => {
  /** Each would take minutes, or gigabytes, if its work weren't charged. */
  const greedy: { readonly [name: string]: string } = {
    'a loop': 'while true do end',
    'a loop that catches': 'while true do pcall(function() while true do end end) end',
    'a loop in an error handler': 'xpcall(error, function() while true do end end)',
    'a loop in a finaliser': 'setmetatable({}, {__gc = function() while true do end end}) collectgarbage() return 1',
    'a loop in tostring': 'return tostring(setmetatable({}, {__tostring = function() while true do end end}))',
    'a loop in index': 'local t = setmetatable({}, {__index = function(t, k) return t[k .. "x"] end}) return t.x',
    'index chains': 'local t = {} for i = 1, 1e7 do t = setmetatable({}, {__index = t}) end return t.x',
    recursion: 'local function f() return 1 + f() end return f()',
    'recursion through pcall': 'local function f() return pcall(f) end return f()',
    'recursion through gsub': 'local function f() return (string.gsub("x", "x", f)) end return f()',
    'recursion through sort': 'local function f() table.sort({2,1,3}, function() f() return true end) end f()',
    'recursion through load':
      'local s = "return 1" for i = 1, 1e6 do s = "return load(" .. string.format("%q", s) .. ")()" end',
    'recursion through coroutines': 'local function f() return coroutine.wrap(f)() end return f()',
    'coroutines without end': 'local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end',
    'string.rep': 'return #string.rep("x", 2^31)',
    'string.rep of rep': 'local s = "x" while true do s = s .. s end',
    'rep with a separator': 'return #string.rep("", 1e9, "ab")',
    concat: 'local t = {} for i = 1, 1e5 do t[i] = string.rep("x", 1000) end return #table.concat(t)',
    'concat of nothing': 'return table.concat({}, "", 1, 2^53)',
    'concat over numbers': 'return table.concat(setmetatable({}, {__index = function() return "x" end}), "", 1, 2^31)',
    unpack: 'return select("#", table.unpack({}, 1, 1e8))',
    move: 'return table.move({}, 1, 2^53, 2)',
    insert: 'local t = setmetatable({}, {__len = function() return 2^53 end}) table.insert(t, 1, 1)',
    remove: 'local t = setmetatable({}, {__len = function() return 2^53 end}) table.remove(t, 1)',
    'sort of length':
      'table.sort(setmetatable({}, {__len = function() return 1e9 end, __index = function() return 1 end}))',
    'a wild comparator': 'local t = {} for i = 1, 1e6 do t[i] = i end table.sort(t, function() return true end)',
    'a pattern': 'return string.find(string.rep("a", 30000), string.rep("a?", 200) .. string.rep("a", 200) .. "b")',
    'a pattern of stars': 'return string.find(string.rep("a", 3000), ".-.-.-.-.-b")',
    'a pattern with captures': 'return string.match(string.rep("a", 20000), string.rep("(a*)", 20) .. "b")',
    balanced: 'return string.find(string.rep("(", 1e6), "%b()%b()%b()")',
    gsub: 'return #string.gsub(string.rep("a", 1e6), "", string.rep("b", 1e4))',
    gmatch:
      'for _ in string.gmatch(string.rep("a", 3e6), "()") do for _ in string.gmatch(string.rep("a", 3e6), "()") do end end',
    format: 'local t = {} for i = 1, 1e9 do t[i] = string.format("%99.99f", 1e300) end',
    'format of many': 'return #string.format(string.rep("%99d", 1e6), 1)',
    'byte and char': 'local s = string.rep("x", 1e6) for i = 1, 1e6 do s = string.char(s:byte(1, 200)) .. s end',
    'big integers': 'local x = 3 for i = 1, 60 do x = x * x end return x',
    'big integers as text': 'local x = 1 for i = 1, 40000 do x = x * 1000000007 end return #tostring(x)',
    'big division':
      'local x = 7 for i = 1, 20 do x = x * x end local y = x // 3 for i = 1, 1e6 do y = x // (y + 1) end',
    'big shifts': 'return 1 << (2^31)',
    'big numerals': 'return load("return " .. string.rep("9", 3000000))()',
    'tonumber of much': 'return tonumber(string.rep("9", 5000000))',
    'tables of tables': 'local t = {} while true do t = {t, t} end',
    'many keys': 'local t = {} for i = 1, 1e9 do t[i .. "x"] = i end',
    'deep parentheses': 'return load("return " .. string.rep("(", 1e6) .. "1")',
    'deep tables': 'return load("return " .. string.rep("{", 1e6))',
    'deep functions': 'return load(string.rep("function f() ", 1e5))',
    'deep concatenation': 'return load("return " .. string.rep("a..", 1e6) .. "a")',
    'deep unary': 'return load("return " .. string.rep("-", 1e6) .. "1")',
    'long chunks': 'local s = string.rep("x = 1 ", 1e6) for i = 1, 1e6 do load(s) end',
    utf8: 'local s = string.rep("ä", 1e6) for i = 1, 1e6 do utf8.len(s) end',
    'utf8 char': 'local s = string.rep("ä", 1e6) for i = 1, 1e6 do utf8.offset(s, 9e5) end',
    'upper and reverse': 'local s = string.rep("a", 5e6) for i = 1, 1e6 do s = s:upper():reverse():lower() end',
    pack: 'local s = string.rep("a", 1e6) for i = 1, 1e6 do string.pack("s", s) end',
    'pack of zeros': 'return #string.pack("!16" .. string.rep("Xi16", 1e6))',
    garbage: 'while true do collectgarbage() end',
    'colliding strings': 'local t = {} for i = 1, 1e6 do t[string.rep("a", 100) .. i .. string.rep("b", 100)] = i end',
    'pairs in pairs':
      'local t = {} for i = 1, 1e5 do t[i .. "k"] = i end while true do for k in pairs(t) do next(t, k) end end',
    comparisons:
      'local a, b = string.rep("x", 5e6) .. "1", string.rep("x", 5e6) .. "2" for i = 1, 1e7 do local _ = a < b end',
    'equal strings': 'local a, b = string.rep("x", 5e6), string.rep("x", 5e6) for i = 1, 1e7 do local _ = a == b end',
    'finding plainly':
      'local s = string.rep("a", 5e6) for i = 1, 1e6 do string.find(s, string.rep("a", 1e5) .. "b", 1, true) end',
    sub: 'local s = string.rep("a", 5e6) for i = 1, 1e6 do local _ = s:sub(2) end',
    'deep results': 'local t = {} for i = 1, 1e6 do t = {t} end return t',
    'wide results': 'local t = {} for i = 1, 1e6 do t[i] = string.rep("x", 10) end return t',
    'shared results': 'local t = {} for i = 1, 60 do t = {t, t} end return t',
    'errors that are results': 'local t = {} for i = 1, 60 do t = {t, t} end error(t)',
  };
  for (const [name, source] of Object.entries(greedy)) {
    test(name, { timeout: 120_000 }, async () => {
      const before = workedMs();
      const { machine, outcome } = await run(source);
      expect(workedMs() - before, JSON.stringify(outcome).slice(0, 200)).toBeLessThan(10_000);
      expect(machine.footprint).toBeLessThan(160 * 1024 * 1024);
      if (!outcome.ok) expect(outcome.failure.code).not.toBe('lua-trap');
    });
  }
});

describe('no way out', () => {
  test.each([
    'debug',
    'io.open',
    'io.popen',
    'io.lines',
    'io.stdin',
    'io.tmpfile',
    'os.execute',
    'os.getenv',
    'os.remove',
    'os.rename',
    'os.tmpname',
    'os.exit',
    'package.loadlib',
    'package.cpath',
    'package.searchers',
    'require',
    'dofile',
    'loadfile',
    'string.dump',
    'debug.getregistry',
    'debug.setmetatable',
    'debug.sethook',
    'debug.upvaluejoin',
    'process',
    'WebAssembly',
    'js',
  ])('%s does nothing', async (name) => {
    const [head, field] = name.split('.');
    const source = `local t = _G['${head}'] local f = ${field === undefined ? 't' : `type(t) == 'table' and t['${field}'] or nil`}
      if type(f) ~= 'function' then return type(f) end
      local ok, x = pcall(f, '/etc/passwd', 'r') return ok and type(x) or 'refused'`;
    expect(await value(source)).toMatch(/^(nil|refused|string|table|boolean|lua-crash: exit)$/);
    const leak =
      await value(`local t = _G['${head}'] local f = ${field === undefined ? 't' : `type(t) == 'table' and t['${field}'] or nil`}
      local ok, x = pcall(f, '/etc/passwd', 'r') return type(x) == 'userdata' or (type(x) == 'string' and x:find('root:') ~= nil)`);
    expect(leak).not.toBe(true);
  });

  test.each([
    '"\\27Lua"',
    'string.char(27) .. "LuaS\\0\\x19\\x93\\r\\n\\x1a\\n" .. string.rep("\\0", 200)',
    'select(2, pcall(string.dump, function() end))',
  ])('no bytecode: %s', async (chunk) => {
    expect(await value(`local f = load(${chunk}, "b", "b") return type(f)`)).toBe('nil');
    expect(await value(`local f = load(${chunk}) return type(f)`)).toBe('nil');
    expect(await value(`local f = load(function() return nil end, "x", "b") return type(f)`)).toMatch(/nil|function/);
  });

  test('no bytecode in plain Lua 5.3 either', async () => {
    const source = 'local d = string.dump(function() return 1 end) return type(load(d, "x", "b")) .. type(load(d))';
    const outcome = await engine.create({ dialect: 'standard', limits }).load('x', source);
    expect(outcome.ok && outcome.values[0]).toBe('nilnil');
  });

  test('the metatable of strings changes nothing outside', async () => {
    const { machine } = await run('getmetatable("").__index = function() while true do end end');
    expect(machine.broken).toBe(false);
    expect((await engine.create().load('x', 'return ("a"):upper()')).ok).toBe(true);
  });
});

describe('nothing to tell two nodes apart', () => {
  test.each([
    'return tostring({})',
    'return tostring(print)',
    'return tostring(coroutine.create(function() end))',
    'return string.format("%p", {})',
    'return os.time()',
    'return os.clock()',
    'return os.date()',
    'return math.random()',
    'return math.random(1, 1000000)',
    'local t = {} for i = 1, 50 do t["k" .. i * 7919] = i end local o = {} for k in pairs(t) do o[#o+1] = k end return table.concat(o, " ")',
    'local t = {} for i = 1, 20 do t[{}] = i end local o = {} for _, v in pairs(t) do o[#o+1] = v end return table.concat(o, " ")',
    'local t = {} for i = 1, 20 do t[function() return i end] = i end local o = {} for _, v in pairs(t) do o[#o+1] = v end return table.concat(o, " ")',
    'return collectgarbage("count")',
    'return select(2, pcall(error, {}))',
    'local ok, e = pcall(function() return {} + 1 end) return e',
    'local ok, e = pcall(function() return {} < {} end) return e',
    'return tostring(0/0) .. tostring(-(0/0))',
  ])('%s', async (source) => {
    const first = engine.create({ limits });
    const [a, again] = [
      await first.load('x', source),
      await engine.restore(engine.create({ limits }).snapshot(), { limits }).load('x', source),
    ];
    expect(JSON.stringify(again)).toBe(JSON.stringify(a));
  });

  test('running out of budget happens at the same place in a restored machine', async () => {
    const source = 'N = 0 while true do N = N + 1 end';
    const counted = async (machine: ReturnType<LuaEngine['create']>) => {
      await machine.load('x', source);
      return machine.get(['N']);
    };
    const warm = engine.create({ limits });
    await warm.load('w', 'W = {} for i = 1, 1000 do W[i] = {} end');
    const restored = engine.restore(warm.snapshot(), { limits });
    expect(await counted(restored)).toBe(await counted(warm));
  });

  test('running out of memory happens at the same place in a restored machine', async () => {
    const source = 'N = 0 local t = {} while true do N = N + 1 t[N] = string.rep("x", 1000) .. N end';
    const counted = async (machine: ReturnType<LuaEngine['create']>) => {
      const outcome = await machine.load('x', source);
      return [machine.get(['N']), outcome.ok ? 'ok' : outcome.failure.code];
    };
    const small = { ...limits, memoryBytes: 8 * 1024 * 1024 };
    const warm = engine.create({ limits: small });
    await warm.load('w', 'W = {} for i = 1, 1000 do W[i] = {} end');
    const restored = engine.restore(warm.snapshot(), { limits: small });
    expect(await counted(restored)).toEqual(await counted(warm));
  });
});
