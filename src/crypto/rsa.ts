/**
 * RSA-PSS over 4096-bit keys, as Arweave and httpsig use it: exponent 65537, MGF1 with the message's hash, salt as long as that hash when
 * signing, any salt length when verifying (JavaScript libraries use the maximum).
 *
 * A public key arrives as its bare modulus. Turning it into OpenSSL's form makes a verification a fifth slower (measured: 115 µs against
 * 95), so the last few are kept: a pure function's memory, bounded, and the one mutable thing in this module. Signing and verifying run on
 * Node's thread pool, in turns (pool-turns.ts).
 */
import { constants, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { toBase64Url } from '../core/bytes.ts';
import { poolTurns } from './pool-turns.ts';

export type PssHash = 'sha256' | 'sha512';

/** Bytes of a modulus and of a signature. */
export const rsaBytes = 512;

const saltBytes = { sha256: 32, sha512: 64 } as const;
const maxCachedKeys = 256;
const publicKeys = new Map<string, KeyObject>();

/** Signs `data`. The key must be an RSA private key. */
export function rsaSign(algorithm: PssHash, key: KeyObject, data: Uint8Array): Promise<Uint8Array> {
  const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltBytes[algorithm] };
  return new Promise((resolve, reject) => {
    poolTurns.sign((done) =>
      sign(algorithm, data, options, (error, signature) => {
        done();
        if (error) reject(error);
        else resolve(new Uint8Array(signature.buffer, signature.byteOffset, signature.byteLength));
      }),
    );
  });
}

/** Whether `signature` over `data` was made with the key of this modulus. False for anything malformed. */
export function rsaVerify(
  algorithm: PssHash,
  modulus: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve) => {
    const key = publicKey(modulus);
    if (key === undefined || signature.length !== modulus.length) return resolve(false);
    const options = {
      key,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_AUTO,
    };
    poolTurns.verify((done) =>
      verify(algorithm, data, options, signature, (error, valid) => {
        done();
        resolve(error === null && valid);
      }),
    );
  });
}

function publicKey(modulus: Uint8Array): KeyObject | undefined {
  if (modulus.length !== rsaBytes) return undefined;
  const n = toBase64Url(modulus);
  const cached = publicKeys.get(n);
  if (cached !== undefined) {
    // Re-inserting keeps the table in order of use.
    publicKeys.delete(n);
    publicKeys.set(n, cached);
    return cached;
  }
  try {
    const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
    if (publicKeys.size >= maxCachedKeys) publicKeys.delete(publicKeys.keys().next().value!);
    publicKeys.set(n, key);
    return key;
  } catch {
    return undefined;
  }
}
