/**
 * A Lua program with the modules it requires from beside it, as one chunk: `require('lib.math')` finds `lib/math.lua` next to the file
 * that is loaded. Each module becomes a `package.preload` function, so it runs when it is first required; names that are no files stay for the process to find.
 *
 * The files travel as texts that the process compiles under their names: what goes wrong is told as `lib/math.lua:3`, not by a line of the whole.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { readLua } from './read-text.ts';

export interface LuaFile {
  /** As it is shown with errors: relative to the program's folder. */
  readonly name: string;
  readonly source: string;
}

export interface LuaProgram {
  readonly main: LuaFile;
  /** By the name they are required by. */
  readonly modules: ReadonlyMap<string, LuaFile>;
}

const requires = /\brequire\s*\(?\s*(["'])([\w./-]+)\1/g;

export function readProgram(file: string): LuaProgram {
  const modules = new Map<string, LuaFile>();
  const main = { name: basename(file), source: readLua(file) };
  collect(main.source, dirname(file), modules);
  return { main, modules };
}

export function bundleLua({ main, modules }: LuaProgram): string {
  if (modules.size === 0) return main.source;
  const parts = [...modules].map(
    ([name, module]) =>
      `package.loaded[${quoted(name)}] = nil\npackage.preload[${quoted(name)}] = function(...)\n${compiled(module)}\nend`,
  );
  return [...parts, `do\n${compiled(main)}\nend`].join('\n');
}

function collect(source: string, folder: string, modules: Map<string, LuaFile>): void {
  for (const [, , name] of source.matchAll(requires)) {
    const file = `${name!.replace(/^\.+/, '').replaceAll('.', '/')}.lua`;
    const path = join(folder, file);
    if (modules.has(name!) || !existsSync(path)) continue;
    const found = readLua(path);
    modules.set(name!, { name: file, source: found });
    collect(found, folder, modules);
  }
}

/** Code that runs a file's. */
function compiled({ name, source }: LuaFile): string {
  return `local run, problem = load(${long(source)}, ${quoted(`=${name}`)})
if not run then error(problem, 0) end
return run(...)`;
}

/** A text as a long string of Lua, which nothing inside it ends. */
function long(text: string): string {
  let level = '';
  while (text.includes(`]${level}]`) || text.endsWith(`]${level}`)) level += '=';
  return `[${level}[\n${text}]${level}]`;
}

function quoted(name: string): string {
  return `'${name.replace(/[\\'\n\r]/g, '\\$&')}'`;
}
