/**
 * Who may do what on a node (spec 03 §4.3).
 *
 *   operator   the address in option `operator`, else the address of the node's wallet. `unclaimed`: whoever asks first.
 *   initiator  the signers of the first change that the node's history records.
 *
 * Only verified signatures count, and only what they cover: a request that carries an operator's signature for `{a: 1}` and somebody
 * else's `b: 2` beside it is a request for `{a: 1}`.
 */
import { isBinary, toText } from '../../core/bytes.ts';
import { commitmentsOf, committerOf, keysCommittedBy, withoutLinkSuffix } from '../../core/commitments.ts';
import type { Ao } from '../../core/device.ts';
import type { Environment } from '../../core/environment.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { beginsWith } from '../../core/official.ts';
import { getPrivate } from '../../core/private.ts';
import { verifyCommitment } from '../../core/verify.ts';
import { plain } from '../plain.ts';

/** The address that may change the node; `unclaimed` if anyone may; `undefined` if nobody can. */
export async function operatorAddress(ao: Ao, env: Environment): Promise<string | undefined> {
  const set = await plain(ao, env.options, 'operator');
  return (isBinary(set) ? toText(set) : undefined) ?? env.wallet?.address;
}

/** Whether the operator signed this message, or anyone may act as the operator. Says nothing about what they want: see {@link operatorRequest}. */
export async function isOperator(ao: Ao, env: Environment, request: Message): Promise<boolean> {
  const operator = await operatorAddress(ao, env);
  if (operator === undefined) return false;
  return operator === 'unclaimed' || (await ao.signers(request)).includes(operator);
}

/**
 * The part of the request that the operator stands for, or `undefined` if that's nothing: the keys under a verified signature of the
 * operator, without commitments. On an unclaimed node everybody is the operator: whoever signed it, or for an unsigned request all of it.
 */
export async function operatorRequest(
  ao: Ao,
  env: Environment,
  request: Message,
  device: string,
): Promise<Message | undefined> {
  const operator = await operatorAddress(ao, env);
  if (operator === undefined) return undefined;
  const signer = operator === 'unclaimed' ? (await ao.signers(request))[0] : operator;
  if (signer === undefined) return request.without('commitments');
  const covered = await signedKeys(env, request, signer, device);
  if (covered.size === 0) return undefined;
  return request.filter((key) => covered.has(withoutLinkSuffix(key))).without('commitments');
}

/**
 * The keys that verified signatures of this address cover, in a request to `device`.
 *
 * The node's own key signs answers, assignments and letters, with what strangers put into them. So its signature is an order only if
 * it covers a path to this device, which the node never signs in passing (core/official.ts), and none of the keys that its letters and
 * assignments have. Operators with a key of their own may leave the path out, as some clients do.
 */
export async function signedKeys(
  env: Environment,
  request: Message,
  address: string,
  device: string,
): Promise<ReadonlySet<string>> {
  const covered = new Set<string>();
  for (const [id, commitment] of commitmentsOf(request)) {
    if (committerOf(commitment) !== address || !(await verifyCommitment(request, id, env))) continue;
    if (!isMeant(env, request, commitment, device)) continue;
    for (const key of keysCommittedBy(commitment)) covered.add(key);
  }
  return covered;
}

/** Whether a signature asks `device` for something, and doesn't just stand on what its signer once said or passed on. */
export function isMeant(env: Environment, request: Message, commitment: Message, device: string): boolean {
  const covered = keysCommittedBy(commitment);
  // The answer of a node.
  if (covered.includes('status')) return false;
  const address = committerOf(commitment);
  const own = env.capabilities.identities;
  if (address !== env.wallet?.address && (address === undefined || own?.has(address) !== true)) return true;
  // A letter, an assignment.
  if (covered.some((key) => key.startsWith('from-') || key === 'epoch')) return false;
  const received = getPrivate(request, 'request');
  return covered.includes('path') && beginsWith((isMessage(received) ? received : request).get('path'), device);
}
