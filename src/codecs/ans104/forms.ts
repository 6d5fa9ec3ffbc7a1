/** The forms in which a message's children can be held: inline, or as links to their ids (spec 02 §1.3). */
import type { Environment } from '../../core/environment.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { inlined, linked } from '../httpsig/children.ts';
import { isLinkKey } from '../structured.ts';
import type { Form } from './verify.ts';

/** As it is; with its children loaded; with its children as links. */
export function forms(env: Environment): readonly Form[] {
  return [
    (message) => message,
    (message) => (hasLinks(message) ? inlined(message, env) : undefined),
    (message) => (hasChildren(message) ? linked(message, env) : undefined),
  ];
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
