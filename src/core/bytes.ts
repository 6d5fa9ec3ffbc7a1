/**
 * Bytes and text. The protocol's only untyped value is the byte string. In memory a byte string is
 *
 *   - a JS `string` when it is short, valid UTF-8 text without control characters that a person would not type, or
 *   - a `Uint8Array` otherwise (large bodies, signatures, random bytes).
 *
 * Both spell the same value: comparison, order and hashing are always on the bytes ({@link sameBytes}, {@link compareBytes}).
 *
 * Keys are byte strings too, but must be JS strings to live in a `Map`. A key that is not valid UTF-8 keeps its bad bytes as lone
 * surrogates U+DC80…U+DCFF (one per byte), so that {@link keyFromBytes} and {@link keyToBytes} are exact inverses.
 */

/** A byte string: text where it reads as text, bytes otherwise. */
export type Binary = string | Uint8Array;

/** Longer values stay bytes: decoding them to text costs more than it helps, and they are nearly always bodies. */
export const maxTextBytes = 64 * 1024;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes of a binary (UTF-8 for text). The result of a `Uint8Array` is the same object: never change it. */
export function toBytes(value: Binary): Uint8Array {
  return typeof value === 'string' ? encoder.encode(value) : value;
}

/** Text of a binary, or `undefined` when its bytes are not valid UTF-8. */
export function toText(value: Binary): string | undefined {
  if (typeof value === 'string') return value;
  try {
    return strictDecoder.decode(value);
  } catch {
    return undefined;
  }
}

/** The in-memory form of some bytes: text if a person would call it text, else the bytes as they are. */
export function binary(bytes: Uint8Array): Binary {
  if (bytes.length > maxTextBytes) return bytes;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return bytes;
  }
  return toText(bytes) ?? bytes;
}

/** Number of bytes. */
export function byteLength(value: Binary): number {
  if (typeof value !== 'string') return value.length;
  // ASCII is by far the most common: count without encoding.
  return /^[\x00-\x7f]*$/.test(value) ? value.length : encoder.encode(value).length;
}

/** Whether a value has more than `bytes` bytes. */
export function isLongerThan(value: Binary, bytes: number): boolean {
  // A string has at least as many bytes as characters, and at most three times as many.
  return value.length > bytes || (value.length * 3 > bytes && byteLength(value) > bytes);
}

export function isBinary(value: unknown): value is Binary {
  return typeof value === 'string' || value instanceof Uint8Array;
}

export function sameBytes(a: Binary, b: Binary): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b;
  return compareBytes(a, b) === 0;
}

/** Bytewise order, shorter first on a common prefix: negative, zero or positive. */
export function compareBytes(a: Binary, b: Binary): number {
  const x = toBytes(a);
  const y = toBytes(b);
  const n = Math.min(x.length, y.length);
  for (let i = 0; i < n; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// ---- keys -------------------------------------------------------------------------------------------------------------------

/** Lone surrogates stand for bad bytes in keys; anything else that is ill-formed cannot come from bytes. */
const escapedByte = /[\udc80-\udcff]/;

/** The key spelt by these bytes. Invalid UTF-8 bytes become U+DC00 + byte. */
export function keyFromBytes(bytes: Uint8Array): string {
  const text = toText(bytes);
  if (text !== undefined) return text;
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const length = utf8Length(bytes, i);
    if (length === 0) out += String.fromCharCode(0xdc00 + bytes[i++]!);
    else {
      out += strictDecoder.decode(bytes.subarray(i, i + length));
      i += length;
    }
  }
  return out;
}

/** The bytes of a key, inverse of {@link keyFromBytes}. */
export function keyToBytes(key: string): Uint8Array {
  if (key.isWellFormed() || !escapedByte.test(key)) return encoder.encode(key);
  const out: number[] = [];
  for (const char of key) {
    const code = char.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) out.push(code - 0xdc00);
    else out.push(...encoder.encode(char));
  }
  return Uint8Array.from(out);
}

/** Bytewise order of keys. */
export function compareKeys(a: string, b: string): number {
  // UTF-16 order equals byte order as long as neither side reaches the surrogates.
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x < 0xd800 && y < 0xd800 ? x - y : compareBytes(keyToBytes(a), keyToBytes(b));
  }
  return a.length - b.length;
}

/** Whether two lists hold the same keys in the same order. */
export function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((key, i) => key === b[i]));
}

/** Length of the valid UTF-8 sequence at `at`, 0 if there is none. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const length =
    first < 0x80
      ? 1
      : first >= 0xc2 && first < 0xe0
        ? 2
        : first >= 0xe0 && first < 0xf0
          ? 3
          : first >= 0xf0 && first < 0xf5
            ? 4
            : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  return toText(bytes.subarray(at, at + length)) === undefined ? 0 : length;
}

// ---- base64 -----------------------------------------------------------------------------------------------------------------

/** Unpadded base64url. 32 bytes give 43 characters. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

const urlAlphabet = { alphabet: 'base64url', lastChunkHandling: 'loose' } as const;
const standardAlphabet = { alphabet: 'base64', lastChunkHandling: 'loose' } as const;

/**
 * Decodes either alphabet, padded or not, left-over bits ignored (spec 02 §0 `dec64`).
 * `undefined` for any other character or an impossible length.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x3d) end--;
  const digits = end === text.length ? text : text.slice(0, end);
  const isUrl = !digits.includes('+') && !digits.includes('/');
  if (isUrl || !(digits.includes('-') || digits.includes('_'))) return decoded(digits, isUrl);
  return decoded(digits.replaceAll('-', '+').replaceAll('_', '/'), false);
}

/** Strict standard base64 with padding, as key ids need it; `undefined` when malformed. */
export function fromStrictBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decoded(padding === 0 ? text : text.slice(0, -padding), false);
}

/** The bytes of digits without padding. Nothing is looked at twice: the decoder finds what is wrong. */
function decoded(digits: string, isUrl: boolean): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(digits, isUrl ? urlAlphabet : standardAlphabet);
    // It passes over white space and padding.
    return bytes.length === Math.floor((digits.length * 3) / 4) && digits.length % 4 !== 1 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

// ---- ids --------------------------------------------------------------------------------------------------------------------

/** "Looks like an id": 32, 42 or 43 bytes long, whatever the content (spec 01 §0.2). */
export function isId(value: unknown): value is Binary {
  if (!isBinary(value) || value.length > 43) return false;
  const n = byteLength(value);
  return n === 32 || n === 42 || n === 43;
}

/** Human form: 43 base64url characters, or a 42-character address as it is. `undefined` for other lengths. */
export function humanId(value: Binary): string | undefined {
  const n = byteLength(value);
  if (n === 32) return toBase64Url(toBytes(value));
  return n === 42 || n === 43 ? toText(value) : undefined;
}

/** Native form: 32 bytes; 42-byte addresses unchanged. `undefined` for other lengths or invalid base64. */
export function nativeId(value: Binary): Uint8Array | undefined {
  const n = byteLength(value);
  if (n === 32 || n === 42) return toBytes(value);
  const text = n === 43 ? toText(value) : undefined;
  return text === undefined ? undefined : fromBase64(text);
}
