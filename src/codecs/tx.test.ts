/** Layer-1 transactions against the gold vectors and against arweave.js. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../test/support/notation.ts';
import { vectorSuite } from '../../test/support/vectors.ts';
import { fromBase64, toBase64, toBase64Url, toBytes } from '../core/bytes.ts';
import { convert } from '../core/convert.ts';
import { AoException } from '../core/errors.ts';
import { id } from '../core/ids.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import type { Value } from '../core/value.ts';
import { type Jwk, walletFromJwk } from '../crypto/wallet.ts';
import { ans104 } from './ans104/ans104.ts';
import { httpsig } from './httpsig.ts';
import { loadAll } from './load.ts';
import { structured, toTabm } from './structured.ts';
import { dataRoot } from './tx/data-root.ts';
import {
  isSigned,
  readTransaction,
  transactionData,
  unsignedTransactionId,
  verifyTransaction,
} from './tx/transaction.ts';
import { tx } from './tx.ts';

type Case = { readonly [key: string]: Json };
const key = JSON.parse(readFileSync(new URL('../../test/vectors/keys/rsa4096-1.json', import.meta.url), 'utf8')) as Jwk;
const wallet = walletFromJwk(key);
const environment = () => codecEnvironment('2025-11', [structured, httpsig, ans104, tx], wallet);
const cut = '&';

/** Long texts of the vectors follow from their notes. */
const longInputs: { readonly [name: string]: Value } = {
  'large-data': message({ data: '0123456789abcdef'.repeat(20_000) }),
  'data-256k': message({ data: 'z'.repeat(262_144) }),
  'data-256k-plus-1': message({ data: 'z'.repeat(262_145) }),
};

/** A transaction as the vectors show it. */
function record(json: string): Case {
  const transaction = readTransaction(json, 1000);
  const { format, anchor, data, dataRoot: root, dataSize, quantity, reward, tags, target } = transaction;
  return {
    format,
    anchor: toBase64Url(anchor),
    data_b64: data.length > 10_000 ? cut : toBase64(data),
    data_root: toBase64Url(root),
    data_size: Number(dataSize),
    quantity,
    reward,
    tags: tags.map((tag) => [tag.name, toNotation(fromNotation({ $bin: toBase64(tag.value) }))]),
    target: toBase64Url(target),
    unsigned_id: toBase64Url(unsignedTransactionId(transaction)),
    id: isSigned(transaction) ? (JSON.parse(json) as { id: string }).id : null,
    json: shortened(JSON.parse(json) as Case),
    signature_data_b64: toBase64(transactionData(transaction)),
  };
}

function shortened(json: Case): Case {
  return (json['data'] as string).length > 10_000 ? { ...json, data: cut } : json;
}

/** The record without what differs by long data that the vectors leave out. */
const comparable = (given: Case): Case => ({
  ...given,
  json: shortened(given['json'] as Case),
  data_b64: (given['data_b64'] as string).length > 10_000 ? cut : given['data_b64']!,
});

