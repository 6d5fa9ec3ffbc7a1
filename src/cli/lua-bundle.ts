/**
 * A Lua program with the modules it requires from beside it, as one chunk: `require('lib.math')` finds `lib/math.lua` next to the file
 * that is loaded. Each module becomes a `package.preload` function, so it runs when it is first required; names that are no files stay for the process to find.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readText } from './read-text.ts';

const requires = /\brequire\s*\(?\s*(["'])([\w./-]+)\1/g;

export function bundleLua(file: string): string {
  const modules = new Map<string, string>();
  const main = readText(file);
  collect(main, dirname(file), modules);
  if (modules.size === 0) return main;
  const parts = [...modules].map(
    ([name, source]) =>
      `package.loaded[${quoted(name)}] = nil\npackage.preload[${quoted(name)}] = function(...)\n${source}\nend`,
  );
  return [...parts, main].join('\n');
}

function collect(source: string, folder: string, modules: Map<string, string>): void {
  for (const [, , name] of source.matchAll(requires)) {
    const path = join(folder, `${name!.replace(/^\.+/, '').replaceAll('.', '/')}.lua`);
    if (modules.has(name!) || !existsSync(path)) continue;
    const found = readText(path);
    modules.set(name!, found);
    collect(found, folder, modules);
  }
}

/** The pattern above lets nothing through that a Lua string would have to escape. */
function quoted(name: string): string {
  return `'${name}'`;
}
