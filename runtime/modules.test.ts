/**
 * The modules of the runtime, by the examples of their public documentation and by standard test values.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialects, TestProcess } from './test-process.ts';

describe.each(dialects)('on the %s machine', (dialect) => {
  let process: TestProcess;

  beforeAll(async () => {
    process = await TestProcess.start({ dialect, owner: 'owner', definition: {} });
  });

  afterAll(() => process.close());

  const data = async (code: string): Promise<unknown> => {
    const results = await process.eval(code);
    return results.error === undefined ? results.output.data : `error: ${results.error}`;
  };

  it.each([
    [
      '{ b = { 1, 2, {} }, a = "x\\n\\"\\\\", c = 1.5, d = false }',
      '{"a":"x\\n\\"\\\\","b":[1,2,[]],"c":1.5,"d":false}',
    ],
    ['{}', '[]'],
    ['{ 1, nil, 3 }', undefined],
    ['"\\1\\31"', '"\\u0001\\u001f"'],
    ['{ [2] = "b", x = 1 }', '{"2":"b","x":1}'],
    ['12345678901234', '12345678901234'],
  ])('json.encode(%s)', async (value, expected) => {
    const text = await data(`require('json').encode(${value})`);
    if (expected === undefined) expect(() => JSON.parse(String(text))).not.toThrow();
    else expect(text).toBe(expected);
  });

  it.each([
    ['{"a": [1, 2.5, true, "\\u00e9\\ud83d\\ude00"], "b": {}}', '{"a":[1,2.5,true,"é😀"],"b":[]}'],
    [' [ ] ', '[]'],
    ['-12', '-12'],
    ['1e3', undefined],
    ['"a\\/b"', '"a/b"'],
  ])('json.decode(%s) and back', async (text, expected) => {
    const back = await data(`require('json').encode(require('json').decode(${JSON.stringify(text)}))`);
    if (expected === undefined) expect(Number(back)).toBe(Number(text));
    else expect(back).toBe(expected);
  });

  it.each(['', '{', '[1,]', '{"a"}', '01', '"a', 'nul', '1 2', '"\\\\x"', '\\t"\\n"', '['.repeat(300)])(
    'json.decode refuses %j',
    async (text) => {
      expect(await data(`require('json').decode("${text.replaceAll('"', '\\"')}")`)).toMatch(/^error: .*invalid JSON/);
    },
  );

  it('whole numbers are exact', async () => {
    expect(await data("math.type(require('json').decode('12'))")).toBe('integer');
    expect(await data("require('json').decode('{\"n\": 123456789012345678}').n")).toBe('123456789012345678');
    expect(await data("Utils.integer('0012'), Utils.integer('-5'), Utils.integer('1.5'), Utils.integer('')")).toBe(
      '12\t-5\tnil\tnil',
    );
  });

  const ao = "local crypto = require('.crypto') return ";

  it.each([
    ["crypto.digest.sha1('ao').asHex()", 'c29dd6c83b67a1d6d3b28588a1f068b68689aa1d'],
    [
      "crypto.digest.sha2_256(crypto.utils.stream.fromString('abc')).asHex()",
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    ],
    [
      "crypto.digest.sha2_256(('a'):rep(1000)).asHex()",
      '41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3',
    ],
    [
      "crypto.digest.sha2_512('ao').asHex()",
      '6f36a696b17ce5a71efa700e8a7e47994f3e134a5e5f387b3e7c2c912abe94f94ee823f9b9dcae59af99e2e34c8b4fb0bd592260c6720ee49e5deaac2065c4b1',
    ],
    ["crypto.digest.sha3_256('ao').asHex()", '1bbe785577db997a394d5b4555eec9159cb51f235aec07514872d2d436c6e985'],
    [
      "crypto.digest.sha3_512('ao').asHex()",
      '0c29f053400cb1764ce2ec555f598f497e6fcd1d304ce0125faa03bb724f63f213538f41103072ff62ddee701b52c73e621ed4d2254a3e5e9a803d83435b704d',
    ],
    ["crypto.digest.keccak256('ao').asHex()", '76da52eec05b749b99d6e62bb52333c1569fe75284e6c82f3de12a4618be00d6'],
    [
      "crypto.mac.createHmac('what do ya want for nothing?', 'Jefe', 'sha256').asHex()",
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ["crypto.kdf.pbkdf2('password', 'salt', 4, 16).asHex()", 'c4c21bf2bbf61541408ec2a49c89b9c6'],
    ["crypto.utils.hex.stringToHex(crypto.utils.hex.hexToString('616f'))", '616f'],
    ['crypto.utils.array.toHex(crypto.utils.array.XOR({ 1, 2 }, { 3, 4 }))', '0206'],
  ])('%s', async (code, expected) => {
    expect(await data(ao + code)).toBe(expected);
  });

  it('crypto says what it does not have', async () => {
    expect(await data(`${ao}crypto.cipher.aes.encrypt('a', 'b')`)).toContain('AES is not part of this runtime');
    expect(await data(`${ao}crypto.digest.md5('a')`)).toContain('MD5 is not part of this runtime');
  });

  it.each([
    ["base64.encode('Hello world')", 'SGVsbG8gd29ybGQ='],
    ["base64.decode('SGVsbG8gd29ybGQ=')", 'Hello world'],
    ["base64.encode('Hello world', base64.makeencoder(nil, nil, '~'))", 'SGVsbG8gd29ybGQ~'],
    ["base64.encodeUrl('\\255\\239')", '_-8'],
    ["base64.decode(base64.encode('a')) .. base64.decode(base64.encode('ab'))", 'aab'],
  ])('%s', async (code, expected) => {
    expect(await data(`local base64 = require('.base64') return ${code}`)).toBe(expected);
  });

  it.each([
    [
      "tostring(bint('123456789012345678901234567890') * bint('123456789012345678901234567890'))",
      '15241578753238836750495351562536198787501905199875019052100',
    ],
    ['tostring(bint(-7) // 2), tostring(bint(-7) % 2), tostring(bint.tdiv(-7, 2))', '-4\t1\t-3'],
    [
      "bint.__lt(0, bint('5')), bint(5) < bint('6'), bint('5') <= bint(5), bint(1) == bint(2)",
      'true\ttrue\ttrue\tfalse',
    ],
    [
      "tostring(bint('340282366920938463463374607431768211456') // bint('18446744073709551616'))",
      '18446744073709551616',
    ],
    ['tostring(bint(10000 * 10 ^ 12))', '10000000000000000'],
    ['tostring(bint.ipow(2, 200))', '1606938044258990275541962092341162602522202993782792835301376'],
    ['tostring(bint.maxinteger() + 1 == bint.mininteger())', 'true'],
    ["bint.tonumber(bint(12)), bint.tobase(255, 16), tostring(bint('0xff')), tostring(bint.abs(-5))", '12\tff\t255\t5'],
    ['tostring(bint(1) << 100), tostring((bint(1) << 100) >> 98)', '1267650600228229401496703205376\t4'],
    ['tostring(bint(6) & 3), tostring(bint(6) | 1), tostring(~bint(0))', '2\t7\t-1'],
  ])('bint: %s', async (code, expected) => {
    expect(await data(`local bint = require('.bint')(256) return ${code}`)).toBe(expected);
  });

  it('bint refuses what is no integer', async () => {
    expect(await data("require('.bint')(256)('1.5')")).toContain("not an integer: '1.5'");
    expect(await data("local b = require('.bint')(256) return b(1) // b(0)")).toContain('division by zero');
  });

  it.each([
    ['Utils.map(function(v) return v * 2 end)({ 2, 4 })', '{4,8}'],
    ['Utils.filter(function(v) return v % 2 == 0 end, { 3, 4, 7 })', '{4}'],
    ['Utils.reduce(function(a, v) return a + v end)(0)({ 5, 4, 3 })', '12'],
    ['Utils.find(function(v) return v.age == 33 end)({ { age = 1 }, { age = 33 } }).age', '33'],
    ['Utils.concat({ 1 })({ 2 })', '{1,2}'],
    ['Utils.reverse({ 1, 2, 3 })', '{3,2,1}'],
    ['Utils.includes(4)({ 3, 5 })', 'false'],
    ['Utils.keys({ b = 1, a = 2 })', '{"a","b"}'],
    ['Utils.values({ b = 1, a = 2 })', '{2,1}'],
    ["Utils.propEq('age', 50, { age = 50 })", 'true'],
    ["Utils.prop('age')({ age = 50 })", '50'],
    [
      'Utils.compose(Utils.reduce(function(a, v) return a + v end, 0), Utils.map(function(v) return v * 2 end))({ 1, 2, 3 })',
      '12',
    ],
  ])('%s', async (code, expected) => {
    expect(String(await data(code)).replace(/\s/g, '')).toBe(expected);
  });

  it('finds modules that a program has loaded', async () => {
    await process.eval(
      "package.loaded['my.mod'] = { answer = 42 }\npackage.preload['late'] = function(name) return { name = name } end",
    );
    expect(await data("require('my.mod').answer")).toBe('42');
    expect(await data("require('late').name, require('late') == require('late')")).toBe('late\ttrue');
    expect(await data("require('nope')")).toContain("module 'nope' not found");
  });

  it('has the parts of Lua 5.3 that programs expect', async () => {
    expect(
      await data("local t = {} for w in ('a bc d'):gmatch('%a+') do t[#t + 1] = w end return table.concat(t, ',')"),
    ).toBe('a,bc,d');
    expect(
      await data(
        "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return table.concat(t, ',')",
      ),
    ).toBe('a1,b2');
    expect(await data("xpcall(function() error('x') end, function(e) return 'seen' end)")).toBe('false\tseen');
    expect(await data('#table.move({ 1, 2, 3 }, 1, 3, 2)')).toBe('4');
  });

  it('prints tables the same on every node', async () => {
    expect(await data("Dump({ b = 1, a = { 'x' }, [10] = true, ['a b'] = 1 })")).toBe(
      '{\n  [10] = true,\n  a = {\n    "x"\n  },\n  ["a b"] = 1,\n  b = 1\n}',
    );
    expect(await data('local t = {} t.me = t return t')).toBe('{\n  me = <the table around it>\n}');
  });

  // In the dialect of the network no error says where.
  it.each([
    ["require('json').decode('{x')", 'invalid JSON'],
    ["require('json').encode({ print })", 'a function has no JSON form'],
    ['Utils.map(5, {})', 'map: the function must be a function, got number'],
    ['Utils.map(print)(5)', 'map: the list must be a table, got number'],
    ['Utils.keys(5)', 'keys: the argument must be a table'],
    ["require('.bint')(256)('x')", "not an integer: 'x'"],
    ["Publish('a/b', 1)", "publish: the key 'a/b' cannot be published"],
  ])('%s names the line of the program', async (code, sentence) => {
    const place = dialect === 'standard' ? 'eval:2: ' : '';
    expect(await data(`local x = 1\nx = ${code}`)).toContain(`error: ${place}${sentence}`);
  });
});
