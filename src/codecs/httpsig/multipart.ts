/**
 * Nested messages as a multipart body (spec 02 §2.3, §2.4): writing.
 *
 *   {b: {x: "10", y: {z: "20"}}}   →   part `b`: x: 10      part `b/y`: z: 20
 *
 * A part holds the fields of one level; levels are told apart by the part's name, a path. The boundary is a hash of the parts, so it cannot
 * occur in them.
 */
import { type Binary, compareKeys, isBinary, isLongerThan } from '../../core/bytes.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { keyOrder } from '../../core/order.ts';
import { isList, Link, type Value } from '../../core/value.ts';
import { sha256Base64Url } from '../../crypto/hash.ts';
import { toTabm, unresolved } from '../structured.ts';
import { joinBinaries } from './text.ts';
import { survivesAsLine } from './wire.ts';

/** Longer values do not become header lines, but bodies of their own. */
const maxHeaderBytes = 4096;

/** Whether a value is too long for a header line. */
export function isLong(value: Binary): boolean {
  return isLongerThan(value, maxHeaderBytes);
}

type Fields = Map<string, Binary>;
export type Parts = Map<string, Binary | Fields>;

/** The parts of a body map by name. With `wire` a nested entry that a line can't hold is a part of its own, which decodes to the same. */
export function group(body: ReadonlyMap<string, Value>, env: Environment, wire = false): Parts {
  const parts: Parts = new Map();
  for (const [key, value] of body) {
    if (isBinary(value)) parts.set(key, value);
    else groupMessage(value, key, parts, env, wire, 1);
  }
  return parts;
}

function groupMessage(value: Value, path: string, parts: Parts, env: Environment, wire: boolean, depth: number): void {
  if (depth > env.limits.maxDepth) raise('limit-exceeded', `A message is nested deeper than ${env.limits.maxDepth}.`);
  if (value instanceof Link) unresolved(value);
  const message = isList(value) ? (toTabm(value, 'inline', env, depth) as Message) : value;
  if (!isMessage(message)) raise('bad-type', `The value at \`${path}\` has no encoded form.`);
  if (message.size === 0) {
    parts.set(path, new Map([['ao-types', 'empty-message']]));
    return;
  }
  const fields: Fields = new Map();
  for (const [key, child] of message.entries()) {
    if (!isBinary(child)) groupMessage(child, `${path}/${key}`, parts, env, wire, depth + 1);
    else if (isLong(child) || (wire && !survivesAsLine(key, child))) parts.set(`${path}/${key}`, child);
    else fields.set(key, child);
  }
  if (fields.size > 0) parts.set(path, fields);
}

export interface Multipart {
  readonly contentType: string;
  readonly body: Binary;
}

/** The body that holds these parts, which become part of it; the one called `inlineKey` is marked inline. */
export function writeMultipart(parts: Parts, inlineKey: string): Multipart {
  const written = [...parts.keys()].sort(compareKeys).map((name) => writePart(name, parts.get(name)!, inlineKey));
  const joined: Binary[] = [];
  for (const part of written) joined.push(joined.length === 0 ? '' : '\r\n', part);
  const boundary = sha256Base64Url(joinBinaries(joined));
  const pieces: Binary[] = [];
  for (const part of written) pieces.push(`${pieces.length === 0 ? '' : '\r\n'}--${boundary}\r\n`, part);
  pieces.push(`\r\n--${boundary}--`);
  return { contentType: `multipart/form-data; boundary="${boundary}"`, body: joinBinaries(pieces) };
}

function writePart(name: string, part: Binary | Fields, inlineKey: string): Binary {
  if (isBinary(part)) return joinBinaries([`content-disposition: ${disposition(name, inlineKey)}\r\n\r\n`, part]);
  const body = part.get('body');
  // A level that has nothing but a body says so in its name.
  const spelt = part.size === 1 && body !== undefined ? `${name}/body` : name;
  part.delete('body');
  part.set('content-disposition', disposition(spelt, inlineKey));
  const head = writeFields(part);
  return body === undefined || body.length === 0 ? head : joinBinaries([head, '\r\n\r\n', body]);
}

function disposition(name: string, inlineKey: string): string {
  return name === inlineKey ? 'inline' : `form-data;name="${name}"`;
}

/** `name: value` lines in map order, joined by CRLF. */
export function writeFields(fields: ReadonlyMap<string, Binary>): Binary {
  const pieces: Binary[] = [];
  for (const name of keyOrder([...fields.keys()])) {
    pieces.push(`${pieces.length === 0 ? '' : '\r\n'}${name}: `, fields.get(name)!);
  }
  return joinBinaries(pieces);
}
