/**
 * The node message as strangers see it (spec 03 §4.1): every option but the private ones, with the node's address, its devices and its
 * history. Names are spelt as the dialect spells them: `preloaded_devices` in 2025, `preloaded-devices` later.
 */
import type { Environment } from '../../core/environment.ts';
import { isMessage, Message, message, messageFrom } from '../../core/message.ts';
import { withoutPrivate } from '../../core/private.ts';
import type { Value } from '../../core/value.ts';
import type {} from '../scheduler.ts';
import type { NodeControl } from './node-control.ts';

export function publicNodeMessage(node: NodeControl, env: Environment): Message {
  const history = node.history();
  const known = node.options().derive(slot, () => new Map<Environment['devices'], Made>());
  const before = known.get(env.devices);
  if (before !== undefined && before.history === history && before.wallet === env.wallet) return before.message;
  const made = make(node, history, env);
  known.set(env.devices, { message: made, history, wallet: env.wallet });
  return made;
}

/** It is asked for all the time and changes with the options only: made once for each of them. */
interface Made {
  readonly message: Message;
  readonly history: readonly Message[];
  readonly wallet: Environment['wallet'];
}

const slot = Symbol('public node message');

function make(node: NodeControl, history: readonly Message[], env: Environment): Message {
  const options = withoutPrivate(node.options()) as Message;
  const address = env.wallet?.address;
  const own: [string, Value][] = [
    ['identities', identities(options, env)],
    ['node-history', [...history]],
    ['preloaded-devices', devices(env)],
  ];
  if (address !== undefined) own.push(['address', address]);
  return messageFrom(
    [...options.without('commitments').entries(), ...own].map(([key, value]) => [spelt(key, node, env), value]),
  );
}

const ownNames: ReadonlySet<string> = new Set(['node-history', 'preloaded-devices']);

function spelt(key: string, node: NodeControl, env: Environment): string {
  if (env.dialect.optionNames !== 'underscores') return key.replaceAll('_', '-');
  return ownNames.has(key) || node.declares(key) ? key.replaceAll('-', '_') : key;
}

function devices(env: Environment): readonly Message[] {
  return [...env.devices.keys()].sort().map((name) => message({ name, module: name }));
}

/** The configured identities, each by its name and by its address, and the node's own as `default`. */
function identities(options: Message, env: Environment): Message {
  const configured = options.get('identities');
  const named = isMessage(configured) ? configured : Message.empty;
  const wallets = new Map(env.capabilities.identities ?? []);
  if (env.wallet !== undefined) wallets.set('default', env.wallet).set(env.wallet.address, env.wallet);
  return named.withAll(
    [...wallets].map(([name, { address }]) => {
      const own = named.get(name);
      return [name, isMessage(own) ? own.with('address', address) : message({ address })];
    }),
  );
}
