/**
 * `stack@1.0` (spec 01 §7.1): several devices on one state.
 *
 * A request to a stack is made to each device of `device-stack` in turn. In mode `Fold` (the default) each device works on the message
 * that the one before it left:
 *
 *     base ─1─► base' ─2─► base'' ─3─► result          device n gives   a message    → go on with it
 *       ▲                │                                              not found    → it doesn't know the key: go on
 *       └──── pass ──────┘                                              skip(m)      → stop, m is the result
 *                                                                       pass(m)      → again from the top, `pass` + 1
 *                                                                       a literal    → that is the result
 *                                                                       an error     → that is the result
 *
 * In mode `Map` each works on the base itself, and the results are gathered by the device's place in the stack.
 *
 * While device n runs, the message's `device` is that device, `device-key` is n, and `input-prefix`/`output-prefix` are the ones given
 * for n; afterwards the stack puts its own back. What it leaves behind (`previous-device` …) is part of folded states and of their ids,
 * hence of the protocol.
 *
 * The stack answers every key itself but `keys` and `set`, unless `stack-keys` lists the keys it answers.
 */
import type { Awaitable } from '../core/awaitable.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import type { Dialect } from '../core/dialect.ts';
import { AoError } from '../core/errors.ts';
import { integer, listOf, text } from '../core/fields.ts';
import { isMessage, type Message, messageFrom } from '../core/message.ts';
import { fail, failed, notFound, type Outcome, ok } from '../core/outcome.ts';
import { Atom, atom, isList, Link, NOT_FOUND, UNSET, type Value } from '../core/value.ts';
import { asMessage, firstPlain, plain, setPlain } from './plain.ts';

type StackCall = Call<Message, unknown, 'environment'>;

export const stack = device({
  name: 'stack@1.0',
  doc: 'Makes each request to every device of `device-stack`, one after another or side by side.',
  uses: ['environment'],
  pure: true,
  keys: {},
  inherits: ['keys', 'set'],
  async otherKeys(call) {
    const { base, requestMessage: request, key, ao } = call;
    const only = await plain(ao, base, 'stack-keys');
    if (only !== undefined) {
      const keys = listOf(text).read(only) ?? [];
      if (!keys.includes(key)) return ao.raw('message@1.0', base, request);
    }
    if (key.toLowerCase() === 'transform') return ok(await setPlain(ao, base, [['device', stackTransformer.name]]));
    const mode = await firstPlain(ao, [
      [request, 'mode'],
      [base, 'mode'],
    ]);
    switch (mode === undefined ? 'Fold' : text.read(mode)) {
      case 'Fold':
        return fold(call);
      case 'Map':
        return map(call);
      default:
        return fail('bad-request', 'The mode of a stack has to be `Fold` or `Map`.');
    }
  },
});

/** What `transform` turns a stack into: `transform/2` is the message as device 2 would get it. */
export const stackTransformer = device({
  name: 'stack-transformer@1.0',
  doc: 'The message prepared for one device of a stack: its keys are those of `device-stack`.',
  uses: ['environment'],
  pure: true,
  keys: {},
  inherits: ['keys', 'set'],
  async otherKeys({ base, key, ao, environment }) {
    const prepared = await transform(ao, environment.dialect, base, key);
    return prepared === undefined ? notFound : isMessage(prepared) ? ok(prepared) : prepared;
  },
});

async function fold({ base, requestMessage: request, ao, environment, signal }: StackCall): Promise<Outcome> {
  const own = await plain(ao, base, 'device');
  const pass = await plain(ao, base, 'pass');
  let state = await setPlain(ao, base, [['pass', 1]]);
  let passes = 1;
  for (let n = 1; ; n++) {
    signal.throwIfAborted();
    const prepared = await transform(ao, environment.dialect, state, n);
    if (prepared === undefined) break;
    if (!isMessage(prepared)) return prepared;
    const outcome = await ao.resolve(prepared, request);
    if (outcome.status === 'error') {
      if (!isNotFound(outcome.error)) return deviceFailed(outcome.error, n, prepared);
      state = prepared;
    } else if (outcome.status === 'ok') {
      const result = outcome.value instanceof Link ? await ao.load(outcome.value) : outcome.value;
      if (!isMessage(result)) return ok(result);
      state = result;
    } else if (outcome.status === 'skip') {
      state = outcome.value;
      break;
    } else {
      if (++passes > environment.limits.maxSteps) {
        return fail('out-of-budget', `The stack asked for more than ${environment.limits.maxSteps} passes.`);
      }
      const current = integer.read((await plain(ao, outcome.value, 'pass')) ?? 1) ?? 1;
      state = await setPlain(ao, outcome.value, [['pass', current + 1]]);
      n = 0;
    }
  }
  return ok(await restore(ao, state, own, pass));
}

