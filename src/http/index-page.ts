/**
 * The index page (spec 03 §2.3, spec 01 §6.9): a message without body and content type would show a person nothing, so its key `index` is
 * resolved. A device may have its own `index`; otherwise the node's `default-index` decides (the console's message viewer). The viewer is
 * for people: a caller that doesn't ask for HTML gets the message itself.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import type { Environment } from '../core/environment.ts';
import { isMessage, type Message } from '../core/message.ts';
import { type Encoded, encodeAnswer } from './encode-answer.ts';
import { textOf } from './negotiate.ts';
import type { Asked } from './response.ts';

export function indexPage(result: Message, asked: Asked, person: boolean): Awaitable<Encoded | undefined> {
  const { resolver, request } = asked;
  const { env } = resolver;
  if (!person && !hasOwnIndex(result, env)) return undefined;
  const shown = resolver.resolve(result, request.with('path', 'index'), { hashpath: 'ignore', lendsKey: false });
  return andThen(shown, (outcome) => {
    if (outcome.status !== 'ok' || !isMessage(outcome.value) || !outcome.value.has('body')) return undefined;
    return encodeAnswer(outcome.value.without('commitments', 'priv', 'status'), 'httpsig@1.0', false, env);
  });
}

function hasOwnIndex(message: Message, env: Environment): boolean {
  const name = textOf(message.get('device'));
  return name !== undefined && name !== 'message@1.0' && env.devices.get(name)?.keys.has('index') === true;
}
