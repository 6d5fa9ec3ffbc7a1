/**
 * Values for people: text as it is, messages as indented `key: value` lines. What comes from a process may hold anything; control
 * characters that would move a terminal's cursor or change its settings are left out, colours stay where colours are wanted.
 */
import { styleText } from 'node:util';
import { isBinary, toBase64Url, toText } from '../core/bytes.ts';
import { isMessage, type Message } from '../core/message.ts';
import { Atom, Float, isList, Link, type Value } from '../core/value.ts';

/** Whether colours reach somebody: a terminal that has not said otherwise. */
export function wantsColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors() && (process.env['NO_COLOR'] ?? '') === '';
}

/** Text as a terminal may have it. */
export function safeText(text: string, colour: boolean): string {
  const plain = text.replace(/\r\n?/g, '\n').replace(controls, (run) => (colour && style.test(run) ? run : ''));
  return colour && plain.includes('\x1b') ? `${plain}\x1b[0m` : plain;
}

/** Control sequences of terminals, and single control characters except tab and line feed. */
const controls =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
/** Sequences that only set colours and the like. */
const style = /^\x1b\[[0-9;]*m$/;

export function problem(text: string, stream: NodeJS.WriteStream = process.stderr): string {
  return wantsColour(stream) ? styleText('red', text, { validateStream: false }) : text;
}

/** A value on its own. */
export function shown(value: Value, options: ShowOptions = {}): string {
  if (isBinary(value)) return toText(value) ?? `(${value.length} bytes)`;
  return isMessage(value) || isList(value) ? lines(value, '', options).join('\n') : scalar(value);
}

export interface ShowOptions {
  /** Commitments too. */
  readonly all?: boolean;
}

function lines(value: Message | readonly Value[], indent: string, options: ShowOptions): string[] {
  const entries: readonly (readonly [string, Value])[] = isMessage(value)
    ? [...value.entries()].filter(([key]) => key !== 'priv' && (options.all === true || !hidden.has(key)))
    : value.map((item, i) => [String(i + 1), item] as const);
  if (entries.length === 0) return [`${indent}${isMessage(value) ? '{}' : '[]'}`];
  return entries.flatMap(([key, item]) => {
    const name = `${indent}${safeText(key, false)}:`;
    if (!isMessage(item) && !isList(item)) return [`${name} ${within(item, indent)}`];
    const nested = lines(item, `${indent}  `, options);
    return nested.length === 1 && /^ *[{[][}\]]$/.test(nested[0]!)
      ? [`${name} ${nested[0]!.trim()}`]
      : [name, ...nested];
  });
}

/** What a reader of a value seldom asks for. */
const hidden: ReadonlySet<string> = new Set(['commitments', 'ao-types', 'ao-result']);

/** A simple value behind its key; text that would look like something else is quoted. */
function within(value: Value, indent: string): string {
  if (!isBinary(value)) return scalar(value);
  const text = toText(value);
  if (text === undefined) return `(${value.length} bytes)`;
  const safe = safeText(text, false);
  if (safe.includes('\n'))
    return `|\n${safe
      .split('\n')
      .map((line) => `${indent}  ${line}`)
      .join('\n')}`;
  return JSON.stringify(safe);
}

function scalar(value: Value): string {
  if (value instanceof Float) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (value instanceof Atom) return value.name;
  if (value instanceof Link) return `-> ${value.ref}`;
  return String(value);
}

/** A value as JSON, without commitments unless asked for. Bytes that are no text are base64url, large integers texts. */
export function asJson(value: Value, options: ShowOptions = {}): unknown {
  if (isBinary(value)) return toText(value) ?? toBase64Url(value as Uint8Array);
  if (isList(value)) return value.map((item) => asJson(item, options));
  if (isMessage(value)) {
    const entries = [...value.entries()].filter(
      ([key]) => key !== 'priv' && (options.all === true || !hidden.has(key)),
    );
    return Object.fromEntries(entries.map(([key, item]) => [key, asJson(item, options)]));
  }
  if (value instanceof Float) return value.value;
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return value instanceof Link ? { link: value.ref } : scalar(value);
}

/** What a slot shows, or else what it left behind. */
export function shownResult(result: {
  readonly output: string;
  readonly error?: string;
  readonly results: Message;
}): string {
  if (result.output !== '' || result.error !== undefined) return result.output;
  const rest = result.results.without('raw', 'info', 'output', 'outbox', 'id', 'process', 'slot', 'status');
  const told = rest.filter((key) => !hidden.has(key) && !/^\d+$/.test(key));
  return told.size === 0 ? '' : shown(told);
}
