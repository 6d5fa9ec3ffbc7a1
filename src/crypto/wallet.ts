/**
 * Wallets: key pairs that sign. A wallet comes from a JWK file (RSA-4096, secp256k1 as Ethereum uses it, or Ed25519), or is generated
 * (RSA-4096, Arweave's default).
 *
 * The private part lives in a `#private` field: it shows up neither in logs nor in JSON, and leaves a wallet only by {@link walletToJwk}.
 */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { fromBase64, toBase64Url } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import type { SignatureScheme, Wallet } from '../core/wallet.ts';
import { arweaveAddress, ethereumAddress } from './addresses.ts';
import { ed25519Sign } from './ed25519.ts';
import { ethereumDigest } from './ethereum.ts';
import { bad, checkField, type Jwk, privateBytes, type RsaJwk, rsaJwk } from './jwk.ts';
import { rsaSign } from './rsa.ts';
import { secp256k1PublicKey, secp256k1Sign } from './secp256k1.ts';

export type { Jwk } from './jwk.ts';

/** A wallet of ours, which can be written to a file again. */
interface ExportableWallet extends Wallet {
  exportJwk(): Jwk;
}

class RsaWallet implements ExportableWallet {
  readonly keyType = 'rsa';
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly #jwk: RsaJwk;
  readonly #key: KeyObject;

  constructor(jwk: RsaJwk) {
    this.#jwk = jwk;
    this.#key = createPrivateKey({ key: { ...jwk }, format: 'jwk' });
    this.publicKey = fromBase64(jwk.n)!;
    this.address = arweaveAddress(this.publicKey);
  }

  async sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array> {
    if (scheme === 'rsa-pss-sha256') return rsaSign('sha256', this.#key, data);
    if (scheme === 'rsa-pss-sha512') return rsaSign('sha512', this.#key, data);
    return cannot(this, scheme);
  }

  exportJwk(): Jwk {
    return { ...this.#jwk };
  }
}

class Ed25519Wallet implements ExportableWallet {
  readonly keyType = 'ed25519';
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
    this.publicKey = fromBase64(key.export({ format: 'jwk' }).x!)!;
    this.address = arweaveAddress(this.publicKey);
  }

  async sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array> {
    return scheme === 'ed25519' ? ed25519Sign(this.#key, data) : cannot(this, scheme);
  }

  exportJwk(): Jwk {
    const { x, d } = this.#key.export({ format: 'jwk' });
    return { kty: 'OKP', crv: 'Ed25519', x, d };
  }
}

class EthereumWallet implements ExportableWallet {
  readonly keyType = 'ethereum';
  readonly publicKey: Uint8Array;
  readonly address: string;
  readonly #privateKey: Uint8Array;

  constructor(privateKey: Uint8Array, publicKey: Uint8Array) {
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
    this.address = ethereumAddress(publicKey);
  }

  /** `ethereum` signs the text "\x19Ethereum Signed Message:\n<length><data>", as wallets show it to people. */
  async sign(scheme: SignatureScheme, data: Uint8Array): Promise<Uint8Array> {
    return scheme === 'ethereum' ? secp256k1Sign(this.#privateKey, ethereumDigest(data)) : cannot(this, scheme);
  }

  exportJwk(): Jwk {
    const x = toBase64Url(this.publicKey.subarray(1, 33));
    const y = toBase64Url(this.publicKey.subarray(33));
    return { kty: 'EC', crv: 'secp256k1', x, y, d: toBase64Url(this.#privateKey) };
  }
}

/** The wallet of a private JWK. Throws `bad-encoding` if it is not one. */
export function walletFromJwk(jwk: Jwk): Wallet {
  if (jwk.kty === 'RSA') return new RsaWallet(rsaJwk(jwk));
  if (jwk.kty === 'EC' && jwk['crv'] === 'secp256k1') return ethereumWallet(jwk);
  if (jwk.kty === 'OKP' && jwk['crv'] === 'Ed25519') return ed25519Wallet(jwk);
  return bad('its type is none that can sign');
}

/** The private JWK of a wallet that came from {@link walletFromJwk} or {@link generateWallet}. Handle with care. */
export function walletToJwk(wallet: Wallet): Jwk {
  if ('exportJwk' in wallet) return (wallet as ExportableWallet).exportJwk();
  return bad('it does not live in this process');
}

/** A new RSA-4096 wallet. Takes a second or so, on the thread pool. */
export function generateWallet(): Promise<Wallet> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: 4096, publicExponent: 65537 }, (error, _publicKey, privateKey) => {
      if (error) reject(error);
      else resolve(new RsaWallet(rsaJwk(privateKey.export({ format: 'jwk' }) as Jwk)));
    });
  });
}

function ethereumWallet(jwk: Jwk): Wallet {
  const privateKey = privateBytes(jwk);
  let publicKey: Uint8Array;
  try {
    publicKey = secp256k1PublicKey(privateKey);
  } catch {
    return bad('its private part is not a number of the curve');
  }
  checkField(jwk, 'x', publicKey.subarray(1, 33));
  checkField(jwk, 'y', publicKey.subarray(33));
  return new EthereumWallet(privateKey, publicKey);
}

/** The start of a PKCS #8 document that holds 32 bytes of Ed25519: OpenSSL derives the public key, so `x` may be missing or wrong. */
const pkcs8Ed25519 = Uint8Array.fromHex('302e020100300506032b657004220420');

function ed25519Wallet(jwk: Jwk): Wallet {
  const der = new Uint8Array([...pkcs8Ed25519, ...privateBytes(jwk)]);
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  const wallet = new Ed25519Wallet(key);
  checkField(jwk, 'x', wallet.publicKey);
  return wallet;
}

function cannot(wallet: Wallet, scheme: SignatureScheme): never {
  return raise(
    'bad-commitment',
    `A key of type ${wallet.keyType} cannot sign with ${scheme}.`,
    'Ask for a commitment type that fits the key, or give another wallet.',
  );
}
