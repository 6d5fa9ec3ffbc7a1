/**
 * `structured@1.0` (spec 02 §1): the rich in-memory form ↔ TABM, through which every other format goes.
 *
 *   {n: 1, c: {…}, l: [true]}   ⇄   n: 1    c+link: <id>    l+link: <id>    ao-types: n="integer"
 *
 * Two ways to treat children. As links (the default) a child is replaced by its id; inline (`bundle`) it is converted where it stands.
 * {@link toTabm} is pure and synchronous: it computes ids and stores nothing. The codec's own `toTabm` first writes the children to the
 * cache, unless `links: 'discard'` says that only ids matter. A message is immutable, so its TABM is computed once per dialect and kept.
 *
 * A link to bytes stays in the TABM as it is, a byte string that nobody has read yet: its hash is known, and an id or a signature needs
 * no more (httpsig/linked-bytes.ts). The codec loads it unless it is asked not to.
 *
 * Typed values of a message that came with commitments are spelt as they were received (spelling.ts).
 */
import { type Awaitable, andThen, mapInOrder } from '../core/awaitable.ts';
import { isBinary } from '../core/bytes.ts';
import type { Codec, CodecParams, Tabm } from '../core/codec.ts';
import type { DialectName } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { hashOfLinked, load } from '../core/links.ts';
import { isMessage, isPrivateKey, Message } from '../core/message.ts';
import { isList, Link, Sequence, type Value } from '../core/value.ts';
import { linkId } from './link-id.ts';
import { foreignSpelling, isScalar, remember, Spelling } from './spelling.ts';
import { decodeTyped, scalarText, typeOf, typesOf, writeTypes } from './structured-types.ts';

export const structured: Codec = {
  name: 'structured@1.0',
  toTabm(value, params, env) {
    const keep = params.linkedBytes === 'keep';
    return andThen(isMessage(value) ? resolveChildren(value, env, keep) : resolveLazyLinks(value, env), (plain) => {
      if (params.bundle === true) return toTabm(plain, 'inline', env);
      return params.links === 'discard'
        ? toTabm(plain, 'link', env)
        : andThen(offload(plain, env), () => toTabm(plain, 'link', env));
    });
  },
  fromTabm: (tabm, _params: CodecParams, env) => fromTabm(tabm, env),
};

export type Children = 'link' | 'inline';

const linkSuffix = '+link';

export function isLinkKey(key: string): boolean {
  return key.length >= 5 && key.endsWith(linkSuffix);
}

/** `a+link` → `a`. */
function plainKey(key: string): string {
  return isLinkKey(key) ? key.slice(0, -5) : key;
}

/** Keys that are made anew whenever they are needed, and never converted. */
function isRegenerable(key: string): boolean {
  return key === 'unsigned_id' || key === 'content-digest';
}

// ---- structured → TABM ------------------------------------------------------------------------------------------------------

const tabmSlots: { readonly [mode in Children]: { readonly [name in DialectName]: symbol } } = {
  link: slots('linked TABM'),
  inline: slots('inline TABM'),
};

function slots(name: string): { readonly [name in DialectName]: symbol } {
  return { '2025-09': Symbol(name), '2025-11': Symbol(name), '2026': Symbol(name) };
}

/** The TABM of a value. Pure: children become links to their ids (nothing is stored), or stay inline. */
export function toTabm(value: Value, children: Children, env: Environment, depth = 0): Tabm {
  if (isBinary(value)) return value;
  if (isMessage(value)) {
    return value.derive(tabmSlots[children][env.dialect.name], () => convert(value, children, env, depth));
  }
  if (isList(value)) return convertList(value, children, env, depth);
  return raise('bad-type', 'Only byte strings, messages and lists can be converted.');
}

