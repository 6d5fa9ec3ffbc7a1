/**
 * A message as an outgoing HTTP request, and the reply as a message (spec 03 §2.7): the other side of `http/request.ts` and
 * `http/response.ts`.
 */
import { type Binary, binary, isBinary, toBytes, toText } from '../core/bytes.ts';
import type { Wire } from '../core/codec.ts';
import { commitmentsOf, keysCommittedBy, withoutLinkSuffix, withoutUnlessCommitted } from '../core/commitments.ts';
import { codecOf } from '../core/convert.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { text, textIn } from '../core/fields.ts';
import { isMessage, Message, message } from '../core/message.ts';
import { withoutPrivate } from '../core/private.ts';
import type { Value } from '../core/value.ts';
import { hopByHop } from './hop-by-hop.ts';
import { fromLatin1, toLatin1 } from './latin1.ts';
import type { CallReply } from './transport.ts';

export interface Outgoing {
  readonly method: string;
  /** Path and query, escaped. */
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
}

const httpsig = 'httpsig@1.0';
const dataItems = 'ans104@1.0';

/** Headers that belong to the connection or to the transfer, not to the message. */
const transferHeaders: ReadonlySet<string> = new Set([
  'accept-ranges',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'connection',
  'content-length',
  'date',
  'etag',
  'keep-alive',
  'request-id',
  'server',
  'transfer-encoding',
  'upgrade',
  'vary',
]);

/** What a request can't have as a header of the message. */
const taken: ReadonlySet<string> = new Set([...transferHeaders, ...hopByHop, 'cookie', 'host', 'set-cookie']);
/** The reference takes a hundred headers, those of the connection among them. */
const wire: Wire = { taken, maxFields: 80 };

/** `port`: where this node can be reached, if it says so. */
export async function encodeRequest(request: Message, port: number | undefined, env: Environment): Promise<Outgoing> {
  const codec = textIn(request, 'codec-device') ?? httpsig;
  const method = (textIn(request, 'method') ?? (request.has('body') ? 'POST' : 'GET')).toUpperCase();
  if (!/^[A-Z]{1,16}$/.test(method)) raise('bad-request', 'The method of the request is not one of HTTP.');
  const content = withoutPrivate(withoutUnlessCommitted(['cookie', 'set-cookie'], request)) as Message;
  const cookies = await cookieHeader(request, content, env);
  const headers: string[] = [];
  if (!content.has('accept-bundle')) headers.push('accept-bundle', 'true');
  if (port !== undefined && !content.has('ao-peer-port')) headers.push('ao-peer-port', String(port));
  if (cookies !== undefined) headers.push('cookie', cookies);
  const target = escapeTarget(textIn(request, 'path') ?? '/');
  if (codec === httpsig) {
    const body = await pushFields(content, headers, env);
    return { method, target, headers, body };
  }
  headers.push('codec-device', codec);
  const tabm = await codecOf('structured@1.0', env).toTabm(content, { bundle: true }, env);
  if (codec !== dataItems && !env.codecs.has(codec)) return { method, target, ...plainRequest(content, headers) };
  const encoder = codecOf(codec, env);
  if (encoder.contentType !== undefined) headers.push('content-type', encoder.contentType);
  const encoded = await encoder.fromTabm(tabm, { bundle: true }, env);
  if (!isBinary(encoded)) raise('bad-type', `A request has no form in \`${codec}\`.`);
  return { method, target, headers, body: toBytes(encoded) };
}

/** The message's keys as headers; gives the body. */
async function pushFields(content: Message, headers: string[], env: Environment): Promise<Uint8Array | undefined> {
  const tabm = await codecOf('structured@1.0', env).toTabm(withoutTaken(content), { bundle: true }, env);
  const encoded = await codecOf(httpsig, env).fromTabm(tabm, { bundle: true, wire }, env);
  if (!isMessage(encoded)) raise('bad-type', 'A request is a message.');
  for (const [name, value] of encoded.entries()) {
    if (name === 'body' || taken.has(name) || !isBinary(value)) continue;
    const spelt = toLatin1(value);
    if (spelt !== undefined) headers.push(name, spelt);
  }
  const body = encoded.get('body');
  return body === undefined || !isBinary(body) ? undefined : toBytes(body);
}

/** Without the keys that would be headers of the transfer, unless somebody signed them. */
function withoutTaken(content: Message): Message {
  const names = [...taken].filter((name) => content.has(name));
  return names.length === 0 ? content : withoutUnlessCommitted(names, content);
}

/** For formats this node doesn't know: the simple keys as headers, the body as it is. */
function plainRequest(content: Message, headers: string[]): { headers: string[]; body: Uint8Array | undefined } {
  for (const [name, value] of content.entries()) {
    if (name === 'body' || name === 'codec-device' || taken.has(name)) continue;
    const spelt = text.read(value);
    const sendable = spelt === undefined || !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) ? undefined : toLatin1(spelt);
    if (sendable !== undefined) headers.push(name, sendable);
  }
  const body = content.get('body');
  return { headers, body: body !== undefined && isBinary(body) ? toBytes(body) : undefined };
}

