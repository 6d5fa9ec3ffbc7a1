/** The `os` library of `dialect: 'standard'`, in UTC and the C locale: every expected value was printed by Debian's `lua5.3` with `TZ=UTC`. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Float } from '../../core/value.ts';
import { compileLua, type LuaEngine } from './engine.ts';
import type { LuaOutcome } from './machine.ts';

let engine: LuaEngine;
beforeAll(async () => {
  engine = await compileLua();
});

function returned(source: string): unknown {
  const outcome = engine.create({ dialect: 'standard', time: () => 1_700_000_000.9 }).load('x', source) as LuaOutcome;
  return outcome.ok ? outcome.values : outcome.failure.message;
}

/** What a call's error says. */
const refused = (call: string): string => `return select(2, pcall(${call}))`;
const time = (fields: string): string => `return os.time{${fields}}`;

describe('os.time of a table', () => {
  const rows: readonly (readonly [string, readonly unknown[]])[] = [
    [time('year = 2020, month = 1, day = 1'), [1577880000]],
    [time('year = 2020, month = 1, day = 1, hour = 0'), [1577836800]],
    [time('year = "0x7d0", month = "2 ", day = 30.0'), [951912000]],
    [time('year = 2021, month = 14, day = -3, hour = 30, min = -5, sec = 1e3'), [1643436700]],
    [time('year = 1970, month = 1, day = 1, hour = 0, sec = -2'), [-2]],
    [time('year = 0, month = 1, day = 1, hour = 0'), [-62167219200]],
    [time('year = 2024, month = 2, day = 29, hour = 24'), [1709251200]],
    // glibc takes an hour off for daylight saving time that UTC doesn't have.
    [time('year = 2020, month = 1, day = 1, isdst = true'), [1577880000]],
    [
      `local t = {year = 2021, month = 14, day = -3, hour = 30, min = -5, sec = 1e3, isdst = true} os.time(t)
       return t.year, t.month, t.day, t.hour, t.min, t.sec, t.wday, t.yday, t.isdst`,
      [2022, 1, 29, 6, 11, 40, 7, 29, false],
    ],
    [
      'return os.time(setmetatable({}, {__index = function(_, k) return ({year = 2000, month = 2, day = 3})[k] end}))',
      [949579200],
    ],
    [refused('os.time, {month = 1, day = 1}'), ["field 'year' missing in date table"]],
    [refused('os.time, {year = 1, day = 1}'), ["field 'month' missing in date table"]],
    [refused('os.time, {year = 1, month = 1}'), ["field 'day' missing in date table"]],
    [refused('os.time, {year = 1.5, month = 1, day = 1}'), ["field 'year' is not an integer"]],
    [refused('os.time, {year = 1, month = 1, day = {}}'), ["field 'day' is not an integer"]],
    [refused('os.time, {year = 1, month = 1, day = 1, sec = 2^30}'), ["field 'sec' is out-of-bound"]],
    [
      refused('os.time, {year = 1970, month = 1, day = 1, hour = 0, sec = -1}'),
      ['time result cannot be represented in this installation'],
    ],
    [
      'return select(2, pcall(function() os.time(3) end))',
      ["x:1: bad argument #1 to 'time' (table expected, got number)"],
    ],
    ['return os.time(), os.time(nil), math.type(os.time())', [1_700_000_000, 1_700_000_000, 'integer']],
  ];
  it.each(rows)('%s', (source, expected) => expect(returned(source)).toEqual(expected));

  it('gives back what os.date took apart, through centuries', () => {
    const source = `
      for t = -70000000000, 300000000000, 86400 * 397 + 12347 do
        local d = os.date('*t', t)
        if os.time(d) ~= t or os.date('!%Y %j', t) ~= d.year .. (' %03d'):format(d.yday) then return t end
      end
      return 'same'`;
    expect(returned(source)).toEqual(['same']);
  });
});

