/**
 * Getting a letter to its target: the schedule of a process here, of one that the scheduler device knows how to reach, or of the node that
 * a hint or a redirect names (spec 04 §3.3, §3.6, §3.7).
 */
import type { Ao, Capabilities } from '../../core/device.ts';
import { AoError, AoException, type ErrorCode } from '../../core/errors.ts';
import { integer } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, failed, type Outcome } from '../../core/outcome.ts';
import { setPrivate } from '../../core/private.ts';
import { type Definition, definitionIn } from '../process/definition.ts';
import { schedulersOf, splitHint, textAt } from '../scheduler/target.ts';
import { sign } from './letter.ts';

/** What pushing needs, from a device call or from the node itself. */
export interface PushParts
  extends Pick<
    Capabilities,
    'identities' | 'cache' | 'environment' | 'outbox' | 'schedules' | 'peers' | 'clock' | 'random'
  > {
  readonly ao: Ao;
  readonly options: PushOptions;
  readonly signal: AbortSignal;
}

export interface PushOptions {
  readonly 'push-always-sign': boolean;
  readonly 'push-max-messages': number;
}

/** Where a letter goes. */
export interface Target {
  readonly definition: Definition;
  /** The node that keeps its schedule, if the letter said so and it isn't this one. */
  readonly node: string | undefined;
}

/** Redirects that are followed one after another. */
const maxRedirects = 5;

/** Failures that may pass: the letter stays in the outbox. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'cancelled',
  'conflict',
  'disk-full',
  'peer-failed',
  'rate-limited',
  'store-failed',
  'timeout',
  'unavailable',
]);

/** Whether trying again may help. Another node that says the request is wrong will say so again. */
export function mayPass({ code, status = 500 }: AoError): boolean {
  return passing.has(code) && !(code === 'peer-failed' && status >= 400 && status < 500);
}

/**
 * The target of an address `<id>` or `<id>?hint=<url>`; `undefined` if it is nowhere to be found. Throws when the node that the hint names
 * could not be asked.
 */
export async function targetAt(parts: PushParts, address: string): Promise<Target | undefined> {
  const { ao, cache, environment, identities } = parts;
  const { id, hint } = splitHint(address);
  if (id === undefined) return undefined;
  const stored = await cache.read(id);
  const hinted = hint !== undefined && URL.canParse(hint) ? new URL(hint).origin : undefined;
  const found = isMessage(stored) ? stored : hinted === undefined ? undefined : await fetched(parts, hinted, id);
  if (found === undefined) return undefined;
  const definition = await definitionIn(ao, cache, environment, found);
  if (hinted === undefined) return { definition, node: undefined };
  const local = (await schedulersOf(ao, definition.message)).some((name) => identities.has(splitHint(name).id ?? name));
  return { definition, node: local ? undefined : hinted };
}

/** A definition from another node. It is what it says it is: its id is checked. */
async function fetched(
  { ao, peers, cache, signal }: PushParts,
  node: string,
  id: string,
): Promise<Message | undefined> {
  const outcome = await peers.request(node, message({ path: `/${id}`, method: 'GET' }), { signal });
  if (outcome.status === 'error' && mayPass(outcome.error)) throw new AoException(outcome.error);
  if (outcome.status !== 'ok' || !isMessage(outcome.value)) return undefined;
  if (ao.id(outcome.value, 'signed') !== id) return undefined;
  await cache.write(outcome.value);
  return outcome.value;
}

/** The definition as a base on which `process@1.0` answers, whatever device it names. */
export function processBase(definition: Message): Message {
  return definition.withAll([
    ['device', 'process@1.0'],
    ['process', definition],
  ]);
}

/**
 * Schedules a signed message on its target; gives the assignment. A redelivered message that the target's schedule already has is not
 * scheduled again.
 */
export async function post(parts: PushParts, target: Target, body: Message, again: boolean): Promise<Outcome> {
  const { ao, peers, signal } = parts;
  const { id, message: definition } = target.definition;
  const request = message({ method: 'POST', body, ...(again ? { once: 'true' } : {}) });
  const outcome =
    target.node === undefined
      ? await ao.resolve(processBase(definition), request.with('path', 'schedule'))
      : await peers.request(target.node, request.with('path', `/${id}/schedule`), { signal });
  return followed(parts, outcome, body, again, maxRedirects);
}

/** Gives an existing message a slot of a process, as an outbox asked for. */
export async function assign(parts: PushParts, target: Definition, body: Message, again: boolean): Promise<Outcome> {
  const request = message({ path: 'schedule', method: 'POST', body, ...(again ? { once: 'true' } : {}) });
  return parts.ao.resolve(processBase(target.message), setPrivate(request, 'assign-to', target.id));
}

/** Follows redirects to the node that schedules the target: the message is signed by this node and posted there. */
async function followed(
  parts: PushParts,
  outcome: Outcome,
  body: Message,
  again: boolean,
  left: number,
): Promise<Outcome> {
  const location = redirectOf(outcome);
  if (location === undefined) return outcome;
  const { ao, environment, cache, peers, signal } = parts;
  if (left === 0) return fail('peer-failed', 'The schedulers of the target redirect to each other.');
  if (environment.wallet === undefined) return fail('no-wallet', 'A redirected message has to be signed by this node.');
  if (!URL.canParse(location)) return fail('peer-failed', 'The scheduler of the target redirects to no address.');
  const url = new URL(location);
  const target = await textAt(ao, body, 'target');
  const isProcess = (await textAt(ao, body, 'type')) === 'Process';
  const bare = target && (splitHint(target).id ?? target);
  // Signed again it would have another id, and could not be told from the one that has arrived already.
  const asItIs = isProcess || (bare === target && (await ao.signers(body)).includes(environment.wallet.address));
  const unsigned = body.without('commitments').withAll([['target', bare]]);
  const signed = asItIs ? body : await sign(ao, unsigned, [environment.wallet], 'httpsig@1.0');
  await cache.write(signed);
  const path = isProcess || url.pathname === '/' ? '/schedule' : url.pathname;
  const request = message({ path, method: 'POST', body: signed, ...(again ? { once: 'true' } : {}) });
  const answer = await peers.request(url.origin, request, { signal });
  return followed(parts, answer, signed, again, left - 1);
}

/** Where an answer sends its caller: a 307 is a value of the scheduler's, and an error of a request to a node. */
function redirectOf(outcome: Outcome): string | undefined {
  const value = outcome.status === 'error' ? outcome.error.value : outcome.value;
  if (!isMessage(value)) return undefined;
  const status = outcome.status === 'error' ? outcome.error.status : integer.read(value.get('status') ?? 200);
  const location = value.get('location');
  return status === 307 && typeof location === 'string' ? location : undefined;
}

/** What an answer says if it is no assignment. */
export function assignmentIn(outcome: Outcome): Outcome {
  if (outcome.status !== 'ok') return outcome;
  const { value } = outcome;
  const slot = isMessage(value) ? integer.read(value.get('slot') ?? '') : undefined;
  if (slot !== undefined && slot >= 0) return outcome;
  return failed(new AoError('peer-failed', 'The scheduler of the target gave no assignment.'));
}
