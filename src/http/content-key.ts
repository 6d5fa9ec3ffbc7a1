/**
 * A text that two messages share exactly if they have the same content: what answers are remembered by. Much cheaper than an id (nothing is
 * encoded, and only long values are hashed), and private data and the way a message came to be don't count.
 *
 * Every part is preceded by its type and length, so no two messages run into the same text. Entries stand in the order in which they were
 * set: the same computation gives the same order, and another order only costs a second entry.
 */
import { createHash } from 'node:crypto';
import { toBase64 } from '../core/bytes.ts';
import { isPrivateKey, Message } from '../core/message.ts';
import { Atom, Float, isList, Link, type Value } from '../core/value.ts';

const hashedAbove = 4_096;
const slot = Symbol('content key');

/** `undefined` for content that has no wire form. */
export function contentKey(message: Message): string | undefined {
  return message.derive(slot, () => write(message) ?? null) ?? undefined;
}

function write(message: Message): string | undefined {
  let out = `m${message.size}:`;
  for (const [key, value] of message.entries()) {
    if (isPrivateKey(key)) continue;
    const content = writeValue(value);
    if (content === undefined) return undefined;
    out += `${key.length}:${key}${content}`;
  }
  return `${out};`;
}

function writeValue(value: Value): string | undefined {
  if (typeof value === 'string') return value.length > hashedAbove ? hashed(value) : `s${value.length}:${value}`;
  if (value instanceof Uint8Array) return value.length > hashedAbove ? hashed(value) : `b${toBase64(value)}:`;
  if (typeof value === 'number' || typeof value === 'bigint') return `i${value}:`;
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (value instanceof Message) return contentKey(value);
  if (value instanceof Link) return `l${value.lazy ? 'z' : ''}${value.type ?? ''}:${value.ref.length}:${value.ref}`;
  if (value instanceof Atom) return `a${value.name.length}:${value.name}`;
  if (value instanceof Float) return `d${Object.is(value.value, -0) ? '-0' : value.value}:`;
  if (!isList(value)) return undefined;
  let out = `n${value.length}:`;
  for (const item of value) {
    const content = writeValue(item);
    if (content === undefined) return undefined;
    out += content;
  }
  return out;
}

function hashed(value: string | Uint8Array): string {
  const kind = typeof value === 'string' ? 'S' : 'B';
  return `${kind}${value.length}:${createHash('sha256').update(value).digest('base64')}`;
}
