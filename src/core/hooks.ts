/**
 * Hooks (spec 01 §7.9, spec 03 §4.4): messages of the operator's that are resolved when something happens.
 *
 * The option `on` maps a hook's name to its handlers: one message, a list, or a numbered message. They run in order; each gets the result
 * of the one before as its request, and the first outcome that isn't `ok` ends the run. A handler is an ordinary message with a device;
 * some of its keys say how it is called:
 *
 *     path, method           of the request; default: the hook's name, GET
 *     hook/result            `return` (default): its result goes on · `ignore`: the request goes on · `error`: its result is an error
 *     hook/commit-request    `true`: handler and request are signed by the node first
 *
 * These are read as plain data: asking the handler's device for them would run devices that take any key (Lua, names …).
 *
 * This is part of the core because the resolver itself runs a hook, `step`; `hook@1.0` only shows what is configured. To keep it from
 * calling itself, the resolver passes an `ao` whose options have no `step`.
 */
import type { Awaitable } from './awaitable.ts';
import type { Ao } from './device.ts';
import { type AoError, errorFrom } from './errors.ts';
import { listOf, text } from './fields.ts';
import { isMessage, type Message } from './message.ts';
import { fail, type Outcome, ok } from './outcome.ts';
import { isList, Link, type Value } from './value.ts';

/** Runs the handlers of hook `name` in `on` (the node's option) with this request. Without handlers the request is the result. */
export function runHook(name: string, request: Message, on: Value | undefined, ao: Ao): Awaitable<Outcome> {
  if (on === undefined || (isMessage(on) && !on.has(name))) return ok(request);
  return runHandlers(name, request, on, ao);
}

/** The handlers of a hook in the order they run; none if `on` doesn't name it. */
export async function hookHandlers(name: string, on: Value | undefined, ao: Ao): Promise<readonly Message[]> {
  const table = on === undefined ? undefined : await ao.load(on);
  const found = isMessage(table) ? table.get(name) : undefined;
  const handlers = found === undefined ? undefined : await ao.load(found);
  if (handlers === undefined) return [];
  const items = isList(handlers) || isNumbered(handlers) ? listItems(handlers) : [handlers];
  const out: Message[] = [];
  for (const item of items) {
    const handler = await ao.load(item);
    if (isMessage(handler)) out.push(handler);
  }
  return out;
}

async function runHandlers(name: string, request: Message, on: Value, ao: Ao): Promise<Outcome> {
  let current: Value = request;
  for (const handler of await hookHandlers(name, on, ao)) {
    if (!isMessage(current)) return fail('bad-type', `A handler of hook \`${name}\` did not leave a message.`);
    const outcome = await callHandler(name, handler, current, ao);
    if (outcome.status !== 'ok') return outcome;
    const result = await setting(handler, 'result', ao);
    if (result === 'ignore') continue;
    if (result === 'error')
      return fail('bad-request', `Hook \`${name}\` refused the request.`, { value: outcome.value });
    current = outcome.value;
  }
  return ok(current);
}

async function callHandler(name: string, handler: Message, request: Message, ao: Ao): Promise<Outcome> {
  try {
    let called = request
      .with('path', (await own(handler, 'path', ao)) ?? name)
      .with('method', (await own(handler, 'method', ao)) ?? 'GET');
    let callee = handler;
    if ((await setting(handler, 'commit-request', ao)) === 'true') {
      if (!ao.lendsKey) return keyNotLent;
      if ((await ao.signers(handler)).length === 0) callee = await ao.commit(handler);
      called = await ao.commit(called);
    }
    const outcome = await ao.resolve(callee, called);
    const raised =
      outcome.status === 'error' && (outcome.error.code === 'device-failed' || outcome.error.code === 'internal');
    return raised ? handlerRaised(name, outcome.error) : outcome;
  } catch (thrown) {
    return handlerRaised(name, errorFrom(thrown));
  }
}

const keyNotLent = fail('forbidden', 'Only hooks of the operator are signed with the key of the node.');

function handlerRaised(name: string, error: AoError): Outcome {
  const reason = error.cause instanceof Error ? error.cause.message : error.message;
  return fail('device-failed', `Handler for hook \`${name}\` raised an exception: ${reason}`, { cause: error });
}

/** `hook/result`, nested or as one key. */
async function setting(handler: Message, key: string, ao: Ao): Promise<string | undefined> {
  const nested = await own(handler, 'hook', ao);
  const value = (isMessage(nested) ? await own(nested, key, ao) : undefined) ?? (await own(handler, `hook/${key}`, ao));
  return value === undefined ? undefined : text.read(value);
}

async function own(message: Message, key: string, ao: Ao): Promise<Value | undefined> {
  const value = message.get(key);
  return value instanceof Link ? ao.load(value) : value;
}

/** Whether the message is a list written as `{"1": …, "2": …}` rather than a handler. */
function isNumbered(value: Value): boolean {
  return isMessage(value) && value.keys().some((key) => key === '1') && !value.has('device');
}

function listItems(value: Value): readonly Value[] {
  return listOf<Value>({ describes: 'a handler', read: (item) => item }).read(value) ?? [];
}
