import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { equal } from '../../core/equal.ts';
import { Message, message, messageFrom, numbered } from '../../core/message.ts';
import { atom, Float, Link, type Value } from '../../core/value.ts';
import { compileLua, type LuaEngine } from './engine.ts';
import type { LuaFailure } from './failure.ts';
import type { LuaMachine, LuaOptions, LuaOutcome } from './machine.ts';
import { compileModule, importNames, moduleUrl } from './module.ts';
import type { LuaValue } from './wire.ts';

let engine: LuaEngine;
beforeAll(async () => {
  engine = await compileLua();
});

function machine(source: string, options: LuaOptions = {}): LuaMachine {
  const vm = engine.create(options);
  values(vm.load('test', source));
  return vm;
}

function now<T>(value: T | Promise<T>): T {
  if (value instanceof Promise) throw new Error('became asynchronous');
  return value;
}

function values(outcome: LuaOutcome | Promise<LuaOutcome>): readonly LuaValue[] {
  const out = now(outcome);
  if (!out.ok) throw new Error(`${out.failure.code}: ${out.failure.message}`);
  return out.values;
}

function failure(outcome: LuaOutcome | Promise<LuaOutcome>): LuaFailure {
  const out = now(outcome);
  if (out.ok) throw new Error(`did not fail: ${JSON.stringify(out.values)}`);
  return out.failure;
}

describe('the artefact', () => {
  it('is the one that native/lua/build.sh makes', () => {
    // Rebuild with `native/lua/build.sh`, check with `native/lua/build.sh --check`; see native/lua/README.md.
    const digest = createHash('sha256').update(readFileSync(moduleUrl)).digest('hex');
    const expected = readFileSync(new URL('lua.wasm.sha256', moduleUrl), 'utf8').split(' ')[0];
    expect(digest).toBe(expected);
  });

  it('imports nothing but the host functions: no files, clock, environment or randomness', async () => {
    expect(importNames((await compileModule()).module).sort()).toEqual([
      'env.emscripten_notify_memory_growth',
      'env.getTempRet0',
      'env.host_call',
      'env.host_digits',
      'env.host_print',
      'env.host_tick',
      'env.host_time',
      'env.host_wait',
      'env.setTempRet0',
      'wasi_snapshot_preview1.proc_exit',
    ]);
  });
});

