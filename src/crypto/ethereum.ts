/** What Ethereum wallets sign: a message with a prefix that no transaction can have (EIP-191). */
import { concatBytes } from '../core/bytes.ts';
import { keccak256 } from './hash.ts';
import { secp256k1Recover } from './secp256k1.ts';

const encoder = new TextEncoder();

/** The digest of "\x19Ethereum Signed Message:\n", the decimal length and the message. */
export function ethereumDigest(message: Uint8Array): Uint8Array {
  return keccak256(concatBytes(encoder.encode(`\x19Ethereum Signed Message:\n${message.length}`), message));
}

/** Whether the key of this 65-byte point signed `message`. */
export function ethereumVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const signer = secp256k1Recover(ethereumDigest(message), signature);
  return signer !== undefined && publicKey.length === signer.length && signer.every((byte, i) => byte === publicKey[i]);
}
