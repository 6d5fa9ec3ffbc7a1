/**
 * What a commitment signs (spec 02 §2.8, §2.13): from a TABM and a list of keys to the signature base, text in the manner of RFC 9421.
 *
 *     "a": 1
 *     "ao-types": a="integer"
 *     "@signature-params": ("a" "ao-types");alg="hmac-sha256";keyid="constant:ao"
 *
 * Two orders of the lines exist on the network: that of the encoded names (dialects of 2025), and that of the committed keys (2026).
 * Derived names of RFC 9421 (`path`, `method` …) are plain keys of the message; they get their `@` in the list only.
 */
import { type Binary, compareKeys, isBinary, sameKeys, toText } from '../../core/bytes.ts';
import { linkSuffix, rawKeysCommittedBy, withoutLinkSuffix } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { isPrivateKey, Message } from '../../core/message.ts';
import { keyOrder } from '../../core/order.ts';
import { atomName, isAtom, type Value } from '../../core/value.ts';
import { escapeKey, unescapeKey } from '../key-escape.ts';
import { serializeString } from '../structured-fields.ts';
import { typesOf, writeTypes } from '../structured-types.ts';
import { contentDigest, encodeFields } from './encode.ts';
import { type Line, namesOf, writeCommitment } from './signature-input.ts';
import { joinBinaries } from './text.ts';

/** The covered components in order, and the keys of the message that they cover. */
export interface Components {
  readonly lines: readonly Line[];
  readonly committed: readonly string[];
}

/** All keys of a TABM that can be committed, sorted, without `+link` (spec 02 §2.7 rule 3). */
export function defaultKeys(tabm: Message): string[] {
  const keys: string[] = [];
  for (const [key] of tabm.entries()) {
    if (key !== 'commitments' && !isPrivateKey(key)) keys.push(withoutLinkSuffix(key));
  }
  keys.sort(compareKeys);
  return keys.filter((key, i) => key !== keys[i - 1]);
}

const lastSlot = Symbol('components');

/** What was worked out last for a TABM. */
interface Last {
  dialect: string;
  bundle: boolean;
  raw: readonly string[];
  found: Components;
}

/**
 * The components that cover the keys `raw` (with or without `+link`) of a TABM whose children are links or inline already, as the
 * commitment wants them. The commitments of a message mostly cover the same keys, so the last answer is kept.
 */
export function components(tabm: Message, raw: readonly string[], bundle: boolean, env: Environment): Components {
  const last = tabm.derive(lastSlot, (): Partial<Last> => ({}));
  const dialect = env.dialect.name;
  if (last.found === undefined || last.dialect !== dialect || last.bundle !== bundle || !sameKeys(last.raw!, raw)) {
    Object.assign(last, { dialect, bundle, raw, found: workOut(tabm, raw, bundle, env) });
  }
  return last.found!;
}

function workOut(tabm: Message, raw: readonly string[], bundle: boolean, env: Environment): Components {
  const keys = inputKeys(tabm, raw, bundle, env);
  const { fields, body } = encodeFields(bundle ? withTypesOf(tabm, keys, env) : tabm, env, keys);
  // A body that isn't empty came with its digest.
  if (body !== undefined && isBinary(body) && body.length === 0) fields.set('content-digest', contentDigest(body));
  if (keys.includes('signature') && !tabm.has('commitments')) signOwnCommitment(tabm, fields, env);
  return env.dialect.componentOrder === 'committed'
    ? inCommittedOrder(raw, fields)
    : inMapOrder(raw, fields, env.dialect.idKeys === 'escaped');
}

/**
 * The TABM with the types of these keys only. A bundle is made anew from the committed values, so it says nothing of other keys; in the
 * plain form `ao-types` is a value like any other.
 */
function withTypesOf(tabm: Message, keys: readonly string[], env: Environment): Message {
  const types = typesOf(tabm, env.limits.maxKeys);
  if (types === undefined) return tabm;
  const wanted = new Set(keys).add('.');
  const kept = [...types].filter(([key]) => wanted.has(key));
  if (kept.length === types.size) return tabm;
  return kept.length === 0 ? tabm.without('ao-types') : tabm.with('ao-types', writeTypes(kept));
}

/**
 * A message with a `signature` and without commitments is a commitment itself, and encoded as one: its signature becomes the headers that
 * a message it belongs to would have. Raises if the value is no signature.
 */
export function signOwnCommitment(tabm: Message, fields: Map<string, Binary>, env: Environment): void {
  const own = new Map<string, Value>([
    ['signature', tabm.get('signature')!],
    ['keyid', tabm.get('keyid') ?? ''],
    ['type', tabm.get('type') ?? ''],
  ]);
  const bundle = tabm.get('bundle');
  if (bundle !== undefined) own.set('bundle', bundle);
  const { lines } = components(tabm.without('signature'), rawKeysCommittedBy(tabm), false, env);
  const { label, signature, input } = writeCommitment(new Message(own), namesOf(lines), env);
  fields.set('signature', `${label}=${signature}`);
  fields.set('signature-input', `${label}=${input}`);
}

/** The spelling of each key in the TABM. Keys that don't exist stay; they have no value and vanish. */
function inputKeys(tabm: Message, raw: readonly string[], bundle: boolean, env: Environment): readonly string[] {
  const linkFirst = env.dialect.componentOrder === 'committed' && !bundle;
  return raw.map((key) => {
    const link = key + linkSuffix;
    if (linkFirst) return tabm.has(link) ? link : key;
    return tabm.has(key) || !tabm.has(link) ? key : link;
  });
}

