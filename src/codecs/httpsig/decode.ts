/**
 * HTTP fields and a body → TABM (spec 02 §2.6).
 *
 * What strangers may do to us ends here: private keys and a `commitments` field never come in from outside, and a `content-digest` that a
 * signature covers has to be that of the body (the reference works it out anew and never compares).
 */
import { type Binary, isBinary, toText } from '../../core/bytes.ts';
import { rawKeysCommittedBy } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, isPrivateKey, Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { isInnerList, parseDictionary } from '../structured-fields.ts';
import { checkDigest } from './digest.ts';
import { readForeign } from './foreign.ts';
import { decodeName } from './names.ts';
import { bodyKey, boundaryOf, parseMultipart } from './parse-multipart.ts';
import { isSiginfo, readSiginfo } from './siginfo.ts';
import { withSpeltCommitments } from './spelt-commitments.ts';

/** The TABM that an encoded message stands for. */
export function decode(encoded: Message, env: Environment): Message {
  const fields = readNames(encoded, env);
  const body = encoded.get('body');
  if (body !== undefined && !isBinary(body))
    raise('bad-encoding', 'The body of an encoded message is not a byte string.');
  const fromBody = body === undefined ? undefined : readBody(body, fields, env);
  const commitments = readCommitments(fields, body, fromBody ?? new Map(), env);
  const out = new Map<string, Value>();
  for (const [key, value] of fields) if (isKept(key, value, commitments)) out.set(key, value);
  if (fromBody !== undefined) {
    for (const [name, value] of fromBody) {
      const key = decodeName(name, env);
      if (key !== 'commitments' && !isPrivateKey(key)) out.set(key, withSpeltCommitments(value, env));
    }
  }
  expandIds(out, commitments, env);
  if (commitments !== undefined && commitments.size > 0) {
    for (const [id] of commitments.entries()) out.delete(id);
    out.set('commitments', commitments);
  }
  return new Message(out);
}

/** The header fields by their decoded names. */
function readNames(encoded: Message, env: Environment): Map<string, Value> {
  if (encoded.size > env.limits.maxKeys) {
    raise('limit-exceeded', `An encoded message has more than ${env.limits.maxKeys} fields.`);
  }
  const out = new Map<string, Value>();
  for (const [name, value] of encoded.entries()) if (name !== 'body') out.set(decodeName(name, env), value);
  return out;
}

function isKept(key: string, value: Value, commitments: Message | undefined): boolean {
  switch (key) {
    case 'signature':
    case 'signature-input':
    case 'commitments':
    case 'content-digest':
      return false;
    case 'content-type':
      return !(typeof value === 'string' && value.startsWith('multipart/'));
    case 'ao-body-key':
      return commitments !== undefined && isCovered(key, commitments);
    default:
      return !isPrivateKey(key);
  }
}

function isCovered(key: string, commitments: Message): boolean {
  for (const [, commitment] of commitments.entries()) {
    if (isMessage(commitment) && rawKeysCommittedBy(commitment).includes(key)) return true;
  }
  return false;
}

// ---- body -------------------------------------------------------------------------------------------------------------------

/** The entries that the body gives, in its order. */
function readBody(body: Binary, fields: Map<string, Value>, env: Environment): ReadonlyMap<string, Value> {
  const inline = bodyKey(fields);
  const boundary = boundaryOf(fields.get('content-type'));
  return boundary === undefined ? new Map([[inline, body]]) : parseMultipart(body, boundary, inline, env);
}

// ---- commitments ------------------------------------------------------------------------------------------------------------

function readCommitments(
  fields: Map<string, Value>,
  body: Binary | undefined,
  fromBody: ReadonlyMap<string, Value>,
  env: Environment,
): Message | undefined {
  const signature = fields.get('signature');
  const input = fields.get('signature-input');
  if (typeof signature !== 'string' || typeof input !== 'string') return undefined;
  if (!isSiginfo(signature, input)) return readForeign(signature, input, { fields, body, fromBody }, env);
  if (body !== undefined && input.includes('"content-digest"')) checkDigest(fields.get('content-digest'), body);
  return readSiginfo(signature, input, { fields, body: fromBody }, env);
}

/** `ao-ids` (dialect of 2025-09) holds keys that look like ids, unless somebody signed it as a key of its own. */
function expandIds(out: Map<string, Value>, commitments: Message | undefined, env: Environment): void {
  const text = out.get('ao-ids');
  if (text === undefined || !isBinary(text)) return;
  if (env.dialect.idKeys === 'escaped' && commitments !== undefined && isCovered('ao-ids', commitments)) return;
  out.delete('ao-ids');
  for (const [key, member] of parseDictionary(toText(text) ?? '', env.limits.maxKeys)) {
    const value = isInnerList(member) ? undefined : member.item;
    if (typeof value !== 'string') raise('bad-encoding', `\`ao-ids\` gives no text for \`${key}\`.`);
    if (!isPrivateKey(key)) out.set(key, value);
  }
}
