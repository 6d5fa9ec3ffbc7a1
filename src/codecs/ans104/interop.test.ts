/**
 * Against the libraries that the permaweb's clients use: what they sign we verify, what we sign they verify. Of every kind of key.
 */
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  ArweaveSigner,
  bundleAndSignData,
  createData,
  DataItem,
  EthereumSigner,
  HexSolanaSigner,
  InjectedAptosSigner,
  MultiSignatureAptosSigner,
  type Signer,
  SolanaSigner,
  TypedEthereumSigner,
} from '@dha-team/arbundles';
import Arweave from 'arweave';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../../test/support/codec-environment.ts';
import { type Binary, fromBase64, toBase64Url, toBytes } from '../../core/bytes.ts';
import { commit } from '../../core/commit.ts';
import type { Environment } from '../../core/environment.ts';
import { Message, message } from '../../core/message.ts';
import { signers, verify } from '../../core/verify.ts';
import type { Wallet } from '../../core/wallet.ts';
import { type Jwk, walletFromJwk } from '../../crypto/wallet.ts';
import { httpsig } from '../httpsig.ts';
import { fromTabm, structured, toTabm } from '../structured.ts';
import { tx } from '../tx.ts';
import { ans104 } from './ans104.ts';
import { parseBundle } from './bundle.ts';
import { Item, itemId } from './item.ts';
import { signItem, verifyItem } from './sign-item.ts';
import { tag } from './tags.ts';

