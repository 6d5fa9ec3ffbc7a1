/** RSA-PSS with a 4096-bit key as OpenSSL does it, through node:crypto alone: the limit that signatures are measured against. */
import { constants, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Jwk } from '../../src/crypto/wallet.ts';

const signAsync = promisify(sign) as (alg: string, data: Uint8Array, key: object) => Promise<Buffer>;
const verifyAsync = promisify(verify) as (
  alg: string,
  data: Uint8Array,
  key: object,
  signature: Uint8Array,
) => Promise<boolean>;

export interface RawRsa {
  readonly jwk: Jwk;
  /** Bytes of the length of an ordinary signature base, and a signature of them. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  sign(): Promise<Uint8Array>;
  verify(): Promise<boolean>;
}

export async function rawRsa(): Promise<RawRsa> {
  const file = new URL('../../test/vectors/keys/rsa4096-1.json', import.meta.url);
  const jwk = JSON.parse(readFileSync(file, 'utf8')) as Jwk;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const own = { key: createPrivateKey({ key: jwk, format: 'jwk' }), padding, saltLength: 64 };
  const theirs = {
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  };
  const data = new TextEncoder().encode('a signature base of ordinary length '.repeat(10));
  const signature = await signAsync('sha512', data, own);
  return {
    jwk,
    data,
    signature,
    sign: () => signAsync('sha512', data, own),
    verify: () => verifyAsync('sha512', data, theirs, signature),
  };
}
