/** Keys, hashes and addresses against published values (spec 02 §4.3, §7). */
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { toBase64Url } from '../core/bytes.ts';
import { AoException } from '../core/errors.ts';
import { arweaveAddress, base58, ethereumAddress, normalizeEthereumAddress } from './addresses.ts';
import { type DeepHashInput, deepHash } from './deep-hash.ts';
import { ed25519Verify } from './ed25519.ts';
import { ethereumVerify } from './ethereum.ts';
import { hmacSha256Base64Url, hmacUnder, keccak256, sha256, sha512 } from './hash.ts';
import { rsaVerify } from './rsa.ts';
import { generateWallet, type Jwk, walletFromJwk, walletToJwk } from './wallet.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = <T>(path: string): T =>
  JSON.parse(readFileSync(new URL(`../../test/vectors/${path}`, import.meta.url), 'utf8')) as T;
const key = (name: string): Jwk & { readonly [field: string]: string } => read(`keys/${name}.json`);

describe('hashes', () => {
  test('[row codecs/7/keccak256, codecs/7/sha256 chain] known values', () => {
    expect(keccak256(bytes('testing')).toHex()).toBe(
      '5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02',
    );
    const id = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? n : 0));
    const chain = sha256(Uint8Array.from([...id(1), ...id(2)]));
    expect(chain.toHex()).toBe('d6ba9329f8932c12192b37849f772104d20048f76434a3290512d9d814e4116f');
  });

  test('results are plain byte arrays', () => {
    for (const hash of [sha256, sha512, keccak256]) {
      expect(hash(bytes('x')).constructor).toBe(Uint8Array);
    }
  });

  test('HMAC-SHA-256', () => {
    const said = 'The quick brown fox jumps over the lazy dog';
    const expected = Buffer.from('f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8', 'hex');
    expect(hmacSha256Base64Url(bytes('key'), bytes(said))).toBe(expected.toString('base64url'));
    expect(hmacSha256Base64Url(bytes('key'), said)).toBe(expected.toString('base64url'));
    const hmac = hmacUnder('key');
    expect([hmac(said), hmac(bytes(said)), hmac(said)]).toEqual(Array(3).fill(expected.toString('base64url')));
    const other = 'Größe 10 €';
    for (const key of ['', 'ä', 'x'.repeat(65)]) expect(() => hmacUnder(key)).toThrow(RangeError);
    expect(hmac(other)).toBe(hmacSha256Base64Url(bytes('key'), bytes(other)));
  });

  interface DeepHashCase {
    readonly name: string;
    readonly input_utf8: string | readonly unknown[];
    readonly sha384_hex: string;
  }
  for (const vector of read<{ cases: readonly DeepHashCase[] }>('codecs/deep-hash.json').cases) {
    test(`[vector codecs/deep-hash.json#${vector.name}]`, () => {
      const tree = (input: unknown): DeepHashInput => (Array.isArray(input) ? input.map(tree) : bytes(input as string));
      expect(deepHash(tree(vector.input_utf8)).toHex()).toBe(vector.sha384_hex);
    });
  }
});

describe('addresses', () => {
  test('[row codecs/7/Ethereum address] the address of a 65-byte point is checksummed', () => {
    const point = Uint8Array.fromBase64(
      'BAoixXds4JhW42pzlLb83B3-I21lX78j3Q7cPaoFiCjMgjYwYLDj-xL132J147ifZFwRBmzmEMC8eYAXzbRNWuA',
      { alphabet: 'base64url' },
    );
    const digest = keccak256(point.subarray(1)).toHex();
    expect([digest.slice(0, 8), digest.slice(-8)]).toEqual(['12f9afe6', '189bd77e']);
    expect(ethereumAddress(point)).toBe('0xb7B4360F7F6298dE2e7a11009270F35F189Bd77E');
    expect(normalizeEthereumAddress('0xb7b4360f7f6298de2e7a11009270f35f189bd77e')).toBe(ethereumAddress(point));
    expect(normalizeEthereumAddress('0xb7')).toBeUndefined();
  });

  test('base58 keeps leading zeros', () => {
    expect(base58(Uint8Array.from([0, 0, 1, 2, 255]))).toBe('11LiA');
    const jwk = key('ed25519-1');
    expect(base58(walletFromJwk(jwk).publicKey)).toBe(jwk['_solana_address_base58']);
  });
});

