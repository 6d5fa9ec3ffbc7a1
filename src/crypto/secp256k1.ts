/**
 * ECDSA over secp256k1, as Ethereum uses it: 65-byte uncompressed public keys, 65-byte signatures `r s v`, v = 27 or 28 (0 and 1 are read
 * as well). Everything works on a 32-byte digest; the caller hashes.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js';

export const secp256k1SignatureBytes = 65;

/** The uncompressed public key of a 32-byte private key. Throws if it is not one. */
export function secp256k1PublicKey(privateKey: Uint8Array): Uint8Array {
  return secp256k1.getPublicKey(privateKey, false);
}

export function secp256k1Sign(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const recovered = secp256k1.sign(digest, privateKey, { prehash: false, format: 'recovered' });
  const out = new Uint8Array(secp256k1SignatureBytes);
  out.set(recovered.subarray(1));
  out[64] = 27 + recovered[0]!;
  return out;
}

/** The uncompressed public key that made `signature`; `undefined` if there is none. */
export function secp256k1Recover(digest: Uint8Array, signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== secp256k1SignatureBytes) return undefined;
  const v = signature[64]!;
  const bit = v >= 27 ? v - 27 : v;
  if (bit > 1) return undefined;
  try {
    const recovered = new Uint8Array(secp256k1SignatureBytes);
    recovered[0] = bit;
    recovered.set(signature.subarray(0, 64), 1);
    const compressed = secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
    return secp256k1.Point.fromBytes(compressed).toBytes(false);
  } catch {
    return undefined;
  }
}