describe('values', () => {
  const echo = (value: LuaValue): LuaValue => values(machine('function f(x) return x end').call('f', [value]))[0];

  it('go in and out', () => {
    const all = message({
      text: 'é€ text',
      bytes: new Uint8Array([0, 255, 128]),
      small: -1,
      safe: Number.MAX_SAFE_INTEGER,
      min: Number.MIN_SAFE_INTEGER,
      long: 2n ** 63n - 1n,
      big: -(10n ** 30n),
      float: new Float(-0),
      yes: true,
      no: false,
      list: [1, 'two', [3]],
      nested: { a: { b: 'c' } },
    });
    expect(equal(echo(all) as Value, all)).toBe(true);
  });

  it('round-trip, whatever they are', () => {
    const vm = machine('function f(...) return ... end');
    const leaf = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ minLength: 1 }).map((bytes) => new Uint8Array([0, ...bytes])),
      fc.maxSafeInteger(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }),
      fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => new Float(x)),
      fc.boolean(),
    );
    const key = fc.string({ minLength: 1, unit: 'grapheme' }).map((text) => `k${text}`);
    const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { minLength: 1, maxLength: 5 }),
        fc.array(fc.tuple(key, tie('tree')), { maxLength: 5 }).map((entries) => messageFrom(entries)),
      ),
    }));
    const property = fc.property(fc.array(tree, { maxLength: 3 }), (args) => {
      const back = values(vm.call('f', args));
      // An empty message inside of a list comes back as an empty list (spec 04 §4.5).
      const clean = (value: Value, inList: boolean): Value => {
        if (Array.isArray(value)) return value.map((item: Value) => clean(item, true));
        if (!(value instanceof Message)) return value;
        if (value.size === 0) return inList ? [] : value;
        return messageFrom([...value.entries()].map(([k, v]) => [k, clean(v, false)] as const));
      };
      return args.length === back.length && args.every((arg, i) => equal(clean(arg, false), back[i] as Value));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('follow the rules of the bridge', () => {
    const vm = machine(`
      function list() return {1, 'b', true} end
      function numbers() return {['1'] = 'a', ['2'] = 'b'} end
      function gaps() return {[1] = 'a', [3] = 'c'} end
      function mixed() return {1, 2, x = 3} end
      function boolkey() return {[true] = 'yes', a = 1} end
      function empties() return {{}, {}}, {a = {}}, {} end
      function floatkey() return {[1.5] = 'x', 1} end
      function cycle() local t = {} t.t = t return t end
      function func() return {a = 1, f = print}, print end
      function shared() local t = {1} return {t, t} end
    `);
    expect(values(vm.call('list'))).toEqual([[1, 'b', true]]);
    expect(values(vm.call('numbers'))).toEqual([['a', 'b']]);
    expect(equal(values(vm.call('gaps'))[0] as Value, message({ 1: 'a', 3: 'c' }))).toBe(true);
    expect(equal(values(vm.call('mixed'))[0] as Value, message({ 1: 1, 2: 2, x: 3 }))).toBe(true);
    expect(equal(values(vm.call('boolkey'))[0] as Value, message({ true: 'yes', a: 1 }))).toBe(true);
    const [emptyItems, emptyKey, empty] = values(vm.call('empties'));
    expect(emptyItems).toEqual([[], []]);
    expect(equal(emptyKey as Value, messageFrom([['a', Message.empty]]))).toBe(true);
    expect(empty).toBe(Message.empty);
    expect(failure(vm.call('floatkey')).code).toBe('lua-crash');
    expect(failure(vm.call('cycle'))).toMatchObject({ code: 'lua-recursive-table', message: 'recursive_table' });
    const [table, fn] = values(vm.call('func'));
    expect(equal(table as Value, message({ a: 1 }))).toBe(true);
    expect(fn).toBeUndefined();
    expect(values(vm.call('shared'))).toEqual([[[1], [1]]]);
    expect(equal(echo(numbered(['x', 'y'])) as Value, ['x', 'y'])).toBe(true);
    expect(echo(atom('ok'))).toBe('ok');
    expect(() => echo(new Link('x'))).toThrow('A program cannot be given a directive.');
    expect(values(now(vm.load('twice', 'return {[1] = {}, ["1"] = "kept"}')))).toEqual([['kept']]);
  });
});

describe('host functions', () => {
  const functions = {
    twice: ([x]: readonly LuaValue[]) => ({ values: [x, x] }),
    later: async ([x]: readonly LuaValue[]) => {
      await Promise.resolve();
      return { values: ['later', x] };
    },
    refuse: () => ({ error: message({ status: 404 }) }),
    crash: () => ({ crash: 'badarg' }),
    bug: () => {
      throw new Error('a bug');
    },
    rejects: async () => Promise.reject(new Error('rejected')),
  };
  const source = `
    function twice(x) return host.twice(x) end
    function later(x) local a, b = host.later(x) return a, b, host.later(b) end
    function caught() return pcall(host.refuse) end
    function laterInside() return table.concat({select(2, pcall(host.later, 'x'))}, ' ') end
    function sorted() local t = {3, 1, 2} table.sort(t, function(a, b) local _, x = host.later(a) return x <= b end) return t end
    function refuse() host.refuse() end
    function crash() return pcall(host.crash) end
    function bug() return pcall(host.bug) end
    function rejects() return pcall(host.rejects) end
  `;
  const make = (): LuaMachine => {
    const vm = machine(source, { functions });
    vm.bind(['host'], Object.fromEntries(Object.keys(functions).map((name) => [name, name])));
    return vm;
  };

  it('answer at once when they can', () => {
    expect(values(make().call('twice', [7]))).toEqual([7, 7]);
  });

  it('suspend the machine when they give a promise, also below library functions', async () => {
    const vm = make();
    const running = vm.call('later', [1]);
    expect(running).toBeInstanceOf(Promise);
    expect(() => vm.call('twice', [1])).toThrow('running');
    expect(await running).toEqual({ ok: true, values: ['later', 1, 'later', 1] });
    expect(await vm.call('laterInside')).toEqual({ ok: true, values: ['later x'] });
    expect(await vm.call('sorted')).toEqual({ ok: true, values: [[1, 2, 3]] });
  });

  it('may raise a Lua error, or end the call so that no pcall catches it', async () => {
    const vm = make();
    expect(values(vm.call('caught'))[0]).toBe(false);
    expect(failure(vm.call('refuse'))).toMatchObject({
      code: 'lua-error',
      kind: 'error',
      value: message({ status: 404 }),
    });
    expect(failure(vm.call('crash'))).toMatchObject({ code: 'lua-crash', message: 'badarg' });
    const bug = failure(vm.call('bug'));
    expect(bug.code).toBe('lua-crash');
    expect(bug.cause).toMatchObject({ message: 'a bug' });
    expect(await vm.call('rejects')).toMatchObject({ ok: false, failure: { cause: { message: 'rejected' } } });
    expect(values(vm.call('twice', [1]))).toEqual([1, 1]);
  });

  it('join a table that is already there', () => {
    const vm = machine('host = { mine = 1, twice = 2 }', { functions });
    vm.bind(['host'], { twice: 'twice' });
    expect(vm.get(['host', 'mine'])).toBe(1);
    expect(values(vm.load('x', 'return host.twice(1)'))).toEqual([1, 1]);
  });
});

