/** Location records: where a scheduler can be reached (spec 04 §2.9). One signed record per address, newest nonce wins. */
import { isBinary, isId, toBytes } from '../../core/bytes.ts';
import { commitmentsOf, committerOf, withOnlyCommitted } from '../../core/commitments.ts';
import type { Key } from '../../core/device.ts';
import { encode } from '../../core/encode.ts';
import { integer } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import { verify } from '../../core/verify.ts';
import { parseAnswer } from '../../stores/remote/graphql.ts';
import { asMessage, plain } from '../plain.ts';
import type { SchedulerCall, SchedulerOptions, SchedulerUses } from '../scheduler.ts';
import { textAt } from './target.ts';

/** Where the records are linked, by the signer's address. */
const directory = '~scheduler@1.0/locations';

/** Of other schedulers: an address, a nonce and a few words. */
const maxRecordBytes = 16 * 1024;

export const locationKey: Key<Message, SchedulerOptions, SchedulerUses> = {
  doc: 'GET: the location record of `address`. POST: registers a record signed by its scheduler, or makes this node’s own.',
  async run(call) {
    const method = await textAt(call.ao, call.requestMessage, 'method');
    return method?.toUpperCase() === 'POST' ? register(call) : find(call);
  },
};

async function find(call: SchedulerCall): Promise<Outcome> {
  const address = (await textAt(call.ao, call.requestMessage, 'address')) ?? call.environment.wallet?.address ?? '';
  const record = await recordOf(call, address);
  if (record !== undefined) return ok(message({ body: record }));
  return ok(message({ status: 404, body: `No location found for address: ${address}` }));
}

/** The record of a scheduler, if this node knows it; `anywhere`: or if the gateway does. */
export async function recordOf(
  call: SchedulerCall,
  address: string,
  where: 'here' | 'anywhere' = 'here',
): Promise<Message | undefined> {
  if (address.includes('/')) return undefined;
  const record = await call.cache.read(`${directory}/${address}`);
  if (isMessage(record)) return record;
  return where === 'anywhere' ? recordFromGateway(call, address) : undefined;
}

/**
 * The newest record that a scheduler has uploaded. The gateway's index only gives its id; the record is read by that id, so it is verified,
 * and has to be signed by the address.
 */
async function recordFromGateway(call: SchedulerCall, address: string): Promise<Message | undefined> {
  const { ao, environment, cache, peers, signal } = call;
  const gateway = environment.options.get('gateway');
  if (environment.options.get('gateway-reads') !== true || typeof gateway !== 'string' || !isId(address))
    return undefined;
  const query = `query($addresses: [String!]!) { transactions(owners: $addresses, tags: [{ name: "Type", values: ["Scheduler-Location"] }], first: 1) { edges { node { id } } } }`;
  const request = message({
    path: '/graphql',
    method: 'POST',
    'content-type': 'application/json',
    body: JSON.stringify({ query, variables: { addresses: [address] } }),
  });
  const answer = await peers.request(gateway, request, { signal });
  const body = answer.status === 'ok' && isMessage(answer.value) ? answer.value.get('body') : undefined;
  if (body === undefined || !isBinary(body)) return undefined;
  const id = parseAnswer(toBytes(body))?.id;
  const stored = id === undefined || !isId(id) ? undefined : await cache.read(id);
  if (!isMessage(stored)) return undefined;
  const record = withOnlyCommitted((await ao.loadAll(stored)) as Message);
  if (!(await ao.signers(record, ['type', 'url'])).includes(address)) return undefined;
  if ((await textAt(ao, record, 'type'))?.toLowerCase() !== 'scheduler-location') return undefined;
  await keep(cache, record, [address]);
  return record;
}

async function register(call: SchedulerCall): Promise<Outcome> {
  const { ao, environment, cache, base, requestMessage } = call;
  const target = (await textAt(ao, requestMessage, 'target')) ?? 'request';
  const asked =
    target === 'self'
      ? base
      : target === 'request'
        ? requestMessage
        : asMessage(await plain(ao, requestMessage, target));
  if (asked === undefined) return fail('bad-request', `The request has no message under \`${target}\`.`);
  const record = withOnlyCommitted(asked);
  if (record.has('status') || record.has('from-process')) {
    return fail('bad-signature', 'An answer or a letter of a node is not its location record.', { status: 400 });
  }
  const signers = await ao.signers(record);
  if (signers.length === 0 || !(await verify(record, environment))) {
    return fail('bad-signature', 'A location record has to be signed by its scheduler.', { status: 400 });
  }
  const own = environment.wallet?.address;
  const signer = own !== undefined && signers.includes(own) ? own : signers[0]!;
  const existing = await nonceOf(call, await recordOf(call, signer));
  const nonce = (await nonceOf(call, record)) ?? (existing ?? -1) + 1;
  if (existing !== undefined && nonce <= existing) {
    const sentence = 'Known nonce higher than requested nonce.';
    return fail('conflict', sentence, {
      status: 400,
      hint: `Register with a nonce above ${existing}.`,
      value: message({ status: 400, body: sentence, 'requested-nonce': nonce, 'existing-nonce': existing, signers }),
    });
  }
  if (signer !== own) {
    if (encode(record).length > maxRecordBytes) {
      return fail('limit-exceeded', `A location record has at most ${maxRecordBytes} bytes.`);
    }
    if (environment.capabilities.space?.isShort === true) {
      return fail('disk-full', 'This node is short of disk space and keeps no more records of others.');
    }
    await keep(cache, record, signers);
    return ok(record);
  }
  const url = (await textAt(ao, record, 'url')) ?? (await textAt(ao, environment.options, 'url'));
  if (url === undefined) return fail('bad-request', 'The record needs a `url`.', 'Say where this node can be reached.');
  const ttl = (await plain(ao, record, 'time-to-live')) ?? call.options['scheduler-location-ttl'];
  const codec =
    (await textAt(ao, record, 'require-codec')) ?? (await textAt(ao, base, 'require-codec')) ?? 'httpsig@1.0';
  const made = await ao.commit(
    message({
      'data-protocol': 'ao',
      variant: 'ao.N.1',
      type: 'scheduler-location',
      url,
      nonce,
      'time-to-live': ttl,
      'codec-device': codec,
    }),
    message({ 'commitment-device': codec }),
    environment.wallet,
  );
  await keep(cache, made, [signer]);
  return ok(made);
}

/** Links a record under every signature's address; an older record of the same signer is no longer found. */
async function keep(cache: SchedulerCall['cache'], record: Message, signers: readonly string[]): Promise<void> {
  const path = await cache.write(record);
  const ids = commitmentsOf(record).filter(([, commitment]) => committerOf(commitment) !== undefined);
  for (const address of signers) {
    const signed = ids.find(([, commitment]) => committerOf(commitment) === address);
    await cache.link(signed?.[0] ?? path, `${directory}/${address}`);
  }
}

async function nonceOf(call: SchedulerCall, record: Message | undefined): Promise<number | undefined> {
  const nonce = record && (await plain(call.ao, record, 'nonce'));
  return nonce === undefined ? undefined : integer.read(nonce);
}
