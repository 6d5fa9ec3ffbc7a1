/**
 * What a node's signature must not be lent to.
 *
 * By default one key is everything at once: the operator's, the scheduler's, an authority of processes, and the one answers are signed with.
 * Answers contain what strangers asked for. So whatever others would take for the word of one of those offices is never signed in
 * passing, only by the code that holds the office:
 *
 *     path: ~device@…                          an order of the operator (devices/meta/roles.ts counts none without such a path)
 *     from-process, from-uncommitted …         a message from a process, vouched for by its authority
 *     type: Assignment, Scheduler-Location     a slot of a schedule; where a scheduler can be reached
 *
 * Names in any case of letters: data items carry them as they are, and readers fold them.
 */
import { isBinary, toText } from './bytes.ts';
import { text } from './fields.ts';
import { isMessage, type Message } from './message.ts';
import { isList, type Value } from './value.ts';

/** Whether a signature on this message would speak for one of the node's offices. */
export function isOfficial(message: Message): boolean {
  for (const [name, value] of message.entries()) {
    const key = name.toLowerCase().replaceAll('_', '-');
    if (key.startsWith('from-')) return true;
    if (key === 'path' && isOrder(value)) return true;
    if (key === 'type' && isOfficialType(value)) return true;
  }
  return false;
}

/** Whether a path, as it is written in a signed message, begins with this device: `/~meta@1.0/info`. */
export function beginsWith(path: Value | undefined, device: string): boolean {
  const spelt = path !== undefined && isBinary(path) ? toText(path) : undefined;
  return spelt?.replace(/^\/+/, '').startsWith(`~${device}/`) === true;
}

/** Anything that could be such a path: a device at its beginning, or what isn't plain text. */
function isOrder(path: Value): boolean {
  const spelt = isBinary(path) ? toText(path) : undefined;
  return spelt === undefined || /^[\s/]*~/.test(spelt);
}

function isOfficialType(type: Value): boolean {
  if (isList(type) || isMessage(type)) return false;
  const spelt = text.read(type)?.toLowerCase().replaceAll('_', '-');
  return spelt === 'assignment' || spelt === 'scheduler-location';
}
