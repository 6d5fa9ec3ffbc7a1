/**
 * A device made ready for a node: its options read and validated, its capabilities gathered, once. A device that asks for what the node
 * doesn't give is refused with a sentence that says so; so are wrong options. Its calls then only add what differs from call to call.
 */
import { isBinary, toText } from '../bytes.ts';
import type { Capabilities, Device } from '../device.ts';
import type { Environment } from '../environment.ts';
import { type AoError, AoException, raise } from '../errors.ts';
import { Atom, Float, isList, type Value } from '../value.ts';

export interface Prepared {
  readonly device: Device;
  readonly options: unknown;
  readonly capabilities: Partial<Capabilities>;
  /** Why it can't be used on this node. */
  readonly refusal: AoError | undefined;
}

export function isPrepared(value: object): value is Prepared {
  return 'capabilities' in value;
}

export function prepareDevice(device: Device, env: Environment): Prepared {
  const capabilities: { [name: string]: unknown } = {};
  let options: unknown;
  let refusal: AoError | undefined;
  try {
    for (const name of device.uses) capabilities[name] = capability(device, name, env);
    options = deviceOptions(device, env);
  } catch (thrown) {
    if (!(thrown instanceof AoException)) throw thrown;
    refusal = thrown.error;
  }
  return { device, options, capabilities, refusal };
}

function capability(device: Device, name: keyof Capabilities, env: Environment): unknown {
  if (name === 'environment') return env;
  const given = env.capabilities[name] ?? (name === 'cache' ? env.cache : name === 'wallet' ? env.wallet : undefined);
  if (given === undefined) {
    raise('unavailable', `${device.name} needs "${name}", which this node does not give to devices.`, {
      hint: `Add \`${name}\` to the capabilities of the node, or remove the device.`,
    });
  }
  return given;
}

/**
 * The options of a device: the node message as a plain object by dashed names, checked by the device's own schema. Scalars are JS values,
 * lists arrays; messages stay messages.
 */
function deviceOptions(device: Device, env: Environment): unknown {
  if (device.options === undefined) return {};
  const result = device.options['~standard'].validate(plainOptions(env));
  if (result instanceof Promise) raise('internal', `The options of ${device.name} cannot be checked at once.`);
  if (result.issues === undefined) return result.value;
  const issue = result.issues[0];
  const where = issue?.path
    ?.map((part) => String(typeof part === 'object' ? (part as { key: unknown }).key : part))
    .join('.');
  raise('unavailable', `The options of ${device.name} are wrong: ${where ? `\`${where}\`: ` : ''}${issue?.message}`, {
    hint: 'Correct the node message.',
  });
}

const plainSlot = Symbol('options as a plain object');

function plainOptions(env: Environment): unknown {
  return env.options.derive(plainSlot, () => {
    const out = Object.create(null) as { [name: string]: unknown };
    for (const [key, value] of env.options.entries()) out[key] = plain(value);
    return out;
  });
}

function plain(value: Value): unknown {
  if (isBinary(value)) return toText(value) ?? value;
  if (value instanceof Float) return value.value;
  if (value instanceof Atom) return value.name;
  return isList(value) ? value.map(plain) : value;
}