const asCookie = message({ format: 'cookie' });

async function cookieHeader(request: Message, content: Message, env: Environment): Promise<string | undefined> {
  const codec = env.codecs.get('cookie@1.0');
  const priv = request.get('priv');
  const jar = isMessage(priv) ? priv.get('cookie') : undefined;
  const source = new Map<string, Value>();
  for (const key of ['cookie', 'set-cookie']) {
    const value = request.get(key);
    if (value !== undefined && !content.has(key)) source.set(key, value);
  }
  if (jar !== undefined) source.set('priv', message({ cookie: jar }));
  if (source.size === 0) return undefined;
  if (codec === undefined) {
    const plain = request.get('cookie');
    return plain !== undefined && isBinary(plain) ? toLatin1(plain) : undefined;
  }
  const tabm = await codec.toTabm(new Message(source), {}, env);
  const written = await codec.fromTabm(tabm, { request: asCookie }, env);
  const line = isMessage(written) ? written.get('cookie') : written;
  return line !== undefined && isBinary(line) && line.length > 0 ? toLatin1(line) : undefined;
}

/** The path as a URL can carry it: what isn't allowed in one is escaped, escapes stay. */
export function escapeTarget(path: string): string {
  const slashed = path.startsWith('/') ? path : `/${path}`;
  return slashed.replace(/[^!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]+/g, (run) => encodeURIComponent(run.toWellFormed()));
}

// ---- replies ----------------------------------------------------------------------------------------------------------------

export interface Decoded {
  /** The whole reply. */
  readonly message: Message;
  /** The value that `ao-result` points at, if there is one. */
  readonly result: Value | undefined;
}

/** A reply as a message. Signatures are kept, not judged. */
export async function decodeReply(reply: CallReply, env: Environment): Promise<Decoded> {
  const fields = new Map<string, Value>();
  const cookies: Binary[] = [];
  for (let i = 0; i < reply.rawHeaders.length; i += 2) {
    const name = reply.rawHeaders[i]!.toLowerCase();
    const value = reply.rawHeaders[i + 1]!;
    if (name === 'set-cookie') cookies.push(fromLatin1(value));
    else {
      const before = fields.get(name);
      fields.set(name, before === undefined ? fromLatin1(value) : `${String(before)}, ${value}`);
    }
  }
  const named = fields.get('codec-device');
  const codec = named !== undefined && isBinary(named) ? toText(named) : undefined;
  const decoded = await decodeAs(codec, fields, reply.body, env);
  const signed = commitmentsOf(decoded);
  const covered = new Set(signed.flatMap(([, commitment]) => keysCommittedBy(commitment)));
  let whole = decoded.filter((key) => !transferHeaders.has(key) || covered.has(withoutLinkSuffix(key)));
  // A number added to a signed message would change what its signature covers.
  if (signed.length === 0) whole = whole.with('status', reply.status);
  if (cookies.length > 0) whole = await withCookies(whole, cookies, env);
  const key = whole.get('ao-result');
  const pointed = key !== undefined && isBinary(key) ? toText(key) : undefined;
  if (pointed === undefined) return { message: whole, result: undefined };
  const result = whole.get(pointed) ?? (pointed === 'body' ? '' : undefined);
  if (result === undefined) {
    raise('peer-failed', `Result key '${pointed}' not found in response from '${reply.url.host}'.`);
  }
  return { message: whole, result };
}

async function decodeAs(
  codec: string | undefined,
  fields: Map<string, Value>,
  body: Uint8Array,
  env: Environment,
): Promise<Message> {
  if (codec !== undefined && codec !== httpsig && env.codecs.has(codec) && body.length > 0) {
    const source = codec === dataItems ? body : (toText(body) ?? body);
    try {
      const value = await structuredOf(await codecOf(codec, env).toTabm(source, {}, env), env);
      if (isMessage(value)) return withoutPrivate(value) as Message;
    } catch (thrown) {
      // What claims to be a data item and isn't is read as what it is otherwise.
      if (codec !== dataItems) throw thrown;
    }
  }
  if (body.length > 0) fields.set('body', binary(body));
  const value = await structuredOf(await codecOf(httpsig, env).toTabm(new Message(fields), {}, env), env);
  return isMessage(value) ? (withoutPrivate(value) as Message) : message({ body: value });
}

async function structuredOf(tabm: Value, env: Environment): Promise<Value> {
  return isMessage(tabm) ? codecOf('structured@1.0', env).fromTabm(tabm, {}, env) : tabm;
}

async function withCookies(whole: Message, lines: readonly Binary[], env: Environment): Promise<Message> {
  const codec = env.codecs.get('cookie@1.0');
  if (codec === undefined) return whole.with('set-cookie', lines);
  const tabm = await codec.toTabm(message({ 'set-cookie': lines }), {}, env);
  const priv = isMessage(tabm) ? tabm.get('priv') : undefined;
  return isMessage(priv) ? whole.with('priv', priv) : whole;
}
