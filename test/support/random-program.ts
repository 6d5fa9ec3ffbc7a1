/**
 * Random Lua processes and what is sent to them, for tests of determinism. A program keeps as much as it can outside of its state (tables
 * with holes, closures, coroutines, objects with finalisers, weak tables, random numbers) and tells of all of it in its state; every part
 * is drawn from a seed, so that a seed names a program and its schedule.
 */
import type { Input } from '../../src/core/message.ts';
import { Float } from '../../src/core/value.ts';

export interface RandomProcess {
  readonly code: string;
  readonly extra: { readonly [key: string]: Input };
  readonly messages: readonly { readonly [key: string]: Input }[];
}

export type Random = (below: number) => number;

/** Mulberry32. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return Math.floor((((x ^ (x >>> 14)) >>> 0) / 4294967296) * below);
  };
}

function oneOf<T>(draw: Random, items: readonly T[]): T {
  return items[draw(items.length)]!;
}

const keys = (draw: Random): string =>
  oneOf(draw, [
    `'k' .. (n % ${2 + draw(40)})`,
    `n % ${1 + draw(50)}`,
    `(n % ${1 + draw(9)}) / 4`,
    `n % 2 == 0`,
    `-n`,
    `tostring(n * ${draw(1000)})`,
    `'é' .. n % 3`,
    `m.text or 'none'`,
  ]);

/** Values that only just can be stored, or that look like others. */
const odd: readonly string[] = [
  '-0.0',
  '2.0^53 * n',
  '1e300 * n',
  '5e-324',
  '1e15 + n',
  'n * 1.0',
  '9223372036854775807',
  'math.mininteger',
  "''",
  "'\\0\\255\\128'",
  "'true'",
  "'1'",
  '{}',
  '{ {}, {}, { {} } }',
  "{ ['1'] = 'a', ['2'] = 'b' }",
  "{ [1] = 'a', [3] = 'c', x = {} }",
  '{ [true] = 1, [false] = 2 }',
  "{ ['a/b'] = 1, ['A'] = 2, a = 3, ['é'] = 4, ['a+link'] = 5, ['ao-types'] = 'x=\"integer\"', device = 'x@1.0', priv = 6, ['priv-a'] = 7 }",
  "('long '):rep(n)",
  'assignment',
  '{ m, assignment.commitments }',
  'state.nested',
  'n > 500',
  '{ true, false, 0.5, n, "x", { y = false } }',
];

const values = (draw: Random): string =>
  oneOf(draw, [
    'n',
    'n / 7',
    `n * ${1 + draw(99)} // 3`,
    `'v' .. n`,
    '{ n, n + 1, deep = { n } }',
    `('x'):rep(n % ${1 + draw(300)})`,
    'm.list',
    'm.map',
    'm.float',
    'm.big',
    'math.random(1000)',
    'function() return n end',
    'L',
    ...odd,
  ]);

/** Statements; in scope are `n` (a number of the message), `m` (its body) and `note(name, value)`, which makes a value part of the state. */
const places: readonly string[] = [
  "['A' .. n % 3]",
  "['a/' .. n % 3]",
  "['é']",
  "['']",
  '[n % 4]',
  "['priv-n']",
  '.priv',
  '.snapshot',
  "['lua-dialect']",
  '.module',
  "['on-failure']",
  '.process',
  '.parameters',
  "['device-key']",
  "['at-slot']",
  '.initialized',
  '.commitments',
  "['x+link']",
  "['ao-types']",
];

