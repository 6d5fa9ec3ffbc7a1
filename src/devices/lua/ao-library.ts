/**
 * The `ao` table of Lua programs (spec 04 §4.5): AO-Core from inside.
 *
 *     ao.resolve(request)              like an HTTP request                →  status, result
 *     ao.resolve(base, "a/b")          a path on a base
 *     ao.resolve(m1, m2, …)            a sequence; {"as", device, message} in any place
 *     ao.get(key, base)                the value, or "not_found"
 *     ao.set(base, key, value)         a new message; also ao.set(base, {key = value, …})
 *     ao.event([group,] event)         noted; "ok"
 */
import type { Ao } from '../../core/device.ts';
import { AoException, errorFrom } from '../../core/errors.ts';
import { isMessage, Message, messageFrom } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import { withoutPrivate } from '../../core/private.ts';
import { As, isList, NOT_FOUND, UNSET, type Value } from '../../core/value.ts';
import type { LuaHostFunction, LuaReply } from '../../vm/lua/machine.ts';
import { wireable } from './values.ts';

export function aoLibrary(
  ao: Ao,
  event: (group: string, event: Value | undefined) => void,
): {
  readonly [name: string]: LuaHostFunction;
} {
  return {
    'ao.resolve': async (args) => {
      const values = args.map((arg) => (arg === undefined ? undefined : directive(arg)));
      if (values.length === 0 || values.some((value) => value === undefined)) {
        return { values: ['failure', 'Attempted to resolve an empty message sequence.'] };
      }
      return reply(await resolve(ao, values as readonly Value[]), ao);
    },
    'ao.get': async (args) => {
      const [key, base] = args;
      if (typeof key !== 'string' || base === undefined) return { crash: 'badarg' };
      const value = await ao.get(directive(base), key);
      return { values: [value === undefined || value === NOT_FOUND ? 'not_found' : await wireable(value, ao)] };
    },
    'ao.set': async (args) => {
      const [base, second, third] = args;
      if (!isMessage(base) && !isList(base as Value)) return { crash: 'badarg' };
      const changes = isMessage(second)
        ? second
        : typeof second === 'string' && args.length > 2
          ? messageFrom([[second, third ?? UNSET]])
          : undefined;
      if (changes === undefined) return { crash: 'badarg' };
      const message = isMessage(base) ? (withoutPrivate(base) as Message) : Message.empty;
      try {
        const cleaned = withoutPrivate(changes) as Message;
        return { values: [await wireable(await ao.set(message, cleaned), ao)] };
      } catch (thrown) {
        if (!(thrown instanceof AoException)) throw thrown;
        return { crash: thrown.error.message };
      }
    },
    'ao.event': (args) => {
      const group = args.length > 1 && typeof args[0] === 'string' ? args[0] : 'lua';
      event(group, args.length > 1 ? args[1] : args[0]);
      return { values: ['ok'] };
    },
  };
}

async function resolve(ao: Ao, values: readonly Value[]): Promise<Outcome> {
  const [first, second] = values;
  try {
    if (values.length === 1) {
      if (isMessage(first)) return await ao.resolveRequest(first);
      return typeof first === 'string' ? await ao.resolveRequest(first) : await ao.resolveMany(values);
    }
    if (values.length === 2 && typeof second === 'string') return await ao.resolve(first!, second);
    return await ao.resolveMany(values);
  } catch (thrown) {
    return { status: 'error', error: errorFrom(thrown, 'device-failed') };
  }
}

async function reply(outcome: Outcome, ao: Ao): Promise<LuaReply> {
  if (outcome.status !== 'error') return { values: [outcome.status, await wireable(outcome.value, ao)] };
  const { error } = outcome;
  // A device that isn't there is no answer a program could go on with: two nodes would go on differently.
  if (error.code === 'device-not-found' || error.code === 'device-not-trusted' || error.fault === 'ours')
    return { crash: error.message };
  const value =
    error.value === NOT_FOUND || error.code === 'not-found'
      ? (error.value ?? 'not_found')
      : (error.value ?? error.message);
  return { values: ['error', value === NOT_FOUND ? 'not_found' : await wireable(value, ao)] };
}

/** `{"as", device, message}` is a directive in a sequence. */
function directive(given: Value): Value {
  // Private data is the node's: a program can neither see nor set it.
  const value = withoutPrivate(given);
  if (isList(value) && value.length === 3 && value[0] === 'as') return new As(value[1]!, value[2]!);
  return value;
}