describe('errors', () => {
  it('carry text, kind, value and the frames from the inside out', () => {
    const vm = machine(`
      local function a() error({ code = 7 }) end
      local function b() a() end
      function deep()
        b()
        return 1
      end`);
    const { code, kind, message: text, value, frames } = failure(vm.call('deep'));
    expect({ code, kind }).toEqual({ code: 'lua-error', kind: 'error' });
    expect(text).toMatch(/^table: \d+$/);
    expect(equal(value!, message({ code: 7 }))).toBe(true);
    expect(
      failure(vm.load('y', 'local function f(a, b) error("x" .. a) end f(1, {})')).frames.map((frame) => frame.args),
    ).toEqual([['x1'], [1, atom('table')], []]);
    expect(frames.map((frame) => [frame.name, frame.native, frame.chunk, frame.line])).toEqual([
      ['error', true, expect.anything(), undefined],
      ['a', false, 'test', 2],
      ['b', false, 'test', 3],
      ['deep', false, 'test', 5],
    ]);
  });

  it('tell that a source does not compile', () => {
    expect(failure(engine.create().load('x', 'return return'))).toMatchObject({
      code: 'lua-syntax',
      message: 'syntax error before: return',
    });
  });

  it('leave the machine usable', () => {
    const vm = machine('n = 0 function f() n = n + 1 if n == 1 then local x return x.y end return n end');
    failure(vm.call('f'));
    expect(values(vm.call('f'))).toEqual([2]);
  });
});

