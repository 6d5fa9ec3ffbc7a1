/**
 * ECDSA over secp256k1, as Ethereum uses it: 65-byte uncompressed public keys, 65-byte signatures `r s v`, v = 27 or 28. Everything works
 * on a 32-byte digest; the caller hashes.
 *
 * Only one spelling of a signature counts: s in the lower half of the order, v from 27. The other ones (the mirrored s, v from 0) would be
 * as valid, and anybody can make them from the first; but the id of a message is the hash of its signature, and a message that has been
 * signed once must not be had under a second id.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js';

const secp256k1SignatureBytes = 65;

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
  const bit = v - 27;
  if (bit !== 0 && bit !== 1) return undefined;
  try {
    if (secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact').hasHighS()) return undefined;
    const recovered = new Uint8Array(secp256k1SignatureBytes);
    recovered[0] = bit;
    recovered.set(signature.subarray(0, 64), 1);
    const compressed = secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
    return secp256k1.Point.fromBytes(compressed).toBytes(false);
  } catch {
    return undefined;
  }
}