describe('os.date', () => {
  it('knows every letter of C99', () => {
    const at = (text: string, t: number): unknown => returned(`return os.date('${text}', ${t})`);
    const letters =
      '%a|%A|%b|%B|%c|%C|%d|%D|%e|%F|%g|%G|%h|%H|%I|%j|%m|%M|%p|%r|%R|%S|%T|%u|%U|%V|%w|%W|%x|%X|%y|%Y|%z|%Z';
    expect(at(letters, 1_700_000_000)).toEqual([
      'Tue|Tuesday|Nov|November|Tue Nov 14 22:13:20 2023|20|14|11/14/23|14|2023-11-14|23|2023|Nov|22|10|318|11|13|PM|' +
        '10:13:20 PM|22:13|20|22:13:20|2|46|46|2|46|11/14/23|22:13:20|23|2023|+0000|UTC',
    ]);
    expect(at(letters, -62_167_219_201)).toEqual([
      'Fri|Friday|Dec|December|Fri Dec 31 23:59:59 -1|-1|31|12/31/99|31|-1-12-31|99|-1|Dec|23|11|365|12|59|PM|' +
        '11:59:59 PM|23:59|59|23:59:59|5|52|52|5|52|12/31/99|23:59:59|99|-1|+0000|UTC',
    ]);
    expect(at('%Ec|%EC|%Ex|%EX|%Ey|%EY|%Od|%Oe|%OH|%OI|%Om|%OM|%OS|%Ou|%OU|%OV|%Ow|%OW|%Oy|%n|%t|%%', 0)).toEqual([
      'Thu Jan  1 00:00:00 1970|19|01/01/70|00:00:00|70|1970|01| 1|00|12|01|00|00|4|00|01|4|00|70|\n|\t|%',
    ]);
  });

  const rows: readonly (readonly [string, unknown])[] = [
    ["return os.date('%G %g %V', -1), os.date('%G-%V', 1609459200)", ['1970 70 01', '2020-53']],
    ["return os.date('!%Z %c', 0)", ['GMT Thu Jan  1 00:00:00 1970']],
    ["return os.date(), os.date('!%H')", ['Tue Nov 14 22:13:20 2023', '22']],
    ["return os.date('*t', 0).isdst, os.date('!*t', 0).yday, os.date('*tx', 0)", [false, 1, '*tx']],
    ["return #os.date('a\\0b%Y', 0)", [7]],
    [refused("os.date, '%Q'"), ["bad argument #1 to 'os.date' (invalid conversion specifier '%Q')"]],
    [refused("os.date, '%Ez'"), ["bad argument #1 to 'os.date' (invalid conversion specifier '%Ez')"]],
    [refused("os.date, '%'"), ["bad argument #1 to 'os.date' (invalid conversion specifier '%')"]],
    [refused("os.date, '%Y', 7.5"), ["bad argument #2 to 'os.date' (number has no integer representation)"]],
    [refused("os.date, '*t', math.maxinteger"), ['time result cannot be represented in this installation']],
  ];
  it.each(rows)('%s', (source, expected) => expect(returned(source)).toEqual(expected));
});

describe('the rest', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['return os.difftime(5, 7), os.difftime(math.maxinteger, math.mininteger)', [new Float(-2), new Float(2 ** 64)]],
    [refused('os.difftime, 1'), ["bad argument #2 to 'os.difftime' (number expected, got no value)"]],
    ["return os.setlocale(), os.setlocale('C', 'time'), os.setlocale('de_DE')", ['C', 'C', undefined]],
    ['return math.type(os.clock())', ['float']],
    ['return select(2, math.frexp(-1/0)), select(2, math.frexp(0/0)), select(2, math.frexp(8))', [0, 0, 4]],
  ];
  it.each(rows)('%s', (source, expected) => expect(returned(source)).toEqual(expected));

  it('has every function of plain Lua of Debian’s build but those that reach outside', () => {
    const source = `
      local names = {}
      for _, library in ipairs{'_G', 'bit32', 'string', 'table', 'math', 'utf8', 'os', 'coroutine'} do
        for name, f in pairs(_G[library]) do
          if type(f) == 'function' then names[#names + 1] = library .. '.' .. name end
        end
      end
      table.sort(names)
      return table.concat(names, ' ')`;
    expect((returned(source) as string[])[0]!.split(' ')).toEqual(
      `_G.assert _G.collectgarbage _G.error _G.getmetatable _G.ipairs _G.load _G.next _G.pairs _G.pcall _G.print _G.rawequal _G.rawget
       _G.rawlen _G.rawset _G.select _G.setmetatable _G.tonumber _G.tostring _G.type _G.xpcall
       bit32.arshift bit32.band bit32.bnot bit32.bor bit32.btest bit32.bxor bit32.extract bit32.lrotate bit32.lshift bit32.replace
       bit32.rrotate bit32.rshift coroutine.create coroutine.isyieldable coroutine.resume coroutine.running coroutine.status coroutine.wrap coroutine.yield
       math.abs math.acos math.asin math.atan math.atan2 math.ceil math.cos math.cosh math.deg math.exp math.floor math.fmod math.frexp
       math.ldexp math.log math.log10 math.max math.min math.modf math.pow math.rad math.random math.randomseed math.sin math.sinh
       math.sqrt math.tan math.tanh math.tointeger math.type math.ult
       os.clock os.date os.difftime os.setlocale os.time
       string.byte string.char string.dump string.find string.format string.gmatch string.gsub string.len string.lower string.match
       string.pack string.packsize string.rep string.reverse string.sub string.unpack string.upper
       table.concat table.insert table.move table.pack table.remove table.sort table.unpack
       utf8.char utf8.codepoint utf8.codes utf8.len utf8.offset`.split(/\s+/),
    );
  });
});
