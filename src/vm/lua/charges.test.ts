/**
 * Work that the virtual machine doesn't see instruction by instruction is charged as well: library functions over long texts, tables and
 * argument lists, big integers, the compiler, errors. Uncharged, a program makes a few calls and is out of reach for hours, since nobody
 * looks at the budget or the clock meanwhile. What each of these may take is measured against what a plain loop takes on this machine.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { compileLua, type LuaEngine } from './engine.ts';
import type { Dialect } from './machine.ts';

let engine: LuaEngine;
let plainMs = 0;
beforeAll(async () => {
  engine = await compileLua();
  plainMs = Math.min(...[1, 2, 3].map(() => spend('standard', 'local x = 0 while true do x = x + 1 end').ms));
});

const instructions = 20_000_000;

function spend(dialect: Dialect, source: string, timeMs = 0) {
  const vm = engine.create({ dialect, limits: { instructions, timeMs } });
  const start = performance.now();
  const outcome = vm.load('greedy', source);
  const ms = performance.now() - start;
  if (outcome instanceof Promise) throw new Error('became asynchronous');
  return { ms, code: outcome.ok ? 'ok' : outcome.failure.code, used: vm.instructions };
}

const numbers = 'local t = {} for i = 1, 100000 do t[i] = i end local unpack = table.unpack';
const forever = (source: string): string => `while true do ${source} end`;

/** `N`: in the network's dialect, `S`: in plain Lua 5.3. */
const greedy: readonly (readonly [dialects: string, name: string, source: string])[] = [
  ['NS', 'repeating nothing much', forever('string.rep("", 1 << 35) string.rep("a", 1 << 20)')],
  ['NS', 'long sets', `local s, c = ("a"):rep(300000), ("b"):rep(300000) ${forever('s:find("[" .. c .. "a]*x")')}`],
  ['NS', 'long patterns', `local s, p = ("a"):rep(300000), "." .. ("a"):rep(90000) .. "b" ${forever('s:find(p)')}`],
  ['NS', 'unbalanced brackets', `local s = ("("):rep(300000) ${forever('s:find("%b()")')}`],
  ['NS', 'long patterns without magic', `local p = ("a"):rep(3000000) ${forever('(""):find(p)')}`],
  ['S', 'dates', `local f = ("%c"):rep(1000) ${forever('os.date(f)')}`],
  ['S', 'dates without a letter', `local f = ("a"):rep(300000) ${forever('os.date(f)')}`],
  ['S', 'dates that are refused', `local f = "%Q" .. ("a"):rep(3000000) ${forever('pcall(os.date, f)')}`],
  ['S', 'times', `local t = {year = 2000, month = 1, day = 1} ${forever('os.time(t)')}`],
  ['S', 'back references', `local s = ("a"):rep(300000) ${forever('s:find("(.*)%1b")')}`],
  ['S', 'frontiers', `local s = ("a"):rep(300000) ${forever('s:find("%f[" .. ("b"):rep(90000) .. "]x")')}`],
  ['NS', 'substitution by sets', `local s = ("a"):rep(90000) ${forever('s:gsub("[" .. ("b"):rep(90000) .. "]", "")')}`],
  ['NS', 'many results', `${numbers} ${forever('unpack(t)')}`],
  ['NS', 'many bytes', `local s = ("a"):rep(100000) ${forever('s:byte(1, -1)')}`],
  ['NS', 'many code points', `local s = ("a"):rep(90000) ${forever('utf8.codepoint(s, 1, -1)')}`],
  ['NS', 'lengths in characters', `local s = ("a"):rep(3000000) ${forever('utf8.len(s)')}`],
  ['S', 'offsets in characters', `local s = ("a"):rep(3000000) ${forever('utf8.offset(s, -2999999)')}`],
  ['NS', 'many arguments', `${numbers} local function f(...) ${forever('local a = select(-1, ...)')} end f(unpack(t))`],
  ['NS', 'many arguments in tables', `${numbers} local function f(...) ${forever('local a = {...}')} end f(unpack(t))`],
  [
    'NS',
    'many arguments through pcall',
    `${numbers} local function f(...) ${forever('pcall(select, 1, ...)')} end f(unpack(t))`,
  ],
  [
    'NS',
    'many arguments of a callable table',
    `${numbers} local c = setmetatable({}, {__call = function() end})
    local function f(...) ${forever('c(...)')} end f(unpack(t))`,
  ],
  [
    'S',
    'many values through coroutines',
    `${numbers}
    local co = coroutine.wrap(function(...) ${forever('coroutine.yield(...)')} end) ${forever('co(unpack(t))')}`,
  ],
  [
    'N',
    'many arguments in error texts',
    `${numbers} local function f(...) ${forever('pcall(string.rep, {}, ...)')} end f(unpack(t))`,
  ],
  ['NS', 'errors', forever('pcall(error)')],
  [
    'S',
    'errors in large functions',
    `local s = "local a, b = {} if x then " .. ("a = b "):rep(60000) .. " end return a.x.y"
    local f = load(s) ${forever('pcall(f)')}`,
  ],
  [
    'S',
    'errors in chunks named by their source',
    `local f = load("error('x')" .. (" "):rep(1000000)) ${forever('pcall(f)')}`,
  ],
  [
    'NS',
    'searching an emptied table',
    `local t = {} for i = 1, 100000 do t["k" .. i] = i end
    for i = 1, 100000 do t["k" .. i] = nil end ${forever('next(t)')}`,
  ],
  [
    'NS',
    'counting a large table again and again',
    `local t = {} for i = 1, 500000 do t[i] = i end
    local i = 0 while true do i = i + 1 t["k" .. i] = 1 t["k" .. i - 1] = nil end`,
  ],
  [
    'NS',
    'chains of __index',
    'local t = {} for i = 1, 1500 do t = setmetatable({}, {__index = t}) end while true do local x = t.y end',
  ],
  [
    'NS',
    'chains of __newindex',
    'local t = setmetatable({}, {__newindex = function() end}) for i = 1, 1500 do t = setmetatable({}, {__newindex = t}) end while true do t.y = 1 end',
  ],
  ['NS', 'comments', `local s = "--" .. ("a"):rep(1000000) ${forever('load(s)')}`],
  ['NS', 'white space', `local s = (" "):rep(1000000) ${forever('load(s)')}`],
  [
    'NS',
    'names of variables',
    `local s = "" for i = 1, 150 do s = s .. "local a" .. i .. " = 1 " end for i = 1, 100 do s = s .. " function f() " end
    s = s .. ("x = zz "):rep(2000) .. ("end "):rep(100) ${forever('load(s)')}`,
  ],
  ['NS', 'floats as text', 'local x = 1.1 while true do local s = tostring(x) x = x + 0.1 end'],
  ['NS', 'long floats as text', forever('string.format("%.99f", 1e308) string.format("%.99e", 1e-308)')],
  ['NS', 'text as numbers', `local s = "1" .. ("0"):rep(100000) .. "e-100000" ${forever('tonumber(s)')}`],
  ['NS', 'short text as numbers', `local s = ("1"):rep(190) .. "e-300" ${forever('local x = s + 1')}`],
  ['NS', 'long formats', `local s = ("%%"):rep(300000) ${forever('string.format(s)')}`],
  ['N', 'wide formats', forever('string.format("%99999d", 1)')],
  [
    'S',
    'long formats of packs',
    `local f = ("x"):rep(300000) local d = ("a"):rep(300000) ${forever('string.unpack(f, d)')}`,
  ],
  ['S', 'padding of packs', forever('string.pack("c10000000", "x")')],
  ['N', 'names of modules', `local s = ("a"):rep(100000) ${forever('pcall(require, s)')}`],
  [
    'S',
    'finalisers of old tables',
    'local o, mt = {}, {__gc = function() end} for i = 1, 300000 do o[i] = {} end for i = 1, #o do setmetatable(o[i], mt) end',
  ],
  ['S', 'coroutines', forever('coroutine.wrap(function() coroutine.yield() end)()')],
  ['N', 'products', 'local x = 1 << (1 << 22) local y = x * x'],
  ['N', 'quotients', 'local x = 1 << (1 << 23) local y = x // ((1 << (1 << 22)) + 1)'],
  ['N', 'digits', 'return #tostring(1 << (1 << 22))'],
  ['N', 'numerals', 'return tonumber(("9"):rep(3000000), 10)'],
  ['N', 'numerals of 65536 digits', `local s = ("9"):rep(65536) ${forever('tonumber(s, 10)')}`],
  ['N', 'numerals of 65536 digits in sources', `local s = "return " .. ("9"):rep(65536) ${forever('load(s)')}`],
  ['N', 'equal integers', `local x, y = 1 << (1 << 24), 1 << (1 << 24) ${forever('local z = x == y')}`],
  ['N', 'integers in order', `local x, y = 1 << (1 << 24), 1 << (1 << 24) ${forever('local z = x < y')}`],
  ['N', 'integers as keys', `local x = 1 << (1 << 24) local t = {[x] = 1} ${forever('local z = t[x]')}`],
];

