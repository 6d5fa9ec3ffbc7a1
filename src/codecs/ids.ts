/**
 * Unsigned ids (spec 02 §3.1): a message's identity is the HMAC of its signature base under the key everybody knows, `constant:ao`. Pure
 * and synchronous; children count by their own ids and are not loaded.
 */
import { compareKeys, sameKeys } from '../core/bytes.ts';
import { commitmentsOf, commitmentText, keysCommittedBy, withoutLinkSuffix } from '../core/commitments.ts';
import type { DialectName } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { isMessage, Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { components, defaultKeys, signatureBase } from './httpsig/base.ts';
import { constantHmac, constantKeyId } from './httpsig/keyid.ts';
import type { Line } from './httpsig/signature-input.ts';
import { received } from './spelling.ts';
import { toTabm } from './structured.ts';

const unsignedParams = `;alg="hmac-sha256";keyid="${constantKeyId}"`;

/** The HMAC of these lines under the constant key, as an id. */
export function unsignedIdOf(lines: readonly Line[]): string {
  return constantHmac(signatureBase(lines, unsignedParams));
}

/** The id of a message without its commitments, or of a list. `Environment.unsignedId` of a real node. */
export function unsignedId(value: Message | readonly Value[], env: Environment, depth: number = 0): string {
  const tabm = toTabm(isList(value) ? value : value.without('commitments'), 'link', env, depth) as Message;
  return unsignedIdOf(components(tabm, defaultKeys(tabm), false, env).lines);
}

const unsignedSlots: { readonly [name in DialectName]: symbol } = {
  '2025-09': Symbol('unsigned commitment'),
  '2025-11': Symbol('unsigned commitment'),
  '2026': Symbol('unsigned commitment'),
};

/** The commitment whose id is the unsigned id of a message, as a map of one. The message's own commitments don't matter. */
export function unsignedCommitment(message: Message, env: Environment): Message {
  return message.derive(unsignedSlots[env.dialect.name], () => makeUnsigned(message, env));
}

/**
 * What this node has just signed by the rules of this dialect bears its unsigned commitment already, if that covers everything: it need
 * not be made again.
 */
export function keepUnsigned(message: Message, env: Environment): void {
  for (const [id, commitment] of commitmentsOf(message)) {
    if (commitmentText(commitment, 'keyid') !== constantKeyId || commitment.has('bundle')) continue;
    if (commitmentText(commitment, 'commitment-device') !== 'httpsig@1.0') continue;
    // The types are a key of the encoded message alone.
    const covered = new Set(keysCommittedBy(commitment).filter((key) => key !== 'ao-types' || message.has(key)));
    if (covered.size !== message.size - 1 || ![...covered].every((key) => message.has(key))) continue;
    message.derive(unsignedSlots[env.dialect.name], () => new Message(new Map([[id, commitment]])));
  }
}

const foundSlots: { readonly [name in DialectName]: symbol } = {
  '2025-09': Symbol('unsigned id'),
  '2025-11': Symbol('unsigned id'),
  '2026': Symbol('unsigned id'),
};

interface Found {
  readonly id: string;
  readonly tabm: Message;
}

/**
 * Keeps that a TABM's commitment of this id was found to be its unsigned one, by the rules of the environment's dialect and over these
 * keys: if that is all of them, it need not be made again. It goes with the commitments: copies of a message share them.
 */
export function foundUnsigned(tabm: Message, id: string, keys: readonly string[], env: Environment): void {
  const commitments = tabm.get('commitments');
  if (!isMessage(commitments)) return;
  // In the dialect of 2026 the order of the keys counts as well.
  const covered = env.dialect.componentOrder === 'committed' ? keys : [...keys].sort(compareKeys);
  if (!sameKeys(covered.map(withoutLinkSuffix), defaultKeys(tabm))) return;
  commitments.derive(foundSlots[env.dialect.name], (): Found => ({ id, tabm }));
}

function foundFor(message: Message, tabm: Message, env: Environment): Message | undefined {
  const commitments = message.get('commitments');
  if (!isMessage(commitments)) return undefined;
  const found = commitments.derived<Found>(foundSlots[env.dialect.name]);
  if (found === undefined || !equal(found.tabm, tabm)) return undefined;
  return new Message(new Map([[found.id, commitments.get(found.id)!]]));
}

function makeUnsigned(message: Message, env: Environment): Message {
  // Commitments decide on the spelling of a message, and whether its `signature` is one; otherwise its TABM, which is mostly known, will do.
  const asItIs = received(message) === undefined && !message.has('signature');
  const tabm = toTabm(asItIs ? message : message.without('commitments'), 'link', env) as Message;
  const found = foundFor(message, tabm, env);
  if (found !== undefined) return found;
  const { lines, committed } = components(tabm, defaultKeys(tabm), false, env);
  const id = unsignedIdOf(lines);
  const commitment = new Map<string, Value>([
    ['commitment-device', 'httpsig@1.0'],
    ['committed', committedValue(committed, env)],
    ['keyid', constantKeyId],
    ['signature', id],
    ['type', 'hmac-sha256'],
  ]);
  return new Message(new Map([[id, new Message(commitment)]]));
}

/** A `committed` list as the dialect keeps it in memory: a list, or the numbered message of 2025-09. */
export function committedValue(keys: readonly string[], env: Environment): Value {
  if (env.dialect.committedForm === 'list') return keys;
  return new Message(new Map(keys.map((key, i) => [String(i + 1), key])));
}
