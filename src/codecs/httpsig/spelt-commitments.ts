/**
 * Commitments of parts as older clients spell them (spec 06 §6.2; wao): the part has `commitments` of its own, and each of them holds whole
 * `signature` and `signature-input` headers instead of one signature. The headers say everything, so they are read as if the part had
 * come with them; the ids and fields beside them, which nobody signed, are forgotten.
 */
import { type Binary, isBinary, toBase64, toBytes } from '../../core/bytes.ts';
import type { Environment } from '../../core/environment.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { sha256 } from '../../crypto/hash.ts';
import { readForeign } from './foreign.ts';
import { bodyKey, boundaryOf, parseMultipart } from './parse-multipart.ts';

/** A part's value with such commitments in the form that all others have; any other value as it is. */
export function withSpeltCommitments(value: Value, env: Environment): Value {
  if (!isMessage(value)) return value;
  const headers = headersIn(value.get('commitments'));
  if (headers === undefined) return value;
  const content = value.without('commitments');
  return withParts(content, headers, env) ?? withOneBody(content, headers, env);
}

interface Spelt {
  readonly signature: string;
  readonly input: string;
}

/** A part whose signer had put children into a multipart body: it is there as it was signed, and not read yet. */
function withParts(content: Message, headers: Spelt, env: Environment): Message | undefined {
  const boundary = boundaryOf(content.get('content-type'));
  const body = content.get('body');
  if (boundary === undefined || body === undefined || !isBinary(body)) return undefined;
  const fields = new Map(content.with('content-digest', digestOf(content, body)).entries());
  const fromBody = parseMultipart(body, boundary, bodyKey(content), env);
  const commitments = readForeign(headers.signature, headers.input, { fields, body, fromBody }, env);
  if (commitments.size === 0) return undefined;
  const children = [...fromBody].filter(([key]) => !isPrivateKey(key));
  return content.without('body', 'content-type', 'content-digest').withAll([...children, ['commitments', commitments]]);
}

/** A part whose signer had put one key into the body, or none. */
function withOneBody(part: Message, headers: Spelt, env: Environment): Message {
  const { content, body } = withBody(part, headers.input);
  const [key, bytes] = body ?? [];
  const from = {
    fields: new Map(body === undefined ? content.entries() : content.without(key!).entries()),
    body: bytes,
    fromBody: new Map<string, Value>(body === undefined ? [] : [body]),
  };
  const commitments = readForeign(headers.signature, headers.input, from, env);
  const kept = body === undefined ? content : content.without('content-digest');
  return commitments.size === 0 ? kept : kept.with('commitments', commitments);
}

/**
 * A part whose signer had put one key into a body. The part holds it as a key again, without the headers that said so: it is the one key
 * that no component covers by its name. Whether the digest made anew is the signed one, verification finds out.
 */
function withBody(content: Message, input: string): { content: Message; body?: readonly [string, Binary] } {
  if (!input.includes('"content-digest"')) return { content };
  const named = new Set(input.match(/"(?:[^"\\]|\\.)*"/g));
  const isApart = (key: string): boolean => key === 'content-digest' || named.has(`"${key}"`);
  const [only, ...more] = [...content.entries()].filter(([key]) => !isApart(key));
  if (only === undefined || more.length > 0 || !isBinary(only[1])) return { content };
  const whole = content.with('content-digest', digestOf(content, only[1]));
  const keyed = named.has('"inline-body-key"') ? whole.with('inline-body-key', only[0]) : whole;
  return { content: keyed, body: [only[0], only[1]] };
}

/** The digest a part came with, or else that of its body: whether it is the signed one, verification finds out. */
function digestOf(part: Message, body: Binary): Value {
  return part.get('content-digest') ?? `sha-256=:${toBase64(sha256(toBytes(body)))}:`;
}

function headersIn(commitments: Value | undefined): Spelt | undefined {
  if (!isMessage(commitments)) return undefined;
  const all = [...commitments.entries()].map(([, commitment]) => headersOf(commitment));
  return all.length > 0 && all.every((one) => one !== undefined) ? all[0] : undefined;
}

function headersOf(commitment: Value): Spelt | undefined {
  if (!isMessage(commitment)) return undefined;
  const signature = textAt(commitment, 'signature');
  const input = textAt(commitment, 'signature-input');
  // Ours have a `signature-input`, too, but with the bare signature beside it.
  return signature?.includes('=:') === true && input?.includes('=(') === true ? { signature, input } : undefined;
}

function textAt(message: Message, key: string): string | undefined {
  const value = message.get(key);
  return typeof value === 'string' ? value : undefined;
}
