/**
 * Arweave's layer-1 transactions (spec 02 §4.11), as JSON and as what is signed.
 *
 *   format 2   deepHash [ "2", owner, target, quantity, reward, anchor, [[name, value] …], data size, data root ]
 *   format 1   owner target data quantity reward anchor name value …, back to back
 *
 * RSA keys only, and denomination 0: the network has no other yet that the reference reads.
 */
import { concatBytes, fromBase64, keyFromBytes, keyToBytes, toBase64Url } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { deepHash } from '../../crypto/deep-hash.ts';
import { sha256 } from '../../crypto/hash.ts';
import { rsaVerify } from '../../crypto/rsa.ts';
import { rsaType } from '../ans104/signature-types.ts';
import type { Tag } from '../ans104/tags.ts';

export interface Transaction {
  readonly format: 1 | 2;
  /** 0, 32 or 48 bytes. */
  readonly anchor: Uint8Array;
  /** Zeros if it is not signed. */
  readonly owner: Uint8Array;
  readonly signature: Uint8Array;
  readonly tags: readonly Tag[];
  /** 0 or 32 bytes. */
  readonly target: Uint8Array;
  /** Decimal numbers of winston. */
  readonly quantity: string;
  readonly reward: string;
  /** May be missing from a transaction of format 2 whose data are elsewhere. */
  readonly data: Uint8Array;
  readonly dataSize: string;
  readonly dataRoot: Uint8Array;
}

export function isSigned({ signature }: Transaction): boolean {
  return signature.some((byte) => byte !== 0);
}

/** The bytes that are signed. */
export function transactionData(tx: Transaction, owner: Uint8Array = tx.owner): Uint8Array {
  const { target, anchor, tags, data } = tx;
  if (tx.format === 1) {
    const pairs = tags.flatMap((tag) => [keyToBytes(tag.name), tag.value]);
    return concatBytes(owner, target, data, text(tx.quantity), text(tx.reward), anchor, ...pairs);
  }
  return deepHash([
    text('2'),
    owner,
    target,
    text(tx.quantity),
    text(tx.reward),
    anchor,
    tags.map((tag) => [keyToBytes(tag.name), tag.value]),
    text(tx.dataSize),
    tx.dataRoot,
  ]);
}

export function unsignedTransactionId(tx: Transaction): Uint8Array {
  return sha256(transactionData(tx, new Uint8Array(rsaType.ownerBytes)));
}

/** Whether the owner signed the transaction. That data and data root belong together is the caller's business. */
export function verifyTransaction(tx: Transaction): Promise<boolean> {
  return rsaVerify('sha256', tx.owner, transactionData(tx), tx.signature);
}

// ---- JSON -------------------------------------------------------------------------------------------------------------------

/** The transaction as Arweave's HTTP interface shows it. */
export function writeTransaction(tx: Transaction): string {
  return JSON.stringify({
    format: tx.format,
    id: toBase64Url(isSigned(tx) ? sha256(tx.signature) : new Uint8Array(32)),
    last_tx: toBase64Url(tx.anchor),
    owner: toBase64Url(tx.owner),
    tags: tx.tags.map(({ name, value }) => ({ name: toBase64Url(keyToBytes(name)), value: toBase64Url(value) })),
    target: toBase64Url(tx.target),
    quantity: tx.quantity,
    data: toBase64Url(tx.data),
    data_size: tx.dataSize,
    data_tree: [],
    data_root: toBase64Url(tx.dataRoot),
    reward: tx.reward,
    signature: toBase64Url(tx.signature),
  });
}

/** The transaction in a JSON text. Raises `bad-encoding`, `limit-exceeded`. */
export function readTransaction(json: string, maxTags: number): Transaction {
  const fields = new Fields(json);
  const format = fields.number('format', '1');
  if (format !== '1' && format !== '2') malformed('its format is neither 1 nor 2');
  if (fields.number('denomination', '0') !== '0') malformed('its denomination is not 0');
  const data = fields.bytes('data');
  return {
    format: format === '1' ? 1 : 2,
    anchor: fields.bytes('last_tx', [0, 32, 48]),
    owner: fields.bytes('owner', [rsaType.ownerBytes]),
    signature: fields.bytes('signature', [rsaType.signatureBytes]),
    tags: fields.tags(maxTags),
    target: fields.bytes('target', [0, 32]),
    quantity: fields.number('quantity', '0'),
    reward: fields.number('reward', '0'),
    data,
    dataSize: fields.number('data_size', String(data.length)),
    dataRoot: fields.bytes('data_root', [0, 32]),
  };
}

class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(json: string) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(json);
    } catch {
      parsed = undefined;
    }
    if (typeof parsed !== 'object' || parsed === null) malformed('it is not a JSON object');
    this.#fields = new Map(Object.entries(parsed));
  }

  /** Base64url of one of these lengths; absent is empty. */
  bytes(name: string, lengths?: readonly number[]): Uint8Array {
    const value = this.#fields.get(name) ?? '';
    const bytes = typeof value === 'string' ? fromBase64(value) : undefined;
    if (bytes === undefined) malformed(`its \`${name}\` is not base64url`);
    if (lengths !== undefined && !lengths.includes(bytes.length))
      malformed(`its \`${name}\` has ${bytes.length} bytes`);
    return bytes;
  }

  /** A decimal number, as text or as a JSON number. */
  number(name: string, fallback: string): string {
    const value = this.#fields.get(name) ?? fallback;
    const spelt = typeof value === 'number' ? String(value) : value;
    if (typeof spelt !== 'string' || !/^(0|[1-9]\d{0,30})$/.test(spelt)) malformed(`its \`${name}\` is not a number`);
    return spelt;
  }

  tags(max: number): Tag[] {
    const listed = this.#fields.get('tags') ?? [];
    if (!Array.isArray(listed)) malformed('its tags are not a list');
    if (listed.length > max) raise('limit-exceeded', `A transaction has more than ${max} tags.`);
    return listed.map((one: unknown) => {
      const pair = new Map(typeof one === 'object' && one !== null ? Object.entries(one) : []);
      const name = pair.get('name');
      const value = pair.get('value');
      const nameBytes = typeof name === 'string' ? fromBase64(name) : undefined;
      const valueBytes = typeof value === 'string' ? fromBase64(value) : undefined;
      if (nameBytes === undefined || valueBytes === undefined) malformed('one of its tags is not base64url');
      return { name: keyFromBytes(nameBytes), value: valueBytes };
    });
  }
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function malformed(why: string): never {
  return raise('bad-encoding', `The transaction is malformed: ${why}.`);
}
