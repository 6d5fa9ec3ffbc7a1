/**
 * Hashpaths (spec 01 §2.8): `BASE/REQUEST`, a commitment to how a message was produced.
 *
 * Nothing is hashed while resolving. A result only remembers its origin, a chain of requests back to the message it all began with, and
 * the hashpath is worked out when somebody asks (a signature, a header, a cache entry). So that a long fold keeps neither its old bases
 * nor an endless chain, a chain remembers requests only and is reduced to text when it gets long.
 *
 *     {base: "message"}  base →  cCaK…bZjQ/base           the base's id, the key
 *                        k2   →  TG1l…np-A/k2             sha256(native(cCaK…) ‖ "base"), the key
 */
import { byteLength, concatBytes, fromBase64, isBinary, nativeId, toBase64Url, toBytes, toText } from './bytes.ts';

import type { Environment } from './environment.ts';
import { raise } from './errors.ts';
import { addIds, id } from './ids.ts';
import { isMessage, type Message, type Origin, type Step } from './message.ts';
import { pathParts, requestPath } from './paths.ts';
import type { Value } from './value.ts';

/** Longer chains are reduced to text: this bounds the requests a result keeps alive, and shares the cost of hashing among many steps. */
const maxChain = 32;

/** Keys of a request that don't make it more than a bare key. */
const pathOnly = new Set(['path', 'hashpath', 'priv']);

/** The hashpath of a value: how it came to be, or its id (over all commitments) if that isn't known. */
export function hashpath(value: Value, env: Environment): string {
  if (!isMessage(value)) return id(value, 'all-commitments', env);
  const origin = originOf(value);
  return origin === undefined ? id(value, 'all-commitments', env) : originText(origin, env);
}

/** How a message came to be, `undefined` if that isn't known. */
export function knownHashpath(message: Message, env: Environment): string | undefined {
  const origin = originOf(message);
  return origin === undefined ? undefined : originText(origin, env);
}

/** The hashpath of the result of `request` on `base`. */
export function resultHashpath(base: Value, request: Message | string, env: Environment): string {
  if (!isMessage(base)) raise('hashpath-not-viable', 'Only messages have results with a hashpath.');
  return extend(hashpath(base, env), requestPart(request, env), base.get('hashpath-alg'), env);
}

/** What the result of `request` on `base` remembers. `undefined` if its hashpath could never be worked out. */
export function stepOrigin(base: Message, request: Message | string, env: Environment): Step | undefined {
  let from: Origin | Message = originOf(base) ?? base;
  let length = 1;
  if (typeof from === 'object' && !isMessage(from)) {
    length = from.length + 1;
    if (length > maxChain) {
      try {
        from = originText(from, env);
      } catch {
        return undefined;
      }
      length = 1;
    }
  }
  return { from, request, algorithm: base.get('hashpath-alg'), length, text: undefined };
}

/** Whether each message of `[base, request, result, …]` has the hashpath that the two before it give (spec 01 §2.8). */
export function verifyChain(chain: readonly Message[], env: Environment): boolean {
  for (let i = 0; i + 2 < chain.length; i++) {
    if (resultHashpath(chain[i]!, chain[i + 1]!, env) !== hashpath(chain[i + 2]!, env)) return false;
  }
  return true;
}

/** `R` of a hashpath: the bare key if the request is nothing more than that, else its id over all commitments. */
export function requestPart(request: Message | string, env: Environment): string {
  if (typeof request === 'string') return request;
  const path = requestPath(request);
  if (path !== undefined && isBare(request)) {
    const first = pathParts(path)?.[0];
    if (typeof first !== 'string')
      raise('hashpath-not-viable', 'The request has no path that could be part of a hashpath.');
    return first;
  }
  return id(request, 'all-commitments', env);
}

/** Whether the request is nothing but a path. */
function isBare(request: Message): boolean {
  if (request.size === 1) return request.has('path');
  for (const [key] of request.entries()) if (!pathOnly.has(key)) return false;
  return true;
}

function originOf(message: Message): Origin | undefined {
  if (message.origin !== undefined) return message.origin;
  const priv = message.get('priv');
  const stored = isMessage(priv) ? priv.get('hashpath') : undefined;
  return stored !== undefined && isBinary(stored) ? toText(stored) : undefined;
}

function originText(origin: Origin, env: Environment): string {
  if (typeof origin === 'string') return origin;
  // Steps are few (maxChain), so this recursion is shallow.
  origin.text ??= extend(
    isMessage(origin.from) ? id(origin.from, 'all-commitments', env) : originText(origin.from, env),
    requestPart(origin.request, env),
    origin.algorithm,
    env,
  );
  return origin.text;
}

/** The hashpath that follows `base` with one more request. `algorithm`: `hashpath-alg` of the base. */
export function extend(base: string, part: string, algorithm: Value | undefined, env: Environment): string {
  const slash = base.indexOf('/');
  if (slash < 0) return `${base}/${part}`;
  const first = nativeId(base.slice(0, slash));
  const second = base.slice(slash + 1);
  if (second.includes('/')) raise('hashpath-not-viable', 'A hashpath has two parts.');
  if (first === undefined || first.length !== 32) raise('hashpath-not-viable', 'A hashpath begins with an id.');
  // A 43-byte key is decoded as if it were an id. One that isn't base64url can only be meant literally.
  const decoded = byteLength(second) === 43 ? fromBase64(second) : undefined;
  return `${toBase64Url(combine(algorithm, first, decoded ?? toBytes(second), env))}/${part}`;
}

function combine(algorithm: Value | undefined, first: Uint8Array, second: Uint8Array, env: Environment): Uint8Array {
  const name = algorithm === undefined ? 'sha-256-chain' : isBinary(algorithm) ? toText(algorithm) : undefined;
  if (name === 'accumulate-256') {
    if (second.length !== 32) raise('hashpath-not-viable', 'Only ids can be accumulated.');
    return addIds(first, second);
  }
  if (name !== 'sha-256-chain' && env.dialect.unknownHashpathAlgorithm === 'refused') {
    raise('hashpath-not-viable', `There is no hashpath algorithm "${name}".`);
  }
  return env.sha256(concatBytes(first, second));
}