function isMultipart(value: Binary | undefined): boolean {
  return typeof value === 'string' && value.startsWith('multipart/');
}

/** Lines in the order of the encoded names; the keys as spec 02 §2.8.5 derives them from those. */
function inMapOrder(raw: readonly string[], fields: ReadonlyMap<string, Binary>, escaped: boolean): Components {
  const names = keyOrder([...fields.keys()]);
  const lines = names.map((name): Line => [name, fields.get(name)!]);
  const isField = (key: string): boolean =>
    fields.has(key) ||
    fields.has(key + linkSuffix) ||
    (escaped && (fields.has(escapeKey(key)) || fields.has(escapeKey(key) + linkSuffix)));
  const bodyKeys = fields.has('content-digest') ? raw.filter((key) => !isField(key)) : [];
  return { lines, committed: committedKeysOf(names, bodyKeys, fields, escaped ? unescapeKey : asIs) };
}

/**
 * The keys that component names cover: `content-digest` stands for the keys of the body, `ao-body-key` for the name of one of them, and a
 * multipart content type for nothing. Used on the names we sign and on those we receive.
 */
export function committedKeysOf(
  names: readonly string[],
  bodyKeys: readonly string[],
  fields: { get(name: string): Value | undefined },
  decodeName: (name: string) => string,
): readonly string[] {
  const named = names.includes('ao-body-key');
  const renamed = named ? fields.get('ao-body-key') : undefined;
  const multipart = isMultipart(asBinary(fields.get('content-type')));
  const out = new Set<string>();
  for (const name of names) {
    if (name === 'content-digest') {
      // A body named by a field that isn't there was `data`; it travels as a field of its own beside a body of children.
      if (named && renamed === undefined) out.add('data');
      for (const key of bodyKeys) out.add(key === 'body' && typeof renamed === 'string' ? renamed : key);
    } else if (name === 'body' && typeof renamed === 'string') out.add(renamed);
    else if (name !== 'ao-body-key' && !(multipart && name === 'content-type'))
      out.add(decodeName(withoutLinkSuffix(name)));
  }
  return [...out];
}

function asIs(name: string): string {
  return name;
}

function asBinary(value: Value | undefined): Binary | undefined {
  return value !== undefined && isBinary(value) ? value : undefined;
}

/** Lines in the order of the committed keys; the body stands where its first key stands. */
function inCommittedOrder(raw: readonly string[], fields: ReadonlyMap<string, Binary>): Components {
  const names = new Set<string>();
  const committed = new Set<string>();
  for (const key of raw) {
    const name = encodedName(key, fields);
    if (name !== undefined) {
      if (name === 'content-type' && isMultipart(fields.get(name))) continue;
      names.add(name);
    } else if (fields.has('content-digest')) {
      names.add('content-digest');
      if (fields.has('ao-body-key')) names.add('ao-body-key');
    } else continue;
    committed.add(withoutLinkSuffix(key));
  }
  return { lines: [...names].map((name) => [name, fields.get(name)!]), committed: [...committed] };
}

function encodedName(key: string, fields: ReadonlyMap<string, Binary>): string | undefined {
  if (fields.has(key)) return key;
  if (fields.has(key + linkSuffix)) return key + linkSuffix;
  const escaped = escapeKey(key);
  if (fields.has(escaped)) return escaped;
  return fields.has(escaped + linkSuffix) ? escaped + linkSuffix : undefined;
}

/** Names of RFC 9421 that are derived from a request there, and plain keys here. */
function isDerivedName(name: string): boolean {
  switch (name) {
    case 'method':
    case 'target-uri':
    case 'authority':
    case 'scheme':
    case 'request-target':
    case 'path':
    case 'query':
    case 'query-param':
      return true;
    default:
      return false;
  }
}

/** The text that is signed. `params` come in the form of {@link signatureParams}. */
export function signatureBase(lines: readonly Line[], params: string): Binary {
  let text = '';
  let list = '';
  let pieces: Binary[] | undefined;
  for (const [name, value] of lines) {
    if (typeof value === 'string') text += `"${name}": ${value}\n`;
    else {
      pieces ??= [];
      pieces.push(`${text}"${name}": `, value);
      text = '\n';
    }
    const plain = name.charCodeAt(0) === 0x40 ? name.slice(1) : name;
    const spelt = serializeString(isDerivedName(plain) ? `@${plain}` : plain);
    list += list === '' ? spelt : ` ${spelt}`;
  }
  // Without components the text begins with a line feed.
  text += `${lines.length === 0 ? '\n' : ''}"@signature-params": (${list})${params}`;
  pieces?.push(text);
  return joinBinaries(pieces ?? [text]);
}

/** `;alg="…";keyid="…"`: those fields of a commitment that are signed, in alphabetical order. */
export function signatureParams(commitment: { get(field: string): Value | undefined }): string {
  let out = '';
  for (const [name, field] of paramFields) {
    const value = commitment.get(field);
    if (value !== undefined) out += `;${name}=${paramText(value)}`;
  }
  return out;
}

const paramFields = [
  ['alg', 'type'],
  ['bundle', 'bundle'],
  ['created', 'created'],
  ['expires', 'expires'],
  ['keyid', 'keyid'],
  ['nonce', 'nonce'],
  ['tag', 'tag'],
] as const;

function paramText(value: Value): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (isBinary(value)) return serializeString(toText(value) ?? '');
  return serializeString(isAtom(value) ? atomName(value) : '');
}
