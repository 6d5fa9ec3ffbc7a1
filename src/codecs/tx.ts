/**
 * `tx@1.0` (spec 02 §4.11): messages as Arweave layer-1 transactions. Keys, tags and data are as in data items; the transaction has fields
 * of its own (`quantity`, `reward` …). The encoded form is the transaction's JSON.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { type Binary, fromBase64, isBinary, sameBytes, toBase64Url, toText } from '../core/bytes.ts';
import type { Codec, CommitRequest, Tabm } from '../core/codec.ts';
import type { Dialect } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../core/message.ts';
import { sha256 } from '../crypto/hash.ts';
import { chooseCommitment, noSignature, signatureOf, unsignedType } from './ans104/commitment.ts';
import { conversionOf, type Envelope, type EnvelopeFormat, type Signature } from './ans104/envelope.ts';
import { forms } from './ans104/forms.ts';
import { readEnvelope } from './ans104/read-envelope.ts';
import { rsaType } from './ans104/signature-types.ts';
import { tag } from './ans104/tags.ts';
import { type EnvelopeCheck, verifyEnvelope } from './ans104/verify.ts';
import { writeEnvelope } from './ans104/write-envelope.ts';
import { inlined } from './httpsig/children.ts';
import { dataRoot } from './tx/data-root.ts';
import {
  isSigned,
  readTransaction,
  type Transaction,
  transactionData,
  unsignedTransactionId,
  verifyTransaction,
  writeTransaction,
} from './tx/transaction.ts';

export const tx: Codec = {
  name: 'tx@1.0',

  toTabm(encoded, _params, env) {
    if (isMessage(encoded)) return encoded;
    const json = isBinary(encoded) ? toText(encoded) : undefined;
    if (json === undefined) raise('bad-encoding', 'A transaction is JSON text.');
    return transactionTabm(readTransaction(json, env.limits.maxKeys), env);
  },

  fromTabm(tabm, params, env) {
    if (!isMessage(tabm)) {
      const envelope = { tags: [tag('ao-type', 'binary')], data: new Uint8Array(0), fields: new Map<string, string>() };
      return writeTransaction(transactionOf({ ...envelope, data: bytesOf(tabm) }, noSignature, env.dialect));
    }
    return andThen(params.bundle === true ? inlined(tabm, env) : tabm, (message) => {
      const commitment = chooseCommitment(message, format.device, params.bundle);
      const envelope = writeEnvelope(message, commitment, conversionOf(format, env));
      return writeTransaction(
        transactionOf(envelope, (commitment && signatureOf(commitment)) ?? noSignature, env.dialect),
      );
    });
  },

  committer: {
    reshapes: true,
    commit: commitTransaction,
    verify: (tabm, id, commitment, _request, env) => verifyEnvelope(tabm, id, commitment, check, forms(env), env),
  },
};

/** A transaction as a TABM. Data that don't belong to the data root are refused. */
export function transactionTabm(transaction: Transaction, env: Environment): Tabm {
  return readEnvelope(
    { tags: transaction.tags, data: transaction.data, fields: fieldsOf(transaction, env.dialect) },
    isSigned(transaction)
      ? { id: () => sha256(transaction.signature), signature: { ...transaction, type: rsaType } }
      : { id: () => unsignedTransactionId(transaction), signature: undefined },
    conversionOf(format, env),
    'capitals',
  );
}

// ---- fields -----------------------------------------------------------------------------------------------------------------

const newestOnly = (dialect: Dialect): boolean => dialect.name !== '2026';

const format: EnvelopeFormat = {
  device: 'tx@1.0',
  fields: [
    { key: 'anchor', fit: (value) => base64Of(value, [32, 48]) },
    // Of a transaction without its data, or with data that were cut into chunks in another way than ours.
    { key: 'data_root', fit: (value) => base64Of(value, [32]), hidden: newestOnly },
    { key: 'data_size', fit: amount, hidden: newestOnly },
    { key: 'format', fit: (value) => (sameBytes(value, '1') ? '1' : undefined), alsoTag: true },
    { key: 'quantity', fit: amount },
    { key: 'reward', fit: amount },
    { key: 'target', fit: (value) => base64Of(value, [32]) },
  ],
};

function base64Of(value: Binary, lengths: readonly number[]): string | undefined {
  const bytes = fromBase64(toText(value) ?? '?');
  return bytes !== undefined && lengths.includes(bytes.length) ? toBase64Url(bytes) : undefined;
}

/** A positive decimal number, spelt as the field will spell it. */
function amount(value: Binary): string | undefined {
  const text = toText(value);
  return text !== undefined && /^[1-9]\d{0,30}$/.test(text) ? text : undefined;
}

function fieldsOf(transaction: Transaction, dialect: Dialect): ReadonlyMap<string, string> {
  const { anchor, target, quantity, reward, data } = transaction;
  const fields = new Map<string, string>();
  if (anchor.length > 0) fields.set('anchor', toBase64Url(anchor));
  const root = unusualRoot(transaction, dialect);
  if (root !== undefined) fields.set('data_root', root);
  if (data.length === 0 && transaction.dataSize !== '0') fields.set('data_size', transaction.dataSize);
  if (transaction.format === 1) fields.set('format', '1');
  if (quantity !== '0') fields.set('quantity', quantity);
  if (reward !== '0') fields.set('reward', reward);
  if (target.length > 0) fields.set('target', toBase64Url(target));
  return fields;
}

