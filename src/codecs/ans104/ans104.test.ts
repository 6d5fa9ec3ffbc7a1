/** Messages as data items, against the gold vectors of both dialects. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { codecEnvironment } from '../../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../../test/support/notation.ts';
import { dialectSuite, vectorSuite } from '../../../test/support/vectors.ts';
import { type Binary, fromBase64, toBase64, toBase64Url, toBytes } from '../../core/bytes.ts';
import type { DialectName } from '../../core/dialect.ts';
import type { Environment } from '../../core/environment.ts';
import { AoException } from '../../core/errors.ts';
import { id } from '../../core/ids.ts';
import { isMessage, type Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { type Jwk, walletFromJwk } from '../../crypto/wallet.ts';
import { fromTabm, toTabm } from '../structured.ts';
import { ans104 } from './ans104.ts';
import { Item, itemId, unsignedItemId } from './item.ts';
import { verifyItem } from './sign-item.ts';

const wallet = walletFromJwk(
  JSON.parse(readFileSync(new URL('../../../test/vectors/keys/rsa4096-1.json', import.meta.url), 'utf8')) as Jwk,
);
type Case = { readonly [key: string]: Json };
const folders = [
  ['2025-09', 'reference'],
  ['2025-11', 'reference-2025-11'],
] as const satisfies readonly (readonly [DialectName, string])[];
const environment = (dialect: DialectName): Environment => codecEnvironment(dialect, [ans104]);

const decode = async (raw: Uint8Array, env: Environment): Promise<Value> =>
  fromTabm(await ans104.toTabm(raw, {}, env), env);
const encode = async (message: Value, env: Environment, bundle = false): Promise<Uint8Array> =>
  toBytes((await ans104.fromTabm(toTabm(message, bundle ? 'inline' : 'link', env), { bundle }, env)) as Binary);
const bytes = (base64: Json | undefined): Uint8Array => fromBase64(base64 as string)!;
const failed = (json: Json | undefined): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && 'error' in json;

/** The record of an item as the vectors show it. */
function record(item: Item): Case {
  const binaryField = (field: Uint8Array): Json => (field.length === 0 ? '' : { $bin: toBase64(field) });
  return {
    anchor: binaryField(item.anchor),
    target: binaryField(item.target),
    data_b64: toBase64(item.data),
    id: item.signed ? toBase64Url(itemId(item)) : null,
    unsigned_id: toBase64Url(unsignedItemId(item)),
    tags: item.tags.map((tag) => [tag.name, toNotation(fromNotation({ $bin: toBase64(tag.value) }))]),
    raw_b64: toBase64(item.bytes),
  };
}

async function verifies(message: Message, env: Environment): Promise<boolean> {
  const commitments = message.get('commitments');
  if (!isMessage(commitments)) return true;
  for (const [id, commitment] of commitments.entries()) {
    const tabm = toTabm(message, 'inline', env) as Message;
    if (!(await ans104.committer!.verify(tabm, id, commitment as Message, {}, env))) return false;
  }
  return true;
}

for (const [dialect, folder] of folders) {
  vectorSuite<Case>(`${folder}/ans104-items.json`, async ({ raw_b64, result }) => {
    const env = environment(dialect);
    const item = new Item(bytes(raw_b64));
    const expected = result as Case;
    if (failed(expected)) {
      expect(() => ans104.toTabm(item.bytes, {}, env)).toThrow();
      return;
    }
    const message = await decode(item.bytes, env);
    expect(toNotation(message)).toEqual(normal(expected['structured']!));
    expect(toBase64Url(itemId(item))).toBe(expected['id']);
    expect(toBase64Url(unsignedItemId(item))).toBe(expected['unsigned_id']);
    expect(await verifyItem(item)).toBe(expected['verify_item']);
    if (!isMessage(message)) return;
    expect(await encode(message, env)).toEqual(item.bytes);
    expect(await verifies(message, env)).toBe(expected['verify_item']);
  });

  vectorSuite<Case>(`${folder}/ans104-records.json`, async (vector) => {
    const env = environment(dialect);
    for (const part of ['signed', 'unsigned'] as const) {
      const expected = vector[part] as Case;
      if (expected === undefined) continue;
      const { back, structured } = expected as { readonly back: Case; readonly structured: Json };
      const given = vector[`${part}_tx`] ?? back['tx'];
      const raw = bytes((given as Case)['raw_b64']);
      const message = await decode(raw, env);
      expect(toNotation(message), part).toEqual(normal(structured));
      const again = new Item(await encode(message, env));
      if (part === 'signed') {
        expect(again.bytes).toEqual(raw);
        expect(await verifies(message as Message, env)).toBe(true);
      } else expect(record(again)).toEqual(back['tx']);
    }
  });
}

