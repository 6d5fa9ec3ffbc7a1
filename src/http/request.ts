/**
 * An HTTP request as a request message (spec 03 §2.1, spec 02 §8; vectors http-request.json).
 *
 *     headers ∪ query ──codec (codec-device, content-type, default)──► message ──verify──► only what its signatures cover
 *                                                                        └─ + method, path, accept, accept-bundle, cookies, peer
 *
 * The safe side, where the reference leaves a choice: commitments are verified on arrival. A data item or JSON whose signature is wrong
 * is refused. A wrong signature in HTTP headers is dropped, and with it the claim of who sent the request; with `force-signed-requests` it
 * is refused as well. Private keys can't come from outside.
 *
 * The commonest request, a GET without body or signature, takes no codec and no promise.
 */
import { type Awaitable, isPromise } from '../core/awaitable.ts';
import { binary, isBinary, toText } from '../core/bytes.ts';
import { commitmentsOf, committerOf, withOnlyCommitted, withoutUnlessCommitted } from '../core/commitments.ts';
import { codecOf } from '../core/convert.ts';
import type { Environment } from '../core/environment.ts';
import { AoException, raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, Message } from '../core/message.ts';
import { setPrivate, withoutPrivate } from '../core/private.ts';
import { isList, type Value } from '../core/value.ts';
import { onlyVerified, verifiedCommitments } from '../core/verify.ts';
import { hopByHop } from '../net/hop-by-hop.ts';
import { fromLatin1 } from '../net/latin1.ts';
import { blobLink } from './blobs.ts';
import type { Body } from './body.ts';
import { formBoundary, readForm } from './form.ts';
import type { HeaderMap } from './headers.ts';
import { requestCodec, textOf } from './negotiate.ts';
import { type Answering, answering } from './options.ts';
import { readQuery } from './query.ts';

/** What is known of a request before its body. */
export interface Head {
  readonly method: string;
  /** Path and query, Latin-1. */
  readonly target: string;
  readonly headers: HeaderMap;
  /** Address of the caller. */
  readonly caller: string;
}

/** The head as message keys, and the codec the rest is in. */
export interface Primitive {
  readonly keys: Map<string, Value>;
  readonly codec: string;
  /** Its body may be a link to a blob: nothing has to look inside. */
  readonly spool: boolean;
}

const httpsig = 'httpsig@1.0';
const maxCommitments = 64;
/** As many as honest messages have: that often a message is verified whatever its size. */
const usualCommitments = 4;
/** Each further commitment has the whole message hashed again, by the thread that answers everybody. */
const maxVerifiedBytes = 64 * 1024 * 1024;

export function readHead(head: Head, env: Environment): Primitive {
  const keys = new Map<string, Value>();
  for (const [name, value] of head.headers) {
    if (hopByHop.has(name) || name === 'cookie' || isPrivateKey(name)) continue;
    keys.set(name, fromLatin1(value));
  }
  const query = queryOf(head.target);
  if (query !== undefined) readQuery(query, keys);
  const codec = requestCodec(
    keys.get('codec-device'),
    keys.get('content-type'),
    env,
    answering(env.options).defaultCodec,
  );
  return { keys, codec, spool: codec === httpsig && !isStructured(keys) };
}

/** The request message. */
export function readRequest(head: Head, primitive: Primitive, body: Body, env: Environment): Awaitable<Message> {
  const options = answering(env.options);
  const { keys } = primitive;
  const isEmpty = body.bytes.length === 0 && body.blob === undefined;
  // Clients send `content-type: application/json` along with a GET: without a body, a request is its fields.
  const codec = isEmpty && !isWhole(primitive.codec) ? httpsig : primitive.codec;
  if (codec === httpsig && isEmpty && isPlain(keys)) {
    if (options.forceSignedRequests) return refuseUnsigned();
    return normalise(new Message(keys), keys, head, options, env);
  }
  return decodeAndVerify(head, { ...primitive, codec }, body, options, env);
}

async function decodeAndVerify(
  head: Head,
  { keys, codec }: Primitive,
  body: Body,
  options: Answering,
  env: Environment,
): Promise<Message> {
  let message: Message;
  if (codec === httpsig) {
    message = await verifiedFields(await decodeFields(keys, body, env), options, env);
  } else {
    checkEncoding(keys);
    message = await verifiedBody(await decodeBody(codec, body, env), env);
    // Data items and transactions speak for themselves; other formats lie over the headers.
    if (!isWhole(codec)) {
      const merged = new Map(keys);
      for (const [key, value] of message.entries()) merged.set(key, value);
      message = new Message(merged);
    }
  }
  if (options.forceSignedRequests && !isSigned(message)) return refuseUnsigned();
  // A data item posted to a schedule is what is scheduled: its `path` is that of the message (spec 04 §A.8).
  const path = isWhole(codec) && isScheduling(head.target) ? fromLatin1(head.target) : undefined;
  return normalise(message, keys, head, options, env, path);
}

// ---- decoding ---------------------------------------------------------------------------------------------------------------

