/**
 * The values of AO-Core (spec 01 §1.1) as TypeScript sees them.
 *
 *   byte string   string | Uint8Array      see bytes.ts
 *   integer       number | bigint          `number` within ±(2^53-1), `bigint` beyond; a JS number is always an integer
 *   float         Float                    so that 1.0 is not 1
 *   atom          boolean | Atom           the atoms `true` and `false` are JS booleans; every other atom is an interned `Atom`
 *   list          readonly Value[]
 *   message       Message
 *   link          Link                     a lazy reference to stored data
 *   directive     Sequence | As            only inside request sequences, no wire form
 *
 * Values are immutable. `undefined` is never a value: it means "absent".
 */
import type { Binary } from './bytes.ts';
import type { Message } from './message.ts';

export type Value =
  | Binary
  | number
  | bigint
  | boolean
  | Float
  | Atom
  | readonly Value[]
  | Message
  | Link
  | Sequence
  | As;

/** A 64-bit float. A class of its own because the protocol tells `1` from `1.0`. */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A symbolic constant other than `true` and `false`. Interned: compare with `===`. Make one with {@link atom}. */
export class Atom {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  toString(): string {
    return this.name;
  }
}

/**
 * A reference to stored data (spec 01 §1.2).
 *   lazy false, type `link`: `ref` is the id of a message.
 *   lazy true,  type `link`: `ref` is a store path whose cell holds an id.
 *   lazy true,  other type : `ref` is a store path of a literal of that type (`undefined` = byte string).
 */
export class Link {
  readonly ref: string;
  readonly lazy: boolean;
  readonly type: string | undefined;
  constructor(ref: string, lazy = false, type: string | undefined = lazy ? undefined : 'link') {
    this.ref = ref;
    this.lazy = lazy;
    this.type = type;
  }
}

/** `resolve[m1, m2, …]`: to be replaced by the result of resolving the sequence. */
export class Sequence {
  readonly steps: readonly Value[];
  constructor(steps: readonly Value[]) {
    this.steps = steps;
  }
}

/** `as(D, M)`: treat `value` (a message, an id or a path) as having device `device`. */
export class As {
  readonly device: Value;
  readonly value: Value;
  constructor(device: Value, value: Value) {
    this.device = device;
    this.value = value;
  }
}

/** Interning only saves memory and makes `===` work; it is the one table of this module, and bounded. */
const atoms = new Map<string, Atom>();
const maxInterned = 10_000;

/** The atom of this name; `true` and `false` are the JS booleans. */
export function atom(name: string): Atom | boolean {
  if (name === 'true') return true;
  if (name === 'false') return false;
  return symbol(name);
}

function symbol(name: string): Atom {
  let found = atoms.get(name);
  if (found === undefined) {
    found = new Atom(name);
    // Names can come from strangers: past the bound atoms are no longer interned, and `equal` compares names.
    if (atoms.size < maxInterned) atoms.set(name, found);
  }
  return found;
}

/** The atoms that steer the core. */
export const NULL: Atom = symbol('null');
export const UNDEFINED: Atom = symbol('undefined');
export const UNSET: Atom = symbol('unset');
export const NOT_FOUND: Atom = symbol('not_found');

export function isAtom(value: unknown): value is Atom | boolean {
  return typeof value === 'boolean' || value instanceof Atom;
}

/** The name of an atom. */
export function atomName(value: Atom | boolean): string {
  return typeof value === 'boolean' ? String(value) : value.name;
}

export function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

/** The integer as `number` when it is safe, else `bigint`. */
export function integer(value: bigint | number): number | bigint {
  if (typeof value === 'number') return value;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}
