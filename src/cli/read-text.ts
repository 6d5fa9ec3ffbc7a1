/** Files that a command is given. */
import { readFileSync } from 'node:fs';
import { toText } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';

/** The bytes of a file; a sentence for people if it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    // `ENOENT: no such file or directory, open 'x.lua'`
    const [, reason] = /^\w+: ([^,]+),/.exec((cause as Error).message) ?? [];
    return raise('bad-request', `${path} cannot be read: ${reason ?? (cause as Error).message}.`, { cause });
  }
}

/**
 * The Lua program in a file, as `lua` itself would read it: without the mark that editors put before UTF-8, and without a first line for the
 * shell. Lines keep their numbers.
 */
export function readLua(path: string): string {
  const text = toText(readBytes(path));
  if (text === undefined) {
    raise('bad-request', `${path} is not text in UTF-8.`, 'Save it as UTF-8: bytes in strings are written `\\xE9`.');
  }
  return text.replace(/^\uFEFF/, '').replace(/^#.*/, '');
}
