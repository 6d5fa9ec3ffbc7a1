/**
 * The commitment that a signed item becomes (spec 02 §4.5.8): everything about the envelope that the message's keys don't say, so that the
 * same bytes can be made again.
 *
 *   signature, keyid, committer, type, committed          who signed which keys
 *   original-tags: {"1": {name, value}, …}                the tags verbatim, where the keys would give others
 *   field-target, field-anchor, …                         the fields of the envelope
 *   bundle, bundle-format, bundle-version, bundle-map     whether and how the data is a bundle
 *   bundle-byte-order                                     only if it is not the order this dialect writes
 */
import {
  type Binary,
  binary,
  fromBase64,
  isBinary,
  keyFromBytes,
  keyToBytes,
  toBase64Url,
  toBytes,
} from '../../core/bytes.ts';
import { commitmentsOf, commitmentText } from '../../core/commitments.ts';
import { isMessage, Message, messageFrom } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import type { Layout, Signature } from './envelope.ts';
import { rsaType, signatureTypeByName } from './signature-types.ts';
import type { Tag } from './tags.ts';

export const unsignedType = 'unsigned-sha256';

/** The commitment by which a message is encoded: of several the one that fits the wanted bundling and says the most. */
export function chooseCommitment(message: Message, device: string, bundle: boolean | undefined): Message | undefined {
  const own = commitmentsOf(message).filter(([, one]) => commitmentText(one, 'commitment-device') === device);
  const better = (test: (commitment: Message) => boolean): void => {
    if (own.some(([, one]) => test(one))) own.splice(0, own.length, ...own.filter(([, one]) => test(one)));
  };
  if (bundle !== undefined) better((one) => isBundled(one) === bundle);
  better((one) => one.has('original-tags'));
  better((one) => one.has('signature'));
  return own[0]?.[1];
}

export function isBundled(commitment: Message): boolean {
  const bundle = commitment.get('bundle');
  return bundle === true || bundle === 'true';
}

/** Signature and owner as the commitment gives them; `undefined` for an unsigned one or if they are malformed. */
export function signatureOf(commitment: Message): Signature | undefined {
  const type = signatureTypeByName(commitmentText(commitment, 'type') ?? '');
  const signature = decoded(commitment.get('signature'));
  const owner = decoded((commitmentText(commitment, 'keyid') ?? '').replace(/^publickey:/, ''));
  if (type === undefined || signature?.length !== type.signatureBytes || owner?.length !== type.ownerBytes) {
    return undefined;
  }
  return { type, signature, owner };
}

/** The fields that a signature adds to its commitment. */
export function signatureEntries({ type, signature, owner }: Signature): [string, Value][] {
  return [
    ['type', type.name],
    ['committer', type.address(owner)],
    ['keyid', `publickey:${toBase64Url(owner)}`],
    ['signature', toBase64Url(signature)],
  ];
}

/** A `field-*` of the commitment. Targets and anchors of old commitments are raw bytes. */
export function fieldOf(commitment: Message, key: string): Binary | undefined {
  const value = commitment.get(`field-${key}`);
  if (value === undefined || !isBinary(value)) return undefined;
  const bytes = toBytes(value);
  return (key === 'anchor' || key === 'target') && bytes.length === 32 ? toBase64Url(bytes) : value;
}

export function originalTags(commitment: Message | undefined): readonly Tag[] | undefined {
  const listed = commitment?.get('original-tags');
  if (!isMessage(listed)) return undefined;
  const tags: Tag[] = [];
  const numbers = [...listed.keys()].filter((key) => /^\d{1,9}$/.test(key)).map(Number);
  for (const number of numbers.sort((a, b) => a - b)) {
    const one = listed.get(String(number));
    const name = isMessage(one) ? one.get('name') : undefined;
    const value = isMessage(one) ? one.get('value') : undefined;
    if (name === undefined || value === undefined || !isBinary(name) || !isBinary(value)) return undefined;
    tags.push({ name: typeof name === 'string' ? name : keyFromBytes(name), value: toBytes(value) });
  }
  return tags;
}

export function originalTagsMessage(tags: readonly Tag[]): Message {
  return messageFrom(
    tags.map(({ name, value }, i): [string, Value] => [
      String(i + 1),
      new Message(
        new Map<string, Value>([
          ['name', name.isWellFormed() ? name : binary(keyToBytes(name))],
          ['value', binary(value)],
        ]),
      ),
    ]),
  );
}

/** How the signed bundle was laid out. */
export function layoutOf(commitment: Message, fallback: Layout): Layout {
  const order = commitmentText(commitment, 'bundle-byte-order');
  return order === 'big-endian' || order === 'little-endian' ? { ...fallback, byteOrder: order } : fallback;
}

/** Zeros for what an unsigned item lacks. */
export const noSignature: Signature = {
  type: rsaType,
  signature: new Uint8Array(rsaType.signatureBytes),
  owner: new Uint8Array(rsaType.ownerBytes),
};

function decoded(value: Value | undefined): Uint8Array | undefined {
  return typeof value === 'string' ? fromBase64(value) : undefined;
}
