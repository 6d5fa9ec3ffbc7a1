/**
 * Plain deep access (spec 01 §1.10): maps within maps, no devices, no links. Used for private data and for merging inside `message@1.0`.
 */
import { raise } from './errors.ts';
import { isMessage, Message } from './message.ts';
import { UNDEFINED, UNSET, type Value } from './value.ts';

/** The value below `path`, `undefined` if a part is missing. Throws when the path goes through something that isn't a message. */
export function deepGet(path: readonly string[], message: Message): Value | undefined {
  let value: Value | undefined = message;
  for (const part of path) {
    if (value === undefined) return undefined;
    if (!isMessage(value)) raise('bad-key', `There is nothing below a literal, so no "${part}".`);
    value = value.get(part);
  }
  return value;
}

/**
 * The message with `value` at `path`; parts that are missing become messages. The atom `undefined` changes nothing, `unset` removes the
 * key. Where both the old and the new value are messages the new entries are laid over the old, one level deep.
 */
export function deepSet(path: readonly string[], value: Value, message: Message): Message {
  if (value === UNDEFINED || path.length === 0) return message;
  const [key, ...rest] = path as [string, ...string[]];
  const old = message.get(key);
  if (rest.length > 0) return message.with(key, deepSet(rest, value, isMessage(old) ? old : Message.empty));
  if (value === UNSET) return message.without(key);
  return message.with(key, isMessage(old) && isMessage(value) ? old.withAll(value.entries()) : value);
}

/** `changes` laid over `message`, messages merged with messages at every depth. Keys of `changes` are paths. */
export function deepMerge(message: Message, changes: Message, depth: number = 0): Message {
  if (depth > 1_000) raise('limit-exceeded', 'The messages are nested too deeply to merge.');
  let out = message;
  for (const key of changes.foldKeys()) {
    const path = key.split('/').filter((part) => part !== '');
    if (path.length === 0) path.push(key);
    const value = changes.get(key)!;
    const old = isMessage(value) ? reachable(path, out) : undefined;
    out = deepSet(path, isMessage(old) && isMessage(value) ? deepMerge(old, value, depth + 1) : value, out);
  }
  return out;
}

function reachable(path: readonly string[], message: Message): Value | undefined {
  let value: Value | undefined = message;
  for (const part of path) value = isMessage(value) ? value.get(part) : undefined;
  return value;
}
