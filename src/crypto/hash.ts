/**
 * Hashes, one-shot and synchronous. The SHA-2 family comes from OpenSSL; Keccak from `@noble/hashes`, because not every build of Node
 * has it. All results are plain `Uint8Array`s.
 */
import { createHmac, hash } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';

export function sha256(bytes: Uint8Array): Uint8Array {
  return plain(hash('sha256', bytes, 'buffer'));
}

/** SHA-384 as text of one byte a character. Text input is hashed as UTF-8. */
export function sha384Latin1(input: string | Uint8Array): string {
  return hash('sha384', input, 'latin1');
}

export function sha512(bytes: Uint8Array): Uint8Array {
  return plain(hash('sha512', bytes, 'buffer'));
}

/** Keccak-256 as Ethereum uses it: not the same as SHA3-256. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccak_256(bytes);
}

/** A `Buffer` without its class: `Buffer` overrides `subarray`, `toString` and equality in ways that leak into values. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** SHA-256 as text. Text input is hashed as UTF-8 without a copy. */
export function sha256Base64(input: string | Uint8Array): string {
  return hash('sha256', input, 'base64');
}

/** SHA-256 as unpadded base64url. */
export function sha256Base64Url(input: string | Uint8Array): string {
  return hash('sha256', input, 'base64url');
}

/** HMAC-SHA-256 as unpadded base64url. */
export function hmacSha256Base64Url(key: Uint8Array, input: string | Uint8Array): string {
  return createHmac('sha256', key).update(input).digest('base64url');
}

/**
 * HMAC-SHA-256 of texts under one key of 1 to 64 ASCII characters, as unpadded base64url; throws a `RangeError` for any other key. For a key that everybody knows and that is used
 * all the time: the two hashes of an HMAC (RFC 2104) with what the key comes to worked out once.
 */
export function hmacUnder(key: string): (input: string | Uint8Array) => string {
  if (!/^[\x00-\x7f]{1,64}$/.test(key)) throw new RangeError('The key is not 1 to 64 ASCII characters.');
  const padded = (pad: number): Uint8Array =>
    Uint8Array.from({ length: 64 }, (_, i) => (i < key.length ? key.charCodeAt(i) : 0) ^ pad);
  // ASCII again, so that as text it is hashed as these very bytes.
  const inner = String.fromCharCode(...padded(0x36));
  const outer = Buffer.concat([padded(0x5c), new Uint8Array(32)]);
  return (input) => {
    if (typeof input !== 'string') return hmacSha256Base64Url(Buffer.from(key), input);
    outer.write(hash('sha256', inner + input, 'latin1'), 64, 32, 'latin1');
    return hash('sha256', outer, 'base64url');
  };
}
