/**
 * Paths and the keys they are stored under. A key is the segments joined by NUL, the lowest byte, so that bytewise order of keys is
 * order by segment and a path's descendants follow it directly. NUL and U+0001 inside a segment
 * become the pairs 1 1 and 1 2, which keeps the order:
 *
 *     path   a/b-c/d        a-x          a            key order:  a · a␀b-c␀d · a-x
 *     key    a ␀ b-c ␀ d    a-x          a
 *
 * The mark of an explicit group is the key with a NUL behind it: directly before the first descendant.
 */
import { byteLength } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';

/** Longer paths cannot be written (LMDB allows 1978 bytes) and hold nothing when read. */
export const maxPathBytes = 1000;

export const separator = '\x00';
/** Above every descendant of a key, below its next sibling. */
export const afterChildren = '\x01';

/** The key of a path; the root is the empty key. */
export function pathKey(path: string): string {
  if (path.includes('\x00') || path.includes('\x01')) path = path.replace(/[\x00\x01]/g, escapeControl);
  if (path.startsWith('/') || path.endsWith('/') || path.includes('//')) {
    path = path
      .split('/')
      .filter((segment) => segment !== '')
      .join('/');
  }
  return path.replaceAll('/', separator);
}

/** The path of a key, in normal form. */
export function keyPath(key: string): string {
  const path = key.replaceAll(separator, '/');
  return path.includes('\x01') ? path.replace(/\x01[\x01\x02]/g, unescapeControl) : path;
}

/** The key of a path that is to be written. Throws `limit-exceeded` for paths that are too long, `bad-request` for the root. */
export function writableKey(path: string): string {
  const key = pathKey(path);
  if (key === '') raise('bad-request', 'The root of a store cannot be written.');
  return isTooLong(key) ? tooLong() : key;
}

/** Whether nothing can stand under a key. LMDB's binding doesn't survive being asked for much longer ones. */
export function isTooLong(key: string): boolean {
  return key.length > maxPathBytes / 3 && byteLength(key) > maxPathBytes;
}

/** Throws `limit-exceeded`. */
export function tooLong(): never {
  raise('limit-exceeded', `A store path may be ${maxPathBytes} bytes long.`, 'Use a shorter name, or the hash of it.');
}

function escapeControl(character: string): string {
  return character === '\x00' ? '\x01\x01' : '\x01\x02';
}

function unescapeControl(pair: string): string {
  return pair === '\x01\x01' ? '\x00' : '\x01';
}
