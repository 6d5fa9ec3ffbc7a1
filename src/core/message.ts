/**
 * The message: an immutable map from keys to values, with derived data (ids, encoded forms …) computed once and kept.
 *
 * Nothing ever changes a message, so sharing one between devices, caches and threads needs no copy. `with()` and `without()` return
 * changed copies. Entries are stored in a `Map`, never as object properties: keys come from strangers.
 *
 * The order of iteration is part of the protocol (spec 01 appendix A): `keys()` is the order of key lists, `foldKeys()` the order of
 * folds and JSON. Up to 32 keys both are bytewise.
 */
import { isBinary, keyFromBytes } from './bytes.ts';
import { foldOrder, keyOrder } from './order.ts';
import { Atom, type Value } from './value.ts';

/**
 * How a message came to be: its hashpath as text, or the step that made it, from which the hashpath is worked out when somebody asks
 * (hashpath.ts).
 */
export type Origin = string | Step;

/** One step of a resolution, as its result remembers it. Earlier bases are not kept: only where the chain began, and the requests. */
export interface Step {
  /** The origin of the base, or the base itself if the chain begins there. */
  readonly from: Origin | Message;
  /** A bare key, or a request with more to it. */
  readonly request: string | Message;
  /** `hashpath-alg` of the base. */
  readonly algorithm: Value | undefined;
  /** Steps since the chain began or was last reduced to text. */
  readonly length: number;
  /** The hashpath, once worked out. */
  text: string | undefined;
}

/** What copies of a message with the same entries share. */
interface Body {
  readonly map: ReadonlyMap<string, Value>;
  keys: readonly string[] | undefined;
  /** Slot, value, slot, value …: there are few, and most messages live for a moment. */
  derived: unknown[] | undefined;
}

export class Message {
  static readonly empty: Message = new Message(new Map());

  readonly #body: Body;
  readonly #origin: Origin | undefined;

  /** Takes ownership of `map`: the caller must not change it afterwards. */
  constructor(map: ReadonlyMap<string, Value> | Message, origin?: Origin) {
    this.#body = map instanceof Message ? map.#body : { map, keys: undefined, derived: undefined };
    this.#origin = origin;
  }

  get size(): number {
    return this.#body.map.size;
  }

  /** The value under exactly this key, private keys included. */
  get(key: string): Value | undefined {
    return this.#body.map.get(key);
  }

  has(key: string): boolean {
    return this.#body.map.has(key);
  }

  /** Keys in the order of key lists. */
  keys(): readonly string[] {
    this.#body.keys ??= keyOrder([...this.#body.map.keys()]);
    return this.#body.keys;
  }

