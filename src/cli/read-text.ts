/** Files that a command is given. */
import { readFileSync } from 'node:fs';
import { raise } from '../core/errors.ts';

/** The text of a file; a sentence for people if it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // `ENOENT: no such file or directory, open 'x.lua'`
    const [, reason] = /^\w+: ([^,]+),/.exec((cause as Error).message) ?? [];
    return raise('bad-request', `${path} cannot be read: ${reason ?? (cause as Error).message}.`, { cause });
  }
}
