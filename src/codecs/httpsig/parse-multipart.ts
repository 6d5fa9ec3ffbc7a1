/**
 * Nested messages from a multipart body (spec 02 §2.6.3), the reverse of multipart.ts.
 *
 * The parts are merged into a tree by the segments of their names. Everything is bounded: parts by `maxKeys`, the depth of names by
 * `maxDepth`; the body is walked once.
 */
import { type Binary, binary, isBinary, keyFromBytes, toText } from '../../core/bytes.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { parseItem, Token } from '../structured-fields.ts';
import { isSiginfo, readSiginfo } from './siginfo.ts';
import { toBuffer } from './text.ts';

/** A level of the tree while it grows. */
class Branch {
  readonly children = new Map<string, Branch | Value>();
}

/** The top-level entries of a multipart body, in the order in which its parts first name them. */
export function parseMultipart(
  body: Binary,
  boundary: string,
  inline: string,
  env: Environment,
): ReadonlyMap<string, Value> {
  const root = new Branch();
  for (const part of splitParts(toBuffer(body), boundary, env)) addPart(root, part, inline, env);
  const out = new Map<string, Value>();
  for (const [key, node] of root.children) out.set(key, finish(node));
  return out;
}

function finish(node: Branch | Value): Value {
  if (!(node instanceof Branch)) return node;
  const out = new Map<string, Value>();
  for (const [key, child] of node.children) out.set(key, finish(child));
  return new Message(out);
}

/** What stands between the delimiters, each without the CRLF that ends its delimiter. */
function splitParts(body: Buffer, boundary: string, env: Environment): readonly Buffer[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const opening = body.indexOf(`--${boundary}\r\n`);
  const start = opening + delimiter.length;
  const end = opening === -1 ? -1 : body.indexOf(`\r\n--${boundary}--`, start - 2);
  if (end === -1) raise('bad-encoding', 'The boundary of a multipart body does not occur in it as it should.');
  const parts: Buffer[] = [];
  for (let from = start; ; ) {
    const next = body.indexOf(delimiter, from);
    const to = next === -1 || next > end ? Math.max(end, from) : next;
    parts.push(body.subarray(skipLineEnd(body, from, to), to));
    if (parts.length > env.limits.maxKeys) {
      raise('limit-exceeded', `A multipart body has more than ${env.limits.maxKeys} parts.`);
    }
    if (to >= end) return parts;
    from = to + delimiter.length;
  }
}

function skipLineEnd(body: Buffer, from: number, to: number): number {
  return to - from >= 2 && body[from] === 0x0d && body[from + 1] === 0x0a ? from + 2 : from;
}

function addPart(root: Branch, part: Buffer, inline: string, env: Environment): void {
  const blank = part.indexOf('\r\n\r\n');
  const fields = readFields(blank === -1 ? part : part.subarray(0, blank));
  const body = blank === -1 ? '' : binary(plainBytes(part.subarray(blank + 4)));
  const path = partName(fields, inline)
    .split('/')
    .filter((segment) => segment !== '');
  if (path.length === 0) raise('bad-encoding', 'A part of a multipart body has an empty name.');
  if (path.length > env.limits.maxDepth) {
    raise('limit-exceeded', `A part is nested deeper than ${env.limits.maxDepth}.`);
  }
  insert(root, path, partValue(fields, body, path, env));
}

/** A `Buffer`'s bytes without its class. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** `name: value` lines; lines of another form are ignored. */
function readFields(block: Buffer): Map<string, Binary> {
  const out = new Map<string, Binary>();
  const text = toText(plainBytes(block));
  for (const line of (text ?? block.toString('latin1')).split('\r\n')) {
    const colon = line.indexOf(': ');
    if (colon === -1) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 2);
    if (text !== undefined) out.set(name, value);
    else out.set(keyFromBytes(fromLatin1(name)), binary(fromLatin1(value)));
  }
  return out;
}

function fromLatin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

function partName(fields: ReadonlyMap<string, Binary>, inline: string): string {
  const disposition = fields.get('content-disposition');
  if (typeof disposition !== 'string')
    raise('bad-encoding', 'A part of a multipart body has no `content-disposition`.');
  // Names are written as they are, so they may be in any script, which structured fields don't allow.
  const beyond = /[^\x20-\x7e]/.test(disposition) ? /^form-data;\s*name="([^"\\]*)"/.exec(disposition) : null;
  if (beyond !== null) return beyond[1]!;
  const { item, params } = parseItem(disposition);
  if (item instanceof Token && item.name === 'inline') return inline;
  const name = params.get('name');
  if (typeof name === 'string') return name;
  return name instanceof Token ? name.name : raise('bad-encoding', 'A part of a multipart body has no name.');
}

/** The key that a received body goes under. JavaScript clients name it `inline-body-key`, after an older form. */
export function bodyKey(fields: { get(name: string): Value | undefined }): string {
  const named = fields.get('ao-body-key') ?? fields.get('inline-body-key');
  return typeof named === 'string' ? named : 'body';
}

/** The boundary of a multipart content type. Other content types may be malformed. */
export function boundaryOf(contentType: Value | undefined): string | undefined {
  const text = contentType !== undefined && isBinary(contentType) ? toText(contentType) : undefined;
  if (text === undefined || !text.includes('boundary')) return undefined;
  const boundary = parseItem(text).params.get('boundary');
  if (typeof boundary === 'string') return boundary;
  return boundary instanceof Token ? boundary.name : undefined;
}

/** Header lines that describe a part and are not its fields. */
const describing: ReadonlySet<string> = new Set(['content-disposition', 'ao-body-key', 'content-digest']);

function partValue(
  fields: Map<string, Binary>,
  body: Binary,
  path: readonly string[],
  env: Environment,
): Binary | Message {
  const signature = fields.get('signature');
  const input = fields.get('signature-input');
  if (isSiginfo(signature, input)) {
    const around = { fields, body: new Map<string, Value>() };
    const commitment = readSiginfo(signature as string, input as string, around, env).get(path.at(-1)!);
    return isMessage(commitment) ? commitment : Message.empty;
  }
  const rest = new Map<string, Value>();
  let plain = true;
  for (const [name, value] of fields) {
    if (describing.has(name)) continue;
    rest.set(name, value);
    if (name !== 'ao-types') plain = false;
  }
  if (plain && body.length === 0 && rest.get('ao-types') === 'empty-message') return Message.empty;
  if (body.length === 0) return new Message(rest);
  if (plain) return body;
  rest.set(bodyKey(fields), body);
  return new Message(rest);
}

/** Puts a part into the tree. */
function insert(root: Branch, path: readonly string[], value: Binary | Message): void {
  let branch = root;
  for (let i = 0; i < path.length - 1; i++) branch = descend(branch, path[i]!);
  const last = path.at(-1)!;
  if (!isMessage(value)) branch.children.set(last, value);
  else for (const [key, field] of value.entries()) descend(branch, last).children.set(key, field);
  if (isMessage(value) && value.size === 0) descend(branch, last);
}

/** The level below `segment`, made if need be. */
function descend(branch: Branch, segment: string): Branch {
  const existing = branch.children.get(segment);
  if (existing instanceof Branch) return existing;
  if (existing !== undefined) raise('bad-encoding', `The part \`${segment}\` is a value and has parts below it.`);
  const next = new Branch();
  branch.children.set(segment, next);
  return next;
}
