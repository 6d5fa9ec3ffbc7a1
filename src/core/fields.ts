/**
 * Readers of request fields: small, typed, describing themselves. They know AO values, allocate nothing but their result and never throw;
 * a field that is wrong becomes a `bad-request` error that names it.
 *
 *     request: { caller: text, limit: optional(integer, 100), from: required(id) }
 */
import { humanId, isBinary, isId, toBytes, toText } from './bytes.ts';
import { isMessage, type Message, numbered } from './message.ts';
import { atomName, Float, isAtom, isInteger, isList, type Value } from './value.ts';

export interface Field<T> {
  /** "text", "an integer", … for error messages and docs. */
  readonly describes: string;
  readonly fallback?: { readonly value: T };
  /** `undefined` if the value doesn't fit. */
  readonly read: (value: Value) => T | undefined;
}

export type Fields<Req> = { readonly [K in keyof Req]: Field<Req[K]> };

export const text: Field<string> = {
  describes: 'text',
  read: (value) =>
    isBinary(value) ? toText(value) : isAtom(value) ? atomName(value) : isInteger(value) ? String(value) : undefined,
};

/** The text that stands under a key, links not followed. */
export function textIn(message: Message, key: string): string | undefined {
  const value = message.get(key);
  return value === undefined ? undefined : text.read(value);
}

export const bytes: Field<Uint8Array> = {
  describes: 'a byte string',
  read: (value) => (isBinary(value) ? toBytes(value) : undefined),
};

/** An integer, or text that spells one: query parameters arrive untyped. */
export const integer: Field<number> = {
  describes: 'an integer',
  read(value) {
    if (typeof value === 'number') return value;
    if (typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value);
    return undefined;
  },
};

export const float: Field<number> = {
  describes: 'a number',
  read: (value) => (value instanceof Float ? value.value : integer.read(value)),
};

/** A boolean, or text that spells one. */
export const flag: Field<boolean> = {
  describes: '`true` or `false`',
  read(value) {
    if (typeof value === 'boolean') return value;
    return value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : undefined;
  },
};

/** An id in human form. */
export const id: Field<string> = {
  describes: 'an id',
  read: (value) => (isId(value) ? humanId(value) : undefined),
};

export const submessage: Field<Message> = {
  describes: 'a message',
  read: (value) => (isMessage(value) ? value : isList(value) ? numbered(value) : undefined),
};

export const anything: Field<Value> = { describes: 'any value', read: (value) => value };

/** A list, or a numbered message. */
export function listOf<T>(item: Field<T>): Field<readonly T[]> {
  return {
    describes: `a list of ${item.describes}`,
    read(value) {
      const items = isMessage(value)
        ? [...value.keys()]
            .filter((key) => /^\d+$/.test(key))
            .sort((a, b) => Number(a) - Number(b))
            .map((key) => value.get(key)!)
        : isList(value)
          ? value
          : [value];
      const out: T[] = [];
      for (const element of items) {
        const read = item.read(element);
        if (read === undefined) return undefined;
        out.push(read);
      }
      return out;
    },
  };
}

export function oneOf<const T extends string>(...choices: readonly T[]): Field<T> {
  return {
    describes: choices.map((choice) => `\`${choice}\``).join(' or '),
    read(value) {
      const spelt = text.read(value);
      return choices.find((choice) => choice === spelt);
    },
  };
}

/** May be absent: then it reads as `fallback`, or as `undefined` when none is given. */
export function optional<T>(field: Field<T>): Field<T | undefined>;
export function optional<T>(field: Field<T>, fallback: T): Field<T>;
export function optional<T>(field: Field<T>, fallback?: T): Field<T | undefined> {
  return { describes: field.describes, read: field.read, fallback: { value: fallback } };
}

/** All fields of a request, or the sentence that says which one is missing or wrong. */
export function readFields<Req>(fields: Fields<Req>, request: Message): Req | string {
  const out = {} as { [K in keyof Req]: Req[K] };
  for (const name in fields) {
    const field = fields[name];
    const value = request.get(name);
    if (value === undefined) {
      if (field.fallback === undefined) return `The request needs \`${name}\`, ${field.describes}.`;
      out[name] = field.fallback.value;
      continue;
    }
    const read = field.read(value);
    if (read === undefined) return `\`${name}\` has to be ${field.describes}.`;
    out[name] = read;
  }
  return out;
}