function convert(message: Message, children: Children, env: Environment, depth: number): Message {
  checkDepth(depth, env);
  const spelling = Spelling.of(message);
  const out = new Map<string, Value>();
  const types: [string, string][] = [];
  let changed = false;
  for (const [key, value] of message.entries()) {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      if (isPrivateKey(key) || isRegenerable(key)) changed = true;
      else out.set(key, value);
    } else if (key === 'commitments') out.set(key, value);
    else {
      if (!isPrivateKey(key) && !isRegenerable(key)) {
        const type = convertValue(key, value, children, env, depth, out, spelling);
        if (type !== undefined) types.push([key, type]);
      }
      changed = true;
    }
  }
  if (!out.has('ao-types')) {
    const spelt = spelling?.types(message, types) ?? (types.length > 0 ? writeTypes(types) : undefined);
    if (spelt !== undefined) {
      out.set('ao-types', spelt);
      changed = true;
    }
  }
  return changed ? new Message(out) : message;
}

function convertList(list: readonly Value[], children: Children, env: Environment, depth: number): Message {
  checkDepth(depth, env);
  const out = new Map<string, Value>();
  const types: [string, string][] = [['.', 'list']];
  for (let i = 0; i < list.length; i++) {
    const key = String(i + 1);
    const value = list[i]!;
    if (isBinary(value)) out.set(key, value);
    else {
      const type = convertValue(key, value, children, env, depth, out, undefined);
      if (type !== undefined) types.push([key, type]);
    }
  }
  out.set('ao-types', writeTypes(types));
  return new Message(out);
}

/** Sets the converted entry of a value that is not a byte string; gives its type if it needs one. */
function convertValue(
  key: string,
  value: Exclude<Value, string | Uint8Array>,
  children: Children,
  env: Environment,
  depth: number,
  out: Map<string, Value>,
  spelling: Spelling | undefined,
): string | undefined {
  if (isScalar(value)) {
    out.set(key, spelling?.text(key, value) ?? scalarText(value));
    return typeOf(value);
  }
  if (isMessage(value) || isList(value)) {
    const spelt = spelling?.text(key, value);
    if (spelt !== undefined) out.set(key, spelt);
    else if (children === 'link') out.set(key + linkSuffix, linkId(value, env, depth + 1));
    else out.set(key, toTabm(value, 'inline', env, depth + 1));
  } else if (hashOfLinked(value) !== undefined) out.set(key, value);
  else if (value instanceof Link) out.set(key + linkSuffix, linkReference(value));
  else if (value instanceof Sequence) out.set(key, value);
  return undefined;
}

function linkReference(link: Link): string {
  return link.lazy ? unresolved(link) : link.ref;
}

export function unresolved(link: Link): never {
  raise(
    'necessary-message-not-found',
    `A lazy link to \`${link.ref}\` was not resolved.`,
    'Load the message from the store first.',
  );
}

function checkDepth(depth: number, env: Environment): void {
  if (depth > env.limits.maxDepth) raise('limit-exceeded', `A message is nested deeper than ${env.limits.maxDepth}.`);
}

// ---- TABM → structured ------------------------------------------------------------------------------------------------------

const structuredSlot = Symbol('structured form');

/** The structured form of a TABM. Pure. */
export function fromTabm(tabm: Tabm, env: Environment, depth = 0): Value {
  return isMessage(tabm) ? tabm.derive(structuredSlot, () => revert(tabm, env, depth)) : tabm;
}

function revert(tabm: Message, env: Environment, depth: number): Value {
  checkDepth(depth, env);
  const types = typesOf(tabm, env.limits.maxKeys);
  if (types === undefined && isStructured(tabm, env, depth)) return tabm;
  const out = new Map<string, Value>();
  for (const [key, value] of tabm.entries()) {
    if (isBinary(value)) {
      if (isLinkKey(key)) out.set(plainKey(key), linkFrom(value));
      else {
        const type = types?.get(key);
        if (type !== undefined) out.set(key, decodeTyped(type, value));
        else if (key !== 'ao-types') out.set(key, value);
      }
    } else if (isMessage(value)) out.set(key, fromTabm(value, env, depth + 1));
    else if (isList(value)) out.set(key, revertList(value, env, depth));
    else out.set(key, value);
  }
  const marker = types?.get('.');
  if (marker !== undefined && !tabm.has('.')) {
    if (marker !== 'list') raise('bad-type', `A message cannot be of type \`${marker}\`.`);
    return listFrom(out);
  }
  const result = new Message(out);
  if (types !== undefined && tabm.has('commitments')) {
    const spelling = foreignSpelling(tabm, types, out);
    if (spelling !== undefined) remember(result, spelling);
  }
  return result;
}

