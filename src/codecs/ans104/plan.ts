/**
 * Which key of a message goes where in its envelope (spec 02 §4.6): into a field, into the data, into a member of the bundle that the data
 * then is, or into a tag.
 *
 * Without a commitment, or with one whose tags follow from its keys, the rules of the encoding decide. Where the commitment records the
 * tags, they decide: a foreign signer may have distributed its keys in other ways, and the same bytes have to come out.
 */
import { byteLength, compareKeys, isBinary, keyFromBytes, keyToBytes, sameBytes, toBytes } from '../../core/bytes.ts';
import { linkSuffix, rawKeysCommittedBy } from '../../core/commitments.ts';
import type { Dialect } from '../../core/dialect.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { fieldOf, originalTags } from './commitment.ts';
import type { Conversion, EnvelopeFormat } from './envelope.ts';
import { isMetaTag, keysOfTags } from './keys.ts';
import { maxNameBytes, maxTags, maxValueBytes } from './sign-item.ts';
import { lowerCase, type Tag, tag, tagValue } from './tags.ts';

export interface Plan {
  readonly fields: ReadonlyMap<string, string>;
  /** The key whose value is the data itself; absent: there is no data, or it is a bundle. */
  readonly dataKey: string | undefined;
  /** Keys of the members of the bundle; absent: the data is none. */
  readonly members: readonly string[] | undefined;
  /** A bundle without a manifest, whose members are `1`, `2`, … */
  readonly list: boolean;
  /** The tags, given the id of the manifest. */
  tags(manifestId: string | undefined): readonly Tag[];
}

/** `commitment` is the one to encode by, if there is one. */
export function planEnvelope(message: Message, commitment: Message | undefined, conversion: Conversion): Plan {
  const recorded = originalTags(commitment);
  const keys = committedKeys(message, commitment);
  const fields = fieldsOf(message, commitment, conversion.format, conversion.env.dialect);
  return recorded === undefined
    ? derivedPlan(message, commitment, keys, fields, conversion)
    : recordedPlan(message, keys, fields, recorded, conversion);
}

/** Keys that never travel in an envelope, or that conversions drop and make anew. */
export function isOutside(key: string): boolean {
  return key === 'commitments' || key === 'content-digest' || key === 'unsigned_id' || isPrivateKey(key);
}

/** The message's keys that are to be encoded, links with their suffix. */
function committedKeys(message: Message, commitment: Message | undefined): readonly string[] {
  if (commitment === undefined) return [...message.keys()].filter((key) => !isOutside(key)).sort(compareKeys);
  const keys: string[] = [];
  for (const key of new Set(rawKeysCommittedBy(commitment))) {
    if (isOutside(key)) continue;
    const present = message.has(key) ? key : key + linkSuffix;
    if (!message.has(present)) raise('bad-commitment', `The committed key \`${key}\` is missing from the message.`);
    keys.push(present);
  }
  return keys;
}

function fieldsOf(
  message: Message,
  commitment: Message | undefined,
  format: EnvelopeFormat,
  dialect: Dialect,
): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const field of format.fields) {
    const { key } = field;
    const value =
      commitment !== undefined ? fieldOf(commitment, key) : field.hidden?.(dialect) ? undefined : message.get(key);
    const text = value !== undefined && isBinary(value) ? field.fit(value) : undefined;
    if (text !== undefined) fields.set(key, text);
  }
  return fields;
}

