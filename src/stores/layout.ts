/**
 * Where the message cache keeps things in its store. The layout is private to a node; what callers may ask for is in message-cache.ts.
 *
 *     msg/<unsigned id>            the message or list without commitments (message-cell.ts), or where it stands (held-message.ts)
 *     com/<unsigned id>/<id>       one commitment of it; more can be added at any time
 *     id/<commitment id>           the unsigned id it belongs to, or where the message stands; the same for the sum of all signatures
 *     data/<hash>                  bytes
 *     res/<base>/<request>         a computed result
 *     name/<path>                  a named link: the path it leads to
 *     idx/<hash of key, value>/<unsigned id>   and   new/<when>      the index (match-index.ts)
 *
 * Names sort numbers as numbers: `name/computed/p/slot/=0212` is slot 12, so the newest slot is one backward seek away.
 */
import { createHash } from 'node:crypto';
import { byteLength } from '../core/bytes.ts';

export const messages = 'msg';
export const commitments = 'com';
export const aliases = 'id';
export const data = 'data';
export const results = 'res';
export const names = 'name';
export const index = 'idx';
export const unindexed = 'new';

/** Whether a segment may be a name of something content-addressed: 43 base64url characters. */
export function isIdText(text: string): boolean {
  return text.length === 43 && /^[A-Za-z0-9_-]{43}$/.test(text);
}

export function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** Hash of bytes in the form of an id. */
export function hashOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('base64url');
}

/** Longer parts of a path are stored by their hash. */
const maxPartBytes = 300;

/** Where the result of a request on a base is kept. Base and request come from strangers. */
export function resultPath(base: string, request: string): string {
  const path = segments(`${base}/${request}`).join('/');
  return `${results}/${byteLength(path) > maxPartBytes ? `#${hashOf(path)}` : path}`;
}

/** The store path of a named link. */
export function namePath(parts: readonly string[]): string {
  return [names, ...parts.map(toOrdered)].join('/');
}

/** A number as `=<digits><number>`, so that names sort by value; a name that begins with `=` gets another one. */
function toOrdered(segment: string): string {
  if (/^(?:0|[1-9]\d{0,14})$/.test(segment)) return orderedNumber(segment);
  return segment.startsWith('=') ? `=${segment}` : segment;
}

function orderedNumber(digits: string): string {
  return `=${String(digits.length).padStart(2, '0')}${digits}`;
}

/** The name that {@link toOrdered} made. */
export function fromOrdered(segment: string): string {
  if (!segment.startsWith('=')) return segment;
  return segment.startsWith('==') ? segment.slice(1) : segment.slice(3);
}
