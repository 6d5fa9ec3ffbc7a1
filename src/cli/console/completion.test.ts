import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { complete } from './completion.ts';

const folder = mkdtempSync(join(tmpdir(), 'completion-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'lib'));
for (const name of ['bank.lua', 'band.lua', 'notes.txt', 'lib/a.lua']) writeFileSync(join(folder, name), '');

test('commands', () => {
  expect(complete('.', [])).toEqual([['.exit', '.help', '.load '], '.']);
  expect(complete('  .lo', [])).toEqual([['.load '], '.lo']);
});

test('files behind .load', () => {
  const at = (path: string): string[] => complete(`.load ${folder}/${path}`, [])[0];
  expect(at('')).toEqual(['band.lua', 'bank.lua', 'lib/'].map((name) => join(folder, name)));
  expect(at('bank')).toEqual([join(folder, 'bank.lua')]);
  expect(at('lib/')).toEqual([join(folder, 'lib/a.lua')]);
  expect(at('nowhere/x')).toEqual([]);
  expect(complete('.load ./src/cli/con', [])[0]).toEqual(['./src/cli/console/']);
  expect(complete('.load src/cli/con', [])[0]).toEqual(['src/cli/console/']);
});

test('names of the runtime, of the language, and of this session', () => {
  expect(complete('Handlers.pre', [])).toEqual([['Handlers.prepend('], 'Handlers.pre']);
  expect(complete('x = Utils.ma', [])).toEqual([['Utils.map(', 'Utils.matchesSpec('], 'Utils.ma']);
  expect(complete('print(bal', ['balance = 5', 'print(1)'])).toEqual([['balance'], 'bal']);
  expect(complete('prin', ['print(1)'])).toEqual([['print('], 'prin']);
  expect(complete('nothing', [])).toEqual([[], 'nothing']);
});

test('where no name begins Tab indents', () => {
  expect(complete('', [])).toEqual([['  '], '']);
  expect(complete('f(', [])).toEqual([['  '], '']);
});
