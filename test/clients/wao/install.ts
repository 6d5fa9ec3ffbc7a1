/**
 * The published `wao`, installed the first time its test needs it. As a dependency of the project it would be on every machine that only
 * runs a node: 325 packages, among them pm2, which is under the AGPL, and a second `lmdb`. This folder is a package of its own with its own
 * lock file, which puts an empty module in the place of everything that `import 'wao'` doesn't load; no install script runs.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** What `require('wao')` gives. */
export async function requireWao(): Promise<unknown> {
  if (!(await isInstalled())) await install();
  return createRequire(join(folder, 'package.json'))('wao');
}

/** Whether an installation has come to its end since the lock file last changed. */
async function isInstalled(): Promise<boolean> {
  const wanted = await stat(join(folder, 'package-lock.json'));
  const found = await stat(join(folder, 'node_modules/.package-lock.json')).catch(() => undefined);
  return found !== undefined && found.mtimeMs >= wanted.mtimeMs;
}

function install(): Promise<void> {
  const options = { cwd: folder, shell: process.platform === 'win32' };
  return new Promise((resolve, reject) => {
    // Said outright, because `npm test` tells everything it starts that it is about the project's own folder.
    execFile('npm', ['ci', '--prefix', '.', '--ignore-scripts'], options, (error, _, stderr) => {
      if (error === null) return resolve();
      reject(new Error(`wao couldn't be installed: \`npm ci\` in test/clients/wao needs the registry.\n${stderr}`));
    });
  });
}