function derivedPlan(
  message: Message,
  commitment: Message | undefined,
  keys: readonly string[],
  fields: ReadonlyMap<string, string>,
  { format, env: { dialect }, layout }: Conversion,
): Plan {
  const covered = new Set(keys);
  const inline = inlineKey(message.filter((key) => covered.has(key)));
  const inlineValue = covered.has(inline) ? message.get(inline) : undefined;
  const list = commitment !== undefined && isListBundle(commitment);
  const isField = (key: string): boolean =>
    fields.has(key) && !format.fields.some((field) => field.key === key && field.alsoTag);
  const isMember = (key: string): boolean => {
    const value = message.get(key)!;
    if (isField(key) || (key === 'data' && isBinary(value))) return false;
    return isMessage(value) || tooLong(key, value) || (list && /^[1-9]\d*$/.test(key));
  };
  const members = new Set(keys.filter(isMember));
  const empty = inlineValue === undefined || (isBinary(inlineValue) && byteLength(inlineValue) === 0);
  if (members.size > 0 && !empty) members.add(inline);
  const bundle = members.size > 0 || (list && empty);
  const rest = keys.filter((key) => key !== inline && key !== 'ao-data-key' && !members.has(key) && !isField(key));
  checkCount(dialect.listBundles ? rest.length : keys.filter((key) => key !== 'data' && key !== 'target').length);
  const isBundleTag = (key: string): boolean => bundle && key !== 'ao-data-key' && isMetaTag(tag(key, ''), dialect);
  return {
    fields,
    dataKey: bundle || inlineValue === undefined ? undefined : inline,
    members: bundle ? [...members] : undefined,
    list,
    tags(manifestId) {
      const map = manifestId === undefined ? [] : [tag('bundle-map', manifestId)];
      return [
        ...(bundle ? [tag('bundle-format', 'binary'), tag('bundle-version', '2.0.0')] : []),
        ...(layout.bundleMapTag === 'third' ? map : []),
        ...(inline === 'data' ? [] : [tag('ao-data-key', inline)]),
        ...rest
          .filter((key) => !isBundleTag(key))
          .map((key) => ({ name: key, value: bytesOf(key, message.get(key)!) })),
        ...(layout.bundleMapTag === 'last' ? map : []),
      ];
    },
  };
}

function recordedPlan(
  message: Message,
  keys: readonly string[],
  fields: ReadonlyMap<string, string>,
  recorded: readonly Tag[],
  { env: { dialect, limits } }: Conversion,
): Plan {
  const meta = (name: string): string | undefined => tagValue(recorded, name);
  const inline = meta('ao-data-key') ?? 'data';
  const values = keysOfTags(recorded, dialect, limits.maxKeys);
  const marked = meta('bundle-format') === 'binary' && meta('bundle-version') === '2.0.0';
  const mapped = marked && meta('bundle-map') !== undefined;
  const members = keys.filter(
    (key) => !fields.has(key) && (isMessage(message.get(key)) || !values.has(lowerCase(key))),
  );
  // Bundle tags over data that could not be opened: the data is what it was.
  const list = marked && !mapped && members.every((key) => /^[1-9]\d*$/.test(key));
  const value = keys.includes(inline) ? message.get(inline) : undefined;
  const tagged = values.get(inline);
  // Equal to the tag of its name: it came from there, and there were no data to hide the tag.
  const fromTag = tagged !== undefined && value !== undefined && isBinary(value) && sameBytes(tagged, value);
  return {
    fields,
    dataKey: mapped || list || fromTag || value === undefined ? undefined : inline,
    members: mapped || list ? members : undefined,
    list,
    tags: () => recorded,
  };
}

function inlineKey(message: Message): string {
  const named = message.get('ao-data-key');
  if (named !== undefined && isBinary(named)) return keyFromBytes(toBytes(named));
  const data = message.get('data');
  const noData = data === undefined || (isBinary(data) && byteLength(data) === 0);
  return noData && message.has('body') ? 'body' : 'data';
}

/** The commitment of a bundle without a manifest. */
function isListBundle(commitment: Message): boolean {
  return commitment.has('bundle-format') && commitment.has('bundle-version') && !commitment.has('bundle-map');
}

function tooLong(key: string, value: Value): boolean {
  return keyToBytes(key).length > maxNameBytes || (isBinary(value) && byteLength(value) > maxValueBytes);
}

function checkCount(keys: number): void {
  if (keys <= maxTags) return;
  raise('limit-exceeded', `The message has ${keys} keys, and an item at most ${maxTags} tags.`, 'Nest some of them.');
}

function bytesOf(key: string, value: Value): Uint8Array {
  return isBinary(value) ? toBytes(value) : raise('bad-type', `\`${key}\` is neither a byte string nor a message.`);
}
