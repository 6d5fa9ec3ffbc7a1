/** Messages as data items, against the gold vectors of both dialects. */
import { expect, test } from 'vitest';
import { codecEnvironment } from '../../../test/support/codec-environment.ts';
import { fromNotation, type Json, normal, toNotation } from '../../../test/support/notation.ts';
import { vectorSuite } from '../../../test/support/vectors.ts';
import { type Binary, fromBase64, toBase64, toBase64Url, toBytes } from '../../core/bytes.ts';
import type { Dialect, DialectName } from '../../core/dialect.ts';
import type { Environment } from '../../core/environment.ts';
import { isMessage, type Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { fromTabm, toTabm } from '../structured.ts';
import { ans104 } from './ans104.ts';
import { Item, itemId, unsignedItemId } from './item.ts';
import { verifyItem } from './sign-item.ts';

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
function record(item: Item): Json {
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
void (0 as unknown as Dialect);
void test;
