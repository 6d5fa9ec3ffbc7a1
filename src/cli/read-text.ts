/** Files that a command is given. */
import { readFileSync } from 'node:fs';
import { raise } from '../core/errors.ts';

/** The text of a file; a sentence for people if it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    return raise('bad-request', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
