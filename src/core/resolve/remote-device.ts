/**
 * Devices named by an id: code from elsewhere (spec 01 §2.12). This node runs none, since what the network publishes is code for another
 * machine; but it says why in the order in which the reference decides, so that an operator sees what would have to change.
 */
import { type Awaitable, andThen } from '../awaitable.ts';
import type { Environment } from '../environment.ts';
import { AoError, type ErrorCode } from '../errors.ts';
import { listOf, text } from '../fields.ts';
import { isMessage, type Message } from '../message.ts';
import { atom, type Value } from '../value.ts';
import { signers } from '../verify.ts';

const codeType = 'application/beam';

/** Why the device of this id is not available. */
export function remoteRefusal(id: string, env: Environment): Awaitable<AoError> {
  if (option(env, 'load-remote-devices') !== 'true') {
    return refused('device-not-trusted', id, 'remote_devices_disabled', 'remote devices are disabled on this node');
  }
  return andThen(env.cache.read(id), (found) => {
    if (!isMessage(found)) return refused('device-not-found', id, 'not_found', 'it is nowhere to be found');
    return andThen(signers(found, env), (addresses) => judge(id, found, addresses, env));
  });
}

function judge(id: string, code: Message, addresses: readonly string[], env: Environment): AoError {
  const trusted = trustedSigners(env);
  if (!addresses.some((address) => trusted.includes(address))) {
    return refused(
      'device-not-trusted',
      id,
      'device_signer_not_trusted',
      'nobody whom the operator trusts has signed it',
    );
  }
  const type = code.get('content-type');
  if ((type === undefined ? undefined : text.read(type)) !== codeType) {
    return refused('device-not-found', id, 'incompatible_content_type', 'its content type is not that of a device');
  }
  // Whatever host it requires, it is not this one: its code is for the virtual machine of the reference.
  return refused('device-not-found', id, 'failed_requirements', 'it is code for another kind of node');
}

function trustedSigners(env: Environment): readonly string[] {
  const value = env.options.get('trusted-device-signers');
  return value === undefined ? [] : (listOf(text).read(value) ?? []);
}

function option(env: Environment, name: string): string | undefined {
  const value = env.options.get(name);
  return value === undefined ? undefined : text.read(value);
}

function refused(code: ErrorCode, id: string, reason: string, why: string): AoError {
  const value: Value = [atom('error'), atom('device_not_loadable'), id, atom(reason)];
  return new AoError(code, `The device ${id} cannot be loaded: ${why}.`, { value });
}