describe('budgets', () => {
  it.each([
    ['a loop up to a float', 'for i = 1, 3e5 do end'],
    [
      'differences of large integers',
      'local b, i = 9223372036854775807 * 4, 0 while i < 3e5 do i = i + 1 local x = b - b end',
    ],
  ])('what sums are made from does not stay: %s', (_, code) => {
    const vm = machine(`function f() ${code} end`);
    const before = vm.footprint;
    values(vm.call('f'));
    expect(vm.footprint - before).toBeLessThan(2 * 1024 * 1024);
  });

  const cases: readonly (readonly [string, string, LuaOptions['limits'] & object])[] = [
    ['lua-instruction-limit', 'while true do end', { instructions: 1e6 }],
    ['lua-instruction-limit', 'pcall(function() while true do end end)', { instructions: 1e6 }],
    ['lua-instruction-limit', 'return (("a"):rep(30)):match(("a?"):rep(30) .. ("a"):rep(30))', { instructions: 1e6 }],
    ['lua-instruction-limit', 'local x = 3 while true do x = x * x end', { instructions: 1e6 }],
    ['lua-instruction-limit', 'while true do ("x"):rep(1e6) end', { instructions: 1e6 }],
    ['lua-instruction-limit', 'local t = {} for i = 1, 1e9 do table.insert(t, 1, i) end', { instructions: 1e6 }],
    ['lua-memory-limit', 'local t = {} for i = 1, 1e9 do t[i] = {} end', { memoryBytes: 4e6 }],
    ['lua-memory-limit', 'pcall(function() local s = "x" while true do s = s .. s end end)', { memoryBytes: 4e6 }],
    ['lua-memory-limit', 'return 1 << 1000000000', { memoryBytes: 4e6 }],
    ['lua-memory-limit', 'local x = 3 while true do x = x * x end', { memoryBytes: 2e5 }],
    ['lua-depth-limit', 'local function f() return 1 + f() end return f()', {}],
    [
      'lua-depth-limit',
      'local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k .. "x"] end return t.x',
      {},
    ],
    ['lua-depth-limit', 'local function f() return ("x"):gsub("x", f) end return f()', {}],
    ['lua-depth-limit', 'local function f() return pcall(f) end return f()', {}],
    ['lua-depth-limit', 'return table.unpack({}, 1, 1e8)', {}],
    ['lua-output-limit', 'return ("x"):rep(1e6)', { outputBytes: 1e5 }],
    ['lua-output-limit', 'local t = {} for i = 1, 1000 do t = {t} end return t', {}],
    ['lua-output-limit', 'local e, t = {}, {} for i = 1, 2000 do t[i] = e end return t', { outputValues: 1000 }],
    ['lua-time-limit', 'while true do end', { timeMs: 20 }],
  ];
  for (const dialect of ['network', 'standard'] as const) {
    it.each(cases)(`${dialect}: %s: %s`, (code, source, limits) => {
      if (dialect === 'standard' && /x \* x|<<|unpack|__index|gsub|pcall\(f\)/.test(source)) return;
      const vm = engine.create({ dialect, limits });
      expect(failure(vm.load('test', source)).code).toBe(code);
    });
  }

  it('count the values of errors too, and leave the machine as good as before', () => {
    const vm = engine.create({ limits: { outputValues: 1000 } });
    const many = 'local e, t = {}, {} for i = 1, 2000 do t[i] = e end';
    expect(failure(vm.load('test', `${many} error(t)`)).value).toBeUndefined();
    expect(failure(vm.load('test', `${many} return t`)).message).toBe('output limit reached');
    expect(failure(vm.load('test', 'error({ 1, 2 })')).value).toEqual([1, 2]);
    expect(vm.get(['_VERSION'])).toBe('Lua 5.3');
  });

  it('survive deep nesting of every kind', () => {
    const vm = engine.create({});
    const deep = (open: string, inner: string, close: string, n: number): string =>
      open.repeat(n) + inner + close.repeat(n);
    for (const source of [
      `return ${deep('(', '1', ')', 5000)}`,
      `return ${deep('{', '1', '}', 5000)}`,
      deep('do ', '', ' end', 5000),
      `return ${'-'.repeat(1)}${deep('not ', '1', '', 5000)}`,
      `return ${deep('f(', '1', ')', 5000)}`,
      `return 'x'${" .. 'x'".repeat(5000)}`,
      deep('function f() ', '', ' end', 5000),
      `return ('x'):match('${'('.repeat(31)}x${')'.repeat(31)}')`,
      `return ('${'x'.repeat(300)}'):match('${'x?'.repeat(300)}')`,
    ]) {
      const out = now(vm.load('deep', source));
      if (!out.ok) expect(out.failure.code).not.toBe('lua-trap');
    }
    expect(vm.broken).toBe(false);
  });

  it('can change between calls', () => {
    const vm = machine('function f() for _ = 1, 1000 do end end');
    vm.setLimits({ instructions: 100 });
    expect(failure(vm.call('f')).code).toBe('lua-instruction-limit');
    vm.setLimits({ instructions: 10_000 });
    values(vm.call('f'));
  });

  it.each(['network', 'standard'] as const)('tell where a program was cut off, not what it held: %s', (dialect) => {
    const vm = engine.create({ dialect, limits: { instructions: 1e6 } });
    const failed = failure(vm.load('test', 'function f(text, n) while true do end end\nf("all is well", 2)'));
    expect(failed.message).toBe('instruction limit reached');
    expect(failed.frames).toMatchObject([
      { name: 'f', line: 1, args: ['all is well', 2] },
      { chunk: 'test', line: 2 },
    ]);
  });

  it('hold for the text of an error too', () => {
    const source = 'error(setmetatable({}, {__tostring = function() while true do end end}))';
    for (const [limits, code] of [
      [{ instructions: 1e6 }, 'lua-instruction-limit'],
      [{ timeMs: 20 }, 'lua-time-limit'],
    ] as const) {
      expect(failure(engine.create({ dialect: 'standard', limits }).load('test', source)).code).toBe(code);
    }
  });

  it('count the same instructions every time', () => {
    const count = (): number => {
      const vm = machine(
        'function f(m) local s = "" for k, v in pairs(m) do s = s .. k .. tostring(v) end return s:gsub("%w", "x") end',
      );
      values(vm.call('f', [message({ a: 1, b: 2, c: 'three' })]));
      return vm.instructions;
    };
    expect(count()).toBe(count());
    expect(count()).toBeGreaterThan(20);
  });
});

