/**
 * Commitments of parts as older clients spell them (spec 06 §6.2; wao): the part has `commitments` of its own, and each of them holds whole
 * `signature` and `signature-input` headers instead of one signature. The headers say everything, so they are read as if the part had
 * come with them; the ids and fields beside them, which nobody signed, are forgotten.
 */
import { type Binary, isBinary, toBase64, toBytes } from '../../core/bytes.ts';
import type { Environment } from '../../core/environment.ts';
import { isMessage, type Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { sha256 } from '../../crypto/hash.ts';
import { readForeign } from './foreign.ts';

/** A part's value with such commitments in the form that all others have; any other value as it is. */
export function withSpeltCommitments(value: Value, env: Environment): Value {
  if (!isMessage(value)) return value;
  const headers = headersIn(value.get('commitments'));
  if (headers === undefined) return value;
  const { content, body } = withBody(value.without('commitments'), headers.input);
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
  const isApart = (key: string): boolean => key === 'content-digest' || input.includes(`"${key}"`);
  const [only, ...more] = [...content.entries()].filter(([key]) => !isApart(key));
  if (only === undefined || more.length > 0 || !isBinary(only[1])) return { content };
  const digest = content.get('content-digest') ?? `sha-256=:${toBase64(sha256(toBytes(only[1])))}:`;
  const whole = content.with('content-digest', digest);
  const named = input.includes('"inline-body-key"') ? whole.with('inline-body-key', only[0]) : whole;
  return { content: named, body: [only[0], only[1]] };
}

function headersIn(commitments: Value | undefined): { readonly signature: string; readonly input: string } | undefined {
  if (!isMessage(commitments)) return undefined;
  const all = [...commitments.entries()].map(([, commitment]) => headersOf(commitment));
  return all.length > 0 && all.every((one) => one !== undefined) ? all[0] : undefined;
}

function headersOf(commitment: Value): { readonly signature: string; readonly input: string } | undefined {
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
