import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compileLua } from '../vm/lua/engine.ts';
import { bundleLua, readProgram } from './lua-bundle.ts';
import { checkSyntax } from './lua-syntax.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'lib'));
/** `require` as the runtime has it. */
const modules = `package = { loaded = {}, preload = {} }
function require(name)
  if package.loaded[name] == nil then package.loaded[name] = package.preload[name](name) end
  return package.loaded[name]
end`;
const bundled = (path: string): string => bundleLua(readProgram(path));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('a program that requires nothing from beside it stays as it is', () => {
  const text = `local json = require('json')\nreturn json`;
  expect(bundled(file('alone.lua', text))).toBe(text);
});

test('modules come along once, those of modules too, in whatever way they are required', () => {
  file('lib/a.lua', `local b = require 'lib.b' return b`);
  file('lib/b.lua', `local a = package.loaded['lib.a'] return require(".lib.c")`);
  file('lib/c.lua', `return require("lib.a") -- a circle`);
  const whole = bundled(file('main.lua', `require("lib.a")\nrequire('json')\nreturn 1`));
  expect([...whole.matchAll(/package\.preload\['([^']+)'\] = function/g)].map(([, name]) => name)).toEqual([
    'lib.a',
    'lib.b',
    '.lib.c',
  ]);
  expect(whole).toContain(`[[\nrequire("lib.a")\nrequire('json')\nreturn 1]], '=main.lua')`);
});

test('a file that is not there is a sentence', () => {
  expect(() => bundled(join(folder, 'none.lua'))).toThrow('none.lua cannot be read');
});

test('nothing outside of the folder is read', () => {
  const whole = bundled(file('escape.lua', `require('../../etc/passwd') require('..secret')`));
  expect(whole).not.toContain('preload');
});

test('what goes wrong is told by file and line, whatever the files hold', async () => {
  file('lib/odd.lua', `local text = [==[ ]] ]=] ]==]\nreturn { fail = function() error('no') end, text = text } -- ]]`);
  file('lib/broken.lua', 'local x =\n\nreturn x y');
  const machine = (await compileLua()).create({ dialect: 'standard' });
  const run = async (name: string, text: string) => {
    const outcome = await machine.load('eval', `${modules}\n${bundled(file(name, text))}`);
    return outcome.ok ? outcome.values : outcome.failure.message;
  };
  expect(await run('first.lua', `local odd = require('lib.odd')\nreturn odd.text, ...`)).toEqual([' ]] ]=] ']);
  expect(await run('second.lua', `local odd = require('lib.odd')\n\nodd.fail()`)).toBe('lib/odd.lua:2: no');
  expect(await run('third.lua', `require('lib.odd')\n\nerror('here')`)).toBe('third.lua:3: here');
  expect(await run("it's.lua", `require('lib.odd')\nlocal = 1`)).toMatch(/^it's\.lua:2: /);
  expect(await run('fifth.lua', `return require('lib.broken')`)).toMatch(/^lib\/broken\.lua:3: /);
});

test('files are read as `lua` reads them', () => {
  expect(bundled(file('mark.lua', '\uFEFFreturn 1'))).toBe('return 1');
  expect(bundled(file('script.lua', '\uFEFF#!/usr/bin/env lua\r\nreturn 1\r\n'))).toBe('\r\nreturn 1\r\n');
  writeFileSync(join(folder, 'latin.lua'), Buffer.from("return 'caf\xE9'", 'latin1'));
  expect(() => bundled(join(folder, 'latin.lua'))).toThrow('latin.lua is not text in UTF-8.');
});

test('code that doesn’t compile is told by file and line in both dialects', async () => {
  const broken = { name: 'broken.lua', source: 'x = 1\nreturn return' };
  for (const dialect of ['standard', 'network'] as const) {
    await expect(checkSyntax([{ name: 'fine.lua', source: 'while true do end' }, broken], dialect)).rejects.toThrow(
      /broken\.lua:2: unexpected symbol near 'return'/,
    );
    await checkSyntax([{ name: 'fine.lua', source: 'return 99999999999999999999' }], dialect);
  }
});
