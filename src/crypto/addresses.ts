/**
 * Addresses (spec 02 §7): what a public key is called. Arweave-style keys by the base64url of their SHA-256, Ethereum keys by the
 * checksummed hex of their Keccak hash (EIP-55), Solana keys by their own bytes in base58.
 */
import { toBase64Url } from '../core/bytes.ts';
import { keccak256, sha256 } from './hash.ts';

/** The address of an RSA modulus, an Ed25519 key or a compressed ECDSA key: 43 characters. */
export function arweaveAddress(publicKey: Uint8Array): string {
  return toBase64Url(sha256(publicKey));
}

/** The EIP-55 address of a 65-byte uncompressed point (leading 04): 42 characters. */
export function ethereumAddress(publicKey: Uint8Array): string {
  return checksummed(keccak256(publicKey.subarray(1)).subarray(12).toHex());
}

/** A `0x…` address with the capitals EIP-55 gives it; `undefined` if it is not 20 bytes of hex. */
export function normalizeEthereumAddress(text: string): string | undefined {
  return /^0x[0-9a-fA-F]{40}$/.test(text) ? checksummed(text.slice(2).toLowerCase()) : undefined;
}

/** A letter of the hex text is a capital where the hash of the text has a digit of 8 or more. */
function checksummed(hex: string): string {
  const digest = keccak256(new TextEncoder().encode(hex)).toHex();
  let out = '0x';
  for (let i = 0; i < hex.length; i++) out += digest.charCodeAt(i) >= 0x38 ? hex[i]!.toUpperCase() : hex[i]!;
  return out;
}

/** The Solana address of an Ed25519 key. */
export function solanaAddress(publicKey: Uint8Array): string {
  return base58(publicKey);
}

const base58Digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Base58, for inputs as short as keys: the time grows with the square of the length. */
export function base58(bytes: Uint8Array): string {
  let zeros = 0;
  while (zeros < bytes.length && bytes[zeros] === 0) zeros++;
  let number = 0n;
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  let out = '';
  for (; number > 0n; number /= 58n) out = base58Digits[Number(number % 58n)]! + out;
  return '1'.repeat(zeros) + out;
}