const jwk = (name: string): Jwk & { readonly [field: string]: string } =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/keys/${name}.json`, import.meta.url), 'utf8')) as never;
const rsa = jwk('rsa4096-1');
const ed25519 = jwk('ed25519-1');
const ethereum = jwk('secp256k1-1');
const env = codecEnvironment('2025-11', [structured, httpsig, ans104, tx]);

/** Aptos wallets live in browsers; these sign as one does. */
const edKey = createPrivateKey({
  key: { kty: 'OKP', crv: 'Ed25519', x: ed25519['x']!, d: ed25519['d']! },
  format: 'jwk',
});
const edPublic = Buffer.from(fromBase64(ed25519['x']!)!);
const aptos = new InjectedAptosSigner(
  {
    signMessage: async ({ message: text, nonce }: { message: string; nonce: string }) => ({
      signature: sign(null, Buffer.from(`APTOS\nmessage: ${text}\nnonce: ${nonce}`), edKey).toString('hex'),
    }),
  } as never,
  edPublic,
);
const manyKeys = Buffer.alloc(1025);
manyKeys.set(edPublic, 0);
manyKeys.set(edPublic, 5 * 32);
manyKeys[1024] = 2;
const multiAptos = (bitmap: readonly number[]): Signer =>
  new MultiSignatureAptosSigner(manyKeys, async (data: Uint8Array) => ({
    signatures: bitmap.map(() => sign(null, data, edKey)),
    bitmap: [...bitmap],
  }));

const theirs: readonly (readonly [string, Signer])[] = [
  ['rsa-pss-sha256', new ArweaveSigner(rsa as never)],
  ['ed25519-sha512', new SolanaSigner(ed25519['_solana_secret_base58']!)],
  ['ethereum', new EthereumSigner(ethereum['_private_hex']!)],
  ['solana', new HexSolanaSigner(ed25519['_solana_secret_base58']!)],
  ['aptos', aptos as unknown as Signer],
  ['multi-aptos', multiAptos([0, 5])],
  ['typed_ethereum', new TypedEthereumSigner(ethereum['_private_hex']!)],
];

const anchor = 'anchor-of-exactly-32-bytes-abcde';
const target = toBase64Url(new Uint8Array(32).fill(9));
const clientTags = [
  { name: 'Data-Protocol', value: 'ao' },
  { name: 'Type', value: 'Message' },
  { name: 'lower', value: 'ünïcode' },
  { name: 'Lower', value: 'again, with "quotes" and: colons' },
  { name: 'data', value: 'a tag' },
  { name: 'Anchor', value: 'another tag' },
  { name: 'target', value: 'a third' },
];

async function read(raw: Uint8Array, within: Environment): Promise<Message> {
  return fromTabm(await ans104.toTabm(raw, {}, within), within) as Message;
}

async function write(held: Message, within: Environment): Promise<Uint8Array> {
  return toBytes((await ans104.fromTabm(toTabm(held, 'inline', within), {}, within)) as Binary);
}

describe('[row codecs/4/other key types, codecs/4/anchor and target exposed] items signed by arbundles', () => {
  for (const [type, signer] of theirs) {
    for (const [kind, options] of [
      ['bare', {}],
      ['everything', { tags: clientTags, anchor, target }],
    ] as const) {
      test(`${type}, ${kind}: read, verified, written back to the byte`, async () => {
        const item = createData('the data', signer, options as never);
        await item.sign(signer);
        const raw = new Uint8Array(item.getRaw());
        expect(await verifyItem(new Item(raw))).toBe(true);
        const held = await read(raw, env);
        expect(await write(held, env)).toEqual(raw);
        expect(await verify(held, env)).toBe(true);
        const [address] = await signers(held, env);
        expect(address).toBe(new Item(raw).type.address(new Item(raw).owner));
        if (kind === 'everything') expect(held.get('anchor')).toBe(toBase64Url(toBytes(anchor)));
        const changed = held.with('data', 'other data');
        expect(await verify(changed, env)).toBe(false);
      });
    }
  }

  test('a multi-signature below its threshold is none', async () => {
    const signer = multiAptos([5]);
    const item = createData('the data', signer);
    await item.sign(signer);
    expect(await item.isValid()).toBe(true);
    expect(await verifyItem(new Item(new Uint8Array(item.getRaw())))).toBe(false);
  });

  test('bundles, and bundles in bundles', async () => {
    const [, signer] = theirs[0]!;
    const items = theirs.slice(0, 4).map(([, one]) => createData('data', one, { tags: clientTags.slice(0, 3) }));
    for (const [i, item] of items.entries()) await item.sign(theirs[i]![1]);
    const inner = await bundleAndSignData(items, signer);
    const raw = new Uint8Array(inner.getRaw());
    expect(parseBundle(raw, 10).items).toHaveLength(4);
    const tags = [
      { name: 'Bundle-Format', value: 'binary' },
      { name: 'Bundle-Version', value: '2.0.0' },
    ];
    const outer = createData(Buffer.from(raw), signer, { tags });
    await outer.sign(signer);
    const held = await read(new Uint8Array(outer.getRaw()), env);
    expect([...held.keys()].sort()).toEqual(['1', '2', '3', '4', 'commitments']);
    expect(await verify(held, env)).toBe(true);
    for (const key of ['1', '2', '3', '4']) expect(await verify(held.get(key) as Message, env)).toBe(true);
    expect(await write(held, env)).toEqual(new Uint8Array(outer.getRaw()));
    const tampered = (held.get('2') as Message).with('type', 'Other');
    expect(await verify(held.with('2', tampered), env)).toBe(false);
  });
});

describe('items signed by us', () => {
  const wallets: readonly (readonly [string, Wallet])[] = [
    ['rsa', walletFromJwk(rsa)],
    ['ed25519', walletFromJwk(ed25519)],
    ['ethereum', walletFromJwk(ethereum)],
  ];
  for (const [name, wallet] of wallets) {
    test(`${name}: arbundles verifies them`, async () => {
      const tags = clientTags.map(({ name: key, value }) => tag(key, value));
      const item = await signItem(
        { tags, anchor: toBytes(anchor), target: new Uint8Array(32).fill(9), data: toBytes('d') },
        wallet,
      );
      const again = new DataItem(Buffer.from(item.bytes));
      expect(await again.isValid()).toBe(true);
      expect(again.id).toBe(toBase64Url(itemId(item)));
      expect(again.tags).toEqual(clientTags);
      expect(await verifyItem(item)).toBe(true);
    });

    test(`${name}: messages committed with ans104@1.0`, async () => {
      const held = await commit(
        message({ 'Upper-Key': 'Eval', n: 1, data: 'x', target, Nested: { a: 1, b: ['x'] } }),
        env,
        message({ 'commitment-device': 'ans104@1.0' }),
        wallet,
      );
      expect(await signers(held, env)).toEqual([wallet.address]);
      expect(held.get('upper-key')).toBe('Eval');
      expect(held.get('nested')).toBeInstanceOf(Message);
      const linked = toTabm(held, 'link', env) as Message;
      const item = new DataItem(Buffer.from(toBytes((await ans104.fromTabm(linked, {}, env)) as Binary)));
      expect(await item.isValid()).toBe(true);
      expect(item.target).toBe(target);
    });
  }
});

describe('transactions', () => {
  const arweave = Arweave.init({});

  test('signed by arweave.js, verified by us', async () => {
    for (const data of ['', 'DATA', 'z'.repeat(262_145)]) {
      const theirsTx = await arweave.createTransaction(
        { data, target, quantity: '7', reward: '8', last_tx: toBase64Url(toBytes(anchor)) },
        rsa as never,
      );
      theirsTx.addTag('App-Name', 'x');
      await arweave.transactions.sign(theirsTx, rsa as never);
      const json = JSON.stringify({ ...theirsTx.toJSON(), data: toBase64Url(theirsTx.data) });
      for (const dialect of ['2025-11', '2026'] as const) {
        const within = codecEnvironment(dialect, [structured, httpsig, ans104, tx]);
        const held = fromTabm(await tx.toTabm(json, {}, within), within) as Message;
        expect(await verify(held, within)).toBe(true);
        expect(held.get('app-name')).toBe('x');
        const again = JSON.parse((await tx.fromTabm(toTabm(held, 'inline', within) as Message, {}, within)) as string);
        for (const field of ['id', 'last_tx', 'owner', 'target', 'quantity', 'data_root', 'data_size', 'reward']) {
          expect(again[field]).toBe((theirsTx.toJSON() as unknown as Record<string, unknown>)[field]);
        }
      }
    }
  });

  test('signed by us, verified by arweave.js', async () => {
    for (const dialect of ['2025-11', '2026'] as const) {
      const within = codecEnvironment(dialect, [structured, httpsig, ans104, tx], walletFromJwk(rsa));
      const held = await commit(
        message({ 'app-name': 'x', data: 'DATA', target, quantity: '7', reward: '8' }),
        within,
        message({ 'commitment-device': 'tx@1.0' }),
      );
      const json = JSON.parse((await tx.fromTabm(toTabm(held, 'inline', within) as Message, {}, within)) as string);
      const theirsTx = arweave.transactions.fromRaw({ ...json, data: fromBase64(json.data) });
      expect(await arweave.transactions.verify(theirsTx)).toBe(true);
    }
  });
});
