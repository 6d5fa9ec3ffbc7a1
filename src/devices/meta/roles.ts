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
import type { Ao } from '../../core/device.ts';
import type { Environment } from '../../core/environment.ts';
import { listOf, text } from '../../core/fields.ts';
import { type Message, message } from '../../core/message.ts';
import { plain } from '../plain.ts';

/** The address that may change the node; `unclaimed` if anyone may; `undefined` if nobody can. */
export async function operatorAddress(ao: Ao, env: Environment): Promise<string | undefined> {
  const set = await plain(ao, env.options, 'operator');
  return (isBinary(set) ? toText(set) : undefined) ?? env.wallet?.address;
}

/** Whether the operator signed this message, or anyone may act as the operator. */
export async function isOperator(ao: Ao, env: Environment, request: Message): Promise<boolean> {
  const operator = await operatorAddress(ao, env);
  if (operator === undefined) return false;
  return operator === 'unclaimed' || (await ao.signers(request)).includes(operator);
}

/**
 * The part of the request that the operator stands for, or `undefined` if that's nothing: the keys under a verified signature of the
 * operator, without commitments. On an unclaimed node it is the request itself.
 */
export async function operatorRequest(ao: Ao, env: Environment, request: Message): Promise<Message | undefined> {
  const operator = await operatorAddress(ao, env);
  if (operator === undefined) return undefined;
  if (operator === 'unclaimed') return request.without('commitments');
  if (!(await ao.signers(request)).includes(operator)) return undefined;
  const covered = new Set(await committedBy(ao, request, operator));
  return request.filter((key) => covered.has(key)).without('commitments');
}

/** The keys of a message that the signature of this address covers. */
export async function committedBy(ao: Ao, request: Message, address: string): Promise<readonly string[]> {
  const outcome = await ao.raw('message@1.0', request, message({ path: 'committed', committers: [address] }));
  return outcome.status === 'ok' ? (listOf(text).read(outcome.value) ?? []) : [];
}
