/** The graph of stored values that a picture of the cache shows: messages and groups, their literals, and the keys that lead to them. */
import { createHash } from 'node:crypto';
import { isBinary, toBytes } from '../../core/bytes.ts';
import type { Cache } from '../../core/cache.ts';
import { encode } from '../../core/encode.ts';
import { isMessage } from '../../core/message.ts';
import { isList, Link, type Value } from '../../core/value.ts';

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly { readonly source: string; readonly target: string; readonly label: string }[];
}

export interface GraphNode {
  readonly id: string;
  /** The last part of its path. */
  readonly label: string;
  readonly type: 'simple' | 'composite' | 'unknown';
  /** A literal, if the walk was asked for them. */
  readonly data?: string;
}

/** Walks from these paths, each place once, until there are `maxNodes`. */
export async function walk(cache: Cache, from: readonly string[], maxNodes: number): Promise<Graph> {
  const nodes = new Map<string, GraphNode>();
  const links: { source: string; target: string; label: string }[] = [];
  const waiting: { readonly path: string; readonly value: Value | undefined }[] = from.map((path) => ({
    path,
    value: undefined,
  }));
  for (let next = waiting.shift(); next !== undefined && nodes.size < maxNodes; next = waiting.shift()) {
    const { path } = next;
    if (nodes.has(path)) continue;
    const value = next.value ?? (await cache.read(path));
    const children = value === undefined ? await group(cache, path) : below(path, value);
    const type = children !== undefined ? 'composite' : value !== undefined ? 'simple' : 'unknown';
    const data =
      value !== undefined && isBinary(value) && typeof value === 'string' ? { data: value.slice(0, 80) } : {};
    nodes.set(path, { id: path, label: path.slice(path.lastIndexOf('/') + 1), type, ...data });
    for (const child of children ?? []) {
      links.push({ source: path, target: child.path, label: child.label });
      waiting.push(child);
    }
  }
  return { nodes: [...nodes.values()], links: links.filter(({ target }) => nodes.has(target)) };
}

interface Child {
  readonly path: string;
  readonly label: string;
  readonly value: Value | undefined;
}

async function group(cache: Cache, path: string): Promise<Child[] | undefined> {
  const names = await cache.list(path);
  if (names.length === 0) return undefined;
  return names.map((label) => ({ path: `${path}/${label}`, label, value: undefined }));
}

/** What the keys of a value lead to; `undefined` for a literal. */
function below(path: string, value: Value): Child[] | undefined {
  if (isList(value)) return value.map((item, i) => child(path, String(i + 1), item));
  if (!isMessage(value)) return undefined;
  return value.keys().map((key) => child(path, key, value.get(key)!));
}

function child(path: string, label: string, value: Value): Child {
  if (value instanceof Link) return { path: value.ref, label, value: undefined };
  if (isMessage(value) || isList(value)) return { path: `${path}/${label}`, label, value };
  const bytes = isBinary(value) ? toBytes(value) : encode(value);
  return { path: `data/${createHash('sha256').update(bytes).digest('base64url')}`, label, value };
}
