/**
 * `original-tags` of an ans104 commitment as a signature parameter (spec 02 §2.9, dialect rule `originalTagValues`):
 *
 *     1:App-Name:WA, 2:Key:dmFsdWU      values in base64url since 2025-11, raw before
 *
 * Which of the two a received parameter uses is seen by comparing with the message: a tag is also one of its fields. Raw values may
 * contain the separators; a piece that does not begin a new tag belongs to the value before. Names are raw; beside base64url we
 * percent-escape those that no parameter could hold (other scripts) or that would be read as another (with a colon).
 */
import {
  type Binary,
  binary,
  fromBase64,
  isBinary,
  sameBytes,
  toBase64Url,
  toBytes,
  toText,
} from '../../core/bytes.ts';
import type { Environment } from '../../core/environment.ts';
import { AoException, raise } from '../../core/errors.ts';
import { isMessage, Message, numbered } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { unescapeKey } from '../key-escape.ts';

export function writeOriginalTags(tags: Value, env: Environment): string {
  const message = isList(tags) ? numbered(tags) : tags;
  if (isBinary(message)) return toText(message) ?? '';
  if (!isMessage(message)) return raise('bad-commitment', '`original-tags` are not tags.');
  return message
    .keys()
    .map((index) => {
      const tag = message.get(index);
      const name = isMessage(tag) ? tag.get('name') : undefined;
      const value = isMessage(tag) ? tag.get('value') : undefined;
      if (name === undefined || value === undefined || !isBinary(name) || !isBinary(value)) {
        return raise('bad-commitment', '`original-tags` have an entry without `name` and `value`.');
      }
      const spelt = env.dialect.originalTagValues === 'base64url' ? toBase64Url(toBytes(value)) : (toText(value) ?? '');
      const named = toText(name) ?? '';
      return `${index}:${env.dialect.originalTagValues === 'base64url' ? escapeName(named) : named}:${spelt}`;
    })
    .join(', ');
}

function escapeName(name: string): string {
  if (/^[\x20-\x24\x26-\x39\x3b-\x7e]*$/.test(name) && !name.includes(', ')) return name;
  let out = '';
  for (const byte of toBytes(name)) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x2c && byte !== 0x3a;
    out += plain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}

/** A name with a `%` is escaped unless the message has it as it is. */
function unescapeName(name: string, fields: { get(name: string): Value | undefined }): string {
  if (!name.includes('%') || fields.get(name.toLowerCase()) !== undefined) return name;
  try {
    return unescapeKey(name);
  } catch (thrown) {
    if (thrown instanceof AoException) return name;
    throw thrown;
  }
}

interface RawTag {
  readonly index: string;
  readonly name: string;
  value: string;
}

/** The tags as a message of `{name, value}`; the text itself if it has no such form. */
export function readOriginalTags(
  text: string,
  fields: { get(name: string): Value | undefined },
  env: Environment,
): Value {
  const tags: RawTag[] = [];
  for (const piece of text.split(', ')) {
    const match = /^(\d{1,9}):([^:]*):(.*)$/s.exec(piece);
    const last = tags.at(-1);
    if (match !== null) tags.push({ index: match[1]!, name: unescapeName(match[2]!, fields), value: match[3]! });
    else if (last === undefined) return text;
    else last.value += `, ${piece}`;
  }
  const decoded = tags.map((tag) => fromBase64(tag.value));
  const encoded = isEncoded(tags, decoded, fields, env);
  return new Message(
    new Map(
      tags.map(({ index, name, value }, i) => [
        index,
        new Message(
          new Map<string, Value>([
            ['name', name],
            ['value', encoded ? binary(decoded[i]!) : value],
          ]),
        ),
      ]),
    ),
  );
}

function isEncoded(
  tags: readonly RawTag[],
  decoded: readonly (Uint8Array | undefined)[],
  fields: { get(name: string): Value | undefined },
  env: Environment,
): boolean {
  if (decoded.includes(undefined)) return false;
  let raw = 0;
  let base64 = 0;
  tags.forEach((tag, i) => {
    const field = fields.get(tag.name.toLowerCase());
    if (field === undefined || !isBinary(field)) return;
    if (sameBytes(field, tag.value)) raw++;
    else if (sameBytes(field, decoded[i] as Binary)) base64++;
  });
  return raw === base64 ? env.dialect.originalTagValues === 'base64url' : base64 > raw;
}
