/** `force_message` (spec 01 §2.7): a result as a message, for callers that can only carry messages. */
import { isMessage, type Message, message, numbered } from '../message.ts';
import { Atom, isList, Sequence, type Value } from '../value.ts';

/** `value` as a message: lists numbered, literals under `body` with `ao-result` to say so. Sequences stay, to be resolved. */
export function asMessage(value: Value, status: string): Message | Sequence {
  if (isList(value)) return numbered(value);
  if (value instanceof Sequence) return value;
  if (!isMessage(value)) return message({ 'ao-result': 'body', body: value });
  const own = value.get('status');
  const isPair = value.size === 2 && value.has('body') && own instanceof Atom && own.name === status;
  return isPair ? value.with('ao-result', 'body') : value;
}
