/**
 * A TABM as HTTP fields and a body, without its signatures (spec 02 §2.2 steps 2–8). Children are encoded where they stand: a TABM with
 * links gives `key+link` fields, one with inline children a multipart body.
 */
import { type Binary, fromBase64, isBinary, isId, toBase64 } from '../../core/bytes.ts';
import type { Wire } from '../../core/codec.ts';
import type { Environment } from '../../core/environment.ts';
import { hashOfLinked } from '../../core/links.ts';
import { isPrivateKey, type Message } from '../../core/message.ts';
import { keyOrder } from '../../core/order.ts';
import type { Link, Value } from '../../core/value.ts';
import { sha256Base64 } from '../../crypto/hash.ts';
import { escapeKey } from '../key-escape.ts';
import { serializeString } from '../structured-fields.ts';
import { group, isLong, writeMultipart } from './multipart.ts';
import { joinBinaries } from './text.ts';
import { makeFit, partName, placeApart, survivesAsField } from './wire.ts';

export interface Encoded {
  /** Header fields. Names are unique and in no particular order. */
  readonly fields: Map<string, Binary>;
  /** A link to bytes if the body is nothing but what the link stands for. */
  readonly body: Binary | Link | undefined;
}

/** The entries of a TABM, told apart: those that become fields and those that become the body. */
interface Placed {
  readonly fields: Map<string, Binary>;
  readonly body: Map<string, Value>;
  /** The key whose value is the body itself, if there is nothing else in it. */
  readonly inline: string;
}

/** Keys of a TABM that are never fields. */
function isApart(key: string): boolean {
  switch (key) {
    case 'commitments':
    case 'signature':
    case 'signature-input':
      return true;
    default:
      return isPrivateKey(key);
  }
}

/**
 * Encodes the entries of `tabm`, or only those of `keys`. With `wire` what an HTTP connection would spoil as a field goes to the body
 * (wire.ts).
 */
export function encodeFields(tabm: Message, env: Environment, keys?: readonly string[], wire?: Wire): Encoded {
  const { fields, body, inline } = placed(tabm, env, keys, wire);
  return { fields, body: body.size === 0 ? undefined : encodeBody(body, inline, fields, env, wire !== undefined) };
}

/** Whether the body is the value of one key. With more in it, it would have to be put together. */
export function isBodyOneValue(tabm: Message, env: Environment, keys?: readonly string[], wire?: Wire): boolean {
  const { body, inline } = placed(tabm, env, keys, wire);
  return body.size === 1 && body.has(inline);
}

function placed(tabm: Message, env: Environment, keys: readonly string[] | undefined, wire: Wire | undefined): Placed {
  const fields = new Map<string, Binary>();
  const body = new Map<string, Value>();
  const ids: string[] = [];
  const inline = inlineKey(tabm, keys);
  const escaped = env.dialect.idKeys === 'escaped';
  const place = (key: string, value: Value): void => {
    if (isApart(key)) return;
    let name = key;
    if (looksLikeId(key)) {
      if (escaped) name = escapeKey(key);
      else if (isBinary(value)) {
        ids.push(key);
        return;
      }
    }
    if (!isBinary(value) || key === 'body' || key === inline || isLong(value)) {
      body.set(wire !== undefined && escaped ? partName(name) : name, value);
    } else if (wire === undefined || survivesAsField(name, value, wire)) fields.set(name, value);
    // A body that has a type of its own has to stay what it is.
    else if (!wire.taken.has(name) || !has(tabm, 'content-type', keys)) placeApart(name, value, fields, body, escaped);
  };
  if (keys === undefined) for (const [key, value] of tabm.entries()) place(key, value);
  else {
    for (const key of keys) {
      const value = tabm.get(key);
      if (value !== undefined) place(key, value);
    }
  }
  if (ids.length > 0) {
    const value = idsField(ids, tabm);
    if (isLong(value)) body.set('ao-ids', value);
    else fields.set('ao-ids', value);
  }
  if (inline === 'data' && !has(tabm, 'ao-body-key', keys)) fields.set('ao-body-key', 'data');
  if (wire !== undefined) makeFit(fields, body, inline, wire);
  return { fields, body, inline };
}

function looksLikeId(key: string): boolean {
  // A key of n characters has n to 3n bytes.
  return key.length <= 43 && key.length >= 11 && isId(key);
}

/** `K="v"` pairs; keys raw, values as strings. */
function idsField(ids: string[], tabm: Message): Binary {
  const pieces: Binary[] = [];
  for (const id of keyOrder(ids)) {
    const value = tabm.get(id) as Binary;
    const text = typeof value === 'string' ? value : undefined;
    pieces.push(`${pieces.length === 0 ? '' : ', '}${id}=`);
    if (text !== undefined) pieces.push(serializeString(text));
    else pieces.push('"', escapeBytes(value as Uint8Array), '"');
  }
  return joinBinaries(pieces);
}

function escapeBytes(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) out.push(0x5c);
    out.push(byte);
  }
  return Uint8Array.from(out);
}

/** The key whose value is the body itself (spec 02 §2.2.4), among those of `keys` if given. */
function inlineKey(tabm: Message, keys: readonly string[] | undefined): string {
  const explicit = has(tabm, 'ao-body-key', keys) ? tabm.get('ao-body-key') : undefined;
  if (typeof explicit === 'string') return explicit;
  return !has(tabm, 'body', keys) && has(tabm, 'data', keys) ? 'data' : 'body';
}

function has(tabm: Message, key: string, keys: readonly string[] | undefined): boolean {
  return tabm.has(key) && (keys === undefined || keys.includes(key));
}

/** The body; sets `content-type` and `content-digest` where there are any. */
function encodeBody(
  values: ReadonlyMap<string, Value>,
  inline: string,
  fields: Map<string, Binary>,
  env: Environment,
  wire: boolean,
): Binary | Link | undefined {
  const alone = values.size === 1 ? values.get(inline) : undefined;
  const hash = hashOfLinked(alone);
  if (hash !== undefined) {
    fields.set('content-digest', digestField(toBase64(fromBase64(hash)!)));
    return alone as Link;
  }
  const parts = group(values, env, wire);
  if (parts.size === 0) return undefined;
  const only = parts.size === 1 ? parts.get(inline) : undefined;
  let body: Binary;
  if (only !== undefined && isBinary(only)) body = only;
  else {
    const multipart = writeMultipart(parts, inline);
    fields.set('content-type', multipart.contentType);
    body = multipart.body;
  }
  if (body.length > 0) fields.set('content-digest', contentDigest(body));
  return body;
}

export function contentDigest(body: Binary): string {
  return digestField(sha256Base64(body));
}

function digestField(sha256InBase64: string): string {
  return `sha-256=:${sha256InBase64}:`;
}
