/**
 * Signatures of other producers (spec 02 §2.12): plain RFC 9421, as JavaScript clients of this network make it. They differ from ours in
 * the label (`http-sig-…`, `sig1`), the key id (the bare modulus), derived names (`@path` stands in its own line, too), the spelling of
 * `content-digest`, and in how they write nested bodies. Reference nodes take such messages as unsigned; we accept the signatures that hold.
 *
 * Such a commitment keeps what cannot be made again from the message: the components with their parameters (`signature-input`), the spelling
 * of the digest (`received-digest`), and of a multipart body its type and bytes (`received-type`, `received-body` in base64url).
 * Verification takes nothing of that on trust: every line is rebuilt from the message, and a kept body has to decode to what the message
 * holds. It cannot travel as our own headers do (siginfo.ts leaves it out); inside a bundle or a store it stays whole.
 */
import { type Binary, fromBase64, isBinary, toBase64Url, toBytes } from '../../core/bytes.ts';
import { commitmentText, keysCommittedBy } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { equal } from '../../core/equal.ts';
import { AoException } from '../../core/errors.ts';
import { Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { sha256Base64Url } from '../../crypto/hash.ts';
import { rsaBytes, rsaVerify } from '../../crypto/rsa.ts';
import { committedValue } from '../ids.ts';
import {
  type InnerList,
  isInnerList,
  parseDictionary,
  parseList,
  serializeMember,
  serializeString,
} from '../structured-fields.ts';
import { linked } from './children.ts';
import { digestMatches } from './digest.ts';
import { keyMaterial, publicKeyId } from './keyid.ts';
import { bodyKey, boundaryOf, parseMultipart } from './parse-multipart.ts';
import { joinBinaries } from './text.ts';

/** Clients sign once. Each signature may take a digest of the body and a copy of it. */
const maxSignatures = 8;

/** What a reader of foreign signatures has to know of the message. */
export interface ForeignMessage {
  readonly fields: ReadonlyMap<string, Value>;
  readonly body: Binary | undefined;
  readonly fromBody: ReadonlyMap<string, Value>;
}

/**
 * Those of the first signatures of the two headers that have the form of one we can check, as commitments by id. All others are left out:
 * the message is then unsigned, as it is for reference nodes.
 */
export function readForeign(signature: string, input: string, from: ForeignMessage, env: Environment): Message {
  const out = new Map<string, Value>();
  try {
    const signatures = parseDictionary(signature, env.limits.maxKeys);
    const inputs = parseDictionary(input, env.limits.maxKeys);
    for (const [label, member] of [...signatures].slice(0, maxSignatures)) {
      const described = inputs.get(label);
      const bytes = isInnerList(member) ? undefined : member.item;
      if (described === undefined || !isInnerList(described) || !(bytes instanceof Uint8Array)) continue;
      const commitment = readCommitment(bytes, described, from, env);
      if (commitment !== undefined) out.set(sha256Base64Url(bytes), commitment);
    }
  } catch (thrown) {
    // Headers in another form than ours are nothing we have to understand.
    if (!(thrown instanceof AoException)) throw thrown;
  }
  return new Message(out);
}

function readCommitment(
  signature: Uint8Array,
  input: InnerList,
  from: ForeignMessage,
  env: Environment,
): Message | undefined {
  const keyid = input.params.get('keyid');
  const alg = input.params.get('alg');
  const key = typeof keyid === 'string' ? fromBase64(keyid) : undefined;
  if (key?.length !== rsaBytes || signature.length !== rsaBytes || alg !== 'rsa-pss-sha512') return undefined;
  const names = componentNames(input);
  if (names === undefined || !names.every((name) => from.fields.has(plainName(name)))) return undefined;
  const { committer, keyid: canonical } = keyMaterial({ type: 'rsa-pss-sha512', keyid: publicKeyId(key) });
  const fields = new Map<string, Value>([
    ['commitment-device', 'httpsig@1.0'],
    ['type', 'rsa-pss-sha512'],
    ['keyid', canonical],
    ['committer', committer!],
    ['signature', toBase64Url(signature)],
    ['signature-input', serializeMember(input)],
  ]);
  const multipart = boundaryOf(from.fields.get('content-type')) !== undefined;
  if (names.includes('content-digest')) {
    const digest = from.fields.get('content-digest')!;
    if (from.body === undefined || !digestMatches(digest, from.body)) return undefined;
    fields.set('received-digest', digest);
    if (multipart) fields.set('received-body', toBase64Url(toBytes(from.body)));
  }
  if (multipart) fields.set('received-type', from.fields.get('content-type')!);
  const keys = coveredKeys(names, [...from.fromBody.keys()], multipart);
  fields.set('committed', committedValue(keys, env));
  return new Message(fields);
}

/** The names of components without parameters of their own. */
function componentNames(input: InnerList): readonly string[] | undefined {
  const names: string[] = [];
  for (const { item, params } of input.items) {
    if (typeof item !== 'string' || params.size > 0) return undefined;
    names.push(item);
  }
  return names;
}

function plainName(name: string): string {
  return name.startsWith('@') ? name.slice(1) : name;
}

/** The keys of the message that these components cover. */
function coveredKeys(names: readonly string[], bodyKeys: readonly string[], multipart: boolean): readonly string[] {
  const keys = new Set<string>();
  for (const name of names) {
    if (name === 'content-digest') for (const key of bodyKeys) keys.add(key);
    else if (!(multipart && name === 'content-type')) keys.add(plainName(name));
  }
  return [...keys];
}

// ---- verifying --------------------------------------------------------------------------------------------------------------

/** Whether a commitment is of another producer's making. */
export function isForeign(commitment: Message): boolean {
  return commitment.has('signature-input');
}

/** Whether a foreign commitment holds for the message. Its id, key id and committer have been checked already. */
export function verifyForeign(
  tabm: Message,
  commitment: Message,
  key: Uint8Array,
  signature: Uint8Array,
  env: Environment,
): Promise<boolean> | boolean {
  const text = commitmentText(commitment, 'signature-input') ?? '';
  const input = parseList(text, env.limits.maxKeys)[0];
  if (input === undefined || !isInnerList(input)) return false;
  const names = componentNames(input);
  if (names === undefined || new Set(names).size !== names.length) return false;
  const whole = linked(tabm, env);
  const body = coveredBody(whole, names, commitment, env);
  if (body === undefined) return false;
  const claimed = keysCommittedBy(commitment);
  const covered = new Set(coveredKeys(names, [...body.keys()], commitment.has('received-type')));
  if (claimed.length !== covered.size || !claimed.every((name) => covered.has(name))) return false;
  const base: Binary[] = [];
  for (const name of names) {
    const value = lineValue(name, whole, commitment);
    if (value === undefined) return false;
    base.push(`"${name}": `, value, '\n');
  }
  const listed = names.map((name) => serializeString(name)).join(' ');
  if (!text.startsWith(`(${listed})`)) return false;
  base.push(`"@signature-params": ${text}`);
  return rsaVerify('sha512', key, toBytes(joinBinaries(base)), signature);
}

/** The value of one line: the message's own, or for the envelope of a body what the commitment keeps. */
function lineValue(name: string, tabm: Message, commitment: Message): Binary | undefined {
  const kept = name === 'content-digest' || (name === 'content-type' && commitment.has('received-type'));
  const value = kept ? commitment.get(name.replace('content-', 'received-')) : tabm.get(plainName(name));
  return value !== undefined && isBinary(value) ? value : undefined;
}

/**
 * What `content-digest` covers, if the message holds exactly that: nothing without the component; the message's own body if its digest is
 * the one that was signed; or the entries of the multipart body that the commitment keeps.
 */
function coveredBody(
  tabm: Message,
  names: readonly string[],
  commitment: Message,
  env: Environment,
): ReadonlyMap<string, Value> | undefined {
  if (!names.includes('content-digest')) return new Map();
  const digest = commitment.get('received-digest');
  const kept = commitmentText(commitment, 'received-body');
  if (kept === undefined) {
    const key = bodyKey(tabm);
    const body = tabm.get(key);
    if (body === undefined || !isBinary(body) || !digestMatches(digest, body)) return undefined;
    return new Map([[key, body]]);
  }
  const bytes = fromBase64(kept);
  const boundary = boundaryOf(commitment.get('received-type'));
  if (bytes === undefined || boundary === undefined || !digestMatches(digest, bytes)) return undefined;
  const entries = parseMultipart(bytes, boundary, bodyKey(tabm), env);
  for (const [key, value] of linked(new Message(entries), env).entries()) {
    const held = tabm.get(key);
    if (held === undefined || !equal(held, value)) return undefined;
  }
  return entries;
}
