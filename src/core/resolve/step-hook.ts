/**
 * Stage 7 of a step (spec 01 §2.3): the node's `step` hook sees base, request and outcome, and may replace the outcome. It runs without
 * further step hooks, or it would call itself.
 */
import { type Awaitable, andThen } from '../awaitable.ts';
import { text } from '../fields.ts';
import { runHook } from '../hooks.ts';
import { isMessage, type Message, messageFrom } from '../message.ts';
import { fail, type Outcome, ok } from '../outcome.ts';
import { atom, type Value } from '../value.ts';
import { Toolbox } from './ao.ts';
import { type Execution, silentMode } from './execution.ts';

export function runStepHook(
  x: Execution,
  on: Value,
  outcome: Outcome,
  base: Message,
  request: Message,
): Awaitable<Outcome> {
  const status = atom(outcome.status);
  const body = outcome.status === 'error' ? (outcome.error.value ?? outcome.error.message) : outcome.value;
  const seen = messageFrom([
    ['base', base],
    ['request', request],
    ['status', status],
    ['body', body],
  ]);
  const ao = new Toolbox(x.withMode(silentMode));
  return andThen(runHook('step', seen, on, ao), (result) => {
    if (result.status !== 'ok' || !isMessage(result.value)) return result;
    const newStatus = result.value.get('status') ?? status;
    const newBody = result.value.get('body') ?? body;
    if (newStatus === status && newBody === body) return outcome;
    return replaced(text.read(newStatus) ?? 'ok', newBody);
  });
}

function replaced(status: string, body: Value): Outcome {
  if (status === 'ok') return ok(body);
  if ((status === 'skip' || status === 'pass') && isMessage(body)) return { status, value: body };
  return fail('bad-request', 'A step hook refused the step.', { value: body });
}