/** Whether a TABM without types is its own structured form: nothing in it is a link, or stands for something else. */
function isStructured(tabm: Message, env: Environment, depth: number): boolean {
  for (const [key, value] of tabm.entries()) {
    if (isBinary(value)) {
      if (isLinkKey(key)) return false;
    } else if (isMessage(value)) {
      if (fromTabm(value, env, depth + 1) !== value) return false;
    } else if (isList(value) && revertList(value, env, depth) !== value) return false;
  }
  return true;
}

/** Lists occur in TABMs only inside commitments. */
function revertList(list: readonly Value[], env: Environment, depth: number): readonly Value[] {
  checkDepth(depth, env);
  if (list.every(isBinary)) return list;
  return list.map((item) =>
    isMessage(item) ? fromTabm(item, env, depth + 1) : isList(item) ? revertList(item, env, depth + 1) : item,
  );
}

function linkFrom(value: string | Uint8Array): Link {
  return typeof value === 'string' ? new Link(value) : raise('bad-type', 'The target of a link is not text.');
}

/** A numbered message as a list: consecutive integer keys from any start (spec 02 §1.8.4). */
function listFrom(entries: ReadonlyMap<string, Value>): readonly Value[] {
  const items: [number, Value][] = [];
  for (const [key, value] of entries) {
    if (key === 'priv' || key === 'commitments') continue;
    if (!/^[+-]?\d{1,15}$/.test(key)) raise('bad-type', `A list has the key \`${key}\`, which is not an integer.`);
    items.push([Number(key), value]);
  }
  items.sort((a, b) => a[0] - b[0]);
  for (let i = 1; i < items.length; i++) {
    if (items[i]![0] !== items[i - 1]![0] + 1) raise('bad-type', `A list lacks its element ${items[i - 1]![0] + 1}.`);
  }
  return items.map((item) => item[1]);
}

// ---- links and the cache ----------------------------------------------------------------------------------------------------

/** Writes the children of a message or list to the cache, so that the links which replace them can be followed. */
export function offload(value: Value, env: Environment): Awaitable<void> {
  const children: Value[] = [];
  const collect = (key: string, child: Value): void => {
    if (key !== 'commitments' && !isPrivateKey(key) && (isMessage(child) || isList(child))) children.push(child);
  };
  if (isMessage(value)) for (const [key, child] of value.entries()) collect(key, child);
  else if (isList(value)) for (const child of value) collect('', child);
  if (children.length === 0) return;
  return andThen(
    mapInOrder(children, (child) => env.cache.write(child)),
    () => undefined,
  );
}

/** Replaces lazy links, at any depth, by what they stand for; the same value if there are none. */
function resolveLazyLinks(value: Value, env: Environment): Awaitable<Value> {
  if (value instanceof Link) return value.lazy ? load(value, env) : value;
  if (isList(value)) {
    return andThen(
      mapInOrder(value, (item) => resolveLazyLinks(item, env)),
      (items) => (items.every((item, i) => item === value[i]) ? value : items),
    );
  }
  return isMessage(value) ? resolveChildren(value, env, false) : value;
}

/** The same for what is in a message; `keepBytes`: but for links to bytes among its own values. */
function resolveChildren(value: Message, env: Environment, keepBytes: boolean): Awaitable<Message> {
  const compound: [string, Value][] = [];
  for (const [key, child] of value.entries()) {
    const holds = child instanceof Link ? child.lazy : isMessage(child) || isList(child);
    if (keepBytes && hashOfLinked(child) !== undefined) continue;
    if (holds && key !== 'commitments' && !isPrivateKey(key)) compound.push([key, child]);
  }
  if (compound.length === 0) return value;
  return andThen(
    mapInOrder(compound, ([, child]) => resolveLazyLinks(child, env)),
    (resolved) => {
      if (resolved.every((child, i) => child === compound[i]![1])) return value;
      return value.withAll(resolved.map((child, i) => [compound[i]![0], child] as const));
    },
  );
}
