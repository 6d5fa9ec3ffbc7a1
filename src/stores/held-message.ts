/**
 * Messages that stand in another entry. Who writes a message whole under a path of its own, as the scheduler does with the row of a slot,
 * needs no second copy of it and its children by their ids; the cell of each says where it is instead:
 *
 *     cell = [path, key, …]     the entry at `path` is an encoded message; below these keys of it is the message, with its commitments
 *
 * The ids of its commitments lead there as well, and not to its unsigned id: messages of one content with different signatures may get
 * places at the same moment, and of their common cell only one remains.
 *
 * Only what reads the same in both places can be held: nothing private, everything committed, no literal that would be split off, no
 * child but messages of that kind. Everything else is taken apart (message-writer.ts).
 */
import { linkId } from '../codecs/link-id.ts';
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { isBinary, isLongerThan, toText } from '../core/bytes.ts';
import { commitmentsOf, uncommitted, withOnlyCommitted } from '../core/commitments.ts';
import { decode, encode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { isIdText } from './layout.ts';
import { type Body, splitThreshold, unsignedIdentity } from './message-cell.ts';
import type { Store } from './store.ts';

/** Where a held message stands: the path of the entry, then the keys that lead to it. */
export type Place = readonly [path: string, ...keys: string[]];

export function canBeHeld(message: Message): boolean {
  if (message.size === 0) return false;
  if (message.has('commitments') && commitmentsOf(message).length === 0) return false;
  if (withOnlyCommitted(message) !== message) return false;
  for (const [key, item] of message.entries()) {
    if (isPrivateKey(key) || (key !== 'commitments' && !canStand(item))) return false;
  }
  return true;
}

function canStand(item: Value): boolean {
  if (isBinary(item)) return !isLongerThan(item, splitThreshold);
  if (isMessage(item)) return canBeHeld(item);
  return !isList(item) && !(item instanceof Link && item.lazy);
}

export function heldCell(place: Place): Uint8Array {
  return encode([...place]);
}

/** Where the message of this cell stands; `undefined` if the cell has it itself. */
export function placeIn(cell: Value): Place | undefined {
  return isList(cell) && typeof cell[0] === 'string' ? (cell as readonly string[] as Place) : undefined;
}

/** Where an alias leads: to the message of this unsigned id, or to one that stands in another entry. */
export function leadOf(alias: Uint8Array): string | Place {
  const text = toText(alias);
  if (text !== undefined && isIdText(text)) return text;
  return placeIn(decode(alias)) ?? raise('store-failed', 'A stored alias is damaged.', 'Run `hyperbeam store verify`.');
}

/** The unsigned id of the message that an alias leads to; `undefined` if that is gone. */
export function unsignedIdAt(alias: Uint8Array, store: Store, env: Environment): Awaitable<string | undefined> {
  const lead = leadOf(alias);
  if (typeof lead === 'string') return lead;
  return andThen(readHeld(store, lead), (message) => message && unsignedIdentity(message, env).id);
}

/** A held message with its commitments; `undefined` if it is gone, as from a store of limited memory. */
export function readHeld(store: Store, [path, ...keys]: Place): Awaitable<Message | undefined> {
  return andThen(store.read(path), (bytes) => {
    let value: Value | undefined = bytes && decode(bytes);
    for (const key of keys) value = isMessage(value) ? value.get(key) : undefined;
    return isMessage(value) ? value : undefined;
  });
}

/** A held message as its own cell would have it, children as links. */
export function heldBody(message: Message, env: Environment): Body {
  const whole = uncommitted(message);
  const links: [string, Value][] = [];
  for (const [key, item] of whole.entries()) if (isMessage(item)) links.push([key, new Link(linkId(item, env, 1))]);
  return {
    value: links.length === 0 ? whole : whole.withAll(links),
    covered: unsignedIdentity(message, env).covered,
    commitments: commitmentsOf(message),
  };
}