const statements: readonly ((draw: Random, plain: boolean) => string)[] = [
  (draw) => `T[${keys(draw)}] = ${values(draw)}`,
  (draw) => `for i = 1, ${draw(60)} do T[${keys(draw)} ] = i T['f' .. i * n % 97] = { i } end`,
  (draw) => `T[${keys(draw)}] = nil`,
  (draw) => `local c = 0 for k in pairs(T) do c = c + 1 if c % ${2 + draw(3)} == 0 then T[k] = nil end end`,
  () =>
    `local s = {} for k, v in pairs(T) do s[#s + 1] = tostring(k) .. '=' .. type(v) end note('t', table.concat(s, ','))`,
  (draw) => `for i = 1, ${draw(30)} do L[#L + 1] = (n * 7919 + i * 104729) % 101 end note('l', #L)`,
  (draw) => `if #L > 0 then table.remove(L, 1 + n % #L) table.insert(L, 1 + n % ${1 + draw(3)} % (#L + 1), n) end`,
  (
    draw,
  ) => `table.sort(L, ${oneOf(draw, ['nil', 'function(a, b) return a > b end', 'function(a, b) return a % 10 < b % 10 end'])})
    note('sorted', table.concat(L, ' '))`,
  () => `local r = {} for i = 1, #L do r[i] = { L[i] % 5, i } end table.sort(r, function(a, b) return a[1] < b[1] end)
    local s = '' for _, p in ipairs(r) do s = s .. p[1] .. ':' .. p[2] .. ' ' end note('stable', s)`,
  (draw) => `if #L > ${20 + draw(60)} then L = {} end`,
  (draw) =>
    `S = (S .. ${values(draw).startsWith("'") ? `'v' .. n` : 'tostring(n / 3)'}):sub(-${20 + draw(400)}) note('s', S)`,
  (draw) =>
    `local b = {} for i = 1, ${draw(200)} do b[i] = S:sub(i % 9 + 1, i % 9 + 5) end note('built', #table.concat(b, n))`,
  (draw, plain) =>
    plain
      ? `B = B * ${3 + draw(9)} + n note('b', B)`
      : `B = B * ${1 + draw(1e9)} + n if B > 10^200 then B = B % (1 << 400) end note('b', tostring(B))`,
  (draw) =>
    `local k = n * ${1 + draw(5)} C[#C % 9 + 1] = (function() local u = k return function(x) u = u + x k = k + 1 return u + k end end)()`,
  () => `local s = 0 for i = 1, #C do s = s + C[i](n) end note('c', s)`,
  (_, plain) =>
    plain
      ? `O = coroutine.wrap(function(x) local sum = 0 while true do sum = sum + x x = coroutine.yield(sum) end end)`
      : 'O = nil',
  () => `note('o', O and O(n) or 'none')`,
  () => `note('pcall', tostring(select(2, pcall(function() return n + T end))))`,
  () => `note('thrown', tostring(select(2, pcall(error, { code = n }))))`,
  () => `note('where', tostring({}) .. tostring(function() end) .. tostring(T))`,
  () => `note('memory', tostring(collectgarbage('count')))`,
  () => `collectgarbage()`,
  () => `M[n % 5 + 1] = setmetatable({ n = n }, { __index = function(_, k) return #k + n end, __add = function(a, b) return a.n + b.n end,
    __eq = function() return true end, __tostring = function(s) return 'M' .. s.n end, __len = function(s) return s.n end,
    __gc = function(s) gone = gone + s.n end })`,
  () =>
    `local a, b = M[1], M[2] if a and b then note('m', tostring(a + b) .. tostring(a == b) .. tostring(a) .. #b .. a.other) end`,
  () => `note('gone', gone)`,
  (draw) => `W[${keys(draw)}] = { n } W[{ n }] = n local c = 0 for _ in pairs(W) do c = c + 1 end note('weak', c)`,
  () => `note('random', math.random(1 << 30))`,
  () => `note('float', math.random() * n)`,
  () => `math.randomseed(n)`,
  (_, plain) =>
    `note('time', os.time()) note('date', os.date('%Y-%m-%d %H:%M:%S'))${plain ? ` note('then', os.time{ year = n, month = n, day = n })` : ''}`,
  () => `note('clock', os.clock())`,
  () => `note('format', string.format('%5.3f %d %s %q', n / 7, n, n / 3, S:sub(1, 5)))`,
  (draw) =>
    `if n % ${5 + draw(20)} == 3 then error(${oneOf(draw, ["'oops ' .. n", '{ code = n }', 'n', 'nil', 'T.x.y.z'])}) end`,
  (draw) =>
    `if n % ${9 + draw(20)} == 2 then return ${oneOf(draw, ["'error', { body = 'no' }", "'skip', state", "'ok', state", '{ other = n }', 'n', "'failure', 'bad'", '', 'state, state, state', "'what', state", "'not_found', { body = 'gone' }", "'unauthorized', 'no'"])} end`,
  () =>
    `state.results = { outbox = { { target = ('A'):rep(43), action = 'Go', n = n }, { data = S } }, output = { data = tostring(n) } }`,
  () =>
    `state.results = { outbox = { ['1'] = { method = 'PATCH', cache = { n = n, [tostring(n % 4)] = S } }, ['2'] = { device = 'patch@1.0', there = n } } }`,
  (draw) => `state['s' .. n % ${1 + draw(9)}] = ${values(draw)}`,
  (draw) => `state['s' .. n % ${1 + draw(9)}] = nil`,
  (draw) => `state['o' .. n % 5] = ${oneOf(draw, odd)}`,
  (draw) => `state['o' .. n % 5] = ${oneOf(draw, odd)}`,
  (draw, plain) =>
    plain
      ? `if n % 5 == 2 then state.o9 = ${oneOf(draw, ['1/0', '-1/0', '0/0', '-(0/0)'])} end`
      : 'state.o9 = 10^300 // 1',
  (draw) => `if n % 7 == 3 then state${oneOf(draw, places)} = ${values(draw)} end`,
  () => `local function look(v, d) if type(v) ~= 'table' or d > 3 then return type(v) .. tostring(math.type(v) or '') .. (type(v) == 'table' and '' or tostring(v)) end
    local s = {} for k, w in pairs(v) do s[#s + 1] = type(k) .. tostring(k) .. '=' .. look(w, d + 1) end return '{' .. table.concat(s, ',') .. '}' end
    local s = '' for i = 0, 9 do s = s .. look(state['o' .. i], 0) .. look(state['s' .. i], 0) end note('zoo', s)
    note('zoo-nested', look(state.nested, 0))`,
  () => `state.nested = state.nested or {} state.nested['k' .. n % 11] = { m.list or {}, {}, n / 2, m.map or 'none' }`,
  () =>
    `local s = {} for k, v in pairs(state.nested or {}) do s[#s + 1] = k .. type(v) end note('order', table.concat(s, ' '))`,
  () => `local s = {} for k, v in pairs(m) do s[#s + 1] = k .. type(v) end note('body', table.concat(s, ' '))`,
  () => `local s = {} for k, v in pairs(state) do s[#s + 1] = k .. type(v) end note('state', table.concat(s, ' '))`,
  () => `note('set', ao.set({ a = n }, 'b', m.text or 'none').b) note('get', ao.get('list', m))`,
  () => `local _, r = ao.resolve({ a = { b = n } }, 'a/b') note('resolved', tostring(r))`,
  () => `load('loaded = (loaded or 0) + ' .. math.floor(n))() note('loaded', loaded)`,
  () => `_G['g' .. n % 6] = n note('globals', tostring(g0) .. tostring(g1) .. tostring(g2))`,
];

