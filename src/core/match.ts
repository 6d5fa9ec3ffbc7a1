/** Comparing messages as people mean it (spec 01 §1.9): minimal forms, `match` in its three modes, and differences. */
import { type Awaitable, andThen } from './awaitable.ts';
import { isBinary, sameKeys } from './bytes.ts';
import type { Environment } from './environment.ts';
import { equal } from './equal.ts';
import { load } from './links.ts';
import { isMessage, isPrivateKey, type Message, messageFrom, numbered } from './message.ts';
import { Atom, atom, Float, integer, isInteger, isList, Link, NOT_FOUND, UNDEFINED, type Value } from './value.ts';

/** `strict`: the same keys. `primary`: every key of the first. `only-present`: only keys that both have. */
export type MatchMode = 'strict' | 'primary' | 'only-present';

export type Mismatch =
  | { readonly reason: 'value'; readonly path: string; readonly a: Value; readonly b: Value }
  | { readonly reason: 'keys'; readonly path: string; readonly a: readonly string[]; readonly b: readonly string[] }
  | { readonly reason: 'type'; readonly path: string };

const wildcard = '_';

/** Keys that an encoding adds and that say nothing about the content. */
const carrierKeys: readonly string[] = ['content-type', 'ao-body-key'];
const regenerable: readonly string[] = ['unsigned_id', 'content-digest'];

/** `true`, or where two messages first differ. Links are loaded; entries with a transaction's default value don't count. */
export function match(
  a: Value,
  b: Value,
  env: Environment,
  mode: MatchMode = 'strict',
  path: string = '',
): Awaitable<true | Mismatch> {
  const x = comparable(a);
  const y = comparable(b);
  if (x === undefined || y === undefined) return { reason: 'type', path };
  const keys = x.keys();
  if (mode === 'strict' && !sameKeys(keys, y.keys())) return { reason: 'keys', path, a: keys, b: y.keys() };
  return matchFrom(0, keys, x, y, env, mode, path);
}

function matchFrom(
  from: number,
  keys: readonly string[],
  x: Message,
  y: Message,
  env: Environment,
  mode: MatchMode,
  path: string,
): Awaitable<true | Mismatch> {
  const key = keys[from];
  if (key === undefined) return true;
  return andThen(matchKey(key, x, y, env, mode, path), (result) =>
    result === true ? matchFrom(from + 1, keys, x, y, env, mode, path) : result,
  );
}

function matchKey(
  key: string,
  x: Message,
  y: Message,
  env: Environment,
  mode: MatchMode,
  path: string,
): Awaitable<true | Mismatch> {
  const below = path === '' ? key : `${path}/${key}`;
  const other = y.get(key);
  if (other === undefined) {
    return mode === 'only-present' ? true : { reason: 'value', path: below, a: x.get(key)!, b: NOT_FOUND };
  }
  if (isWildcard(x.get(key)!) || isWildcard(other)) return true;
  return andThen(load(x.get(key)!, env), (left) =>
    andThen(load(other, env), (right): Awaitable<true | Mismatch> => {
      if (comparable(left) !== undefined && comparable(right) !== undefined)
        return match(left, right, env, mode, below);
      return equal(left, right) ? true : { reason: 'value', path: below, a: left, b: right };
    }),
  );
}

function isWildcard(value: Value): boolean {
  return value instanceof Atom && value.name === wildcard;
}

function comparable(value: Value): Message | undefined {
  const asMessage = isList(value) ? numbered(value) : value;
  if (!isMessage(asMessage)) return undefined;
  const small = minimize(withoutDefaults(asMessage), carrierKeys);
  return messageFrom([...small.entries()].map(([key, child]) => [key.toLowerCase(), child]));
}

/** The message without private and regenerable keys at any depth, and without `extra` keys at the top. */
export function minimize(message: Message, extra: readonly string[] = []): Message {
  let changed = false;
  const entries: (readonly [string, Value])[] = [];
  for (const [key, value] of message.entries()) {
    const kept =
      isPrivateKey(key) || regenerable.includes(key) || extra.includes(key)
        ? undefined
        : isMessage(value)
          ? minimize(value)
          : value;
    changed ||= kept !== value;
    if (kept !== undefined) entries.push([key, kept]);
  }
  return changed ? messageFrom(entries) : message;
}

/** The message without entries that a blank transaction has. */
export function withoutDefaults(message: Message): Message {
  return message.filter((key, value) => {
    const fallback = transactionDefault(key);
    return fallback === undefined || !equal(fallback, value);
  });
}

function transactionDefault(key: string): Value | undefined {
  switch (key) {
    case 'format':
      return atom('ans104');
    case 'id':
    case 'unsigned_id':
      return new Uint8Array(32);
    case 'anchor':
    case 'target':
    case 'data':
    case 'data_root':
      return '';
    case 'owner':
    case 'signature':
      return new Uint8Array(512);
    case 'tags':
    case 'data_tree':
      return [];
    case 'quantity':
    case 'data_size':
    case 'reward':
    case 'denomination':
      return 0;
    case 'manifest':
      return UNDEFINED;
    default:
      return undefined;
  }
}

/** What `b` has that `a` has not: numbers as their difference, messages as theirs. `undefined` unless both are messages. */
export function diff(a: Value, b: Value): Message | undefined {
  if (!isMessage(a) || !isMessage(b)) return undefined;
  const entries: (readonly [string, Value])[] = [];
  for (const [key, value] of b.entries()) {
    const old = a.get(key);
    if (old === undefined) entries.push([key, value]);
    else if (!equal(old, value)) entries.push([key, difference(old, value)]);
  }
  return messageFrom(entries);
}

function difference(old: Value, value: Value): Value {
  if (isInteger(old) && isInteger(value)) return integer(BigInt(value) - BigInt(old));
  if (isNumber(old) && isNumber(value)) return new Float(asNumber(value) - asNumber(old));
  return diff(old, value) ?? value;
}

function isNumber(value: Value): value is number | bigint | Float {
  return isInteger(value) || value instanceof Float;
}

function asNumber(value: number | bigint | Float): number {
  return value instanceof Float ? value.value : Number(value);
}

/** What kind of thing a value is: `deep` if some public value of the message is a message or a link to one. */
export function kindOf(value: Value): 'binary' | 'shallow' | 'deep' | 'other' {
  if (isBinary(value)) return 'binary';
  if (!isMessage(value)) return 'other';
  for (const [key, child] of value.entries()) {
    if (!isPrivateKey(key) && (isMessage(child) || child instanceof Link)) return 'deep';
  }
  return 'shallow';
}
