/**
 * AO values as structured fields and back (spec 02 §1.8, cases-codecs §3): what the legacy `list` and `map` types and small devices need.
 * A list inside an inner list, or a map inside a map, does not fit a structured field and is refused.
 */
import { type Binary, binary, isBinary, toText } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { isMessage, type Message } from '../core/message.ts';
import { Atom, atom, Float, isInteger, isList, type Value } from '../core/value.ts';
import { type Bare, Decimal, type InnerList, type Item, type Member, noParams, Token } from './structured-fields.ts';

/** Integer, boolean, atom (as a token) or text as an item. Floats have no exact decimal form and are refused. */
export function toItem(value: Value): Item {
  if (isInteger(value)) {
    if (typeof value === 'bigint') raise('bad-structured-field', 'An integer is too large for a structured field.');
    return { item: value, params: noParams };
  }
  if (typeof value === 'boolean') return { item: value, params: noParams };
  if (value instanceof Atom) return { item: new Token(value.name), params: noParams };
  if (isBinary(value)) return { item: toText(value) ?? (value as Uint8Array), params: noParams };
  return raise('bad-structured-field', 'A value has no form as a structured field item.');
}

/** A list; its own lists become inner lists. */
export function toList(list: readonly Value[]): readonly Member[] {
  return list.map(toMember);
}

/** A dictionary in the message's key order. */
export function toDictionary(message: Message): readonly (readonly [string, Member])[] {
  return message.keys().map((key) => {
    const value = message.get(key)!;
    if (isMessage(value)) raise('bad-structured-field', `\`${key}\` is too deep for a structured field dictionary.`);
    return [key, toMember(value)] as const;
  });
}

function toMember(value: Value): Member {
  return isList(value) ? innerList(value) : toItem(value);
}

function innerList(list: readonly Value[]): InnerList {
  return {
    items: list.map((value) =>
      isList(value) || isMessage(value)
        ? raise('bad-structured-field', 'A list inside an inner list is too deep for a structured field.')
        : toItem(value),
    ),
    params: noParams,
  };
}

/** The "natural value" of a bare item: what it most plainly means, given the atoms this node knows. */
export function naturalValue(bare: Bare, isKnownAtom: (name: string) => boolean): Value {
  if (typeof bare === 'number' || typeof bare === 'boolean' || typeof bare === 'string') return bare;
  if (bare instanceof Token) return isKnownAtom(bare.name) ? atom(bare.name) : bare.name;
  if (bare instanceof Decimal) return new Float(bare.value);
  return binary(bare) satisfies Binary;
}
