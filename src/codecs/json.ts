/**
 * `json@1.0` (spec 02 §5.1): messages as JSON, for people and for clients without a codec of their own. Commitments travel as data; they
 * are made and checked by httpsig.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { isBinary, toText } from '../core/bytes.ts';
import type { Codec, CodecParams, Tabm } from '../core/codec.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { httpsigCommitter } from './httpsig/committer.ts';
import { parseJson } from './json-parse.ts';
import { writeJson } from './json-write.ts';
import { linkId } from './link-id.ts';
import { loadAll } from './load.ts';
import { fromTabm, offload, structured } from './structured.ts';

export const json: Codec = {
  name: 'json@1.0',
  contentType: 'application/json',
  toTabm: decode,
  fromTabm: encode,
  committer: httpsigCommitter,
};

function decode(encoded: Value, params: CodecParams, env: Environment): Awaitable<Tabm> {
  if (isMessage(encoded)) return encoded;
  const text = isBinary(encoded) ? toText(encoded) : undefined;
  if (text === undefined) raise('bad-encoding', 'JSON is UTF-8 text.');
  const value = readTypes(parseJson(text, env.limits), env);
  if (isBinary(value)) return value;
  if (!isMessage(value) && !isList(value))
    raise('bad-encoding', 'A message in JSON is an object, an array or a string.');
  return structured.toTabm(value, params, env);
}

/**
 * The parsed value with its `ao-types` applied and its `+link` keys as links. Commitments are put aside meanwhile: JSON types only its
 * atoms, so its `ao-types` are not those that were signed.
 */
function readTypes(value: Value, env: Environment): Value {
  if (isList(value)) return value.map((item) => readTypes(item, env));
  if (!isMessage(value)) return value;
  const children: [string, Value][] = [];
  for (const [key, child] of value.entries()) {
    if (isMessage(child) || isList(child)) children.push([key, readTypes(child, env)]);
  }
  const read = children.length === 0 ? value : value.withAll(children);
  const commitments = read.get('commitments');
  const typed = fromTabm(read.without('commitments'), env);
  return commitments === undefined || !isMessage(typed) ? typed : typed.with('commitments', commitments);
}

function encode(tabm: Tabm, params: CodecParams, env: Environment): Awaitable<Value> {
  const value = fromTabm(tabm, env);
  if (params.bundle === true) return andThen(loadAll(value, env), (whole) => writeJson(whole, env.limits.maxDepth));
  const write = (): string => writeJson(withLinks(value, env), env.limits.maxDepth);
  return params.links === 'discard' ? write() : andThen(offload(value, env), write);
}

/** The message or list with links in place of its children. */
function withLinks(value: Value, env: Environment): Value {
  const link = (child: Value): Value => (isMessage(child) || isList(child) ? new Link(linkId(child, env, 1)) : child);
  if (isList(value)) return value.map(link);
  if (!isMessage(value)) return value;
  const children: [string, Value][] = [];
  for (const [key, child] of value.entries()) {
    if (key !== 'commitments' && !isPrivateKey(key) && (isMessage(child) || isList(child))) {
      children.push([key, link(child)]);
    }
  }
  return children.length === 0 ? value : (value as Message).withAll(children);
}
