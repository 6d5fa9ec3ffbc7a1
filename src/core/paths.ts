/**
 * Paths as the resolver walks them (spec 01 §2.2): a path is a list of parts; each part is a key, or a directive `as(D, M)`. Atoms and
 * integers select keys by their name, so they become text here. HyperPATHs, the language of whole requests, are in hyperpath/.
 */
import { isBinary } from './bytes.ts';
import { raise } from './errors.ts';
import { type Message, normalizeKey } from './message.ts';
import { As, Atom, isInteger, isList, type Value } from './value.ts';

export type PathPart = string | As;

/** The parts of a path, `undefined` if there is no path at all (`""`, `[]`, `"//"`), no parts for `"/"`. */
export function pathParts(path: Value): readonly PathPart[] | undefined {
  if (typeof path === 'string') return textParts(path);
  if (isBinary(path)) return textParts(normalizeKey(path)!);
  if (path instanceof Atom || typeof path === 'boolean' || isInteger(path)) return [normalizeKey(path)!];
  if (path instanceof As) return [path];
  if (!isList(path)) raise('bad-request', 'A path is text, a list of keys, or a directive.');
  const parts: PathPart[] = [];
  for (const element of path) parts.push(...(pathParts(element) ?? []));
  return parts.length === 0 ? undefined : parts;
}

function textParts(path: string): readonly string[] | undefined {
  if (!path.includes('/')) return path === '' ? undefined : [path];
  if (path === '/') return [];
  const parts = path.split('/').filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts;
}

/** The path of a request: its `path` key, `undefined` if it has none. */
export function requestPath(request: Message): Value | undefined {
  return request.get('path') ?? request.get('Path');
}

/** The parts joined with single slashes, none at either end. */
export function joinPath(path: Value): string {
  const parts = pathParts(path) ?? [];
  return parts
    .map((part) => (typeof part === 'string' ? part : raise('bad-key', 'A directive has no text.')))
    .join('/');
}

/** The first part of a request's path, and the request with the rest; no rest: `undefined`. */
export function popPath(request: Message): { readonly head: PathPart; readonly tail: Message | undefined } | undefined {
  const parts = pathParts(requestPath(request) ?? '');
  if (parts === undefined || parts.length === 0) return undefined;
  const rest = parts.slice(1);
  return { head: parts[0]!, tail: rest.length === 0 ? undefined : request.with('path', rest) };
}

/** The request with `path` before its own. */
export function pushPath(request: Message, path: Value): Message {
  return request.with('path', [...(pathParts(path) ?? []), ...(pathParts(requestPath(request) ?? '') ?? [])]);
}

/** The request with `path` after its own. */
export function queuePath(request: Message, path: Value): Message {
  return request.with('path', [...(pathParts(requestPath(request) ?? '') ?? []), ...(pathParts(path) ?? [])]);
}

/** Whether two keys are the same to a person: equal but for case. */
export function sameKey(a: Value, b: Value): boolean {
  const x = normalizeKey(a);
  return x !== undefined && x.toLowerCase() === normalizeKey(b)?.toLowerCase();
}

/** Whether a path matches a regular expression of the operator's; one that isn't valid matches nothing. */
export function pathMatches(path: string, expression: string): boolean {
  const slashed = path.startsWith('/') ? path : `/${path}`;
  const anchored = expression.startsWith('^') || expression.startsWith('/') ? expression : `/${expression}`;
  try {
    return new RegExp(anchored, 'u').test(slashed);
  } catch {
    return false;
  }
}
