import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { bundleLua } from './lua-bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'lib'));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('a program that requires nothing from beside it stays as it is', () => {
  const text = `local json = require('json')\nreturn json`;
  expect(bundleLua(file('alone.lua', text))).toBe(text);
});

test('modules come along once, those of modules too, in whatever way they are required', () => {
  file('lib/a.lua', `local b = require 'lib.b' return b`);
  file('lib/b.lua', `local a = package.loaded['lib.a'] return require(".lib.c")`);
  file('lib/c.lua', `return require("lib.a") -- a circle`);
  const bundled = bundleLua(file('main.lua', `require("lib.a")\nrequire('json')\nreturn 1`));
  expect([...bundled.matchAll(/package\.preload\['([^']+)'\] = function/g)].map(([, name]) => name)).toEqual([
    'lib.a',
    'lib.b',
    '.lib.c',
  ]);
  expect(bundled.endsWith(`require("lib.a")\nrequire('json')\nreturn 1`)).toBe(true);
});

test('a file that is not there is a sentence', () => {
  expect(() => bundleLua(join(folder, 'none.lua'))).toThrow('none.lua cannot be read');
});

test('nothing outside of the folder is read', () => {
  const bundled = bundleLua(file('escape.lua', `require('../../etc/passwd') require('..secret')`));
  expect(bundled).not.toContain('preload');
});
