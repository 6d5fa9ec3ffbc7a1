/**
 * Tags as keys of a message (spec 02 §4.5.4): names in lower case, repeated names as one structured-field list, meta tags left out, the
 * names inside `ao-types` in lower case as well.
 */
import { type Binary, binary, compareKeys, concatBytes, toText } from '../../core/bytes.ts';
import type { Dialect } from '../../core/dialect.ts';
import { raise } from '../../core/errors.ts';
import { escapeKey, unescapeKey } from '../key-escape.ts';
import { parseDictionary, serializeDictionary } from '../structured-fields.ts';
import { lowerCase, type Tag } from './tags.ts';

/** Tags that steer decoding and are no keys. */
const metaTags: ReadonlySet<string> = new Set(['bundle-format', 'bundle-version', 'bundle-map', 'ao-data-key']);

export function isMetaTag(tag: Tag, dialect: Dialect): boolean {
  return metaTags.has(dialect.listBundles ? lowerCase(tag.name) : tag.name);
}

/** Keys and values of these tags, in order of first appearance. */
export function keysOfTags(tags: readonly Tag[], dialect: Dialect, maxKeys: number): ReadonlyMap<string, Binary> {
  const values = new Map<string, Uint8Array[]>();
  for (const tag of tags) {
    if (isMetaTag(tag, dialect)) continue;
    const key = lowerCase(tag.name);
    const before = values.get(key);
    if (before === undefined) values.set(key, [tag.value]);
    else before.push(tag.value);
  }
  if (values.size > maxKeys) raise('limit-exceeded', `An item has more than ${maxKeys} tags.`);
  const out = new Map<string, Binary>();
  for (const [key, list] of values) {
    const value = binary(list.length === 1 ? list[0]! : stringList(list));
    out.set(key, key === 'ao-types' ? lowerCaseTypes(value, maxKeys) : value);
  }
  return out;
}

/** `"v1", "v2"`: a structured-field list of strings whose bytes are written raw. */
function stringList(values: readonly Uint8Array[]): Uint8Array {
  const quote = Uint8Array.of(0x22);
  const parts: Uint8Array[] = [];
  values.forEach((value, i) => {
    if (i > 0) parts.push(Uint8Array.of(0x2c, 0x20));
    parts.push(quote, escapeString(value), quote);
  });
  return concatBytes(...parts);
}

function escapeString(value: Uint8Array): Uint8Array {
  if (!value.includes(0x22) && !value.includes(0x5c)) return value;
  const out: number[] = [];
  for (const byte of value) {
    if (byte === 0x22 || byte === 0x5c) out.push(0x5c);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

function lowerCaseTypes(types: Binary, maxKeys: number): string {
  const text = toText(types) ?? raise('bad-structured-field', '`ao-types` is not text.');
  const members = [...parseDictionary(text, maxKeys)].map(
    ([key, member]) => [lowerCase(unescapeKey(key)), member] as const,
  );
  members.sort((a, b) => compareKeys(a[0], b[0]));
  return serializeDictionary(new Map(members.map(([key, member]) => [escapeKey(key), member])));
}