describe('snapshots', () => {
  const source = `
    N = 0
    local hidden = {}
    function add(x) N = N + 1 hidden[#hidden + 1] = x return N, #hidden end
    function all() return hidden end
    function fill() for i = 1, 1e4 do hidden['k' .. i] = {i} end end
  `;
  const hash = (vm: LuaMachine): string => {
    const sum = createHash('sha256');
    for (const page of vm.snapshot().pages) sum.update(page);
    return sum.digest('hex');
  };

  it('bring a machine back, closures and all', () => {
    const vm = machine(source, { functions: { f: () => ({ values: [1] }) } });
    vm.bind(['host'], { f: 'f' });
    values(vm.call('add', ['a']));
    const snapshot = vm.snapshot();
    values(vm.call('add', ['b']));
    const copy = engine.restore(snapshot, { functions: { f: () => ({ values: [2] }) } });
    expect(values(copy.call('add', ['c']))).toEqual([2, 2]);
    expect(values(copy.call('all'))).toEqual([['a', 'c']]);
    expect(values(vm.call('all'))).toEqual([['a', 'b']]);
    expect(values(copy.load('x', 'return host.f()'))).toEqual([2]);
    vm.rollback(snapshot);
    expect(values(vm.call('all'))).toEqual([['a']]);
  });

  it('share the pages that did not change', () => {
    const vm = machine(source);
    values(vm.call('fill'));
    const before = vm.snapshot();
    values(vm.call('add', ['a']));
    const after = vm.snapshot(before);
    const changed = after.pages.filter((page, i) => page !== before.pages[i]).length;
    expect(before.pages.length).toBeGreaterThan(100);
    expect(changed).toBeLessThan(30);
  });

  it('are the same bytes for the same calls', () => {
    const make = (): LuaMachine => {
      const vm = machine(source);
      values(vm.call('add', [message({ b: 1, a: [1, 2, { x: new Float(1.5) }] })]));
      values(vm.call('fill'));
      failure(vm.call('nope'));
      return vm;
    };
    const a = make();
    const b = make();
    expect(hash(a)).toBe(hash(b));
    const c = engine.restore(a.snapshot());
    for (const vm of [a, b, c]) values(vm.call('add', ['x']));
    expect(hash(b)).toBe(hash(a));
    expect(hash(c)).toBe(hash(a));
  });

  it('are refused by another build', () => {
    const snapshot = machine(source).snapshot();
    expect(() => engine.restore({ ...snapshot, version: 'other' })).toThrow('another build');
  });

  it('undo a trap or a limit', () => {
    const vm = machine(source, { limits: { memoryBytes: 8e6 } });
    const before = vm.snapshot();
    expect(failure(vm.load('x', 'local t = {} for i = 1, 1e9 do t[i] = {} end')).code).toBe('lua-memory-limit');
    vm.rollback(before);
    expect(hash(vm)).toBe(hash(machine(source, { limits: { memoryBytes: 8e6 } })));
    expect(values(vm.call('add', [1]))).toEqual([1, 1]);
  });
});

describe('globals', () => {
  it('can be read, replaced and listed before and after code runs', () => {
    const vm = engine.create({ time: () => 12.5 });
    vm.set(['os', 'getenv'], 'sandboxed');
    vm.set(['io'], 'sandboxed');
    vm.set(['no', 'such'], 'sandboxed');
    expect(
      values(vm.load('m', 'seen = type(os.getenv) .. type(io) .. type(no) function f() end return os.time()')),
    ).toEqual([new Float(12.5)]);
    expect(vm.get(['seen'])).toBe('stringstringnil');
    vm.set(['deep', 'er'], [1], true);
    expect(vm.get(['deep', 'er'])).toEqual([1]);
    expect(vm.functions()).toContain('f');
    expect(vm.functions()).not.toContain('io');
    expect(failure(vm.load('m', 'os.getenv("x")'))).toMatchObject({ message: "undefined function 'sandboxed'" });
  });
});

describe('random numbers', () => {
  it('are the same on every machine with the same seed', () => {
    const draw = (seed?: number): readonly LuaValue[] =>
      values(
        engine.create(seed === undefined ? {} : { seed }).load('x', 'return math.random(1e9|0), math.random(1e9|0)'),
      );
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw()).toEqual(draw());
  });
});

