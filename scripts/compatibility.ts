/** Runs all tests and has the reporter write `docs/compatibility.md`: `npm run compatibility`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run'], {
  env: { ...process.env, COMPATIBILITY: 'write' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
