/** Typed parameters (spec 01 §5.5): `key+type=value`, or with a space, which is what `+` becomes in a query string. */
import { isBinary, toText } from '../bytes.ts';
import { raise } from '../errors.ts';
import { Sequence, type Value } from '../value.ts';
import { withoutQuotes } from './escapes.ts';
import type { Parsing } from './parse.ts';
import { cut } from './scan.ts';

/**
 * The entry that a key and its value spell: as they are if the key names no type. `undefined` if the value is well-formed but not of its
 * type: such keys are dropped.
 */
export function typed(key: string, value: Value, parsing: Parsing): readonly [string, Value] | undefined {
  // Nearly all keys are names and nothing more.
  if (!/[+ ]/.test(key)) return [key, value];
  const { before: name, separator, after: type } = cut(key, '+ ');
  if (separator === '') return [key, value];
  const text = isBinary(value) ? toText(value) : undefined;
  if (text === undefined) raise('bad-type', `The value of "${key}" has to be text.`);
  if (type === 'resolve') return [name, new Sequence(parsing.nested(text))];
  const decoded = parsing.env.parseTyped(type.toLowerCase(), withoutQuotes(text));
  return decoded === undefined ? undefined : [name, decoded];
}
