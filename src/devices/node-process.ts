/**
 * `node-process@1.0` (spec 03 §7.2): processes that a node runs for itself, by name.
 *
 *     /ledger~node-process@1.0/now/balance        the node's own ledger, started on first use
 *
 * The option `node-processes` holds definitions by name. The first request for a name completes the definition (this node schedules the
 * process, and is among those it trusts), signs it, posts it to its own schedule, and registers the signed id as the local name. From then
 * on the name leads to that process. `spawn=false` only looks.
 */
import { humanId, isBinary, isId, toText } from '../core/bytes.ts';
import { type Call, device } from '../core/device.ts';
import { flag, listOf, text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { findName, isName, registerName } from './local-name.ts';
import { plain, plainPath } from './plain.ts';

type NodeProcessCall = Call<Message, unknown, 'cache' | 'environment' | 'wallet'>;

export const nodeProcess = device({
  name: 'node-process@1.0',
  doc: 'The node’s own processes by name; the first request starts them.',
  uses: ['cache', 'environment', 'wallet'],
  keys: {},
  inherits: ['keys', 'set'],
  // Two first requests at the same time would start two processes.
  lane: ({ key }) => key,
  async otherKeys(call) {
    const { ao, cache, environment, requestMessage, key } = call;
    const known = await findName(ao, cache, environment, key);
    if (known !== undefined) return loaded(call, known);
    const spawn = flag.read((await plain(ao, requestMessage, 'spawn')) ?? true) ?? true;
    const definition =
      spawn && isName(key) ? await plainPath(ao, environment.options, ['node-processes', key]) : undefined;
    return isMessage(definition) ? start(call, definition) : notFound;
  },
});

/** The process that a registered value names. */
async function loaded({ cache }: NodeProcessCall, value: Value): Promise<Outcome> {
  if (isMessage(value)) return ok(value);
  const id = isId(value) ? humanId(value) : isBinary(value) ? toText(value) : undefined;
  const process = id === undefined ? undefined : await cache.read(id);
  return process === undefined ? notFound : ok(process);
}

async function start(call: NodeProcessCall, definition: Message): Promise<Outcome> {
  const { ao, cache, environment, wallet, key } = call;
  const own = wallet.address;
  const completed = definition.withAll([
    ['scheduler', await withAddress(call, definition, 'scheduler', own)],
    ['authority', await withAddress(call, definition, 'authority', own)],
  ]);
  const codec = text.read((await plain(ao, environment.options, 'node-process-spawn-codec')) ?? 'httpsig@1.0');
  const process = await ao.commit(completed, message({ 'commitment-device': codec ?? 'httpsig@1.0' }));
  await cache.write(process);
  const posted = await ao.resolve(process, message({ path: 'schedule', method: 'POST', body: process }));
  if (posted.status !== 'ok') return notStarted(posted);
  await registerName(cache, key, ao.id(process, 'signed'));
  return ok(process);
}

/** The addresses under `field` with ours as the last; one alone is not a list. */
async function withAddress({ ao }: NodeProcessCall, definition: Message, field: string, own: string): Promise<Value> {
  const given = await plain(ao, definition, field);
  const others = given === undefined ? [] : (listOf(text).read(given) ?? []).filter((address) => address !== own);
  return others.length === 0 ? own : [...others, own];
}

function notStarted(posted: Outcome): Outcome {
  const sentence = 'Failed to register process.';
  const reason = posted.status === 'error' ? posted.error.message : undefined;
  return fail('unavailable', sentence, {
    status: 500,
    hint: 'The definition under `node-processes` has to be one that this node can schedule.',
    value: message({ status: 500, body: sentence, reason }),
  });
}