describe('wallets', () => {
  test('an RSA wallet signs with both hashes and has the address of its modulus', async () => {
    const wallet = walletFromJwk(key('rsa4096-1'));
    expect(wallet.address).toBe('48MuC1RmQNL6R8C0exlGXGU-RckYJdqoKykBcf279gY');
    for (const hash of ['sha256', 'sha512'] as const) {
      const signature = await wallet.sign(`rsa-pss-${hash}`, bytes('data'));
      expect(await rsaVerify(hash, wallet.publicKey, bytes('data'), signature)).toBe(true);
      expect(await rsaVerify(hash, wallet.publicKey, bytes('dato'), signature)).toBe(false);
      expect(await rsaVerify(hash, wallet.publicKey.subarray(1), bytes('data'), signature)).toBe(false);
    }
    await expect(wallet.sign('ed25519', bytes('x'))).rejects.toThrow(AoException);
  });

  test('a reduced key with a padded exponent is completed', () => {
    const { n, d, p, q } = key('rsa4096-2');
    const wallet = walletFromJwk({ kty: 'RSA', ext: true, e: 'AAEAAQ', n, d });
    const jwk = walletToJwk(wallet);
    expect(wallet.address).toBe('Kmn2WfmxrWgtcUJUQp8fUKbl64RuCtm7w6s4yEmonlQ');
    expect([jwk['p'], jwk['q']].sort()).toEqual([p, q].sort());
    expect(jwk['e']).toBe('AQAB');
    expect(walletFromJwk(jwk).address).toBe(wallet.address);
  });

  test('an Ed25519 wallet signs as OpenSSL verifies', async () => {
    const jwk = key('ed25519-1');
    const wallet = walletFromJwk(jwk);
    const signature = await wallet.sign('ed25519', bytes('data'));
    expect(ed25519Verify(wallet.publicKey, bytes('data'), signature)).toBe(true);
    expect(ed25519Verify(wallet.publicKey, bytes('date'), signature)).toBe(false);
    expect(ed25519Verify(wallet.publicKey.subarray(1), bytes('data'), signature)).toBe(false);
    const open = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: jwk['x'] as string }, format: 'jwk' });
    expect(verify(null, bytes('data'), open, signature)).toBe(true);
    expect(wallet.address).toBe(arweaveAddress(wallet.publicKey));
  });

  test('a secp256k1 wallet signs as Ethereum does', async () => {
    const jwk = key('secp256k1-1');
    const wallet = walletFromJwk(jwk);
    expect(wallet.publicKey.toHex()).toBe(jwk['_public_uncompressed_hex']);
    expect(wallet.address).toBe(jwk['_ethereum_address']);
    const signature = await wallet.sign('ethereum', bytes('data'));
    expect(ethereumVerify(wallet.publicKey, bytes('data'), signature)).toBe(true);
    expect(ethereumVerify(wallet.publicKey, bytes('date'), signature)).toBe(false);
    expect(ethereumVerify(wallet.publicKey, bytes('data'), signature.subarray(1))).toBe(false);
  });

  test('a generated wallet survives its file', async () => {
    const wallet = await generateWallet();
    const again = walletFromJwk(JSON.parse(JSON.stringify(walletToJwk(wallet))) as Jwk);
    expect(again.address).toBe(wallet.address);
    const signature = await again.sign('rsa-pss-sha512', bytes('x'));
    expect(await rsaVerify('sha512', wallet.publicKey, bytes('x'), signature)).toBe(true);
  }, 120_000);

  test('no way of printing a wallet shows its private part', () => {
    for (const name of ['rsa4096-1', 'ed25519-1', 'secp256k1-1']) {
      const jwk = key(name);
      const wallet = walletFromJwk(jwk);
      const printed = `${inspect(wallet, { depth: 9, showHidden: true })} ${JSON.stringify(wallet)} ${String(wallet)}`;
      const d = jwk['d'] as string;
      expect(printed).not.toContain(d.slice(0, 20));
      expect(printed).not.toContain(Uint8Array.fromBase64(d, { alphabet: 'base64url' }).toHex().slice(0, 20));
    }
  });

  test('keys that are not keys are refused by name, without quoting them', () => {
    const rsa = key('rsa4096-1');
    const wrong: readonly Jwk[] = [
      { kty: 'RSA' },
      { kty: 'oct', k: 'secret-secret' },
      { ...rsa, n: 7 },
      { ...rsa, d: '***secret-secret***' },
      { ...rsa, e: 'AQAC' },
      { ...rsa, p: rsa['q'] },
      { ...rsa, d: key('rsa4096-2')['d'] },
      { kty: 'RSA', e: 'AQAB', n: rsa['n'], d: key('rsa4096-2')['d'] },
      { kty: 'RSA', e: 'AQAB', n: toBase64Url(new Uint8Array(512).fill(255)), d: toBase64Url(bytes('secret-secret')) },
      { ...key('ed25519-1'), x: toBase64Url(new Uint8Array(32)) },
      { ...key('secp256k1-1'), d: toBase64Url(new Uint8Array(32)) },
      { ...key('secp256k1-1'), x: toBase64Url(new Uint8Array(31)) },
    ];
    for (const jwk of wrong) {
      let thrown: unknown;
      try {
        walletFromJwk(jwk);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(AoException);
      expect(inspect(thrown, { depth: 9 })).not.toContain('secret-secret');
    }
  });
});
