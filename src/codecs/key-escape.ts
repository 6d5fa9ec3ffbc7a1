/**
 * The escaping of keys in `ao-types` and in header names (spec 02 §1.9): bytes `a-z 0-9 . - _ / ? &` stay, every other byte becomes `%xx`
 * in lower-case hex. Works on the bytes of a key, which need not be valid UTF-8.
 *
 * Tables of balances have thousands of keys with many capitals, so ASCII, which is nearly everything, never goes through bytes.
 */
import { keyFromBytes, keyToBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';

/** What each byte becomes. */
const escapes: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[a-z0-9.\-_/?&]/.test(character) ? character : `%${byte.toString(16).padStart(2, '0')}`;
});

export function escapeKey(key: string): string {
  let out = '';
  let from = 0;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code > 0x7f) return out + key.slice(from, i) + escapeBytes(keyToBytes(key.slice(i)));
    const escaped = escapes[code]!;
    if (escaped.length === 1) continue;
    out += key.slice(from, i) + escaped;
    from = i + 1;
  }
  return from === 0 ? key : out + key.slice(from);
}

function escapeBytes(bytes: Uint8Array): string {
  let out = '';
  for (const byte of bytes) out += escapes[byte]!;
  return out;
}

/** Upper or lower hex; a `%` with fewer than two bytes after it stays; `%zz` raises `bad-key`. */
export function unescapeKey(escaped: string): string {
  let out = '';
  let from = 0;
  for (let at = escaped.indexOf('%'); at !== -1; at = escaped.indexOf('%', from)) {
    if (at + 2 >= escaped.length) break;
    const byte = hexByte(escaped.charCodeAt(at + 1), escaped.charCodeAt(at + 2));
    // Bytes of longer characters have to be read together.
    if (byte > 0x7f) return unescapeBytes(keyToBytes(escaped));
    out += escaped.slice(from, at) + String.fromCharCode(byte);
    from = at + 3;
  }
  return from === 0 ? escaped : out + escaped.slice(from);
}

function unescapeBytes(bytes: Uint8Array): string {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0x25 && i + 2 < bytes.length) {
      out[length++] = hexByte(bytes[i + 1]!, bytes[i + 2]!);
      i += 2;
    } else out[length++] = bytes[i]!;
  }
  return keyFromBytes(out.subarray(0, length));
}

function hexByte(first: number, second: number): number {
  const byte = hexDigit(first) * 16 + hexDigit(second);
  return Number.isNaN(byte) ? raise('bad-key', 'A key has a `%` that two hex digits do not follow.') : byte;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN;
}
