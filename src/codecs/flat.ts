/**
 * `flat@1.0` (spec 02 §5.2): a message as one level of path keys, and the text form of that, which configuration files use.
 *
 *     {a: {b: "c"}, n: 1}   ⇄   a/b: c
 *                               ao-types: n="integer"
 *                               n: 1
 *
 * Children that are inline become longer paths, empty ones leave no trace; links stay links.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { type Binary, compareKeys, concatBytes, isBinary, keyFromBytes, keyToBytes, toBytes } from '../core/bytes.ts';
import type { Codec, Tabm } from '../core/codec.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import { inlined } from './httpsig/children.ts';
import { httpsigCommitter } from './httpsig/committer.ts';
import { fromTabm, toTabm } from './structured.ts';

export const flat: Codec = {
  name: 'flat@1.0',
  toTabm(encoded, _params, env) {
    if (isBinary(encoded)) return encoded;
    return isMessage(encoded) ? unflatten(encoded, env) : raise('bad-type', 'Only messages have a flat form.');
  },
  fromTabm(tabm, params, env) {
    if (isBinary(tabm)) return tabm;
    return andThen(params.bundle === true ? inlined(tabm, env) : tabm, (whole) => flatten(whole, env));
  },
  committer: httpsigCommitter,
};

/** A TABM as one level of path keys. */
function flatten(tabm: Message, env: Environment): Message {
  const out = new Map<string, Value>();
  const walk = (message: Message, prefix: string, depth: number): void => {
    if (depth > env.limits.maxDepth) raise('limit-exceeded', `A message is nested deeper than ${env.limits.maxDepth}.`);
    for (const [key, value] of message.entries()) {
      if (depth === 0 && isPrivateKey(key)) continue;
      if (isMessage(value)) walk(value, `${prefix}${key}/`, depth + 1);
      else if (isList(value)) walk(toTabm(value, 'inline', env) as Message, `${prefix}${key}/`, depth + 1);
      else out.set(prefix + key, value);
    }
  };
  walk(tabm, '', 0);
  return new Message(out);
}

interface Branch extends Map<string, Binary | Branch> {}

/** The TABM of path keys. Raises `bad-key` for a path through a value. */
export function unflatten(message: Message, env: Environment): Message {
  const root: Branch = new Map();
  for (const path of [...message.entries()].sort((a, b) => compareKeys(a[0], b[0])))
    setPath(root, path[0], path[1], env);
  return toMessage(root);
}

function setPath(root: Branch, path: string, value: Value, env: Environment): void {
  const keys = path.split('/').filter((key) => key !== '');
  const last = keys.pop();
  if (last === undefined) raise('bad-key', 'A path in a flat message is empty.');
  if (keys.length > env.limits.maxDepth) raise('limit-exceeded', `A path is deeper than ${env.limits.maxDepth}.`);
  let branch = root;
  for (const key of keys) {
    let next = branch.get(key);
    if (next === undefined) {
      next = new Map();
      branch.set(key, next);
    }
    if (!(next instanceof Map)) raise('bad-key', `The path \`${path}\` leads through the value at \`${key}\`.`);
    branch = next;
  }
  if (isMessage(value)) for (const [key, child] of value.entries()) setPath(root, `${path}/${key}`, child, env);
  else if (!isBinary(value)) raise('bad-type', `\`${path}\` is not a byte string.`);
  else if (branch.get(last) instanceof Map)
    raise('bad-key', `The path \`${path}\` has both a value and keys below it.`);
  else branch.set(last, value);
}

function toMessage(branch: Branch): Message {
  const out = new Map<string, Value>();
  for (const [key, value] of branch) out.set(key, value instanceof Map ? toMessage(value) : value);
  return new Message(out);
}

// ---- text -------------------------------------------------------------------------------------------------------------------

const separator = Uint8Array.of(0x3a, 0x20);
const newline = Uint8Array.of(0x0a);

/** `path: value` lines, sorted. A value with a line break or `: ` in it cannot be read again. */
function serializeFlatText(message: Message): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const key of [...message.keys()].sort(compareKeys)) {
    const value = message.get(key)!;
    if (isBinary(value)) parts.push(keyToBytes(key), separator, toBytes(value), newline);
  }
  return concatBytes(...parts);
}

/** The flat message of such lines; what is not exactly `path: value` is ignored. */
export function parseFlatText(text: Binary, env: Environment): Message {
  const out = new Map<string, Value>();
  for (const line of keyFromBytes(toBytes(text)).split('\n')) {
    const pieces = line.split(': ');
    if (pieces.length !== 2) continue;
    out.set(pieces[0]!, pieces[1]!);
    if (out.size > env.limits.maxKeys) raise('limit-exceeded', `More than ${env.limits.maxKeys} lines.`);
  }
  return new Message(out);
}

/** A message as text, for configuration files. */
export function writeFlatText(message: Message, env: Environment): Awaitable<Uint8Array> {
  return andThen(flat.fromTabm(toTabm(message, 'inline', env), {}, env), (flattened) =>
    serializeFlatText(flattened as Message),
  );
}

/** The message that a text spells, types applied and children inline. */
export function readFlatText(text: Binary, env: Environment): Value {
  return fromTabm(unflatten(parseFlatText(text, env), env) as Tabm, env);
}