async function map(call: StackCall): Promise<Outcome> {
  const { base, requestMessage: request, ao, environment } = call;
  const devices = asMessage(await plain(ao, base, 'device-stack'));
  if (devices === undefined) return noStack;
  const results: [string, Value][] = [];
  for (const key of devices.keys()) {
    if (key === 'path' || key === 'hashpath' || key.startsWith('priv')) continue;
    const prepared = await transform(ao, environment.dialect, base, key);
    if (!isMessage(prepared)) continue;
    const outcome = await ao.resolve(prepared, request);
    if (outcome.status === 'ok') results.push([key, outcome.value]);
    // A machine that is lost is no device without one: what the others give is not the whole.
    if (outcome.status === 'error' && outcome.error.code === 'unavailable') return outcome;
  }
  return ok(messageFrom(results));
}

/** The message as device `key` of the stack gets it; `undefined` past the end, an error if there is no stack. */
async function transform(
  ao: Ao,
  dialect: Dialect,
  base: Message,
  key: string | number,
): Promise<Message | Outcome | undefined> {
  const devices = await plain(ao, base, 'device-stack');
  if (devices === undefined) return noStack;
  const chosen = await entry(ao, devices, key);
  if (chosen === undefined) return undefined;
  const changes: [string, Value][] = [
    ['device', chosen],
    ['device-key', key],
    ['previous-device', previousDevice(dialect)],
  ];
  for (const side of ['input', 'output']) {
    const prefixes = await plain(ao, base, `${side}-prefixes`);
    const next = prefixes === undefined ? undefined : await entry(ao, prefixes, key);
    if (next !== undefined) changes.push([`${side}-prefix`, next]);
    const previous = await plain(ao, base, `${side}-prefix`);
    if (previous !== undefined) changes.push([`previous-${side}-prefix`, previous]);
  }
  return setPlain(ao, base, changes);
}

/** The result is a stack again, with the pass and the prefixes it had. */
async function restore(ao: Ao, state: Message, own: Value | undefined, pass: Value | undefined): Promise<Message> {
  const changes: [string, Value][] = [
    ['device-key', UNSET],
    ['device-stack-previous', UNSET],
    ['pass', pass ?? UNSET],
  ];
  if (own !== undefined) changes.push(['device', own]);
  for (const side of ['input', 'output']) {
    const previous = await plain(ao, state, `previous-${side}-prefix`);
    if (previous !== undefined) changes.push([`${side}-prefix`, previous]);
  }
  return setPlain(ao, state, changes);
}

/** Entry `key` of a list or a message with numbered or named keys. */
function entry(ao: Ao, from: Value, key: string | number): Awaitable<Value | undefined> {
  if (isList(from)) {
    const item = from[Number(key) - 1];
    return item instanceof Link ? ao.load(item) : item;
  }
  return isMessage(from) ? plain(ao, from, String(key)) : undefined;
}

/** The reference reads the device it replaces through an override, and so always finds the default device. */
function previousDevice(dialect: Dialect): Value {
  return dialect.previousDevice === 'module' ? atom('dev_message') : 'message@1.0';
}

function isNotFound(error: AoError): boolean {
  return error.value instanceof Atom && error.value.name === NOT_FOUND.name;
}

function deviceFailed(error: AoError, n: number, prepared: Message): Outcome {
  const name = text.read(prepared.get('device') ?? '') ?? 'unnamed';
  const message = `Device ${n} of the stack (${name}) failed: ${error.message}`;
  return failed(new AoError(error.code, message, { ...error, cause: error }));
}

const noStack = fail('bad-request', 'The stack has no `device-stack`.', 'Give a list of device names under it.');
