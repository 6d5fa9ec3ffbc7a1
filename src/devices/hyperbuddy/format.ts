/**
 * Messages as text for people (spec 03 §4.6 `format`): one entry a line, nested messages indented, long byte strings cut, signers named.
 *
 *     Message {
 *       a => 1
 *       body => "hello"
 *       nested => Message {
 *         k => <512 bytes: 89504e47…>
 *       }
 *     }
 *
 * Private keys are never shown.
 */
import { isBinary, toBytes, toText } from '../../core/bytes.ts';
import { commitmentsOf, committerOf } from '../../core/commitments.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { As, Atom, Float, isList, Link, Sequence, type Value } from '../../core/value.ts';

export interface FormatOptions {
  /** Longer byte strings are cut. */
  readonly maxBytes: number;
  /** More entries of a message are left out. */
  readonly maxKeys: number;
  readonly maxDepth: number;
}

export const defaultFormat: FormatOptions = { maxBytes: 256, maxKeys: 1_000, maxDepth: 32 };

/** The value as text. */
export function format(value: Value, options: FormatOptions = defaultFormat): string {
  return print(value, options, '');
}

function print(value: Value, options: FormatOptions, indent: string): string {
  if (isBinary(value)) return printBinary(value, options);
  if (value instanceof Float) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  if (value instanceof Atom) return value.name;
  if (value instanceof Link) return `Link ${value.ref}${value.lazy ? ' (lazy)' : ''}`;
  if (value instanceof As) return `as ${print(value.device, options, indent)} ${print(value.value, options, indent)}`;
  if (value instanceof Sequence) return `resolve ${printList(value.steps, options, indent)}`;
  if (isList(value)) return printList(value, options, indent);
  if (isMessage(value)) return printMessage(value, options, indent);
  return String(value);
}

function printMessage(message: Message, options: FormatOptions, indent: string): string {
  const keys = message.keys().filter((key) => !isPrivateKey(key) && key !== 'commitments');
  const signers = commitmentsOf(message)
    .map(([, commitment]) => committerOf(commitment))
    .filter((address) => address !== undefined);
  const title = signers.length === 0 ? 'Message' : `Message (committed by ${signers.join(', ')})`;
  if (keys.length === 0) return `${title} {}`;
  if (indent.length / 2 >= options.maxDepth) return `${title} {…}`;
  const inner = `${indent}  `;
  const lines = keys
    .slice(0, options.maxKeys)
    .map((key) => `${inner}${printKey(key)} => ${print(message.get(key)!, options, inner)}`);
  if (keys.length > options.maxKeys) lines.push(`${inner}… ${keys.length - options.maxKeys} more`);
  return `${title} {\n${lines.join('\n')}\n${indent}}`;
}

function printList(items: readonly Value[], options: FormatOptions, indent: string): string {
  if (items.length === 0) return '[]';
  if (indent.length / 2 >= options.maxDepth) return '[…]';
  const inner = `${indent}  `;
  const lines = items.slice(0, options.maxKeys).map((item) => `${inner}${print(item, options, inner)}`);
  if (items.length > options.maxKeys) lines.push(`${inner}… ${items.length - options.maxKeys} more`);
  return `[\n${lines.join('\n')}\n${indent}]`;
}

function printKey(key: string): string {
  return /^[\w./+-]+$/.test(key) ? key : JSON.stringify(key);
}

function printBinary(value: string | Uint8Array, { maxBytes }: FormatOptions): string {
  const text = toText(value);
  if (text !== undefined) {
    return text.length <= maxBytes
      ? JSON.stringify(text)
      : `${JSON.stringify(text.slice(0, maxBytes))}… (${text.length})`;
  }
  const bytes = toBytes(value);
  const shown = bytes.subarray(0, Math.min(32, maxBytes)).toHex();
  return `<${bytes.length} bytes: ${shown}${bytes.length > shown.length / 2 ? '…' : ''}>`;
}