/** The fields of `messages.json` that concern data items. */
async function checkMessage(vector: Case, dialect: DialectName): Promise<void> {
  const env = environment(dialect);
  const message = fromNotation(vector['input']!);
  for (const [field, bundle] of [
    ['ans104', false],
    ['ans104_bundle', true],
  ] as const) {
    const expected = vector[field];
    if (expected === undefined) continue;
    if (failed(expected)) {
      await expect(encode(message, env, bundle), field).rejects.toThrow(AoException);
      continue;
    }
    const item = new Item(await encode(message, env, bundle));
    expect(record(item), field).toEqual(expected);
    const decoded = vector[`${field}_decoded`];
    if (decoded === undefined) continue;
    if (failed(decoded)) await expect(decode(item.bytes, env), field).rejects.toThrow(AoException);
    else expect(toNotation(await decode(item.bytes, env)), `${field}_decoded`).toEqual(normal(decoded));
  }
}

dialectSuite<Case>('messages.json', checkMessage, 'ans104');

vectorSuite<Case>('reference-2025-11/list-bundles.json', async (vector) => {
  for (const part of ['signed', 'unsigned'] as const) {
    const env = environment('2025-11');
    const expected = vector[part] as Case;
    const raw = bytes(expected['raw_b64']);
    const message = await decode(raw, env);
    expect(toNotation(message), part).toEqual(normal(expected['structured']!));
    expect(id(message, 'signed', env)).toBe(expected['id_all']);
    expect(id(message, 'unsigned', env)).toBe(expected['id_none']);
    expect(await verifies(message as Message, env)).toBe(expected['verify_all']);
    const same = toBase64(await encode(message, env, true)) === expected['raw_b64'];
    expect(same).toBe(expected['reserialized_equal']);
  }
});

const signsItem = (vector: Case): boolean =>
  (vector['ans104_decoded'] as Case | undefined)?.['commitments'] !== undefined;

/** The message with the id and the signature of its one commitment blanked. */
function withoutSignature(message: Json): Json {
  const { commitments, ...keys } = message as Case;
  const [commitment] = Object.values(commitments as Case) as [Case];
  return { ...keys, commitment: { ...commitment, signature: '' } };
}

/** A signed item of the vectors reads, verifies and re-encodes; and signing the same message gives the same item but for the signature. */
async function checkSigned(vector: Case, dialect: DialectName): Promise<void> {
  const env = { ...environment(dialect), wallet };
  const expected = vector['ans104'] as Case;
  const raw = bytes(expected['raw_b64']);
  const decoded = await decode(raw, env);
  expect((decoded as Message).get('commitments')).toHaveProperty('size', 1);
  expect(id(decoded, 'signed', env)).toBe(toBase64Url(itemId(new Item(raw))));
  // Where only the commitment differs between the states, the file shows the newer one but not its item.
  expect(withoutSignature(toNotation(decoded))).toEqual(withoutSignature(normal(vector['ans104_decoded']!)));
  const whole = toTabm(decoded, 'inline', env);
  expect(toBytes((await ans104.fromTabm(whole, {}, env)) as Binary)).toEqual(raw);
  expect(await verifies(decoded as Message, env)).toBe(vector['ans104_verify_item']);
  // The same bytes on nodes of the other states.
  for (const other of ['2025-09', '2025-11', '2026'] as const) {
    const elsewhere = environment(other);
    const there = await decode(raw, elsewhere);
    expect(await verifies(there as Message, elsewhere)).toBe(vector['ans104_verify_item']);
    expect(await ans104.fromTabm(toTabm(there, 'inline', elsewhere), {}, elsewhere)).toEqual(raw);
  }

  const steps = vector['sign_with'] as readonly { readonly spec: Json }[];
  if (steps.length !== 1) return;
  const spec = fromNotation(steps[0]!.spec);
  const bundle = isMessage(spec) && spec.get('bundle') === true;
  const tabm = toTabm(fromNotation(vector['input']!), bundle ? 'inline' : 'link', env) as Message;
  const committed = await ans104.committer!.commit(tabm, { type: 'signed', bundle }, env);
  const item = new Item(toBytes((await ans104.fromTabm(committed, {}, env)) as Binary));
  expect(record(item)['tags']).toEqual(expected['tags']);
  expect(toBase64Url(unsignedItemId(item))).toBe(expected['unsigned_id']);
  expect(await verifyItem(item)).toBe(true);
}

dialectSuite<Case>('signed.json', checkSigned, 'ans104', signsItem);
