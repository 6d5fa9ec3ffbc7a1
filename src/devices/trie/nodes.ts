/**
 * The radix trie of `trie@1.0` as messages.
 *
 *     to = 1, tor = 2, torrent = 3, toronto = 42          {
 *                                                           to: {
 *        (root) ── to ── r ──┬─ rent                          node-value: 1,
 *                  1     2   │  3                             r: { node-value: 2, rent: 3, onto: 42 }
 *                            └─ onto                        }
 *                               42                        }
 *
 * A node is a message: every key is the label of an edge, one or more bytes long; no two labels of a node start with the same byte. The
 * value of the key that ends at a node is its `node-value`. A node without edges is not written out: the edge holds the value itself,
 * unless the value is a message (then the node is written, or value and node could not be told apart).
 *
 * Some names mean something else in every message (`device`, `node-value`, `priv…`). Where such a name would become a label, the edge is
 * broken up after its first byte; reading needs no special case for that.
 *
 * Invariant: the form depends on the entries only, never on the order in which they were set or on what was removed since. So equal
 * tables have equal ids.
 */
import { compareBytes, keyFromBytes, keyToBytes } from '../../core/bytes.ts';
import type { Ao } from '../../core/device.ts';
import { equal } from '../../core/equal.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, isPrivateKey, Message } from '../../core/message.ts';
import { Link, type Value } from '../../core/value.ts';

/** What the trie needs of AO-Core: nodes may be links. */
export type Loader = Pick<Ao, 'load'>;

/** The value of the key that ends at a node. */
const nodeValue = 'node-value';

/** Deeper tries could not be encoded, and their recursion is not bounded by anything else. */
const maxTrieDepth = 60;

/** The value of `key`, `undefined` if it has none. */
export async function trieGet(ao: Loader, root: Message, key: string): Promise<Value | undefined> {
  let node = root;
  let rest = keyToBytes(key);
  for (;;) {
    if (rest.length === 0) return load(ao, node.get(nodeValue));
    const edge = edges(node).get(rest[0]!);
    if (edge === undefined || sharedLength(edge.bytes, rest) < edge.bytes.length) return undefined;
    rest = rest.subarray(edge.bytes.length);
    const child = await load(ao, node.get(edge.label)!);
    if (!isMessage(child)) return rest.length === 0 ? child : undefined;
    node = child;
  }
}

/** The trie with `key` set to `value`; the same message if it was so already. */
export async function trieSet(ao: Loader, root: Message, key: string, value: Value): Promise<Message> {
  if (value instanceof Link) value = await ao.load(value);
  return insert(ao, root, keyToBytes(key), value, 0);
}

/** The trie without `key`; the same message if it wasn't there. */
export async function trieRemove(ao: Loader, root: Message, key: string): Promise<Message> {
  return remove(ao, root, keyToBytes(key));
}

/**
 * A root without the keys that mean something to every message, and without those that no entry is found by: a message that was no trie may
 * have a hundred thousand of these. A trie has 256 edges at most, so that no change of it costs more.
 */
export function trieRoot(root: Message): Message {
  const labels = new Set([nodeValue, ...Array.from(edges(root).values(), ({ label }) => label)]);
  return root.filter((key) => labels.has(key));
}

/** The root again, with the trie that {@link trieRoot} has become. What no entry was found by is an entry from now on, unless it was set. */
export async function withTrie(ao: Loader, root: Message, before: Message, after: Message): Promise<Message> {
  if (before === after) return root;
  let trie = after;
  for (const [key, value] of root.entries()) {
    if (before.has(key) || isReserved(key) || (await trieGet(ao, trie, key)) !== undefined) continue;
    trie = await trieSet(ao, trie, key, value);
  }
  return root
    .filter((key) => key !== nodeValue && key !== 'commitments' && isReserved(key))
    .withAll([...trie.entries()]);
}

/** Every key with its value, in the order of the bytes. */
export async function* trieEntries(
  ao: Loader,
  node: Message,
  prefix = new Uint8Array(),
): AsyncGenerator<[string, Value]> {
  const own = await load(ao, node.get(nodeValue));
  if (own !== undefined) yield [keyFromBytes(prefix), own];
  for (const edge of [...edges(node).values()].sort((a, b) => compareBytes(a.bytes, b.bytes))) {
    const key = Uint8Array.from([...prefix, ...edge.bytes]);
    const child = await load(ao, node.get(edge.label)!);
    if (isMessage(child)) yield* trieEntries(ao, child, key);
    else yield [keyFromBytes(key), child];
  }
}

// ---- changing ---------------------------------------------------------------------------------------------------------------

