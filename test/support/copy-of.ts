/** A message as a stranger has it. */
import { isMessage, Message } from '../../src/core/message.ts';
import type { Value } from '../../src/core/value.ts';

/** The same entries at every depth, without what is known of the message and its commitments: that is noted on both. */
export function copyOf(one: Message): Message {
  const copied = new Map<string, Value>();
  for (const [key, value] of one.entries()) copied.set(key, isMessage(value) ? copyOf(value) : value);
  return new Message(copied);
}