/** The data root, unless it is the one that we would compute ourselves. */
function unusualRoot(transaction: Transaction, dialect: Dialect): string | undefined {
  const { data, dataRoot: root } = transaction;
  if (root.length === 0) return undefined;
  const given = toBase64Url(root);
  if (data.length === 0) return given;
  if (String(data.length) !== transaction.dataSize || !possibleRoots(data).includes(given)) {
    raise('bad-encoding', 'The data of a transaction are not those that its data root names.');
  }
  return transaction.format === 2 && given === toBase64Url(dataRoot(data, dialect.dataRootChunks)) ? undefined : given;
}

function possibleRoots(data: Uint8Array): string[] {
  return [toBase64Url(dataRoot(data, 'plain')), toBase64Url(dataRoot(data, 'balanced'))];
}

/** The transaction that an envelope and a signature make up. */
function transactionOf(
  { tags, data, fields }: Envelope,
  { owner, signature }: Signature,
  dialect: Dialect,
): Transaction {
  const kind = fields.get('format') === '1' ? 1 : 2;
  const named = fields.get('data_root');
  if (named !== undefined && data.length > 0 && !possibleRoots(data).includes(named)) {
    raise('bad-commitment', 'The data of a transaction are not those that its data root names.');
  }
  const computed = kind === 1 ? new Uint8Array(0) : dataRoot(data, dialect.dataRootChunks);
  return {
    format: kind,
    anchor: fromBase64(fields.get('anchor') ?? '')!,
    owner,
    signature,
    tags,
    target: fromBase64(fields.get('target') ?? '')!,
    quantity: fields.get('quantity') ?? '0',
    reward: fields.get('reward') ?? '0',
    data,
    dataSize: data.length > 0 ? String(data.length) : (fields.get('data_size') ?? '0'),
    dataRoot: named === undefined ? computed : fromBase64(named)!,
  };
}

// ---- committing -------------------------------------------------------------------------------------------------------------

const check: EnvelopeCheck = {
  format,
  async valid(envelope, signature, { env }) {
    if (signature.type !== rsaType) return false;
    const transaction = transactionOf(envelope, signature, env.dialect);
    if (await verifyTransaction(transaction)) return true;
    // A commitment from a node that cuts chunks in the other way doesn't name its data root.
    if (transaction.format === 1 || envelope.data.length === 0 || envelope.fields.has('data_root')) return false;
    const own = toBase64Url(transaction.dataRoot);
    const other = possibleRoots(envelope.data).find((root) => root !== own);
    return other !== undefined && verifyTransaction({ ...transaction, dataRoot: fromBase64(other)! });
  },
  unsignedId: (envelope, { env }) => unsignedTransactionId(transactionOf(envelope, noSignature, env.dialect)),
  read(envelope, signature, conversion) {
    const id = (): Uint8Array =>
      signature === undefined
        ? unsignedTransactionId(transactionOf(envelope, noSignature, conversion.env.dialect))
        : sha256(signature.signature);
    const tabm = readEnvelope(envelope, { id, signature }, conversion, signature === undefined ? 'always' : 'inexact');
    return isMessage(tabm) ? tabm : undefined;
  },
};

function commitTransaction(tabm: Message, request: CommitRequest, env: Environment): Awaitable<Message> {
  if (!['signed', rsaType.name, 'unsigned', unsignedType].includes(request.type)) {
    raise('bad-commitment', `tx@1.0 does not make commitments of type \`${request.type}\`.`);
  }
  const plain = tabm.filter((key) => key !== 'commitments' && !isPrivateKey(key));
  return andThen(request.bundle === true ? inlined(plain, env) : plain, (message) => {
    const envelope = writeEnvelope(message, undefined, conversionOf(format, env));
    if (!['signed', rsaType.name].includes(request.type)) return committed(envelope, undefined);
    const wallet = request.wallet ?? env.wallet;
    if (wallet === undefined)
      raise('no-wallet', 'There is no key to sign the transaction with.', 'Give the node a wallet.');
    if (wallet.keyType !== 'rsa') raise('bad-commitment', `A key of type ${wallet.keyType} cannot sign transactions.`);
    const unsigned = transactionOf(envelope, { ...noSignature, owner: wallet.publicKey }, env.dialect);
    return wallet
      .sign('rsa-pss-sha256', transactionData(unsigned))
      .then((signature) => committed(envelope, { type: rsaType, owner: wallet.publicKey, signature }));
  });

  function committed(envelope: Envelope, signature: Signature | undefined): Message {
    return (
      check.read(envelope, signature, conversionOf(format, env)) ?? raise('bad-commitment', 'Nothing to commit to.')
    );
  }
}

function bytesOf(value: Binary): Uint8Array {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}