vectorSuite<Case>('reference-2025-11/tx.json', async (vector) => {
  const env = environment();
  const long = longInputs[vector['name'] as string];
  const input = (long ?? fromNotation(vector['input']!)) as Message;
  const bundle = vector['bundle'] === true;
  const format = message({ device: 'tx@1.0', ...(bundle ? { bundle } : {}) });

  const unsigned = (await convert(input, format, undefined, env)) as string;
  expect(record(unsigned)).toEqual(comparable(vector['unsigned'] as Case));

  // The signed transaction of the vector: read, verified, written again.
  const given = vector['signed'] as { readonly json: Case } & Case;
  const data = long === undefined ? given.json['data']! : toBase64Url(toBytes((long as Message).get('data') as string));
  const text = JSON.stringify({ ...given.json, data });
  const transaction = readTransaction(text, 1000);
  expect(await verifyTransaction(transaction)).toBe(vector['verify_tx']);
  const decoded = (await convert(text, 'structured@1.0', 'tx@1.0', env)) as Message;
  if (long === undefined) expect(toNotation(decoded)).toEqual(normal(vector['decoded']!));
  else expect(toNotation(decoded.get('commitments')!)).toEqual(normal((vector['decoded'] as Case)['commitments']!));
  expect(id(decoded, 'signed', env)).toBe(vector['id_all']);
  expect(id(decoded, 'unsigned', env)).toBe(vector['id_none']);
  const tabm = toTabm(decoded, 'inline', env) as Message;
  expect(record((await tx.fromTabm(tabm, {}, env)) as string)).toEqual(comparable(given));
  const [[commitmentId, commitment]] = [...(decoded.get('commitments') as Message).entries()] as [[string, Message]];
  const verify = async (held: Message): Promise<boolean> =>
    tx.committer!.verify(held, commitmentId, commitment, {}, env);
  expect(await verify(tabm)).toBe(vector['verify_all']);
  const [first] = [...tabm.keys()].filter((name) => name !== 'commitments') as [string];
  expect(await verify(tabm.with(first, 'tampered'))).toBe(false);

  // Ours: the same but for the signature.
  const source = toTabm(input, bundle ? 'inline' : 'link', env) as Message;
  const committed = await tx.committer!.commit(source, { type: 'signed', bundle }, env);
  const [[ownId, own]] = [...(committed.get('commitments') as Message).entries()] as [[string, Message]];
  expect(await tx.committer!.verify(committed, ownId, own, {}, env)).toBe(true);
  expect(toNotation(own.without('signature'))).toEqual(toNotation(commitment.without('signature')));

  // Decoding an unsigned one, with children loaded as the dialect's store gives them.
  if (long !== undefined) return;
  const plain = (await convert(unsigned, 'structured@1.0', 'tx@1.0', env)) as Message;
  expect(toNotation(bundle ? plain : await loadAll(plain, env))).toEqual(normal(vector['unsigned_decoded']!));
});

describe('tx', () => {
  test('an unsigned commitment names the transaction', async () => {
    const env = environment();
    const committed = await tx.committer!.commit(message({ a: '1' }), { type: 'unsigned' }, env);
    const [[commitmentId, commitment]] = [...(committed.get('commitments') as Message).entries()] as [
      [string, Message],
    ];
    expect(await tx.committer!.verify(committed, commitmentId, commitment, {}, env)).toBe(true);
    expect(await tx.committer!.verify(committed.with('a', '2'), commitmentId, commitment, {}, env)).toBe(false);
  });

  test('data that are not those of the data root are refused', async () => {
    const env = environment();
    const json = JSON.parse((await tx.fromTabm(message({ data: 'DATA' }), {}, env)) as string) as Case;
    for (const change of [
      { data: toBase64Url(toBytes('DATO')) },
      { data_size: '5' },
      { data_root: 'x' },
      { owner: 'AA' },
    ]) {
      expect(() => tx.toTabm(JSON.stringify({ ...json, ...change }), {}, env)).toThrow(AoException);
    }
    expect(isMessage(await tx.toTabm(JSON.stringify(json), {}, env))).toBe(true);
  });

  test('a transaction without its data keeps its data root and verifies', async () => {
    const env = environment();
    const signed = await tx.committer!.commit(message({ data: 'DATA', a: '1' }), { type: 'signed' }, env);
    const json = JSON.parse((await tx.fromTabm(signed, {}, env)) as string) as Case;
    const bare = (await tx.toTabm(JSON.stringify({ ...json, data: '' }), {}, env)) as Message;
    const [[commitmentId, commitment]] = [...(bare.get('commitments') as Message).entries()] as [[string, Message]];
    expect(bare.has('data')).toBe(false);
    expect(commitment.get('field-data_size')).toBe('4');
    expect(await tx.committer!.verify(bare, commitmentId, commitment, {}, env)).toBe(true);
    expect(JSON.parse((await tx.fromTabm(bare, {}, env)) as string)).toEqual({ ...json, data: '' });
  });

  test('malformed JSON gives a typed error', () => {
    const env = environment();
    for (const text of [
      '',
      '[]',
      '7',
      '{}',
      '{"format":3}',
      '{"owner":5}',
      'null',
      '{"tags":[1]}',
      '{"denomination":"1"}',
    ]) {
      expect(() => tx.toTabm(text, {}, env)).toThrow(AoException);
    }
  });

  test('both ways of cutting chunks agree where no chunk is small', () => {
    const data = new Uint8Array(700_000).fill(7);
    expect(dataRoot(data, 'plain')).toEqual(dataRoot(data, 'balanced'));
    const small = data.subarray(0, 262_145);
    expect(dataRoot(small, 'plain')).not.toEqual(dataRoot(small, 'balanced'));
    expect(fromBase64('')).toEqual(dataRoot(new Uint8Array(0), 'plain'));
  });
});
