/**
 * Bundles the Lua files of this folder into modules: `dist/runtime.lua`, which `hyperbeam spawn` gives a process when it is not told
 * otherwise, and `dist/ledger.lua`. Each file becomes a function that runs when another one first asks for it by `use 'name'`, so order does
 * not matter and nothing leaks into the globals. Comments and indentation stay behind: every state of a process carries its module.
 *
 *     npx node runtime/build.ts           writes dist/
 *     npx node runtime/build.ts --check   fails when it is out of date
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = import.meta.dirname;

/** Where the built modules lie. */
export const runtimeFile = join(folder, 'dist', 'runtime.lua');
export const ledgerFile = join(folder, 'dist', 'ledger.lua');

/**
 * The runtime keeps its own references to the basic functions: a program may use names like `table` or `error` for something else without
 * harm to it.
 */
const KEPT = [
  'local assert, error, getmetatable, ipairs, load, next, pairs = assert, error, getmetatable, ipairs, load, next, pairs\n',
  'local pcall, rawget, rawset, select, setmetatable = pcall, rawget, rawset, select, setmetatable\n',
  'local tonumber, tostring, type, utf8, _G = tonumber, tostring, type, utf8, _G\n',
  'local function kept(library)\n',
  'local out = {}\n',
  'for name, value in pairs(library) do out[name] = value end\n',
  'return out\n',
  'end\n',
  'local math, string, table = kept(math), kept(string), kept(table)\n',
];

/** The modules as texts, by the files they belong in. */
export function bundles(): ReadonlyMap<string, string> {
  const shared = ['addresses', 'signers', 'text'].map((name) => join(folder, `${name}.lua`));
  return new Map([
    [runtimeFile, bundle('process runtime', 'runtime/*.lua', filesIn(folder), ['compat', 'main'])],
    [ledgerFile, bundle('ledger', 'runtime/ledger/*.lua', [...filesIn(join(folder, 'ledger')), ...shared], ['main'])],
  ]);
}

function filesIn(place: string): string[] {
  return readdirSync(place)
    .filter((file) => file.endsWith('.lua'))
    .sort()
    .map((file) => join(place, file));
}

function bundle(what: string, where: string, files: readonly string[], first: readonly string[]): string {
  const parts = files.map((file) => {
    const source = stripped(readFileSync(file, 'utf8'));
    return `files['${basename(file, '.lua')}'] = function()\n${source}end\n`;
  });
  return [
    `-- HyperBEAM TS ${what}. Made by runtime/build.ts from ${where}; licence MIT.\n`,
    ...KEPT,
    'local files, made = {}, {}\n',
    // How errors raised in here begin, so that they can be told without it.
    "local _, RUNTIME_CHUNK = pcall(function() error('x', 1) end)\n",
    "RUNTIME_CHUNK = RUNTIME_CHUNK:sub(1, (RUNTIME_CHUNK:find(':[0-9]+: x$') or 1) - 1)\n",
    'local function use(name)\n',
    'if made[name] == nil then made[name] = files[name]() end\n',
    'return made[name]\n',
    'end\n',
    ...parts,
    ...first.map((name) => `use '${name}'\n`),
  ].join('');
}

/**
 * Lua source without comments, indentation and empty lines. Our sources hold no long strings; if one ever does, this says so instead of
 * damaging it.
 */
function stripped(source: string): string {
  const lines: string[] = [];
  for (const line of source.split('\n')) {
    const kept = withoutComment(line).trim();
    if (kept !== '') lines.push(`${kept}\n`);
  }
  return lines.join('');
}

function withoutComment(line: string): string {
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (quote !== undefined) {
      if (char === '\\') at++;
      else if (char === quote) quote = undefined;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '-' && line[at + 1] === '-') {
      if (line[at + 2] === '[') throw new Error(`block comments are not used in runtime sources: ${line}`);
      return line.slice(0, at);
    } else if (char === '[' && (line[at + 1] === '[' || line[at + 1] === '=')) {
      throw new Error(`long strings are not used in runtime sources: ${line}`);
    }
  }
  return line;
}

if (import.meta.main) {
  for (const [file, made] of bundles()) {
    if (!process.argv.includes('--check')) writeFileSync(file, made);
    else if (made !== readFileSync(file, 'utf8')) {
      console.error(`${file} is out of date: run npx node runtime/build.ts`);
      process.exitCode = 1;
    }
  }
}
