/**
 * Signatures of types 5 and 6: Aptos wallets.
 *
 *   5  one key      Ed25519 over the text the wallet shows: "APTOS\nmessage: <hex of the data>\nnonce: bundlr"
 *   6  many keys    owner      32 keys of 32 bytes, and the threshold (1 byte)
 *                   signature  32 signatures of 64 bytes, and a bitmap (4 bytes, first key = highest bit) of those that are there
 *
 * Libraries check type 6 without its threshold, and so accept an empty bitmap. We ask for at least the threshold and at least one.
 */
import { ed25519KeyBytes, ed25519SignatureBytes, ed25519Verify } from '../../crypto/ed25519.ts';

const maxKeys = 32;

export const multiAptosOwnerBytes: number = maxKeys * ed25519KeyBytes + 1;
export const multiAptosSignatureBytes: number = maxKeys * ed25519SignatureBytes + 4;

export function aptosVerify(owner: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  const shown = `APTOS\nmessage: ${data.toHex()}\nnonce: bundlr`;
  return ed25519Verify(owner, new TextEncoder().encode(shown), signature);
}

export function multiAptosVerify(owner: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean {
  if (owner.length !== multiAptosOwnerBytes || signature.length !== multiAptosSignatureBytes) return false;
  const threshold = Math.max(1, owner[multiAptosOwnerBytes - 1]!);
  const bitmap = signature.subarray(multiAptosSignatureBytes - 4);
  let valid = 0;
  for (let i = 0; i < maxKeys; i++) {
    if ((bitmap[i >> 3]! & (0x80 >> (i & 7))) === 0) continue;
    const key = owner.subarray(i * ed25519KeyBytes, (i + 1) * ed25519KeyBytes);
    const one = signature.subarray(i * ed25519SignatureBytes, (i + 1) * ed25519SignatureBytes);
    if (!ed25519Verify(key, data, one)) return false;
    valid++;
  }
  return valid >= threshold;
}
