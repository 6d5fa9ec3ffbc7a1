/**
 * Computed results in the cache (spec 01 §3.2, §3.3): looked up when a step starts from an id, stored when the caller wants it and the
 * result depends on nothing but messages. A result under `always` that could be different tomorrow is never kept.
 */
import { type Awaitable, andThen, mapInOrder } from '../awaitable.ts';
import { humanId, isBinary } from '../bytes.ts';
import { everyCommitment, uncommitted, withOnlyCommitted } from '../commitments.ts';
import type { Environment } from '../environment.ts';
import { hashpath, requestPart } from '../hashpath.ts';
import { isMessage, message as literal, type Message } from '../message.ts';
import { fail, type Outcome } from '../outcome.ts';
import type { Value } from '../value.ts';
import { verify } from '../verify.ts';
import { cacheSettings, nodeCacheControl, words } from './cache-control.ts';
import type { Execution } from './execution.ts';

/** The caller's words, or the node's. */
function callerWords(x: Execution): readonly string[] {
  if (x.mode.cacheControl !== undefined) return x.mode.cacheControl;
  const own = x.env.options.get('cache-control');
  return own === undefined ? nodeCacheControl : words(own);
}

export type Found =
  | { readonly kind: 'result'; readonly value: Value }
  | { readonly kind: 'base'; readonly value: Value }
  | { readonly kind: 'no-lookup' }
  | { readonly kind: 'error'; readonly outcome: Outcome };

/** What the cache has for a step that starts from an id: its result, or else the base to compute it on. */
export function lookUp(x: Execution, base: Value, request: Message | string): Awaitable<Found> {
  const id = isBinary(base) ? humanId(base) : undefined;
  const settings = cacheSettings(callerWords(x), undefined, typeof request === 'string' ? undefined : request);
  if (id === undefined || !settings.lookup) return { kind: 'no-lookup' };
  return andThen(x.env.cache.readResult(id, requestPart(request, x.env)), (result): Awaitable<Found> => {
    if (result !== undefined) return { kind: 'result', value: result };
    if (settings.onlyIfCached) return { kind: 'error', outcome: notCached };
    return andThen(
      x.env.cache.read(id),
      (found): Found =>
        found === undefined ? { kind: 'error', outcome: baseMissing } : { kind: 'base', value: found },
    );
  });
}

/** Stores the result of a step if the settings say so. `baseId` is the id the base was read by, if it was. */
export function storeResult(
  x: Execution,
  base: Message,
  request: Message | string,
  result: Value,
  baseId?: string,
): Awaitable<void> {
  if (x.mode.hashpath === 'ignore' || !(isBinary(result) || isMessage(result))) return;
  const settings = cacheSettings(callerWords(x), result, typeof request === 'string' ? undefined : request);
  if (!settings.store || (!x.session.lendsKey && x.env.capabilities.space?.isShort === true)) return;
  const named = baseId !== undefined || isWhatItSays(base, x.env);
  return andThen(named, (honest) => (honest ? keepResult(x.env, base, request, result, baseId) : undefined));
}

/**
 * Whether the message that the base began with has the id its commitments give it. A message that was read by its id and changed on the way
 * still has them; what comes of it must not be found under that id.
 */
function isWhatItSays(base: Message, env: Environment): Awaitable<boolean> {
  let origin = base.origin;
  while (typeof origin === 'object' && !isMessage(origin.from)) origin = origin.from;
  const first = typeof origin === 'object' && isMessage(origin.from) ? origin.from : base;
  if (!first.has('commitments')) return true;
  if (withOnlyCommitted(first).size < first.without('priv').size) return false;
  return verify(first, env, everyCommitment);
}

/** Writes base, request and result; the result is found again under the id of the base, or its hashpath if it has a history. */
export function keepResult(
  env: Environment,
  base: Message,
  request: Message | string,
  result: Message | string | Uint8Array,
  baseId: string = hashpath(base, env),
): Awaitable<void> {
  const whole = isMessage(result) ? storable(result) : result;
  const written = [base, ...(typeof request === 'string' ? [] : [request]), whole];
  return andThen(
    mapInOrder(written, (value) => env.cache.write(value)),
    () => env.cache.writeResult(baseId, requestPart(request, env), whole),
  );
}

/** A message is stored with only what its commitments cover: those of the base say nothing about keys the result has on top of it. */
function storable(result: Message): Message {
  return withOnlyCommitted(result).size < result.size ? uncommitted(result) : result;
}

const notCached = fail('not-cached', 'Computed result not available in cache.', {
  status: 504,
  value: literal({ status: 504, 'cache-status': 'miss', body: 'Computed result not available in cache.' }),
});

const baseMissing = fail('necessary-message-not-found', 'Necessary messages not found in cache.', {
  status: 404,
  value: literal({ status: 404, body: 'Necessary messages not found in cache.' }),
});
