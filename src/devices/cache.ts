/**
 * `cache@1.0` (spec 05 §7.1): the node's cache for other nodes and for people. Anybody reads; writing is for those the operator lists
 * under `cache-writers`, and for the node itself.
 *
 * A write counts only if a listed address has signed every field of it that matters. A link can be made by a request once: who saw an
 * old one cannot send it again to point a name back.
 */

import { isBinary } from '../core/bytes.ts';
import type { Cache } from '../core/cache.ts';
import { keepCommitments } from '../core/commitments.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import type { Environment } from '../core/environment.ts';
import { listOf, optional, text } from '../core/fields.ts';
import { isMessage, type Message, message, messageFrom } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { signers } from '../core/verify.ts';
import { legacyMessage } from './json-iface/legacy.ts';
import { takeSignatures } from './meta/replay.ts';
import { isMeant } from './meta/roles.ts';
import { plain } from './plain.ts';

type CacheCall = Call<unknown, unknown, 'cache' | 'environment'>;

/** Fields of a write that change what it does. */
const decisive: readonly string[] = ['body', 'type', 'location', 'operation', 'source', 'destination'];

export const cacheDevice = device({
  name: 'cache@1.0',
  doc: 'Reads from the cache of this node, and writes to it for those who may.',
  uses: ['cache', 'environment'],
  keys: {
    read: {
      doc: 'What is stored at `target`: an id, a path below one, `data/<hash>` or a name. With `accept: application/aos-2` as JSON.',
      request: { target: optional(text), read: optional(text), accept: optional(text) },
      async run({ request, cache, environment, ao }) {
        const target = request.target ?? request.read;
        if (target === undefined) return notFound;
        if ((await cache.isFile?.(target)) === true) return ok(new Link(target, true));
        const found = await cache.read(target);
        if (found === undefined) return notFound;
        if (request.accept !== 'application/aos-2' || !isMessage(found)) return ok(found);
        const whole = await ao.loadAll(found);
        const body = JSON.stringify(await legacyMessage(ao, whole as Message, environment.dialect));
        return ok(message({ body, 'content-type': 'application/aos-2' }));
      },
    },
    write: {
      doc: 'Stores `body`: bytes (`type` single), a message (`type` message), or several writes by name (`type` batch).',
      async run(call) {
        if ((await writers(call)).length === 0) return notAllowed;
        const type = await field(call, 'type');
        if (type !== 'batch') return write(call, call.requestMessage);
        const body = await plain(call.ao, call.requestMessage, 'body');
        return isMessage(body) ? writeAll(call, body) : noBody;
      },
    },
    link: {
      doc: 'Makes `destination` another path of what is at `source`.',
      async run(call) {
        return (await writers(call)).length === 0 ? notAllowed : link(call, call.requestMessage);
      },
    },
    group: {
      doc: 'Makes a group. Here a group is there as soon as something is linked below it, so there is nothing to do.',
      async run(call) {
        return (await writers(call)).length === 0 ? notAllowed : done;
      },
    },
  },
  // Whether a link was made before is asked and noted by one request at a time.
  lane: ({ key }) => (key === 'link' || key === 'write' ? 'cache@1.0/write' : undefined),
});

/** The listed addresses that signed all of the request that matters. */
async function writers({ ao, environment, requestMessage }: CacheCall): Promise<readonly string[]> {
  const covering = decisive.filter((key) => requestMessage.has(key));
  const allowed = await cacheWriters(ao, environment);
  // What a writer signed for another purpose (an answer, a letter) writes nothing.
  const meant = keepCommitments(requestMessage, (_, one) => isMeant(environment, requestMessage, one, 'cache@1.0'));
  return (await signers(meant, environment, covering)).filter((address) => allowed.includes(address));
}

async function cacheWriters(ao: Ao, env: Environment): Promise<readonly string[]> {
  const listed = await plain(ao, env.options, 'cache-writers');
  const addresses = listed === undefined ? [] : (listOf(text).read(listed) ?? []);
  return env.wallet === undefined ? addresses : [...addresses, env.wallet.address];
}

async function field(
  { ao, requestMessage }: CacheCall,
  key: string,
  from: Message = requestMessage,
): Promise<string | undefined> {
  const value = await plain(ao, from, key);
  return value === undefined ? undefined : text.read(value);
}

async function write(call: CacheCall, request: Message): Promise<Outcome> {
  if ((await field(call, 'operation', request)) === 'link') return link(call, request);
  const type = (await field(call, 'type', request)) ?? 'single';
  const body = await plain(call.ao, request, 'body');
  if (type !== 'single' && type !== 'message') return badType;
  if (body === undefined) return noBody;
  if (type === 'message' ? !(isMessage(body) || isList(body)) : !isBinary(body) || request.has('location'))
    return badType;
  return ok(message({ status: 200, path: await call.cache.write(body) }));
}

/** Each write of a batch by its name. One that fails doesn't stop the others. */
async function writeAll(call: CacheCall, batch: Message): Promise<Outcome> {
  const results: [string, Value][] = [];
  for (const name of batch.keys()) {
    if (name === 'commitments') continue;
    const request = await plain(call.ao, batch, name);
    const outcome = isMessage(request) ? await write(call, request) : badType;
    if (outcome.status === 'ok') results.push([name, outcome.value]);
    else if (outcome.status === 'error') results.push([name, message({ status: 400, body: outcome.error.message })]);
  }
  return ok(messageFrom(results));
}

async function link(call: CacheCall, request: Message): Promise<Outcome> {
  const source = await field(call, 'source', request);
  const destination = await field(call, 'destination', request);
  if (source === undefined || destination === undefined || destination.split('/').every((part) => part === ''))
    return badLink;
  if (!(await isFirst(call.cache, call))) return again;
  await call.cache.link(source, destination);
  return done;
}

async function isFirst(cache: Cache, call: CacheCall): Promise<boolean> {
  for (const address of await writers(call))
    if (!(await takeSignatures(cache, call.requestMessage, address))) return false;
  return true;
}

const done = ok(message({ status: 200 }));

const notAllowed = fail('forbidden', 'Not authorized to write to the cache.', {
  hint: 'Sign `body`, or `source` and `destination`, with a key that is listed under `cache-writers`.',
  status: 403,
  value: message({ status: 403, body: 'Not authorized to write to the cache.' }),
});
const noBody = badRequest('No body to write.');
const badType = badRequest('Invalid write type.');
const badLink = badRequest('A link needs `source` and `destination`.');
const again = fail('conflict', 'This link was made before.', 'Sign the request anew.');

function badRequest(body: string): Outcome {
  return fail('bad-request', body, { status: 400, value: message({ status: 400, body }) });
}
