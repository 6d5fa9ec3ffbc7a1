/**
 * Stages 4 to 6 of a step (spec 01 §2.3, §2.6): select the function, enter the lane, call it. What a device throws becomes an outcome here
 * and nowhere else.
 */
import { type Awaitable, andThen, isPromise, mapInOrder } from '../awaitable.ts';
import type { AnyKey, Call, Capability, Device } from '../device.ts';
import { foldKey } from '../device.ts';
import { AoError, AoException, errorFrom } from '../errors.ts';
import { readFields } from '../fields.ts';
import { load } from '../links.ts';
import { type Message, messageFrom } from '../message.ts';
import { fail, failed, type Outcome } from '../outcome.ts';
import { Link, type Value } from '../value.ts';
import { Toolbox } from './ao.ts';
import { cancelled, type Execution } from './execution.ts';
import type { Lane } from './lanes.ts';
import type { Prepared } from './prepare.ts';

/** The function of `device` for a key, `undefined` if the key is left to `message@1.0`. */
export function selectKey(device: Device, key: string): AnyKey['run'] | AnyKey | undefined {
  const folded = foldKey(key);
  const own = device.keys.get(folded);
  if (own !== undefined) return own;
  return device.inherits.has(folded) ? undefined : device.otherKeys;
}

/** Calls the function in the device's lane. */
export function execute(
  x: Execution,
  prepared: Prepared,
  selected: AnyKey['run'] | AnyKey,
  base: Message,
  key: string,
  request: Message | undefined,
): Awaitable<Outcome> {
  const { lane } = prepared.device;
  if (lane === undefined) return callOnce(x, prepared, selected, base, key, request);
  let name: string | undefined;
  try {
    name = lane({ base, request: request ?? bare(key), key });
  } catch (thrown) {
    return failed(deviceError(thrown, prepared.device, key));
  }
  if (name === undefined) return callOnce(x, prepared, selected, base, key, request);
  return x.resolver.lanes.enter(`${prepared.device.name}/${name}`, x, base, key, request, (entered: Lane) =>
    callOnce(x, prepared, selected, base, key, request, entered),
  );
}

/** Calls the function, unless the device is refused or the caller has gone away. */
export function callOnce(
  x: Execution,
  prepared: Prepared,
  selected: AnyKey['run'] | AnyKey,
  base: Message,
  key: string,
  request: Message | undefined,
  lane?: Lane,
): Awaitable<Outcome> {
  if (prepared.refusal !== undefined) return failed(prepared.refusal);
  if (x.session.signal.aborted) return cancelled(x);
  if (!(typeof selected === 'function' ? prepared.device.pure : selected.pure)) x.markImpure();
  return invoke(x.inside(lane), prepared, selected, base, key, request);
}

/** The bare call: fields read, function run, exceptions turned into outcomes. */
function invoke(
  inside: Execution,
  prepared: Prepared,
  selected: AnyKey['run'] | AnyKey,
  base: Message,
  key: string,
  request: Message | undefined,
): Awaitable<Outcome> {
  const { device } = prepared;
  const requestMessage = request ?? bare(key);
  try {
    const declared = typeof selected === 'function' ? undefined : selected.request;
    const run = typeof selected === 'function' ? selected : selected.run;
    const outcome =
      declared === undefined
        ? run(callOf(inside, prepared, base, key, requestMessage, requestMessage))
        : andThen(withFieldsLoaded(inside, declared, requestMessage), (loaded) => {
            const fields = readFields(declared, loaded);
            return typeof fields === 'string'
              ? fail('bad-request', fields)
              : run(callOf(inside, prepared, base, key, fields, loaded));
          });
    return isPromise(outcome) ? outcome.catch((thrown: unknown) => failed(deviceError(thrown, device, key))) : outcome;
  } catch (thrown) {
    return failed(deviceError(thrown, device, key));
  }
}

function callOf(
  inside: Execution,
  prepared: Prepared,
  base: Message,
  key: string,
  request: unknown,
  requestMessage: Message,
): Call<unknown, unknown, Capability> {
  const ao = new Toolbox(inside);
  // The capabilities are exactly those the device declares, so that it finds what its type promises and nothing else.
  return {
    ...prepared.capabilities,
    base,
    request,
    requestMessage,
    key,
    options: prepared.options,
    signal: inside.session.signal,
    ao,
    resolve: (on: Value, what: Value) => ao.resolve(on, what),
  } as Call<unknown, unknown, Capability>;
}

/** The request with links under declared fields loaded: a field sees the value, wherever it is stored. */
function withFieldsLoaded(inside: Execution, declared: object, request: Message): Awaitable<Message> {
  const linked = Object.keys(declared).filter((name) => request.get(name) instanceof Link);
  if (linked.length === 0) return request;
  return andThen(
    mapInOrder(
      linked,
      (name): Awaitable<readonly [string, Value]> =>
        andThen(load(request.get(name)!, inside.env), (value): readonly [string, Value] => [name, value]),
    ),
    (loaded) => request.withAll(loaded),
  );
}

export function bare(key: string): Message {
  return messageFrom([['path', key]]);
}

function deviceError(thrown: unknown, device: Device, key: string): AoError {
  if (thrown instanceof AoException) return thrown.error;
  return new AoError('device-failed', `${device.name} failed while it handled \`${key}\`.`, {
    cause: errorFrom(thrown).cause,
  });
}
