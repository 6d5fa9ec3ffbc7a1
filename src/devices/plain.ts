/**
 * Reading messages as plain data, whatever device they name ("as message@1.0" in spec 01 §7): the exact key, then its lower-case
 * spelling; links are loaded, private keys are never seen. Devices read their own settings this way, so that a setting called like a
 * key of the device (`keys`, `id`, `compute` …) is the setting and not a computation.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { type Binary, isBinary } from '../core/bytes.ts';
import type { Ao } from '../core/device.ts';
import { AoException, raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message, messageFrom, numbered } from '../core/message.ts';
import { isList, Link, NOT_FOUND, type Value } from '../core/value.ts';

/** The value stored under `key`, links loaded. */
export function plain(ao: Ao, message: Message, key: string): Awaitable<Value | undefined> {
  if (isPrivateKey(key)) return undefined;
  const value = message.get(key) ?? message.get(key.toLowerCase());
  if (value === undefined || value === NOT_FOUND) return undefined;
  return value instanceof Link ? ao.load(value) : value;
}

/** The first of these that is there: `[[request, 'patch-to'], [base, 'patch-to']]`. */
export function firstPlain(
  ao: Ao,
  places: readonly (readonly [Message, string])[],
  from: number = 0,
): Awaitable<Value | undefined> {
  const place = places[from];
  if (place === undefined) return undefined;
  return andThen(plain(ao, place[0], place[1]), (value) => value ?? firstPlain(ao, places, from + 1));
}

/** The value below `path` through plain messages and lists. An empty path is the message itself. */
export function plainPath(
  ao: Ao,
  base: Message,
  path: readonly string[],
  from: number = 0,
): Awaitable<Value | undefined> {
  if (from === path.length) return base;
  return andThen(plain(ao, base, path[from]!), (value) => {
    if (from === path.length - 1) return value;
    const next = isList(value) ? numbered(value) : value;
    return isMessage(next) ? plainPath(ao, next, path, from + 1) : undefined;
  });
}

/** `/a//b/` → `[a, b]`. */
export function pathParts(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

/** A list or numbered message as the numbered message; `undefined` for anything else. */
export function asMessage(value: Value | undefined): Message | undefined {
  if (isMessage(value)) return value;
  return isList(value) ? numbered(value) : undefined;
}

/**
 * The message with these entries changed as `message@1.0` changes them: commitments go if something they cover has another value now.
 * `UNSET` removes an entry; messages are replaced, not merged.
 */
export function setPlain(ao: Ao, base: Message, changes: Iterable<readonly [string, Value]>): Awaitable<Message> {
  const request = messageFrom([...changes, ['path', 'set'], ['set-mode', 'explicit']]);
  return andThen(ao.raw('message@1.0', base, request), (outcome) => {
    if (outcome.status === 'ok' && isMessage(outcome.value)) return outcome.value;
    if (outcome.status === 'error') throw new AoException(outcome.error);
    return raise('internal', 'Setting keys of a message gave something else than a message.');
  });
}

/** The bytes under `body`, of the base or else of the request. */
export function bodyOf(ao: Ao, base: Message, request: Message): Awaitable<Binary | undefined> {
  return andThen(
    firstPlain(ao, [
      [base, 'body'],
      [request, 'body'],
    ]),
    (body) => (isBinary(body) ? body : undefined),
  );
}