async function decodeFields(keys: ReadonlyMap<string, Value>, body: Body, env: Environment): Promise<Message> {
  const fields = new Map(keys);
  for (const [key, value] of keys) if (value === true) fields.set(key, 'true');
  const contentType = textOf(keys.get('content-type'));
  const boundary = contentType === undefined ? undefined : formBoundary(contentType);
  if (boundary !== undefined && body.bytes.length > 0) {
    for (const [key, value] of readForm(body.bytes, boundary, env)) fields.set(key, value);
    fields.delete('content-type');
    return new Message(fields);
  }
  if (body.blob !== undefined) return new Message(fields.set('body', blobLink(body.blob)));
  if (body.bytes.length > 0) fields.set('body', binary(body.bytes));
  const tabm = await codecOf(httpsig, env).toTabm(new Message(fields), {}, env);
  return restoreFlags(await structuredMessage(tabm, env), keys);
}

/** A query key without a value is the atom `true`, which fields have no way to say. */
function restoreFlags(message: Message, keys: ReadonlyMap<string, Value>): Message {
  let restored = message;
  for (const [key, value] of keys)
    if (value === true && message.get(key) === 'true') restored = restored.with(key, true);
  return restored;
}

/** In a format of ours the body has to be what it says: nothing here takes it out of another coding. */
function checkEncoding(keys: ReadonlyMap<string, Value>): void {
  const encoding = textOf(keys.get('content-encoding'))?.trim().toLowerCase();
  if (encoding === undefined || encoding === '' || encoding === 'identity') return;
  raise('bad-encoding', 'This node does not take compressed bodies.', {
    status: 415,
    hint: 'Send the body as it is, without `content-encoding`.',
  });
}

async function decodeBody(codec: string, body: Body, env: Environment): Promise<Message> {
  if (!env.codecs.has(codec)) {
    raise('bad-encoding', `This node does not know the format \`${codec}\`.`, {
      status: 415,
      hint: `It knows ${[...env.codecs.keys()].join(', ')}.`,
    });
  }
  const tabm = await codecOf(codec, env).toTabm(binaryBody(codec, body), {}, env);
  const message = await structuredMessage(tabm, env);
  return withoutPrivate(message) as Message;
}

/** Data items are bytes; text formats are read as text whatever their length. */
function binaryBody(codec: string, body: Body): Value {
  if (isWhole(codec)) return body.bytes;
  return toText(body.bytes) ?? raise('bad-encoding', 'The body is not valid UTF-8.');
}

async function structuredMessage(tabm: Value, env: Environment): Promise<Message> {
  const value = await codecOf('structured@1.0', env).fromTabm(
    isMessage(tabm) ? tabm : new Message(new Map([['body', tabm]])),
    {},
    env,
  );
  return isMessage(value) ? value : new Message(new Map([['body', value]]));
}

// ---- verifying --------------------------------------------------------------------------------------------------------------

async function verifiedFields(message: Message, options: Answering, env: Environment): Promise<Message> {
  if (!message.has('commitments')) return withoutPrivate(message) as Message;
  checkCount(message);
  // Nearly always everything holds for what is covered, without the headers around it. That is also what the schedule and the cache keep, so
  // they need not verify it again.
  const covered = withOnlyCommitted(withoutPrivate(message) as Message);
  if ((await verifiedCommitments(covered, env)).length === commitmentsOf(covered).length) return covered;
  const trusted = await onlyVerified(message, env);
  if (isSigned(message) && !isSigned(trusted) && options.forceSignedRequests) {
    raise(
      'bad-signature',
      'The signature of the request does not match it.',
      'Sign the headers exactly as they are sent.',
    );
  }
  return withOnlyCommitted(withoutPrivate(trusted) as Message);
}

async function verifiedBody(message: Message, env: Environment): Promise<Message> {
  const claimed = checkCount(message);
  if (claimed.length === 0) return message;
  const holding = new Set(await verifiedCommitments(message, env));
  for (const [id] of claimed) {
    if (!holding.has(id)) raise('bad-signature', `The commitment ${id} does not match the message.`, 'Sign it again.');
  }
  return message;
}

/** Each costs a verification: a stranger can't ask for any number of them. */
function checkCount(message: Message): ReturnType<typeof commitmentsOf> {
  const claimed = commitmentsOf(message);
  if (claimed.length > maxCommitments) {
    raise(
      'limit-exceeded',
      `A request may carry ${maxCommitments} commitments.`,
      'Commit to several messages instead.',
    );
  }
  if (claimed.length > usualCommitments && claimed.length * sizeOf(message) > maxVerifiedBytes) {
    raise(
      'limit-exceeded',
      `${claimed.length} commitments are too many for a message of this size.`,
      'Sign it fewer times, or sign the id of its data.',
    );
  }
  return claimed;
}

/** About how many bytes there are to hash for one commitment. */
function sizeOf(value: Value): number {
  if (isBinary(value)) return value.length;
  let size = 0;
  if (isMessage(value)) for (const [key, child] of value.entries()) size += key === 'commitments' ? 0 : sizeOf(child);
  else if (isList(value)) for (const item of value) size += sizeOf(item);
  return size;
}

