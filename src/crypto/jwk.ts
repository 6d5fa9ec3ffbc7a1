/**
 * JSON Web Keys as wallet files hold them (spec 02 §7), read from text or parsed JSON into checked numbers. A reduced RSA key
 * (`n`, `e`, `d` only, `e` padded to four bytes) is completed; one whose numbers don't belong together is refused.
 *
 * No error of this module quotes a private field.
 */
import { fromBase64, toBase64Url } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { rsaBytes } from './rsa.ts';
import { modInverse, rsaPrimes } from './rsa-primes.ts';

/** A key as it stands in a wallet file. Other fields are ignored. */
export interface Jwk {
  readonly kty: string;
  readonly [field: string]: unknown;
}

export interface RsaJwk {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: 'AQAB';
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
}

/** A complete RSA private key. */
export function rsaJwk(jwk: Jwk): RsaJwk {
  const n = number(jwk, 'n');
  const d = number(jwk, 'd');
  if (jwk['e'] !== undefined && number(jwk, 'e') !== 65537n) bad('its public exponent `e` is not 65537');
  if (n >> 4095n !== 1n) bad('its modulus `n` is not 4096 bits long');
  let p: bigint;
  let q: bigint;
  if (jwk['p'] !== undefined && jwk['q'] !== undefined) {
    p = number(jwk, 'p');
    q = number(jwk, 'q');
  } else {
    const primes = rsaPrimes(n, 65537n, d);
    if (primes === undefined) bad('`n` and `d` do not belong together');
    ({ p, q } = primes);
  }
  if (p * q !== n || p === 1n || q === 1n) bad('its primes do not multiply to `n`');
  if ((d * 65537n) % (p - 1n) !== 1n || (d * 65537n) % (q - 1n) !== 1n) bad('`d` does not belong to its primes');
  const half = rsaBytes / 2;
  return {
    kty: 'RSA',
    n: text(n, rsaBytes),
    e: 'AQAB',
    d: text(d, rsaBytes),
    p: text(p, half),
    q: text(q, half),
    dp: text(d % (p - 1n), half),
    dq: text(d % (q - 1n), half),
    qi: text(modInverse(q, p), half),
  };
}

/** The 32 private bytes `d` of an elliptic-curve key. */
export function privateBytes(jwk: Jwk): Uint8Array {
  const d = field(jwk, 'd');
  if (d.length !== 32) bad('its private part `d` is not 32 bytes long');
  return d;
}

/** A field of the key, if it is there, must hold exactly these bytes. */
export function checkField(jwk: Jwk, name: string, expected: Uint8Array): void {
  if (jwk[name] === undefined) return;
  const value = field(jwk, name);
  if (value.length !== expected.length || value.some((byte, i) => byte !== expected[i])) {
    bad(`\`${name}\` does not belong to \`d\``);
  }
}

/** Refuses a key. */
export function bad(why: string): never {
  raise('bad-encoding', `The key cannot be used: ${why}.`, 'Give a JWK: RSA 4096 bits, EC secp256k1, or OKP Ed25519.');
}

function field(jwk: Jwk, name: string): Uint8Array {
  const value = jwk[name];
  if (typeof value !== 'string') bad(`it has no field \`${name}\``);
  return fromBase64(value) ?? bad(`\`${name}\` is not base64url`);
}

function number(jwk: Jwk, name: string): bigint {
  const bytes = field(jwk, name);
  if (bytes.length === 0 || bytes.length > rsaBytes + 1) bad(`\`${name}\` has the wrong length`);
  return BigInt(`0x${bytes.toHex()}`);
}

function text(value: bigint, length: number): string {
  return toBase64Url(Uint8Array.fromHex(value.toString(16).padStart(2 * length, '0')));
}