describe('plain Lua 5.3', () => {
  const cases: readonly (readonly [string, readonly LuaValue[]])[] = [
    ['return math.maxinteger + 1 == math.mininteger', [true]],
    ['return 1/0 > 0, 0/0 ~= 0/0', [true, true]],
    ['return "10" + 5, 10 // 0.0 == 1/0, tostring(1e15)', [new Float(15), true, '1e+15']],
    [
      'local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return co(1), co(10)',
      [2, 20],
    ],
    ['for i = 1, 3 do if i == 2 then goto done end end ::done:: return "ok"', ['ok']],
    ['return select("#", table.unpack({1, 2, nil, 4}, 1, 4)), #"\\u{e9}"', [4, 2]],
    ['return pcall(error, {1})', [false, [1]]],
    ['return xpcall(function() error("x", 0) end, function(m) return m .. "!" end)', [false, 'x!']],
    ['local t = {} for w in ("a b"):gmatch("%a") do t[#t + 1] = w end return t', [['a', 'b']]],
    ['return string.pack("<i4", 7):byte(1), utf8.char(8364), math.type(3 // 1)', [7, '€', 'integer']],
    ['local s = 0 for i = 1.0, 3 do s = s + i end return s', [new Float(6)]],
    ['return -1 // 2, -7 % 3, 1 << 64, ~0', [-1, 2, 0, -1]],
    ['local a <const> = 1', []],
    ['return os.time(), type(os.clock()), io, debug, package, require, dofile', [0, 'number']],
    ['return load("return 1 + 1")(), load(string.dump(function() end))', [2, undefined]],
    ['local n = 0 for i = math.mininteger, math.mininteger + 2 do n = n + 1 end return n', [3]],
    ['local n = 0 for i = math.maxinteger, math.maxinteger - 2, -1 do n = n + 1 end return n', [3]],
    [
      'return string.packsize("l"), string.packsize("L"), string.packsize("T"), #string.pack("s", "abc")',
      [8, 8, 8, 11],
    ],
    ['return string.packsize(">I16lXi8"), (string.unpack("<s", "\\3\\0\\0\\0\\0\\0\\0\\0abc"))', [24, 'abc']],
    ['return (pcall(string.unpack, "s4", "\\252\\255\\255\\255"))', [false]],
    [
      'return (pcall(string.unpack, "b", "abc", (1 << 32) + 1)), (pcall(string.unpack, "b", "abc", -(1 << 32) - 1))',
      [false, false],
    ],
    ['return xpcall(1, error)', [false, 'error in error handling']],
    ['return string.rep("", 1 << 62), string.rep("", 1 << 35, "")', ['', '']],
  ];
  it.each(cases)('%s', (source, expected) => {
    const out = now(engine.create({ dialect: 'standard' }).load('x', source));
    if (source.includes('<const>')) expect(out).toMatchObject({ ok: false, failure: { code: 'lua-syntax' } });
    else expect(out.ok ? out.values.slice(0, expected.length) : out.failure).toEqual(expected);
  });

  it.each(['return 1/0', 'return { x = -1/0 }', 'return { { 0/0 } }'])(
    'gives no number that is not finite, which no message can have: %s',
    (source) => {
      const out = now(engine.create({ dialect: 'standard' }).load('x', source));
      expect(out).toMatchObject({
        ok: false,
        failure: { code: 'lua-crash', message: 'A number that is not finite cannot be in a message.' },
      });
    },
  );

  it('tells of numbers that are not finite, in the words of Lua', () => {
    const vm = engine.create({ dialect: 'standard', functions: { take: () => ({ values: [] }) } });
    expect(failure(vm.load('x', 'local function f(a, b, c) a.x = 1 end f(1/0, {}, -1/0)')).frames[0]?.args).toEqual([
      atom('inf'),
      atom('table'),
      atom('-inf'),
    ]);
    expect(failure(vm.load('x', 'error(1/0)'))).toMatchObject({ code: 'lua-error', message: 'inf', value: undefined });
    vm.bind(['host'], { take: 'take' });
    expect(failure(vm.load('x', 'pcall(host.take, 1/0)')).code).toBe('lua-crash');
    vm.set(['kept'], 1, true);
    now(vm.load('x', 'kept = { 1/0 }'));
    expect(vm.get(['kept'])).toBe(undefined);
  });

  it('has the error texts of Lua', () => {
    const vm = engine.create({ dialect: 'standard' });
    expect(failure(vm.load('x', 'local t\nreturn t.x')).message).toBe("x:2: attempt to index a nil value (local 't')");
    expect(failure(vm.load('x', 'return 1 +')).message).toBe('x:1: unexpected symbol near <eof>');
  });
});
