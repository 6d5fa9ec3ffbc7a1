/**
 * `set` of `message@1.0` (spec 01 §6.8): entries laid over a message, messages merged into messages. A child that names a device of its
 * own takes its changes through that device's `set`.
 *
 * Commitments stay exactly as long as nothing they cover has changed. What is compared is the content, so setting a committed key to the
 * value it has, or to a copy of what its link points to, keeps them.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import { commitmentsOf, keysCommittedBy } from '../../core/commitments.ts';
import type { Ao } from '../../core/device.ts';
import { equal } from '../../core/equal.ts';
import { isMessage, isPrivateKey, Message } from '../../core/message.ts';
import { isList, Link, UNDEFINED, UNSET, type Value } from '../../core/value.ts';

/** Keys that `set` leaves alone. `path` has a `set_path` of its own. */
const reserved: ReadonlySet<string> = new Set([
  'id',
  'commitments',
  'committers',
  'keys',
  'path',
  'set',
  'remove',
  'verify',
  'private',
  'set-mode',
]);

export function setEntries(base: Message, request: Message, explicit: boolean, ao: Ao): Awaitable<Message> {
  const keys = request.foldKeys().filter((key) => !reserved.has(key) && !isPrivateKey(key));
  return andThen(setFrom(base, request, keys, 0, explicit, ao), (changed) => withValidCommitments(base, changed, ao));
}

function setFrom(
  base: Message,
  request: Message,
  keys: readonly string[],
  from: number,
  explicit: boolean,
  ao: Ao,
): Awaitable<Message> {
  let current = base;
  for (let i = from; i < keys.length; i++) {
    const next = setEntry(current, keys[i]!, request.get(keys[i]!)!, explicit, ao);
    if (next instanceof Promise) {
      return next.then((message) => setFrom(message, request, keys, i + 1, explicit, ao));
    }
    current = next;
  }
  return current;
}

function setEntry(message: Message, key: string, value: Value, explicit: boolean, ao: Ao): Awaitable<Message> {
  if (value === UNDEFINED) return message;
  if (value === UNSET && message.has(key)) return message.without(key);
  if (explicit) return value === UNSET ? message : message.with(key, value);
  const path = key.split('/').filter((part) => part !== '');
  return mergeAt(message, path.length === 0 ? [key] : path, value, ao);
}

/** The message with `value` merged in below `path`; what is missing on the way is made. */
function mergeAt(message: Message, path: readonly string[], value: Value, ao: Ao): Awaitable<Message> {
  const [key, ...rest] = path as [string, ...string[]];
  if (isPrivateKey(key)) return message;
  const old = message.get(key);
  if (rest.length === 0) {
    if (value === UNSET) return message.without(key);
    if (!isMessage(value) || old === undefined)
      return message.with(key, isMessage(value) ? withoutUnset(value) : value);
    return andThen(ao.load(old), (loaded) =>
      isMessage(loaded)
        ? andThen(mergeInto(loaded, value, ao), (merged) => message.with(key, merged))
        : message.with(key, value),
    );
  }
  return andThen(old === undefined ? Message.empty : ao.load(old), (child) =>
    andThen(mergeAt(isMessage(child) ? child : Message.empty, rest, value, ao), (changed) =>
      changed === child ? message : message.with(key, changed),
    ),
  );
}

function mergeInto(old: Message, changes: Message, ao: Ao): Awaitable<Message> {
  const device = old.get('device');
  if (device !== undefined && device !== 'message@1.0') return ao.set(old, changes);
  return mergeFrom(old, changes, changes.foldKeys(), 0, ao);
}

function mergeFrom(old: Message, changes: Message, keys: readonly string[], from: number, ao: Ao): Awaitable<Message> {
  let current = old;
  for (let i = from; i < keys.length; i++) {
    const key = keys[i]!;
    const path = key.split('/').filter((part) => part !== '');
    const value = changes.get(key)!;
    // Inside of a nested message `unset` removes nothing: the reference merges the old value back (spec 01 §1.10).
    if (value === UNDEFINED || value === UNSET) continue;
    const next = mergeAt(current, path.length === 0 ? [key] : path, value, ao);
    if (next instanceof Promise) return next.then((message) => mergeFrom(message, changes, keys, i + 1, ao));
    current = next;
  }
  return current;
}

/** A new child has nothing to remove: atoms that would are dropped. */
function withoutUnset(message: Message): Message {
  return message.filter((_, value) => value !== UNSET && value !== UNDEFINED);
}

/** The changed message, without commitments if something that one of them covers is not what it was. */
export function withValidCommitments(before: Message, after: Message, ao: Ao): Message {
  if (before === after || !after.has('commitments')) return after;
  const covered = new Set<string>();
  for (const [, commitment] of commitmentsOf(before)) for (const key of keysCommittedBy(commitment)) covered.add(key);
  for (const key of covered) {
    if (!sameContent(before.get(key), after.get(key), ao)) return after.without('commitments');
  }
  return after;
}

function sameContent(a: Value | undefined, b: Value | undefined, ao: Ao): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if (equal(a, b)) return true;
  if (a instanceof Link && !a.lazy) return (isMessage(b) || isList(b)) && a.ref === ao.id(b, 'signed');
  if (b instanceof Link && !b.lazy) return sameContent(b, a, ao);
  return isMessage(a) && isMessage(b) && ao.id(a, 'signed') === ao.id(b, 'signed');
}
