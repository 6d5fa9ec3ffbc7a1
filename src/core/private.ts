/**
 * Private data (spec 01 §1.3): keys that start with `priv` are the node's own. They are in no id or signature and never leave the node;
 * `priv` itself is a scratch message that devices keep warm state in.
 */
import { deepGet, deepSet } from './deep.ts';
import { isMessage, isPrivateKey, Message, messageFrom } from './message.ts';
import { isList, type Value } from './value.ts';

/** The private value at `path`. `priv/x` and `x` are the same place. */
export function getPrivate(message: Message, path: string): Value | undefined {
  return deepGet(privatePath(path), privateOf(message));
}

/** The message with a private value set. */
export function setPrivate(message: Message, path: string, value: Value): Message {
  const before = privateOf(message);
  const after = deepSet(privatePath(path), value, before);
  return after === before ? message : message.with('priv', after);
}

function privateOf(message: Message): Message {
  const priv = message.get('priv');
  return isMessage(priv) ? priv : Message.empty;
}

function privatePath(path: string): readonly string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts[0] !== undefined && isPrivateKey(parts[0]) ? parts.slice(1) : parts;
}

/**
 * The value without private keys at any depth, and without any memory of how it was computed. What has none stays the same object, with
 * all that is known of it: how its signers spelt it, and that their signatures hold.
 */
export function withoutPrivate(value: Value): Value {
  if (!holdsPrivate(value)) return value;
  if (isList(value)) return value.map(withoutPrivate);
  if (!isMessage(value)) return value;
  const entries: (readonly [string, Value])[] = [];
  for (const [key, child] of value.entries()) if (!isPrivateKey(key)) entries.push([key, withoutPrivate(child)]);
  return messageFrom(entries);
}

function holdsPrivate(value: Value): boolean {
  if (isList(value)) return value.some(holdsPrivate);
  if (!isMessage(value)) return false;
  if (value.origin !== undefined) return true;
  for (const [key, child] of value.entries()) {
    if (isPrivateKey(key) || (typeof child === 'object' && holdsPrivate(child))) return true;
  }
  return false;
}
