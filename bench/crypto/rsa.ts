/**
 * RSA-PSS with 4096-bit keys through our wallet and verifier, beside OpenSSL as node:crypto gives it. The two take turns: measured one after
 * the other on a busy machine, verifying looked like anything between 42 and 117 % of OpenSSL.
 */
import { rsaVerify } from '../../src/crypto/rsa.ts';
import { walletFromJwk } from '../../src/crypto/wallet.ts';
import { against, type Report, shareFigure } from '../harness.ts';
import { rawRsa } from '../support/raw-rsa.ts';

const parallel = 8;

export async function bench(report: Report): Promise<void> {
  const raw = await rawRsa();
  const { data, signature } = raw;
  const wallet = walletFromJwk(raw.jwk);
  const signing = { parallel, run: raw.sign };
  const signs = await against(signing, { parallel, run: () => wallet.sign('rsa-pss-sha512', data) });
  report.figure(shareFigure('RSA-4096 sign', 'OpenSSL', signs, 0.95));
  const checking = { parallel, run: raw.verify };
  const verifies = await against(checking, {
    parallel,
    run: () => rsaVerify('sha512', wallet.publicKey, data, signature),
  });
  report.figure(shareFigure('RSA-4096 verify', 'OpenSSL', verifies, 0.95));
}
