/** Lists and the numbered messages they are equivalent to (spec 01 §1.5). */
import { raise } from './errors.ts';
import { isMessage, type Message } from './message.ts';
import { isList, type Value } from './value.ts';

const integerText = /^-?\d+$/;

/** Whether a value is a list, or a message whose keys are exactly `1` … `n`. */
export function isNumbered(value: Value): boolean {
  if (isList(value)) return true;
  if (!isMessage(value)) return false;
  for (let i = 1; i <= value.size; i++) if (!value.has(String(i))) return false;
  return true;
}

/** The values of a numbered message in order. Its keys have to be consecutive integers, from any start; `priv` and commitments don't count. */
export function toList(message: Message): readonly Value[] {
  const keys = [...message.keys()].filter((key) => key !== 'priv' && key !== 'commitments');
  for (const key of keys) if (!integerText.test(key)) raise('bad-key', `"${key}" is not the number of a list item.`);
  keys.sort((a, b) => Number(a) - Number(b));
  keys.forEach((key, i) => {
    if (Number(key) !== Number(keys[0]) + i) raise('bad-key', `The list has no item ${Number(keys[0]) + i}.`);
  });
  return keys.map((key) => message.get(key)!);
}

/** As {@link toList}, ignoring keys that aren't integers. */
export function numberedItems(message: Message): readonly Value[] {
  return toList(message.filter((key) => integerText.test(key)));
}
