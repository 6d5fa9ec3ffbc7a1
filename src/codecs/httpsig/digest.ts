/** `content-digest` (RFC 9530) of a received body. */
import { type Binary, fromBase64, sameBytes, toBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import type { Value } from '../../core/value.ts';
import { sha256, sha256Base64, sha512 } from '../../crypto/hash.ts';

/** Raises `bad-signature` unless a `content-digest` that is there is that of the body. */
export function checkDigest(header: Value | undefined, body: Binary): void {
  if (header === undefined || digestMatches(header, body)) return;
  raise('bad-signature', 'The `content-digest` that a signature covers is not the digest of the body.');
}

/** Whether the header names the body's digest by at least one known algorithm and by no wrong one. In either base64, as clients write it. */
export function digestMatches(header: Value | undefined, body: Binary): boolean {
  if (typeof header !== 'string') return false;
  // As nearly everybody writes it.
  if (header.startsWith('sha-256=:') && header === `sha-256=:${sha256Base64(body)}:`) return true;
  /** A header may name an algorithm often; the body is hashed once. */
  const own = new Map<string, Uint8Array>();
  for (const [, algorithm, text] of header.matchAll(/(sha-256|sha-512)=:([A-Za-z0-9+/_=-]{0,100}):/g)) {
    const hash = algorithm === 'sha-256' ? sha256 : sha512;
    const actual = own.get(algorithm!) ?? hash(toBytes(body));
    own.set(algorithm!, actual);
    const digest = fromBase64(text!);
    if (digest === undefined || !sameBytes(digest, actual)) return false;
  }
  return own.size > 0;
}
