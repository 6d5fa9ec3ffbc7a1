/** The hook `start` (spec 03 §4.4): may change the node message before the first request. */
import { AoException, raise } from '../core/errors.ts';
import { runHook } from '../core/hooks.ts';
import { isMessage, message } from '../core/message.ts';
import type { RunningNode } from './control.ts';

/** Runs it. Throws if it fails, or gives back no node message: then the node does not start. */
export async function runStartHook(running: RunningNode): Promise<void> {
  const on = running.options().get('on');
  if (!isMessage(on) || !on.has('start')) return;
  const outcome = await runHook('start', message({ body: running.options() }), on, running.resolver.ao());
  if (outcome.status === 'error') throw new AoException(outcome.error);
  const body = isMessage(outcome.value) ? await running.resolver.ao().load(outcome.value.get('body') ?? '') : undefined;
  if (!isMessage(body)) {
    raise('bad-request', 'The `start` hook gave no `body`.', 'It has to give back the node message.');
  }
  running.adopt(body.without('commitments'));
}
