/** Ed25519 signatures: 32-byte public keys, 64-byte signatures, deterministic. */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { toBase64Url } from '../core/bytes.ts';

export const ed25519KeyBytes = 32;
export const ed25519SignatureBytes = 64;

/** Signs `data`. The key must be an Ed25519 private key. */
export function ed25519Sign(key: KeyObject, data: Uint8Array): Uint8Array {
  const signature = sign(null, data, key);
  return new Uint8Array(signature.buffer, signature.byteOffset, signature.byteLength);
}

/** Whether `signature` over `data` was made with the key of these 32 bytes. False for anything malformed. */
export function ed25519Verify(publicKey: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ed25519KeyBytes || signature.length !== ed25519SignatureBytes) return false;
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) }, format: 'jwk' });
    return verify(null, data, key, signature);
  } catch {
    return false;
  }
}
