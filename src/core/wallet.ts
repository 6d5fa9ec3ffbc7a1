/** The signing side of a key pair, as the core and the codecs see it. Implementations live in `crypto/`. */

export type SignatureScheme = 'rsa-pss-sha512' | 'rsa-pss-sha256' | 'ed25519' | 'ethereum';

export interface Wallet {
  readonly keyType: 'rsa' | 'ed25519' | 'ethereum';
  /** RSA: the 512-byte big-endian modulus. Ed25519: 32 bytes. Ethereum: the 65-byte uncompressed point. */
  readonly publicKey: Uint8Array;
  /** Address in human form: 43 characters, or 42 for Ethereum (spec 02 §7). */
  readonly address: string;
  /** Signs `data` off the main thread where it is expensive. Fails with `bad-commitment` for a scheme the key can't do. */
  sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array>;
}
