/**
 * The node message as strangers see it (spec 03 §4.1): every option but the private ones, with the node's address, its devices and its
 * history. Names are spelt as the dialect spells them: `preloaded_devices` in 2025, `preloaded-devices` later.
 */
import type { Environment } from '../../core/environment.ts';
import { isMessage, Message, message, messageFrom } from '../../core/message.ts';
import { withoutPrivate } from '../../core/private.ts';
import type { Value } from '../../core/value.ts';
import type { NodeControl } from './node-control.ts';

export function publicNodeMessage(node: NodeControl, env: Environment): Message {
  const history = node.history();
  const known = node.options().derive(slot, () => new Map<Environment['devices'], Made>());
  const before = known.get(env.devices);
  if (before !== undefined && before.history === history && before.wallet === env.wallet) return before.message;
  const made = make(node.options(), history, env);
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

function make(all: Message, history: readonly Message[], env: Environment): Message {
  const options = withoutPrivate(all) as Message;
  const address = env.wallet?.address;
  const own: [string, Value][] = [
    ['identities', identities(options, address)],
    ['node-history', [...history]],
    ['preloaded-devices', devices(env)],
  ];
  if (address !== undefined) own.push(['address', address]);
  return messageFrom(
    [...options.without('commitments').entries(), ...own].map(([key, value]) => [spelt(key, env), value]),
  );
}

function spelt(key: string, env: Environment): string {
  return env.dialect.optionNames === 'underscores' ? key.replaceAll('-', '_') : key;
}

function devices(env: Environment): readonly Message[] {
  return [...env.devices.keys()].sort().map((name) => message({ name, module: name }));
}

/** The configured identities, the node's own as `default` and by its address. */
function identities(options: Message, address: string | undefined): Message {
  const configured = options.get('identities');
  const named = isMessage(configured) ? configured : Message.empty;
  if (address === undefined) return named;
  const own = message({ address });
  return named.withAll([
    ['default', named.get('default') ?? own],
    [address, named.get(address) ?? own],
  ]);
}
