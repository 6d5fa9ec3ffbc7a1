/**
 * Messages as cells: one encoded value per message, so that reading one is one lookup.
 *
 *     cell = [body, spelling, covered]
 *
 *   body      the message or list, without commitments and private keys. A child is a link to its id; short lists and empty messages
 *             stand inline; a literal over 4 KiB is the lazy link `data/<hash>#<length>`.
 *   spelling  `false`, or those typed values and types that the sender spelt in another way than we would. A signature covers the
 *             spelling, so it has to come back with the message (codecs/spelling.ts).
 *   covered   the keys of the unsigned commitment, whose id is the message's id; `false` for lists.
 */

import { committedValue, unsignedCommitment } from '../codecs/ids.ts';
import { received, remember } from '../codecs/spelling.ts';
import { toTabm } from '../codecs/structured.ts';
import { type Binary, isBinary, isLongerThan, sameBytes, toBytes } from '../core/bytes.ts';
import { commitmentsOf, keysCommittedBy, uncommitted, withOnlyCommitted } from '../core/commitments.ts';
import { encode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message, messageFrom } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { data, hashOf } from './layout.ts';

/** Longer literals are stored once by their hash, whatever messages they are in. Measured: 7 times the rate of a cell per key. */
export const splitThreshold = 4096;
/** Lists whose encoding is at most this long stand in the message itself. */
const maxInlineList = 4096;

export interface Body {
  readonly value: Message | readonly Value[];
  /** Keys of the unsigned commitment. */
  readonly covered: readonly string[] | undefined;
  /** Those that stand with the message and were found to hold; others may be stored beside it. */
  readonly commitments: readonly (readonly [string, Message])[];
}

/** What a cell needs beside it. */
export interface Split {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A message that is being taken apart: its id is known, its children are links by now. */
export interface Shallow {
  readonly id: string;
  readonly cell: Uint8Array;
  readonly splits: readonly Split[];
}

/**
 * The cell of a message, its commitments left out, or of a list. `child` gives the id of a child, and sees to it that it is written.
 * `original` is the message as it came, whose spelling counts.
 */
export function makeMessageCell(
  whole: Message | readonly Value[],
  original: Message | undefined,
  child: (value: Message | readonly Value[]) => string,
  env: Environment,
): Shallow {
  const splits: Split[] = [];
  const shallow = (item: Value, nested = false): Value => {
    // A list with a long literal is a cell of its own, and the literal is split from that.
    if (isBinary(item)) return !nested && isLongerThan(item, splitThreshold) ? split(item, splits) : item;
    if (isMessage(item)) {
      const link = new Link(child(item));
      return item.size === 0 ? item : link;
    }
    if (!isList(item)) return item;
    const link = new Link(child(item));
    const inline = item.map((member) => shallow(member, true));
    return encode(inline).length <= maxInlineList ? inline : link;
  };
  if (isList(whole)) {
    return { id: env.unsignedId(whole, env), cell: encode([whole.map((item) => shallow(item)), false, false]), splits };
  }
  const value = uncommitted(whole);
  const { id, covered } = unsignedIdentity(whole, env);
  const spelling = original === undefined ? undefined : spellingOf(original, value, env);
  const changes: [string, Value][] = [];
  for (const [key, item] of value.entries()) {
    // A list that came as text is spelt by its key: as a link it would lose that.
    const kept = isList(item) && spelling?.has(key) ? item : shallow(item);
    if (kept !== item) changes.push([key, kept]);
  }
  const body = changes.length === 0 ? value : value.withAll(changes);
  return { id, cell: encode([body, spelling ?? false, covered]), splits };
}

/** What a message is stored by: its unsigned id, and the keys that this covers. */
export function unsignedIdentity(message: Message, env: Environment): { id: string; covered: readonly string[] } {
  const unsigned = unsignedCommitment(message, env);
  const id = unsigned.keys()[0]!;
  return { id, covered: keysCommittedBy(unsigned.get(id) as Message) };
}

/** Reads a decoded cell. `literal` reads a split literal; what it doesn't give stays a lazy link. */
export function readMessageCell(parts: Value, literal: (path: string, length: number) => Binary | undefined): Body {
  const [stored, spelling, covered] = isList(parts) ? parts : [];
  if (!(isMessage(stored) || isList(stored))) return damaged();
  const value = rejoin(stored, literal) as Message | readonly Value[];
  if (isMessage(value) && isMessage(spelling)) remember(value, spelling);
  return { value, covered: isList(covered) ? (covered as readonly string[]) : undefined, commitments: [] };
}

/** What of a message is stored: no private keys, and only what is committed. */
export function storedPart(message: Message): Message {
  const plain = message.filter((key) => !isPrivateKey(key));
  if (!plain.has('commitments')) return plain;
  return commitmentsOf(plain).length === 0 ? uncommitted(plain) : withOnlyCommitted(plain);
}

/** The unsigned commitment of a message, from its id and the keys it covers. */
export function storedUnsignedCommitment(id: string, covered: readonly string[], env: Environment): Message {
  return messageFrom([
    ['commitment-device', 'httpsig@1.0'],
    ['committed', committedValue(covered, env)],
    ['keyid', 'constant:ao'],
    ['signature', id],
    ['type', 'hmac-sha256'],
  ]);
}

/** A split literal's path and length, if the link is one. */
export function splitOf(
  value: Value,
): { readonly path: string; readonly hash: string; readonly length: number } | undefined {
  if (!(value instanceof Link) || !value.lazy) return undefined;
  const match = /^data\/([A-Za-z0-9_-]{43})#(\d{1,15})$/.exec(value.ref);
  return match === null ? undefined : { path: `${data}/${match[1]}`, hash: match[1]!, length: Number(match[2]) };
}

function split(literal: Binary, splits: Split[]): Link {
  const bytes = toBytes(literal);
  const path = `${data}/${hashOf(bytes)}`;
  splits.push({ path, bytes });
  return new Link(`${path}#${bytes.length}`, true);
}

function rejoin(value: Value, literal: (path: string, length: number) => Binary | undefined): Value {
  if (isList(value)) return value.some(isNested) ? value.map((item) => rejoin(item, literal)) : value;
  if (isMessage(value)) {
    const changes: [string, Value][] = [];
    for (const [key, item] of value.entries()) {
      if (!isNested(item)) continue;
      const joined = rejoin(item, literal);
      if (joined !== item) changes.push([key, joined]);
    }
    return changes.length === 0 ? value : value.withAll(changes);
  }
  const part = splitOf(value);
  return part === undefined ? value : (literal(part.path, part.length) ?? new Link(part.path, true));
}

function isNested(value: Value): boolean {
  return value instanceof Link || isList(value) || isMessage(value);
}

/** What of the spelling the message was received with differs from ours, if anything does. `value` is what is kept of it. */
function spellingOf(message: Message, value: Message, env: Environment): Message | undefined {
  const source = received(message);
  if (source === undefined) return undefined;
  const canonical = toTabm(value, 'link', env) as Message;
  const different: [string, Value][] = [];
  for (const [key, spelt] of source.entries()) {
    if (!isBinary(spelt) || !(key === 'ao-types' || value.has(key))) continue;
    const ours = canonical.get(key);
    if (ours === undefined || !isBinary(ours) || !sameBytes(ours, spelt)) different.push([key, spelt]);
  }
  return different.length === 0 ? undefined : messageFrom(different);
}

function damaged(): never {
  raise('store-failed', 'A stored message is damaged.', 'Run `hyperbeam store verify`.');
}
