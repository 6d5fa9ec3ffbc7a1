/**
 * The notation of the vector files: JSON in which everything JSON cannot say is an object with one `$` key.
 *
 *   text             byte string                {"$bin": b64}    bytes that aren't text
 *   1                integer                    {"$int": "…"}    integer beyond ±2^53
 *   {"$float": "…"}  float                      {"$atom": "x"}   atom; true, false, null are atoms as well
 *   {"$map": [[k,v]]} message with byte keys    {"$link": id, "lazy": b}
 *   {"$resolve": [step …]}                      {"$as": [device, message]}
 */
import {
  type Binary,
  binary,
  fromBase64,
  isBinary,
  keyFromBytes,
  toBase64,
  toBytes,
  toText,
} from '../../src/core/bytes.ts';
import { Message } from '../../src/core/message.ts';
import { As, Atom, atom, Float, isList, Link, NULL, Sequence, type Value } from '../../src/core/value.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The value a piece of notation stands for. */
export function fromNotation(json: Json): Value {
  if (json === null) return NULL;
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  if (isJsonList(json)) return json.map(fromNotation);
  if ('$bin' in json) return binary(fromBase64(json['$bin'] as string)!);
  if ('$int' in json) return BigInt(json['$int'] as string);
  if ('$float' in json) return new Float(Number(json['$float']));
  if ('$atom' in json) return atom(json['$atom'] as string);
  if ('$link' in json) return new Link(json['$link'] as string, json['lazy'] === true);
  if ('$resolve' in json) return new Sequence((json['$resolve'] as readonly Json[]).map(fromNotation));
  if ('$as' in json) {
    const [device, value] = json['$as'] as readonly [Json, Json];
    return new As(fromNotation(device), fromNotation(value));
  }
  if ('$term' in json) throw new Error(`no value for ${JSON.stringify(json)}`);
  if ('$map' in json) {
    const pairs = json['$map'] as readonly (readonly [Json, Json])[];
    return new Message(
      new Map(pairs.map(([key, value]) => [keyFromBytes(toBytes(fromNotation(key) as Binary)), fromNotation(value)])),
    );
  }
  return new Message(new Map(Object.entries(json).map(([key, value]) => [key, fromNotation(value)])));
}

/** The notation of a value, with keys sorted: equal values give equal JSON. Private keys are left out. */
export function toNotation(value: Value): Json {
  if (isBinary(value)) return toText(value) ?? { $bin: toBase64(toBytes(value)) };
  if (typeof value === 'bigint') return { $int: String(value) };
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === NULL) return null;
  if (value instanceof Atom) return { $atom: value.name };
  if (value instanceof Float) return { $float: Object.is(value.value, -0) ? '-0.0' : String(value.value) };
  if (value instanceof Link) return { $link: value.ref, lazy: value.lazy };
  if (value instanceof Sequence) return { $resolve: value.steps.map(toNotation) };
  if (value instanceof As) return { $as: [toNotation(value.device), toNotation(value.value)] };
  if (isList(value)) return value.map(toNotation);
  const out: { [key: string]: Json } = {};
  for (const key of [...(value as Message).keys()].sort()) {
    if (!key.startsWith('priv')) out[key] = toNotation((value as Message).get(key)!);
  }
  return out;
}

/** Expected notation in the same normal form as {@link toNotation} gives, for `toEqual`. */
export function normal(json: Json): Json {
  return toNotation(fromNotation(json));
}

function isJsonList(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}

/** Committed lists in one form: some states of the network keep them as numbered messages, others as lists. */
export function listedCommitted(json: Json): Json {
  if (isJsonList(json)) return json.map(listedCommitted);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      const numbered = key === 'committed' && typeof value === 'object' && value !== null && !isJsonList(value);
      if (!numbered) return [key, listedCommitted(value)];
      const indices = Object.keys(value).sort((a, b) => Number(a) - Number(b));
      return [key, indices.map((index) => (value as { readonly [key: string]: Json })[index]!)];
    }),
  );
}
