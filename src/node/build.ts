/** Which program this is: version from package.json, commit and time from the build if there was one. */
import { readFileSync, statSync } from 'node:fs';
import type { BuildInfo } from '../devices/meta/node-control.ts';

const packageFile = new URL('../../package.json', import.meta.url);

export function buildInfo(): BuildInfo {
  const { version, gitHead } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string; gitHead?: string };
  return {
    version,
    // npm writes the commit into published packages.
    source: gitHead ?? 'source',
    builtAt: Math.floor(statSync(packageFile).mtimeMs / 1000),
  };
}
