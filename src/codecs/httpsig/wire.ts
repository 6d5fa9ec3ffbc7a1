/**
 * What survives an HTTP connection as a header field (spec 02 §2.5). The codec writes any key and value as a field, and any nested one as a
 * line of a part; a connection lower-cases names, trims values, refuses control characters and has fields of its own, and both ends bound
 * how much may be in the head. On the wire such an entry travels as a part of the body instead, which decodes to the same message;
 * signature bases are not affected, they are made from the message.
 */
import { type Binary, byteLength, toBytes } from '../../core/bytes.ts';
import type { Wire } from '../../core/codec.ts';
import { raise } from '../../core/errors.ts';
import { isMessage } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { escapeKey } from '../key-escape.ts';
import { toBuffer } from './text.ts';

const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Whether the entry arrives as it was sent when it is a header field. */
export function survivesAsField(name: string, value: Binary, wire: Wire): boolean {
  return fieldName.test(name) && !wire.taken.has(name) && survivesAsValue(value);
}

function survivesAsValue(value: Binary): boolean {
  const n = value.length;
  if (n === 0) return true;
  if (typeof value === 'string') {
    if (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(n - 1))) return false;
    return !/[\x00-\x08\x0a-\x1f\x7f]/.test(value);
  }
  const bytes = toBytes(value);
  if (isSpace(bytes[0]!) || isSpace(bytes[n - 1]!)) return false;
  for (const byte of bytes) if (isControl(byte)) return false;
  return true;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || code === 0x7f;
}

/** Whether a nested entry arrives as a line of its part. */
export function survivesAsLine(name: string, value: Binary): boolean {
  if (name === 'content-disposition' || name === 'ao-body-key') return false;
  return typeof value === 'string' ? !value.includes('\r\n') : !toBuffer(value).includes('\r\n');
}

// ---- entries that are no fields ----------------------------------------------------------------------------------------------

/** What cannot be the name of a part, between quotes. */
const unquotable = /^$|["\\\x00-\x1f\x7f]/;

/** The name of a part, escaped where it would be read as another: a slash is a level. For dialects that read escapes. */
export function partName(name: string): string {
  return name !== '' && (name.includes('/') || unquotable.test(name)) ? escapeName(name) : name;
}

/**
 * Puts an entry that doesn't survive as a field into the body; or makes a field of it under an escaped name (`escaped`: every decoder of
 * this dialect reads those) if a part couldn't say it: an empty part reads as an empty message.
 */
export function placeApart(
  name: string,
  value: Binary,
  fields: Map<string, Binary>,
  body: Map<string, Value>,
  escaped: boolean,
): void {
  const isPart = value.length > 0 && !unquotable.test(name) && !(escaped && name.includes('/'));
  if (isPart) body.set(name, value);
  else if (escaped && name !== '' && survivesAsValue(value)) fields.set(escapeName(name), value);
  else if (escaped && name !== '') body.set(partName(name), value);
  else if (unquotable.test(name)) {
    raise(
      'bad-key',
      'A key of this message cannot be sent as a header or as a part of a body.',
      'Ask for `accept: application/json`.',
    );
  } else body.set(name, value);
}

/** Never the name itself. */
function escapeName(name: string): string {
  const escaped = escapeKey(name).replace(/[/?]/g, (one) => (one === '/' ? '%2f' : '%3f'));
  return escaped === name ? `%${name.charCodeAt(0).toString(16)}${name.slice(1)}` : escaped;
}

// ---- how much fits -----------------------------------------------------------------------------------------------------------

/**
 * Node's `fetch` takes 16 KiB of headers in all. This is what remains beside the signatures themselves and what the connection adds; a
 * name counts three times, as each of the two signatures lists it.
 */
const maxFieldBytes = 12 * 1024;

/** What a reader wants to know before the body. */
const first: ReadonlySet<string> = new Set(['ao-body-key', 'ao-result', 'codec-device', 'location', 'status']);

/** Moves fields to the body until the rest fits, the longest first. A body with a type of its own has to stay what it is. */
export function makeFit(fields: Map<string, Binary>, body: Map<string, Value>, inline: string, wire: Wire): void {
  if (!fields.has('content-type')) {
    let bytes = 0;
    for (const [name, value] of fields) bytes += 3 * name.length + value.length + 10;
    if (bytes > maxFieldBytes / 3 || fields.size > wire.maxFields) shorten(fields, body, wire.maxFields);
  }
  // It is said of the data alone.
  const encoding = fields.get('content-encoding');
  if (encoding === undefined || encoding.length === 0 || body.size === 0 || isOneValue(body, inline)) return;
  fields.delete('content-encoding');
  body.set('content-encoding', encoding);
}

function isOneValue(body: ReadonlyMap<string, Value>, inline: string): boolean {
  const alone = body.size === 1 ? body.get(inline) : undefined;
  return alone !== undefined && !isMessage(alone) && !isList(alone);
}

function shorten(fields: Map<string, Binary>, body: Map<string, Value>, maxFields: number): void {
  const sizes = [...fields].map(([name, value]) => [name, byteLength(value)] as const);
  let bytes = 0;
  for (const [name, size] of sizes) bytes += 3 * name.length + size + 10;
  sizes.sort(([, a], [, b]) => b - a);
  for (const [name, size] of sizes) {
    if (bytes <= maxFieldBytes && fields.size <= maxFields) return;
    if (size === 0 || first.has(name)) continue;
    body.set(name, fields.get(name)!);
    fields.delete(name);
    bytes -= name.length + size + 4;
  }
}
