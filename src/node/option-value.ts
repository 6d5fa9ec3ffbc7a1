/**
 * One option's value, from how somebody wrote it to how the node uses it, and on to how the node message shows it.
 *
 * Files, environment and flags spell things differently: `"8734"`, `8734`; `a,b`, a list, a numbered message; `true`, an atom, `"true"`.
 * A value is taken as it is if it fits the option, else as the first of its other readings that does.
 */
import type * as z from 'zod';
import { isMessage, isPrivateKey, Message } from '../core/message.ts';
import { Atom, Float, isList, type Value } from '../core/value.ts';
import { dashed, type OptionDeclaration } from './options.ts';

/** Checks one value. */
export function checkOption(option: OptionDeclaration, value: unknown): z.ZodSafeParseResult<unknown> {
  const direct = option.schema.safeParse(value);
  if (direct.success) return direct;
  // The complaint is about the reading that came closest to the kind the option wants.
  let complaint = direct;
  for (const reading of readings(value)) {
    const result = option.schema.safeParse(reading);
    if (result.success) return result;
    if (!result.error.issues.some(({ code }) => code === 'invalid_type')) complaint = result;
  }
  return complaint;
}

/** What is wrong with a value, for people. */
export function complaintOf(result: z.ZodSafeParseError<unknown>): string {
  return result.error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

function readings(value: unknown): readonly unknown[] {
  if (typeof value === 'boolean' || typeof value === 'number') return [String(value)];
  if (value instanceof Atom) return [value.name, value.name === 'true'];
  if (value instanceof Float) return [value.value, String(value.value)];
  if (isList(value as Value)) return [(value as readonly unknown[]).map(String)];
  if (isMessage(value)) {
    const items = numberedItems(value);
    return items === undefined ? [plainObject(value)] : [items, items.map(String), plainObject(value)];
  }
  if (typeof value !== 'string') return [];
  const out: unknown[] = [];
  if (/^-?\d{1,15}$/.test(value)) out.push(Number(value));
  if (value === 'true' || value === 'false') out.push(value === 'true');
  if (!/^\s*[[{]/.test(value)) out.push(value === '' ? [] : value.split(',').map((item) => item.trim()));
  return out;
}

/** `{1: a, 2: b}`, as flat files spell lists. */
function numberedItems(message: Message): readonly Value[] | undefined {
  const items: Value[] = [];
  for (let i = 1; i <= message.size; i++) {
    const item = message.get(String(i));
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** A message as a plain object, for options that are structures of ours (`tls`). Keys come from the operator's own file. */
function plainObject(message: Message): object {
  return Object.fromEntries(
    [...message.entries()].map(([key, value]) => [
      key.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      isMessage(value) ? plainObject(value) : value,
    ]),
  );
}

/** An option's value as the node message holds it; `undefined` if it has no form there. */
export function toAo(value: unknown): Value | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || isMessage(value)) return value;
  if (value instanceof Atom || value instanceof Float) return value;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  if (Array.isArray(value)) return value.flatMap((item) => toAo(item) ?? []);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value).flatMap(([key, item]): [string, Value][] => {
      const spelt = toAo(item);
      return spelt === undefined ? [] : [[dashed(key), spelt]];
    });
    return new Message(new Map(entries));
  }
  return undefined;
}

/** An option's value for people, on one line; private keys are left out. */
export function shownOption(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(shownPlainly(value));
}

function shownPlainly(value: unknown): unknown {
  if (isMessage(value)) {
    const entries = [...value.entries()].filter(([key]) => !isPrivateKey(key));
    return Object.fromEntries(entries.map(([key, item]) => [key, shownPlainly(item)]));
  }
  if (value instanceof Atom) return value.name;
  if (value instanceof Float) return value.value;
  if (value instanceof Uint8Array) return `<${value.length} bytes>`;
  return Array.isArray(value) ? value.map(shownPlainly) : value;
}