/** What exceeds a budget, at last that of the nesting or of the size of a result. */
const excesses: readonly string[] = [
  'local function f() return 1 + f() end f()',
  'local t = { 1 } t.t = t state.t = t',
  "for i = 1, 1e5 do state['x' .. i] = i end",
  "local s = ('x'):rep(1 << 20) for i = 1, 12 do s = s .. s end",
];

/** The same, only cut off where instructions are few. */
const endless: readonly string[] = [
  'while true do end',
  'local t = {} while true do t[#t + 1] = t end',
  "local s = 'x' while true do s = s .. s end",
  'pcall(function() while true do T.lost = (T.lost or 0) + 1 end end)',
  'M[#M + 1] = setmetatable({}, { __gc = function() while true do end end }) M = {} collectgarbage()',
];

function program(draw: Random, plain: boolean, ends: boolean): string {
  const cases: string[] = [];
  const exceeding: (typeof statements)[number] = (draw) =>
    `if n % ${5 + draw(16)} == 1 then ${oneOf(draw, ends ? excesses : [...excesses, ...endless])} end`;
  for (let i = 0; i < 4; i++) {
    const lines = [...statements, exceeding];
    const body = Array.from({ length: 2 + draw(8) }, () => `  do ${oneOf(draw, lines)(draw, plain)} end`);
    cases.push(`if m.kind == ${i} or m.kind == nil then\n${body.join('\n')}\nend`);
  }
  return `
    T, L, S, B, C, M, gone = {}, {}, '', 1, {}, {}, 0
    W = setmetatable({}, { __mode = '${oneOf(draw, ['k', 'v', 'kv'])}' })
    function compute(state, assignment)
      local m = assignment.body
      local n = tonumber(m.n) or 0
      local function note(name, value) state['note-' .. name] = value end
      ${cases.join('\n')}
      return state
    end`;
}

function body(draw: Random, n: number): { readonly [key: string]: Input } {
  return {
    n,
    kind: draw(4),
    ...(draw(2) === 0 ? { text: 'text '.repeat(draw(9)) + n } : {}),
    ...(draw(3) === 0 ? { list: Array.from({ length: draw(6) }, (_, i) => (i % 2 === 0 ? i * n : `item ${i}`)) } : {}),
    ...(draw(3) === 0 ? { map: { b: n, a: new Float(n / 3), c: { d: [], e: {} }, 10: 'ten', 9: true } } : {}),
    ...(draw(4) === 0 ? { float: new Float(draw(1000) / 8) } : {}),
    ...(draw(4) === 0 ? { big: 10n ** BigInt(20 + draw(30)) + BigInt(n) } : {}),
  };
}

/** `ends`: no slot needs a budget of instructions to end. */
export function randomProcess(seed: number, slots: number, ends = false): RandomProcess {
  const draw = random(seed);
  const plain = draw(2) === 0;
  return {
    code: program(draw, plain, ends),
    extra: {
      ...(plain ? { 'lua-dialect': 'standard' } : {}),
      ...(draw(6) === 0 ? {} : { 'on-failure': 'skip' }),
      ...(draw(3) === 0
        ? {
            'execution-device': 'stack@1.0',
            'device-stack': ['lua@5.3a', 'patch@1.0'],
            'patch-from': '/results/outbox',
          }
        : {}),
    },
    messages: Array.from({ length: slots }, () => body(draw, 1 + draw(1000))),
  };
}
