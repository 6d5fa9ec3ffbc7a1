/**
 * What becomes of an outbox entry before it is sent (spec 04 §3.3): keys in lower case, where it comes from written on it, and signed by an
 * identity that the target accepts.
 */
import type { Ao } from '../../core/device.ts';
import type { Dialect } from '../../core/dialect.ts';
import { isMessage, isPrivateKey, Message, message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import type { Wallet } from '../../core/wallet.ts';
import { plain } from '../plain.ts';
import type { Definition } from '../process/definition.ts';
import { addressList } from '../scheduler/target.ts';

/**
 * Keys of messages in lower case, all the way down: legacy modules write `Target` and `Action`. A message inside that is signed keeps its
 * signatures as long as nothing in it changes.
 */
export function lowerKeys(value: Value): Value {
  if (isList(value)) {
    const lower = value.map(lowerKeys);
    return lower.every((item, i) => item === value[i]) ? value : lower;
  }
  if (!isMessage(value)) return value;
  const out = new Map<string, Value>();
  let changed = false;
  for (const [key, child] of value.entries()) {
    if (key === 'commitments') continue;
    if (isPrivateKey(key.toLowerCase())) {
      changed = true;
      continue;
    }
    const lower = lowerKeys(child);
    changed ||= lower !== child || key !== key.toLowerCase();
    out.set(key.toLowerCase(), lower);
  }
  return changed ? new Message(out) : value;
}

/** The entry with its origin written on it. */
export async function addressed(ao: Ao, entry: Message, origin: Definition, dialect: Dialect): Promise<Message> {
  const definition = origin.message;
  const unsigned = ao.id(definition, 'unsigned');
  const scheduler = (await plain(ao, definition, 'scheduler')) ?? (await plain(ao, definition, 'scheduler-location'));
  const authority = await plain(ao, definition, 'authority');
  return entry.without('commitments', 'priv').withAll([
    ['data-protocol', 'ao'],
    ['variant', 'ao.N.1'],
    ['type', 'Message'],
    ['from-process', origin.id],
    ['from-uncommitted', unsigned],
    ['from-base', dialect.fromBase === 'uncommitted' ? unsigned : baseId(ao, definition)],
    ['from-scheduler', scheduler],
    ['from-authority', authority],
  ]);
}

/** Id of the definition without what differs between instances of one program. */
function baseId(ao: Ao, definition: Message): string {
  return ao.id(definition.without('authority', 'scheduler', 'commitments'), 'unsigned');
}

/** The identities of this node that the target accepts: its policy's, else its authorities'. */
export async function acceptedWallets(
  ao: Ao,
  target: Message,
  identities: ReadonlyMap<string, Wallet>,
): Promise<readonly Wallet[]> {
  const policy = await plain(ao, target, 'policy');
  const resolved = policy === undefined ? undefined : isMessage(policy) ? policy : await policyAt(ao, policy);
  const named =
    (resolved && (await plain(ao, resolved, 'accept-committers'))) ?? (await plain(ao, target, 'authority'));
  if (named === undefined) return [];
  return [...new Set(addressList(named).flatMap((name) => identities.get(name) ?? []))];
}

async function policyAt(ao: Ao, path: Value): Promise<Message | undefined> {
  if (typeof path !== 'string') return undefined;
  const outcome = await ao.resolveRequest(path);
  return outcome.status === 'ok' && isMessage(outcome.value) ? outcome.value : undefined;
}

/** A definition that a process has sent, completed: it has the spawner's scheduler and authority unless it names its own. */
export async function spawned(ao: Ao, entry: Message, origin: Definition, dialect: Dialect): Promise<Message> {
  const stamped = await addressed(ao, entry.without('target'), origin, dialect);
  const inherited = async (...names: readonly string[]): Promise<readonly (readonly [string, Value])[]> => {
    for (const name of names) if (entry.has(name)) return [];
    const value = await plain(ao, origin.message, names[0]!);
    return value === undefined ? [] : [[names[0]!, value]];
  };
  return stamped.withAll([
    ['type', 'Process'],
    ['device', entry.get('device') ?? 'process@1.0'],
    ...(await inherited('scheduler', 'scheduler-location')),
    ...(await inherited('scheduler-location', 'scheduler')),
    ...(await inherited('authority')),
  ]);
}

/** The letter, signed by each of these. */
export async function sign(ao: Ao, letter: Message, wallets: readonly Wallet[], device: string): Promise<Message> {
  let signed = letter;
  for (const wallet of wallets) signed = await ao.commit(signed, message({ 'commitment-device': device }), wallet);
  return signed;
}
