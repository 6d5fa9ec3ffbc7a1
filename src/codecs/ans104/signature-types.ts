/**
 * The signature types of ANS-104 (spec 02 §4.4): how long signature and owner are, what is signed, and what the signer is called. The
 * only place that knows them; adding a type is adding a row.
 */
import { toBase64Url, toText } from '../../core/bytes.ts';
import type { SignatureScheme } from '../../core/wallet.ts';
import { ethereumAddress, normalizeEthereumAddress, solanaAddress } from '../../crypto/addresses.ts';
import { ed25519Verify } from '../../crypto/ed25519.ts';
import { ethereumVerify } from '../../crypto/ethereum.ts';
import { sha256 } from '../../crypto/hash.ts';
import { rsaVerify } from '../../crypto/rsa.ts';
import { aptosVerify, multiAptosOwnerBytes, multiAptosSignatureBytes, multiAptosVerify } from './aptos.ts';
import { typedEthereumVerify } from './typed-ethereum.ts';

export interface SignatureType {
  /** The number on the wire. */
  readonly number: number;
  /** The commitment's `type`. */
  readonly name: string;
  readonly signatureBytes: number;
  readonly ownerBytes: number;
  /** What a wallet of ours has to do to sign this way; absent: we only verify it. */
  readonly scheme?: SignatureScheme;
  /** Whether `owner` signed `data`, the item's signature data. False for anything malformed; never throws. */
  verify(owner: Uint8Array, data: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /** The signer's address in human form. */
  address(owner: Uint8Array): string;
}

const hashed = (owner: Uint8Array): string => toBase64Url(sha256(owner));

const types: readonly SignatureType[] = [
  {
    number: 1,
    name: 'rsa-pss-sha256',
    signatureBytes: 512,
    ownerBytes: 512,
    scheme: 'rsa-pss-sha256',
    verify: (owner, data, signature) => rsaVerify('sha256', owner, data, signature),
    address: hashed,
  },
  {
    number: 2,
    name: 'ed25519-sha512',
    signatureBytes: 64,
    ownerBytes: 32,
    scheme: 'ed25519',
    verify: ed25519Verify,
    address: hashed,
  },
  {
    number: 3,
    name: 'ethereum',
    signatureBytes: 65,
    ownerBytes: 65,
    scheme: 'ethereum',
    verify: ethereumVerify,
    address: ethereumAddress,
  },
  {
    number: 4,
    name: 'solana',
    signatureBytes: 64,
    ownerBytes: 32,
    // Solana wallets sign text only, so the data is signed as hex.
    verify: (owner, data, signature) => ed25519Verify(owner, new TextEncoder().encode(data.toHex()), signature),
    address: solanaAddress,
  },
  { number: 5, name: 'aptos', signatureBytes: 64, ownerBytes: 32, verify: aptosVerify, address: hashed },
  {
    number: 6,
    name: 'multi-aptos',
    signatureBytes: multiAptosSignatureBytes,
    ownerBytes: multiAptosOwnerBytes,
    verify: multiAptosVerify,
    address: hashed,
  },
  {
    number: 7,
    name: 'typed_ethereum',
    signatureBytes: 65,
    ownerBytes: 42,
    verify: typedEthereumVerify,
    address: (owner) => normalizeEthereumAddress(toText(owner) ?? '') ?? hashed(owner),
  },
];

/** Type 1, also that of unsigned items. */
export const rsaType: SignatureType = types[0]!;

export function signatureType(number: number): SignatureType | undefined {
  return types[number - 1];
}

export function signatureTypeByName(name: string): SignatureType | undefined {
  return types.find((type) => type.name === name);
}

/** The type in which a wallet that signs with `scheme` signs items. */
export function signatureTypeByScheme(scheme: SignatureScheme): SignatureType | undefined {
  return types.find((type) => type.scheme === scheme);
}
