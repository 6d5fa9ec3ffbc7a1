/**
 * How a sender spelt typed values, where it differs from our way: `1.5` for `1.50000000000000000000e+00`, `f=float` for `f="float"`. A
 * signature covers the bytes that were sent, so a message that came with commitments is spelt the same when it is encoded again.
 *
 * The spelling hangs on the commitments: it goes where they go, through `with`, `filter` and the store, and without them a message is
 * spelt canonically (so that its unsigned id depends on its values alone). A spelling counts only as long as it spells the value that is
 * there now.
 */
import { type Binary, isBinary, sameBytes } from '../core/bytes.ts';
import { equal } from '../core/equal.ts';
import { AoException } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';
import { isMessage, type Message, messageFrom } from '../core/message.ts';
import { Atom, Float, isList, type Value } from '../core/value.ts';
import { decodeTyped, scalarText, typeOf, typesOf, writeTypes } from './structured-types.ts';

export type Scalar = number | bigint | boolean | Float | Atom;

export function isScalar(value: Value): value is Scalar {
  return (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean' ||
    value instanceof Float ||
    value instanceof Atom
  );
}

const slot = Symbol('received spelling');

/** What of a message was spelt in another way than ours: keys and texts, perhaps `ao-types`. */
export function received(message: Message): Message | undefined {
  const own = at(message);
  if (own !== undefined) return own;
  const commitments = message.get('commitments');
  if (!isMessage(commitments)) return undefined;
  for (const [, commitment] of commitments.entries()) {
    const carried = isMessage(commitment) ? at(commitment) : undefined;
    if (carried !== undefined) return carried;
  }
  return undefined;
}

function at(message: Message): Message | undefined {
  return message.derived<Message>(slot);
}

/** Whether anything in a value was: then an encoding of its values alone would not verify. */
export function isSpeltOtherwise(value: Value): boolean {
  if (isList(value)) return value.some(isSpeltOtherwise);
  if (!isMessage(value)) return false;
  if (received(value) !== undefined) return true;
  for (const [key, child] of value.entries()) if (key !== 'commitments' && isSpeltOtherwise(child)) return true;
  return false;
}

/** Gives a message and its commitments a spelling, before anything uses them. */
export function remember(message: Message, spelling: Message): void {
  message.derive(slot, () => spelling);
  const commitments = message.get('commitments');
  if (!isMessage(commitments)) return;
  for (const [, commitment] of commitments.entries()) {
    if (isMessage(commitment)) commitment.derive(slot, () => spelling);
  }
}

/** The spelling of a TABM whose values decode to `values`; `undefined` if it is ours throughout. */
export function foreignSpelling(
  tabm: Message,
  types: ReadonlyMap<string, string>,
  values: ReadonlyMap<string, Value>,
): Message | undefined {
  const foreign: [string, Value][] = [];
  const canonical: [string, string][] = [];
  for (const key of types.keys()) {
    const value = values.get(key);
    const spelt = tabm.get(key);
    if (value === undefined || spelt === undefined || !isBinary(spelt)) continue;
    if (isScalar(value)) canonical.push([key, typeOf(value)]);
    if (!isScalar(value) || !sameBytes(spelt, scalarText(value))) foreign.push([key, spelt]);
  }
  const spelt = tabm.get('ao-types') as Binary;
  if (!sameBytes(spelt, writeTypes(canonical))) foreign.push(['ao-types', spelt]);
  return foreign.length === 0 ? undefined : messageFrom(foreign);
}

/** The spelling of a message, applied to its values as they are now. */
export class Spelling {
  readonly #source: Message;
  readonly #types: ReadonlyMap<string, string>;

  constructor(source: Message) {
    this.#source = source;
    this.#types = attempt(() => typesOf(source, defaultLimits.maxKeys)) ?? new Map();
  }

  /** `undefined` for messages that are spelt our way, which is nearly all. */
  static of(message: Message): Spelling | undefined {
    if (!message.has('commitments')) return undefined;
    const source = received(message);
    return source === undefined ? undefined : new Spelling(source);
  }

  /** The text of a value as it was received, if that still spells it. Lists and messages once came as text of legacy types. */
  text(key: string, value: Value): Binary | undefined {
    const spelt = this.#source.get(key);
    const type = this.#types.get(key) ?? (isScalar(value) ? typeOf(value) : undefined);
    if (spelt === undefined || !isBinary(spelt) || type === undefined) return undefined;
    const decoded = attempt(() => decodeTyped(type, spelt));
    return decoded !== undefined && equal(decoded, value) ? spelt : undefined;
  }

  /** `ao-types` as it was received, if it says of every key that is there what has to be said. */
  types(message: Message, needed: readonly (readonly [key: string, type: string])[]): Binary | undefined {
    const spelt = this.#source.get('ao-types');
    if (spelt === undefined || !isBinary(spelt)) return undefined;
    if (!needed.every(([key, type]) => this.#types.get(key) === type)) return undefined;
    for (const key of this.#types.keys()) {
      const value = message.get(key);
      if (value !== undefined && !isScalar(value) && !isList(value) && !isMessage(value)) return undefined;
    }
    return spelt;
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof AoException) return undefined;
    throw thrown;
  }
}
