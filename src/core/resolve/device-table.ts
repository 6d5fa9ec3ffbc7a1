/** The devices of a node, ready to be called, by the names that messages use (spec 01 §2.5, §2.12). */
import type { Awaitable } from '../awaitable.ts';
import { isBinary, isId, toText } from '../bytes.ts';
import type { Device } from '../device.ts';
import type { Environment } from '../environment.ts';
import { AoError, raise } from '../errors.ts';
import { isMessage } from '../message.ts';
import { NOT_FOUND, type Value } from '../value.ts';
import { type Prepared, prepareDevice } from './prepare.ts';
import { remoteRefusal } from './remote-device.ts';

export class DeviceTable {
  /** `message@1.0`, the device of messages that name none, and of keys that other devices leave to it. */
  readonly message: Prepared;
  readonly #env: Environment;
  readonly #prepared = new Map<Device, Prepared>();

  constructor(env: Environment) {
    this.#env = env;
    const message = env.devices.get('message@1.0');
    if (message === undefined) raise('device-not-found', 'A node cannot work without message@1.0.');
    this.message = this.#prepare(message);
  }

  /** The device that a message's `device` key names, or why this node doesn't have it. */
  named(name: Value): Prepared | Awaitable<AoError> {
    // A message as device would list functions, and no message can hold one: all its keys are data.
    if (name === NOT_FOUND || isMessage(name)) return this.message;
    const text = (isBinary(name) ? toText(name) : undefined) ?? '?';
    const device = this.#env.devices.get(text);
    if (device !== undefined) return this.#prepare(device);
    return isId(text) ? remoteRefusal(text, this.#env) : unknownDevice(text);
  }

  /** Why devices can't be used, if any can't. */
  problems(): readonly AoError[] {
    const refusals = [...this.#env.devices.values()].map((device) => this.#prepare(device).refusal);
    return refusals.filter((refusal) => refusal !== undefined);
  }

  #prepare(device: Device): Prepared {
    let prepared = this.#prepared.get(device);
    if (prepared === undefined) {
      prepared = prepareDevice(device, this.#env);
      this.#prepared.set(device, prepared);
    }
    return prepared;
  }
}

function unknownDevice(name: string): AoError {
  return new AoError('device-not-found', `There is no device "${name}" on this node.`, {
    hint: 'Names are case-sensitive; `/~meta@1.0/info` lists the devices of a node.',
  });
}
