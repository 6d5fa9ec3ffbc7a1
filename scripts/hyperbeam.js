#!/usr/bin/env node
/**
 * `hyperbeam` from a checkout. Plain JavaScript, so that it runs on any Node, and on the right one: scripts of npm find the one that
 * `npm install` brought along, but a command that is linked onto the path runs on whatever is there. And so that what Node makes of the TypeScript
 * sources is kept from the first file on: starts after the first take a third of the time, and the compiler stays out of memory.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';

const inModules = (path) => fileURLToPath(new URL(`../node_modules/${path}`, import.meta.url));

if (Number(process.versions.node.split('.')[0]) < 26) startAnew();
else {
  // Here and not in the system's temporary directory, where others could put code for us. Threads find it by the variable.
  process.env.NODE_COMPILE_CACHE ??= inModules('.cache/compiled');
  modules.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import('../src/cli/main.ts');
}

/** The same command on the Node that `npm install` brought along, with this terminal and its exit code. */
function startAnew() {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const node = inModules(`node-${system}-${process.arch}/bin/node${system === 'win' ? '.exe' : ''}`);
  if (!existsSync(node)) {
    console.error(`hyperbeam needs Node 26; this is ${process.version}.`);
    console.error('`npm install` in its folder brings one along, where there is one for this system.');
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl+C to both: the command decides what it means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
