/**
 * HyperPATH: one message whose `path` describes a whole sequence of steps (spec 01 §5). This file builds the sequence; the language of the
 * segments is in segment.ts.
 *
 *     /a/b&x=1?x=2&1.k=v   →   [{x: "2"}, {path: "a", x: "2", k: "v"}, {path: "b", x: "1"}]
 *       │      │     └── only for step 1
 *       │      └── for every step, the base included, unless the step says otherwise
 *       └── the base is an empty message unless the path begins with an id, a device or a sub-path
 *
 * Nothing is stored while parsing: children stay inline (the reference writes them to the store and keeps links of the same id).
 * Hostile paths cost what they are long: the total of steps, their nesting and the copies of shared keys are bounded.
 */
import { type Awaitable, andThen } from '../awaitable.ts';
import { byteLength, isBinary, isId, keyFromBytes } from '../bytes.ts';
import { isCommittedKey } from '../commitments.ts';
import type { Environment } from '../environment.ts';
import { raise } from '../errors.ts';
import { isMessage, isPrivateKey, Message } from '../message.ts';
import type { Recent } from '../recent.ts';
import { As, type Value } from '../value.ts';
import { decodePath, decodeQuery, unquoted } from './escapes.ts';
import { cut, split } from './scan.ts';
import { parseSegment, type Segment } from './segment.ts';
import { typed } from './typed.ts';

/** Entries that all steps of one request may have together. */
const maxCopiedKeys = 1_000_000;

/** What a path says by itself: its segments, the base included, and the query behind it. Never changed. */
export interface ParsedPath {
  readonly segments: readonly Segment[];
  readonly query: string;
}

/** Paths parsed before: a node is asked for the same few over and over. */
export type ParsedPaths = Recent<string, ParsedPath>;

/** Longer paths are hardly ever asked for twice. */
const maxRememberedPath = 512;

/**
 * The steps that a request, or just its path, stands for. `known` remembers paths of this environment's dialect and limits. Throws
 * `bad-request`, `bad-encoding`, `bad-type`, `limit-exceeded`.
 */
export function parseRequest(
  request: Message | string,
  env: Environment,
  known?: ParsedPaths,
): Awaitable<readonly Value[]> {
  const parsing = new Parsing(env, known);
  if (typeof request === 'string') return parsing.sequence(request, undefined);
  const path = request.get('path');
  const text =
    path === undefined ? '' : isBinary(path) ? (typeof path === 'string' ? path : keyFromBytes(path)) : undefined;
  if (text === undefined) raise('bad-request', 'The path of a request is text.');
  if (!request.has('ao-types')) return parsing.sequence(text, request);
  return andThen(withTypes(request, env), (message) => parsing.sequence(text, message));
}

/** The steps of a path text alone. */
export function parsePath(path: string, env: Environment): readonly Value[] {
  return new Parsing(env).sequence(path, undefined);
}

/** A request that still spells its types under `ao-types`, with them applied. */
function withTypes(request: Message, env: Environment): Awaitable<Message> {
  const codec = env.codecs.get('structured@1.0');
  if (codec === undefined) return request;
  return andThen(codec.fromTabm(request, {}, env), (value) => (isMessage(value) ? value : request));
}

export class Parsing {
  readonly env: Environment;
  #steps = 0;
  #copied = 0;
  #depth = 0;

  readonly #known: ParsedPaths | undefined;

  constructor(env: Environment, known?: ParsedPaths) {
    this.env = env;
    this.#known = known;
  }

  countStep(): void {
    if (++this.#steps > this.env.limits.maxSteps) {
      raise('limit-exceeded', `The path has more than ${this.env.limits.maxSteps} steps.`);
    }
  }

