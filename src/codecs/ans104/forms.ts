/** The forms in which a message's children can be held: inline, or as links to their ids (spec 02 §1.3). */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import type { Environment } from '../../core/environment.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { loadAll } from '../load.ts';
import { fromTabm, isLinkKey, toTabm } from '../structured.ts';
import type { Form } from './verify.ts';

/**
 * The message with every child inline as the cache gives it: loaded where it is a link, reduced to its committed keys. Goes through the
 * structured form, and so fails where a value has none (spec 02 §1.2).
 */
export function withChildren(message: Message, env: Environment): Awaitable<Message> {
  return andThen(loadAll(fromTabm(message, env), env), (loaded) => {
    const tabm = toTabm(loaded, 'inline', env);
    return isMessage(tabm) ? tabm : message;
  });
}

/** As it is; with its children loaded; with its children as links. */
export function forms(env: Environment): readonly Form[] {
  return [
    (message) => message,
    (message) => (hasLinks(message) ? withChildren(message, env) : undefined),
    (message) => (hasChildren(message) ? asLinks(message, env) : undefined),
  ];
}

function asLinks(message: Message, env: Environment): Message | undefined {
  const linked = toTabm(fromTabm(message, env), 'link', env);
  return isMessage(linked) ? linked : undefined;
}

function hasLinks(message: Message): boolean {
  for (const [key, value] of message.entries()) {
    if (isLinkKey(key) || (key !== 'commitments' && isMessage(value) && hasLinks(value))) return true;
  }
  return false;
}

function hasChildren(message: Message): boolean {
  for (const [key, value] of message.entries()) if (key !== 'commitments' && isMessage(value)) return true;
  return false;
}