async function insert(ao: Loader, node: Message, rest: Uint8Array, value: Value, depth: number): Promise<Message> {
  if (depth > maxTrieDepth) {
    raise('limit-exceeded', 'The trie would become too deep.', 'Use keys that are not long chains of one another.');
  }
  if (rest.length === 0) {
    const old = await load(ao, node.get(nodeValue));
    return old !== undefined && equal(old, value) ? node : changed(node, [[nodeValue, value]]);
  }
  const edge = edges(node).get(rest[0]!);
  if (edge === undefined) return put(node, rest, leaf(value));
  const child = await load(ao, node.get(edge.label)!);
  const shared = sharedLength(edge.bytes, rest);
  if (shared === edge.bytes.length) {
    if (shared === rest.length && !isMessage(child)) {
      return equal(child, value) ? node : changed(node, [[edge.label, leaf(value)]]);
    }
    const next = await insert(ao, asNode(child), rest.subarray(shared), value, depth + 1);
    return next === child ? node : changed(node, [[edge.label, next]]);
  }
  const branch = put(Message.empty, edge.bytes.subarray(shared), node.get(edge.label)!);
  const grown = await insert(ao, branch, rest.subarray(shared), value, depth + 1);
  return put(changed(node, [[edge.label, undefined]]), rest.subarray(0, shared), grown);
}

async function remove(ao: Loader, node: Message, rest: Uint8Array): Promise<Message> {
  if (rest.length === 0) return node.has(nodeValue) ? changed(node, [[nodeValue, undefined]]) : node;
  const edge = edges(node).get(rest[0]!);
  if (edge === undefined || sharedLength(edge.bytes, rest) < edge.bytes.length) return node;
  const child = await load(ao, node.get(edge.label)!);
  const below = rest.subarray(edge.bytes.length);
  if (!isMessage(child)) return below.length === 0 ? changed(node, [[edge.label, undefined]]) : node;
  const smaller = await remove(ao, child, below);
  if (smaller === child) return node;
  return hang(ao, changed(node, [[edge.label, undefined]]), edge.bytes, smaller);
}

/** Hangs what is left of a child below its parent in normal form: nothing, a plain value, a longer edge, or the node itself. */
async function hang(ao: Loader, node: Message, label: Uint8Array, child: Message): Promise<Message> {
  const below = [...edges(child).values()];
  const own = child.get(nodeValue);
  if (below.length === 0) return own === undefined ? node : put(node, label, leaf((await load(ao, own))!));
  if (below.length > 1 || own !== undefined) return put(node, label, child);
  const only = below[0]!;
  const grandchild = child.get(only.label)!;
  return put(node, Uint8Array.from([...label, ...only.bytes]), grandchild);
}

/** Adds an edge that no other edge of the node shares its first byte with. */
function put(node: Message, label: Uint8Array, child: Value): Message {
  const key = keyFromBytes(label);
  if (!isReserved(key)) return changed(node, [[key, child]]);
  return changed(node, [[keyFromBytes(label.subarray(0, 1)), put(Message.empty, label.subarray(1), child)]]);
}

/** A changed node is no longer what was committed to. */
function changed(node: Message, changes: readonly (readonly [string, Value | undefined])[]): Message {
  const next = node.withAll([...changes, ['commitments', undefined]]);
  // Mostly a child takes the place of another.
  const sameEdges = changes.every(([key, value]) => key === nodeValue || (value !== undefined && node.has(key)));
  if (sameEdges) next.derive(edgesSlot, () => edges(node));
  return next;
}

function leaf(value: Value): Value {
  return isMessage(value) ? new Message(new Map([[nodeValue, value]])) : value;
}

function asNode(child: Value): Message {
  return isMessage(child) ? child : new Message(new Map([[nodeValue, child]]));
}

// ---- edges ------------------------------------------------------------------------------------------------------------------

interface Edge {
  readonly label: string;
  readonly bytes: Uint8Array;
}

const edgesSlot = Symbol('trie edges');

/** The edges of a node by their first byte. */
function edges(node: Message): ReadonlyMap<number, Edge> {
  return node.derive(edgesSlot, () => {
    const out = new Map<number, Edge>();
    for (const label of node.keys()) {
      if (isReserved(label)) continue;
      const bytes = keyToBytes(label);
      if (!out.has(bytes[0]!)) out.set(bytes[0]!, { label, bytes });
    }
    return out;
  });
}

/** Names that aren't edges, because they mean something to every message or would not survive its encoding. */
const reserved: ReadonlySet<string> = new Set([
  '',
  'ao-body-key',
  'ao-data-key',
  'ao-ids',
  'ao-types',
  'commitments',
  'content-digest',
  'device',
  'hashpath',
  nodeValue,
  'unsigned_id',
]);

function isReserved(label: string): boolean {
  return reserved.has(label) || isPrivateKey(label) || label.endsWith('+link');
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  let i = 0;
  while (i < n && a[i] === b[i]) i++;
  return i;
}

function load(ao: Loader, value: Value): Promise<Value>;
function load(ao: Loader, value: Value | undefined): Promise<Value | undefined>;
async function load(ao: Loader, value: Value | undefined): Promise<Value | undefined> {
  return value instanceof Link ? ao.load(value) : value;
}