  /** The steps of a sub-path: a complete HyperPATH of its own. */
  nested(path: string): readonly Value[] {
    if (++this.#depth > this.env.limits.maxDepth) raise('limit-exceeded', 'Sub-paths are nested too deeply.');
    const steps = this.sequence(path, undefined);
    this.#depth--;
    return steps;
  }

  sequence(raw: string, message: Message | undefined): readonly Value[] {
    const { segments, query } = this.#path(raw);
    if (segments.length === 0) return [];
    const shared = this.#shared(message, query);
    return segments.map((segment, position) => this.#step(segment, position, shared));
  }

  #path(raw: string): ParsedPath {
    // Within a path the counts of steps and depth go on, so only whole paths are remembered.
    const remembered = this.#depth === 0 && raw.length <= maxRememberedPath ? this.#known : undefined;
    const before = remembered?.get(raw);
    if (before !== undefined) return before;
    const { maxPathBytes, maxSegmentBytes } = this.env.limits;
    if (byteLength(raw) > maxPathBytes) raise('limit-exceeded', `The path is longer than ${maxPathBytes} bytes.`);
    const { before: path, after: query } = cut(decodePath(raw), '?');
    const segments = split(path, '/', maxSegmentBytes).map((text) => parseSegment(text, this));
    const first = segments[0];
    if (first?.kind === 'step' && first.device === undefined) {
      segments.unshift({ kind: 'step', own: new Map(), device: undefined });
    }
    remembered?.set(raw, { segments, query });
    return { segments, query };
  }

  #step(segment: Segment, position: number, shared: SharedKeys): Value {
    if (segment.kind === 'id') return segment.id;
    if (segment.kind === 'sequence') return segment.sequence;
    const { own, device } = segment;
    const path = own.get('path');
    if (device !== undefined && path !== undefined && isId(path)) return new As(device, new Message(own));
    const scoped = shared.scoped.get(position);
    this.#copied += own.size + shared.global.size + (scoped?.size ?? 0);
    if (this.#copied > maxCopiedKeys) raise('limit-exceeded', 'The request has too many keys for so many steps.');
    const all = new Map(shared.global);
    if (scoped !== undefined) for (const [key, value] of scoped) all.set(key, value);
    for (const [key, value] of own) all.set(key, value);
    if (device === undefined) return new Message(all);
    if (path === '') all.delete('path');
    return new As(device, new Message(all));
  }

  /** Keys for every step, and keys for one step only. */
  #shared(message: Message | undefined, query: string): SharedKeys {
    const shared: SharedKeys = { global: new Map(), scoped: new Map() };
    for (const [key, value] of message?.entries() ?? []) {
      if (key === 'path' || key === 'unsigned_id' || key === 'content-digest') continue;
      // What the HTTP edge put there itself. Nothing that a path, a position or a type makes private gets in (see `place`).
      if (isPrivateKey(key) || key === 'commitments') shared.global.set(key, value);
      // A tag of a data item may have a space in its name. What is signed under this name names no type.
      else if (key.includes(' ') && message !== undefined && isCommittedKey(key, message))
        shared.global.set(key, value);
      else place(typed(key, value, this), shared, false);
    }
    for (const pair of query.split('&')) if (pair !== '') place(this.#queryPair(pair), shared, true);
    return shared;
  }

  #queryPair(pair: string): readonly [string, Value] | undefined {
    const equals = pair.indexOf('=');
    const key = decodeQuery(equals < 0 ? pair : pair.slice(0, equals));
    if (equals < 0) return typed(key, true, this);
    if (key === '') raise('bad-request', 'A parameter of the query string has no name.');
    const value = decodeQuery(pair.slice(equals + 1));
    return typed(key, this.env.dialect.queryQuotes === 'removed' ? unquoted(value) : value, this);
  }
}

interface SharedKeys {
  readonly global: Map<string, Value>;
  readonly scoped: Map<number, Map<string, Value>>;
}

/**
 * `N.key` is for the step at position N only, the base being 0. A key of the query string with one dot has to mean that; a header like
 * `host.name` may just be called so (spec 01 §9 row 17).
 */
function place(entry: readonly [string, Value] | undefined, shared: SharedKeys, strict: boolean): void {
  if (entry === undefined) return;
  const [key, value] = entry;
  const dot = key.indexOf('.');
  const position = dot >= 0 && key.indexOf('.', dot + 1) < 0 ? key.slice(0, dot) : undefined;
  if (position !== undefined && /^\d{1,9}$/.test(position)) {
    const scoped = shared.scoped.get(Number(position)) ?? new Map<string, Value>();
    if (!isPrivateKey(key.slice(dot + 1))) scoped.set(key.slice(dot + 1), value);
    shared.scoped.set(Number(position), scoped);
    return;
  }
  if (position !== undefined && strict) {
    raise('bad-request', `"${position}" in "${key}" is not the number of a step.`, 'Use `2.key` for step 2.');
  }
  if (!isPrivateKey(key)) shared.global.set(key, value);
}