/** Whether the message has a commitment with a committer. Only for messages whose commitments were verified, or to see what one claims. */
export function isSigned(message: Message): boolean {
  return commitmentsOf(message).some(([, commitment]) => committerOf(commitment) !== undefined);
}

function refuseUnsigned(): never {
  raise('unauthorized', 'This node takes signed requests only.', 'Sign the request, or send it as a data item.');
}

// ---- the keys that every request has ----------------------------------------------------------------------------------------

function normalise(
  decoded: Message,
  keys: ReadonlyMap<string, Value>,
  head: Head,
  options: Answering,
  env: Environment,
  path?: Value,
): Awaitable<Message> {
  const out = new Map<string, Value>(decoded.entries());
  const signed = decoded.has('commitments');
  for (const key of options.inboundFilterKeys) {
    if (out.has(key) && !(signed && isCovered(decoded, key))) out.delete(key);
  }
  out.set('method', head.method);
  out.set('path', path ?? decoded.get('path') ?? fromLatin1(head.target));
  if (!out.has('accept-bundle')) out.set('accept-bundle', keys.get('accept-bundle') ?? false);
  if (!out.has('accept')) out.set('accept', keys.get('accept') ?? '*/*');
  const required = keys.get('require-codec');
  if (required !== undefined && !out.has('require-codec')) out.set('require-codec', required);
  if (out.get('body') === '' && !(signed && isCovered(decoded, 'body'))) out.delete('body');
  const port = keys.get('ao-peer-port');
  if (port !== undefined) {
    out.set('ao-peer', `${head.caller}:${textOf(port) ?? ''}`);
    if (!(signed && isCovered(decoded, 'ao-peer-port'))) out.delete('ao-peer-port');
  }
  const priv = new Map<string, Value>([['ip', head.caller]]);
  // What was verified, as it was signed: steps made of it are trusted by it (core/verify.ts).
  if (signed) priv.set('request', decoded);
  const cookie = head.headers.get('cookie');
  if (cookie === undefined) {
    out.set('priv', new Message(priv));
    return new Message(out);
  }
  const jar = readCookies(cookie, env);
  if (!isPromise(jar)) return withCookies(new Message(out.set('priv', new Message(priv))), jar);
  return jar.then((read) => withCookies(new Message(out.set('priv', new Message(priv))), read));
}

function isCovered(message: Message, key: string): boolean {
  return withoutUnlessCommitted([key], message).has(key);
}

/** The cookies of a request; none if the header is malformed, as browsers send what they were once given. */
function readCookies(header: string, env: Environment): Awaitable<Value | undefined> {
  const codec = env.codecs.get('cookie@1.0');
  if (codec === undefined) return undefined;
  const jarOf = (tabm: Value): Value | undefined => {
    const priv = isMessage(tabm) ? tabm.get('priv') : undefined;
    return isMessage(priv) ? priv.get('cookie') : undefined;
  };
  try {
    const tabm = codec.toTabm(new Message(new Map([['cookie', fromLatin1(header)]])), {}, env);
    return isPromise(tabm) ? tabm.then(jarOf, () => undefined) : jarOf(tabm);
  } catch (thrown) {
    if (thrown instanceof AoException) return undefined;
    throw thrown;
  }
}

function withCookies(message: Message, jar: Value | undefined): Message {
  return jar === undefined ? message : setPrivate(message, 'cookie', jar);
}

// ---- small questions --------------------------------------------------------------------------------------------------------

/** The query of a target, unless a `?` inside parentheses or quotes makes that a matter for the path parser alone. */
function queryOf(target: string): string | undefined {
  const mark = target.indexOf('?');
  if (mark < 0) return undefined;
  const open = target.search(/[("]|%28|%22/);
  return open >= 0 && open < mark ? undefined : target.slice(mark + 1);
}

/** Whether the fields mean nothing but themselves, so that decoding them would change nothing. */
function isPlain(keys: ReadonlyMap<string, Value>): boolean {
  if (keys.has('signature-input') || keys.has('signature') || keys.has('ao-types') || keys.has('ao-ids')) return false;
  if (keys.has('content-digest') || keys.has('ao-body-key') || keys.has('commitments')) return false;
  for (const key of keys.keys()) if (key.includes('%') || key.includes('+')) return false;
  return true;
}

/** Whether decoding has to look inside the body: it is signed, or has parts. */
function isStructured(keys: ReadonlyMap<string, Value>): boolean {
  return (
    keys.has('signature-input') ||
    keys.has('content-digest') ||
    (textOf(keys.get('content-type')) ?? '').includes('boundary')
  );
}

/** Whether a path ends with a key that schedules what is posted to it. */
function isScheduling(target: string): boolean {
  return /\/(?:schedule|push)(?:&[^/?]*)?(?:\?|$)/.test(target);
}

/** Formats in which a body is the whole message, headers being only its envelope. */
function isWhole(codec: string): boolean {
  return codec === 'ans104@1.0' || codec === 'tx@1.0';
}
