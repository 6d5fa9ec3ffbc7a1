/** Loading links (spec 01 §1.2): lazy references to stored data, replaced by what they point to when somebody touches them. */
import { type Awaitable, andThen, mapInOrder } from './awaitable.ts';
import { isBinary, toText } from './bytes.ts';
import type { Environment } from './environment.ts';
import { raise } from './errors.ts';
import { isMessage, messageFrom } from './message.ts';
import { isList, Link, type Value } from './value.ts';

const bytesRef = /^data\/([A-Za-z0-9_-]{43})$/;

/**
 * The SHA-256, in base64url, of the bytes that a lazy link stands for; `undefined` for everything else. Who needs no more than their
 * digest, or passes them on in pieces, leaves the link unloaded, and nobody has to hold the bytes.
 */
export function hashOfLinked(value: Value | undefined): string | undefined {
  if (!(value instanceof Link) || !value.lazy || value.type !== undefined) return undefined;
  return bytesRef.exec(value.ref)?.[1];
}

/** The value itself, or what the link points to, one layer deep. Throws `necessary-message-not-found`. */
export function load(value: Value, env: Environment): Awaitable<Value> {
  return value instanceof Link ? follow(value, env, 0) : value;
}

function follow(link: Link, env: Environment, hops: number): Awaitable<Value> {
  if (hops > env.limits.maxDepth) raise('limit-exceeded', 'A chain of links is longer than this node follows.');
  return andThen(env.cache.read(link.ref), (found) => {
    if (found === undefined) missing(link.ref);
    const target = found instanceof Link ? follow(found, env, hops + 1) : found;
    return andThen(target, (value) => (link.lazy ? fromCell(link, value, env, hops) : value));
  });
}

/** What a lazy link's cell says: the id of a message, or the text of a literal. */
function fromCell(link: Link, cell: Value, env: Environment, hops: number): Awaitable<Value> {
  if (!isBinary(cell)) return cell;
  if (link.type === 'link') return follow(new Link(toText(cell) ?? missing(link.ref)), env, hops + 1);
  return link.type === undefined ? cell : (env.parseTyped(link.type, cell) ?? missing(link.ref));
}

/** How many children one load may fetch: a few messages that share children can stand for a tree without end. */
export class LoadBudget {
  readonly #max: number;
  #loaded = 0;

  constructor(env: Environment) {
    this.#max = env.limits.maxLinkedMessages;
  }

  spend(): void {
    if (++this.#loaded > this.#max)
      raise('limit-exceeded', `More than ${this.#max} messages are linked from this one.`);
  }
}

/** The value with every link inside it loaded. */
export function loadAll(value: Value, env: Environment): Awaitable<Value> {
  // Most messages have no links anywhere: to see that is cheaper than to look at everything as if it could be one.
  return holdsLink(value, env.limits.maxDepth) ? loadDeep(value, env, new LoadBudget(env), 0) : value;
}

/** Whether there is a link in the value, or so many levels that looking further is left to those who count them. */
function holdsLink(value: Value, levels: number): boolean {
  if (value instanceof Link || levels < 0) return true;
  if (isList(value)) return value.some((item) => typeof item === 'object' && holdsLink(item, levels - 1));
  if (!isMessage(value)) return false;
  for (const [, child] of value.entries()) if (typeof child === 'object' && holdsLink(child, levels - 1)) return true;
  return false;
}

function loadDeep(value: Value, env: Environment, budget: LoadBudget, depth: number): Awaitable<Value> {
  if (depth > env.limits.maxDepth) raise('limit-exceeded', 'The message is nested deeper than this node follows.');
  if (value instanceof Link) budget.spend();
  return andThen(load(value, env), (loaded) => {
    if (isMessage(loaded)) {
      if (!hasChildren(loaded.entries())) return loaded;
      const entries = [...loaded.entries()];
      return andThen(
        mapInOrder(entries, ([, child]) => loadDeep(child, env, budget, depth + 1)),
        (children) =>
          children.every((child, i) => child === entries[i]![1])
            ? loaded
            : messageFrom(entries.map(([key], i) => [key, children[i]!])).withOrigin(loaded.origin),
      );
    }
    if (!isList(loaded) || !hasChildren(loaded.entries())) return loaded;
    return andThen(
      mapInOrder(loaded, (item) => loadDeep(item, env, budget, depth + 1)),
      // What stays the same stays the same object, with all that is known of it: without this every commitment was made anew here.
      (items) => (items.every((item, i) => item === loaded[i]) ? loaded : items),
    );
  });
}

function hasChildren(entries: Iterable<readonly [unknown, Value]>): boolean {
  for (const [, value] of entries) if (typeof value === 'object' && !(value instanceof Uint8Array)) return true;
  return false;
}

/** Reads a message that has to be there. */
export function readNecessary(ref: string, env: Environment): Awaitable<Value> {
  return andThen(env.cache.read(ref), (found) => found ?? missing(ref));
}

function missing(ref: string): never {
  raise('necessary-message-not-found', `The message ${ref} is needed and is not in the cache.`, {
    hint: 'Upload it to this node, or configure a store that has it.',
  });
}
