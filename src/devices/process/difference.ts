/**
 * Differences between two states of a process, so that a slot that changes little is small to store.
 *
 * A difference is a message: `set` holds keys that are new or changed, `unset` the list of keys that are gone, `inside` the differences of
 * keys that hold a message before and after. Applying it to the earlier state gives a state equal to the later one; unchanged children are
 * the very same objects, so that everything derived from them (ids, encodings) is kept.
 */
import { equal } from '../../core/equal.ts';
import { isMessage, Message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';

/** What has to be done to `before` to get `after`; `undefined` if nothing. */
export function difference(before: Message, after: Message): Message | undefined {
  if (before === after) return undefined;
  const set = new Map<string, Value>();
  const inside = new Map<string, Value>();
  const unset: string[] = [];
  for (const [key, value] of after.entries()) {
    const old = before.get(key);
    if (old === value) continue;
    if (isMessage(old) && isMessage(value)) {
      const child = difference(old, value);
      if (child !== undefined) inside.set(key, child);
    } else if (old === undefined || !equal(old, value)) set.set(key, value);
  }
  for (const [key] of before.entries()) if (!after.has(key)) unset.push(key);
  if (set.size + inside.size + unset.length === 0) return undefined;
  const out = new Map<string, Value>();
  if (set.size > 0) out.set('set', new Message(set));
  if (inside.size > 0) out.set('inside', new Message(inside));
  if (unset.length > 0) out.set('unset', unset);
  return new Message(out);
}

/** The later state. `change` comes from {@link difference} by way of the store. */
export function applyDifference(before: Message, change: Message): Message {
  const changes: [string, Value | undefined][] = [];
  const unset = change.get('unset');
  if (isList(unset)) for (const key of unset) changes.push([key as string, undefined]);
  const set = change.get('set');
  if (isMessage(set)) changes.push(...set.entries());
  const inside = change.get('inside');
  if (isMessage(inside)) {
    for (const [key, child] of inside.entries()) {
      const old = before.get(key);
      changes.push([key, applyDifference(isMessage(old) ? old : Message.empty, child as Message)]);
    }
  }
  return before.withAll(changes);
}