describe('cut off in time', () => {
  for (const [dialects, name, source] of greedy) {
    for (const dialect of dialects === 'NS'
      ? (['network', 'standard'] as const)
      : ([dialects === 'N' ? 'network' : 'standard'] as const)) {
      it(`${dialect}: ${name}`, () => {
        const { ms, code } = spend(dialect, source);
        expect(code).toBe('lua-instruction-limit');
        // What an instruction stands for takes up to a dozen times longer than the cheapest one; uncharged work, thousands of times.
        expect(ms).toBeLessThan(40 * plainMs + 500);
      });
    }
  }

  it.each([
    ['collecting', 'local t = {} for i = 1, 100000 do t[i] = {} end while true do collectgarbage() end'],
    [
      'chains of weak keys',
      `local t, ks = setmetatable({}, {__mode = "k"}), {} for i = 1, 100000 do ks[i] = {} end
      for i = 2, 100000 do t[ks[i]] = ks[i - 1] end local last = ks[100000] ks = nil while true do collectgarbage() end`,
    ],
    [
      'collecting in steps',
      'local t = {} for i = 1, 100000 do t[i] = {} end while true do collectgarbage("step", 1000) end',
    ],
    [
      'collecting without pause',
      `collectgarbage("setpause", 0) collectgarbage("setstepmul", 1000000)
      local t = {} for i = 1, 500000 do t[i] = {} end while true do local x = {} end`,
    ],
  ])('by the clock, which is looked at after each cycle: %s', (_, source) => {
    const { ms, code } = spend('standard', source, 300);
    expect(code).toBe('lua-time-limit');
    expect(ms).toBeLessThan(2000);
  });

  it('tables with weak keys still forget, and keep what is reachable', () => {
    const source = `local t, kept, ks = setmetatable({}, {__mode = "k"}), {}, {} for i = 1, 1000 do ks[i] = {} end
      for i = 2, 1000 do t[ks[i]] = ks[i - 1] end kept[1] = ks[500] ks = nil
      for i = 1, 60 do collectgarbage() end
      local n, k = 0, kept[1] while t[k] do n, k = n + 1, t[k] end
      local all = 0 for _ in pairs(t) do all = all + 1 end return n, all`;
    const out = engine.create({ dialect: 'standard' }).load('weak', source);
    expect(out).toMatchObject({ ok: true, values: [499, 499] });
  });

  it('what a host function is given', () => {
    const vm = engine.create({ limits: { instructions }, functions: { take: () => ({ values: [] }) } });
    vm.bind(['host'], { take: 'take' });
    const start = performance.now();
    const out = vm.load('x', 'local s = ("x"):rep(1000000) while true do host.take(s) end');
    expect(out).toMatchObject({ ok: false, failure: { code: 'lua-instruction-limit' } });
    expect(performance.now() - start).toBeLessThan(40 * plainMs + 500);
  });

  it('looking at the clock changes no count', () => {
    const source = 'local n = 0 for i = 1, 200000 do local t = {i} n = n + #t end return n';
    for (const dialect of ['network', 'standard'] as const) {
      expect(spend(dialect, source, 60_000).used).toBe(spend(dialect, source).used);
    }
  });
});
