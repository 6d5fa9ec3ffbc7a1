/**
 * The hooks of the HTTP edge (spec 03 §1.4, §4.4): what the operator put under `on/request` and `on/response`.
 *
 *     request    {request, body: steps}   →  {body: steps}     may change the steps, or fail the request
 *     response   {request, body: result}  →  {body: result}    may change the result
 *
 * Without handlers, which is most nodes' response hook, nothing is built and nothing is awaited. A node that waits to be configured runs no
 * hooks and answers only for its configuration.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { flag } from '../core/fields.ts';
import { runHook } from '../core/hooks.ts';
import { isMessage, Message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import type { Resolver } from '../core/resolver.ts';
import { As, isList, type Value } from '../core/value.ts';

export interface Hooks {
  /** The steps to resolve, or why there's nothing to resolve. */
  request(request: Message, steps: readonly Value[], node: Resolver): Awaitable<readonly Value[] | Outcome>;
  response(request: Message, outcome: Outcome, node: Resolver): Awaitable<Outcome>;
}

export function requestHook(
  request: Message,
  steps: readonly Value[],
  node: Resolver,
): Awaitable<readonly Value[] | Outcome> {
  if (isWaiting(node)) return isNodeInfo(steps) ? steps : notInitialized;
  if (!hasHandlers('request', node)) return steps;
  const call = new Message(
    new Map<string, Value>([
      ['request', request],
      ['body', steps],
    ]),
  );
  return andThen(runHook('request', call, node.env.options.get('on'), node.ao()), (outcome) => {
    if (outcome.status === 'error') return outcome;
    const body = isMessage(outcome.value) ? outcome.value.get('body') : undefined;
    if (body === undefined) return withoutBody;
    if (isList(body)) return body;
    return isMessage(body) && isNumbered(body) ? body.keys().map((_, i) => body.get(String(i + 1))!) : [body];
  });
}

export function responseHook(request: Message, outcome: Outcome, node: Resolver): Awaitable<Outcome> {
  if (!hasHandlers('response', node) || outcome.status === 'error' || isWaiting(node)) return outcome;
  const call = new Message(
    new Map<string, Value>([
      ['request', request],
      ['body', outcome.value],
    ]),
  );
  return andThen(runHook('response', call, node.env.options.get('on'), node.ao()), (hooked) => {
    if (hooked.status === 'error') return hooked;
    const body = isMessage(hooked.value) ? hooked.value.get('body') : undefined;
    return body === undefined ? withoutBody : ok(body);
  });
}

/** A node that waits to be configured answers nothing but its own settings, and runs no hooks (spec 03 §4.2). */
function isWaiting(node: Resolver): boolean {
  const initialized = node.env.options.get('initialized');
  return initialized !== undefined && flag.read(initialized) === false;
}

/** `/~meta@1.0/info`, and nothing after it. */
function isNodeInfo(steps: readonly Value[]): boolean {
  const [base, key] = steps;
  const device = base instanceof As ? base.device : isMessage(base) ? base.get('device') : undefined;
  return steps.length === 2 && device === 'meta@1.0' && isMessage(key) && key.get('path') === 'info';
}

const notInitialized = fail('unavailable', 'Node must be initialized before use.', {
  status: 400,
  hint: 'Post its configuration to `/~meta@1.0/info`.',
});

function hasHandlers(name: string, node: Resolver): boolean {
  const on = node.env.options.get('on');
  return on !== undefined && (!isMessage(on) || on.has(name));
}

/** A list of steps as devices may hand it back: `{"1": …, "2": …}`. */
function isNumbered(message: Message): boolean {
  return message.size > 0 && message.keys().every((_, i) => message.has(String(i + 1)));
}

const withoutBody = fail('device-failed', 'A hook left a result without `body`.');
