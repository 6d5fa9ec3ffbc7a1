/**
 * RSA-PSS with 4096-bit keys through our wallet and verifier, beside OpenSSL as node:crypto gives it. The two take turns: measured one after
 * the other on a busy machine, verifying looked like anything between 42 and 117 % of OpenSSL.
 */
import { constants, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { rsaVerify } from '../../src/crypto/rsa.ts';
import { walletFromJwk } from '../../src/crypto/wallet.ts';
import { against, type Report, shareFigure } from '../harness.ts';

const rawSign = promisify(sign) as (alg: string, data: Uint8Array, key: object) => Promise<Buffer>;
const rawVerify = promisify(verify) as (
  alg: string,
  data: Uint8Array,
  key: object,
  sig: Uint8Array,
) => Promise<boolean>;
const parallel = 8;

export async function bench(report: Report): Promise<void> {
  const jwk = JSON.parse(readFileSync(new URL('../../test/vectors/keys/rsa4096-1.json', import.meta.url), 'utf8'));
  const wallet = walletFromJwk(jwk);
  const data = new TextEncoder().encode('a signature base of ordinary length '.repeat(10));
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const key = { key: createPrivateKey({ key: jwk, format: 'jwk' }), padding, saltLength: 64 };
  const pub = {
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_AUTO,
  };
  const signature = await rawSign('sha512', data, key);

  const raw = { parallel, run: () => rawSign('sha512', data, key) };
  const signs = await against(raw, { parallel, run: () => wallet.sign('rsa-pss-sha512', data) });
  report.figure(shareFigure('RSA-4096 sign', 'OpenSSL', signs, 0.95));
  const check = { parallel, run: () => rawVerify('sha512', data, pub, signature) };
  const verifies = await against(check, {
    parallel,
    run: () => rsaVerify('sha512', wallet.publicKey, data, signature),
  });
  report.figure(shareFigure('RSA-4096 verify', 'OpenSSL', verifies, 0.95));
}