  /** Keys in the order of folds, iterators and JSON objects. */
  foldKeys(): readonly string[] {
    return this.size <= 32 ? this.keys() : foldOrder([...this.#body.map.keys()]);
  }

  /** Entries in no particular order: for work whose result doesn't depend on it. */
  entries(): IterableIterator<[string, Value]> {
    return this.#body.map.entries() as IterableIterator<[string, Value]>;
  }

  /** A copy with `key` set to `value`. */
  with(key: string, value: Value): Message {
    if (this.#body.map.get(key) === value) return this;
    const map = copyOf(this.#body.map);
    map.set(key, value);
    return new Message(map, this.#origin);
  }

  /** A copy with all these entries set; `undefined` removes the key. */
  withAll(changes: Iterable<readonly [string, Value | undefined]>): Message {
    const map = copyOf(this.#body.map);
    for (const [key, value] of changes) {
      if (value === undefined) map.delete(key);
      else map.set(key, value);
    }
    return new Message(map, this.#origin);
  }

  /** A copy without these keys; the same message if it has none of them. */
  without(...keys: readonly string[]): Message {
    if (!keys.some((key) => this.#body.map.has(key))) return this;
    const gone = keys.length > maxListed ? new Set(keys) : undefined;
    const map = new Map<string, Value>();
    for (const [key, value] of this.#body.map) {
      if (!(gone === undefined ? keys.includes(key) : gone.has(key))) map.set(key, value);
    }
    return new Message(map, this.#origin);
  }

  /** A copy of the entries for which `keep` holds; the same message if it holds for all. */
  filter(keep: (key: string, value: Value) => boolean): Message {
    const map = new Map<string, Value>();
    for (const [key, value] of this.#body.map) if (keep(key, value)) map.set(key, value);
    return map.size === this.size ? this : new Message(map, this.#origin);
  }

  /** How this message was computed, if the resolver made it. Survives `with` and `without`, as private data does. */
  get origin(): Origin | undefined {
    return this.#origin;
  }

  /** The same entries with another origin. Derived data, which doesn't depend on the origin, is shared. */
  withOrigin(origin: Origin | undefined): Message {
    return origin === this.#origin ? this : new Message(this, origin);
  }

  /**
   * Data computed from the entries alone, made at most once. `slot` names it: use a module constant
   * (`const tabmSlot = Symbol('tabm')`). `make` must depend on nothing but the entries and the slot.
   */
  derive<T>(slot: unknown, make: () => T): T {
    const before = this.derived<T>(slot);
    if (before !== undefined) return before;
    const value = make();
    if (value !== undefined) {
      this.#body.derived ??= [];
      this.#body.derived.push(slot, value);
    }
    return value;
  }

  /** What {@link derive} has made for a slot, if it has. */
  derived<T>(slot: unknown): T | undefined {
    const all = this.#body.derived;
    if (all === undefined) return undefined;
    for (let i = 0; i < all.length; i += 2) if (all[i] === slot) return all[i + 1] as T;
    return undefined;
  }
}

/** Up to so many keys are found faster in a list than in a set. */
const maxListed = 8;

/** Twice as fast as `new Map(map)`. */
function copyOf(map: ReadonlyMap<string, Value>): Map<string, Value> {
  const copy = new Map<string, Value>();
  for (const [key, value] of map) copy.set(key, value);
  return copy;
}

export function isMessage(value: unknown): value is Message {
  return value instanceof Message;
}

/** What `message()` accepts besides values: plain objects become messages, `undefined` entries are left out. */
export type Input = Value | { readonly [key: string]: Input | undefined } | readonly Input[];

/**
 * A message from a literal, for code we write ourselves (never for keys from outside, which go through {@link messageFrom}).
 *
 *     message({ device: 'stack@1.0', 'device-stack': ['a@1.0', 'b@1.0'], nested: { n: 1 } })
 */
export function message(literal: { readonly [key: string]: Input | undefined }): Message {
  const map = new Map<string, Value>();
  for (const [key, value] of Object.entries(literal)) if (value !== undefined) map.set(key, toValue(value));
  return new Message(map);
}

/** A message from entries; later duplicates win. */
export function messageFrom(entries: Iterable<readonly [string, Value]>): Message {
  return new Message(new Map(entries));
}

function toValue(input: Input): Value {
  if (Array.isArray(input)) return input.map((item) => toValue(item as Input));
  if (typeof input === 'object' && Object.getPrototypeOf(input) === Object.prototype) {
    return message(input as { readonly [key: string]: Input });
  }
  return input as Value;
}

/** A list as the numbered message `{"1": first, …}` (spec 01 §1.5). */
export function numbered(list: readonly Value[]): Message {
  const map = new Map<string, Value>();
  for (let i = 0; i < list.length; i++) map.set(String(i + 1), list[i]!);
  return new Message(map);
}

/** Normalises a key (spec 01 §1.4): text and bytes as they are, atoms by name, integers in decimal; `undefined` for anything else. */
export function normalizeKey(key: Value): string | undefined {
  if (typeof key === 'string') return key;
  if (isBinary(key)) return keyFromBytes(key);
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  if (key instanceof Atom) return key.name;
  if (Array.isArray(key)) {
    const parts = key.map((part: Value) => normalizeKey(part));
    return parts.every((part) => part !== undefined) ? parts.join('/') : undefined;
  }
  return undefined;
}

/** Private keys start with the four bytes `priv` (spec 01 §1.3). They never leave the node. */
export function isPrivateKey(key: string): boolean {
  return key.charCodeAt(0) === 0x70 && key.startsWith('priv');
}
