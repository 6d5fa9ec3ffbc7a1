/**
 * The escaping of keys in `ao-types` and in header names (spec 02 §1.9): bytes `a-z 0-9 . - _ / ? &` stay, every other byte becomes `%xx`
 * in lower-case hex. Works on the bytes of a key, which need not be valid UTF-8.
 */
import { keyFromBytes, keyToBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';

const plain: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const character of 'abcdefghijklmnopqrstuvwxyz0123456789.-_/?&') table[character.charCodeAt(0)] = 1;
  return table;
})();

export function escapeKey(key: string): string {
  let i = 0;
  while (i < key.length && isPlain(key.charCodeAt(i))) i++;
  if (i === key.length) return key;
  let out = key.slice(0, i);
  for (const byte of keyToBytes(key.slice(i))) {
    out += plain[byte] === 1 ? String.fromCharCode(byte) : `%${byte < 16 ? '0' : ''}${byte.toString(16)}`;
  }
  return out;
}

function isPlain(code: number): boolean {
  return code < 128 && plain[code] === 1;
}

/** Upper or lower hex; a `%` with fewer than two bytes after it stays; `%zz` raises `bad-key`. */
export function unescapeKey(escaped: string): string {
  if (!escaped.includes('%')) return escaped;
  const bytes = keyToBytes(escaped);
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0x25 && i + 2 < bytes.length) {
      const high = hexDigit(bytes[i + 1]!);
      const low = hexDigit(bytes[i + 2]!);
      if (high === -1 || low === -1) raise('bad-key', 'A key has a `%` that two hex digits do not follow.');
      out[length++] = high * 16 + low;
      i += 2;
    } else out[length++] = bytes[i]!;
  }
  return keyFromBytes(out.subarray(0, length));
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
