/**
 * The resolver (spec 01 §2): a path is a fold, each step asks the device of what there is so far for a key.
 *
 *     resolve({a: {b: "c"}}, "a/b")     {a: {b: "c"}} ─a→ {b: "c"} ─b→ "c"
 *
 * One step runs through stages, each in a file of its own:
 *
 *     normalise      links, directives, lists → plain messages      resolve/normalise.ts
 *     look up        a step from an id may be answered already      resolve/results.ts
 *     select, call   the device's function, in its lane             resolve/execute.ts, lanes.ts
 *     hook           the node's `step` hook                         resolve/step-hook.ts
 *     finish         sub-resolution, origin, storing                here
 *
 * Synchronous when it can be: reading keys of plain messages allocates no promise and no context ({@link Resolver.resolve} tries that
 * first). Expected failures are outcomes; what is thrown on the way is turned into one at the entry.
 */
import { type Awaitable, andThen, isPromise } from './awaitable.ts';
import { humanId, isBinary, isId } from './bytes.ts';
import type { Ao } from './device.ts';
import type { Environment } from './environment.ts';
import { type AoError, errorFrom, raise } from './errors.ts';
import { stepOrigin } from './hashpath.ts';
import { type ParsedPaths, parseRequest } from './hyperpath/parse.ts';
import { hashOfLinked, load } from './links.ts';
import { toList } from './lists.ts';
import { isMessage, Message } from './message.ts';
import { fail, failed, notFound, type Outcome, ok } from './outcome.ts';
import { type PathPart, pathParts, requestPath } from './paths.ts';
import { Recent } from './recent.ts';
import { Toolbox } from './resolve/ao.ts';
import { DeviceTable } from './resolve/device-table.ts';
import { bare, callOnce, execute, selectKey } from './resolve/execute.ts';
import { Execution, internalMode, type Mode, Session } from './resolve/execution.ts';
import { asMessage } from './resolve/force.ts';
import { Lanes } from './resolve/lanes.ts';
import { hasSequence, loneDirective, normaliseStep } from './resolve/normalise.ts';
import { PlainReader } from './resolve/plain-reads.ts';
import { isPrepared, type Prepared } from './resolve/prepare.ts';
import { readKey } from './resolve/read.ts';
import { storeResult } from './resolve/results.ts';
import { runStepHook } from './resolve/step-hook.ts';
import { As, isList, Link, NOT_FOUND, Sequence, type Value } from './value.ts';

export interface ResolveOptions {
  /** `update` by default: results remember how they came to be. */
  readonly hashpath?: 'update' | 'reset' | 'ignore';
  /** `always`, `no-store` … (spec 01 §3.1); the node's own by default. */
  readonly cacheControl?: readonly string[];
  readonly forceMessage?: boolean;
  readonly signal?: AbortSignal;
  /** Steps this request may cause in all; the node's limit by default. */
  readonly maxResolutions?: number;
  /** Lets a call enter a lane it is already inside of. */
  readonly allowRecursion?: boolean;
  /** Whether `commit` may sign with the node's key; true unless the request is a stranger's. */
  readonly lendsKey?: boolean;
  /** The process whose slot is being computed, if one is; then programs have the budgets of processes. */
  readonly process?: string;
  /** When the programs it sets in motion have to be done, in milliseconds of `performance.now()`. */
  readonly deadline?: number | undefined;
}

/** What resolvers of one node share, whatever their options: what is running, and what was parsed. */
interface Shared {
  readonly lanes: Lanes;
  readonly paths: Recent<string, readonly PathPart[]>;
  readonly requests: Recent<string, readonly Value[]>;
  readonly parsed: ParsedPaths;
}

const rememberedPaths = 4_096;
const rememberedRequests = 1_024;
const maxRememberedPath = 512;

const defaultMode: Mode = { hashpath: 'update', cacheControl: undefined, forceMessage: false, hooks: true };

export class Resolver {
  readonly env: Environment;
  readonly #shared: Shared;
  readonly #devices: DeviceTable;
  readonly #plain: PlainReader;
  readonly #never = new AbortController().signal;
  /** The node's hooks, if one of them is for steps. */
  readonly #hooks: Message | undefined;

  /** `like` is another resolver of the same node, with other options: they share lanes and what was parsed. */
  constructor(env: Environment, like?: Resolver) {
    this.env = env;
    this.#shared =
      like !== undefined
        ? like.#shared
        : {
            lanes: new Lanes(),
            paths: new Recent(rememberedPaths),
            requests: new Recent(rememberedRequests),
            parsed: new Recent(rememberedRequests),
          };
    this.#devices = new DeviceTable(env);
    this.#plain = new PlainReader(env, this.#devices.message.device);
    const on = env.options.get('on');
    this.#hooks = isMessage(on) && on.has('step') ? on : undefined;
  }

  get lanes(): Lanes {
    return this.#shared.lanes;
  }

  /** Why devices of this node can't be used, if any can't: for a check at start. */
  problems(): readonly AoError[] {
    return this.#devices.problems();
  }

  // ---- entry points ---------------------------------------------------------------------------------------------------------

  /** The key, path or request on `base`. */
  resolve(base: Value, request: Value, options?: ResolveOptions): Awaitable<Outcome> {
    if (options === undefined && typeof request === 'string' && base instanceof Message) {
      const outcome = this.#readPlainly(base, request, true);
      if (outcome !== undefined) return outcome;
    }
    const x = this.#begin(options);
    return this.#finally(x, this.guarded(x, base, request));
  }

  /** A sequence of messages, ids and directives, the first of them the base. */
  resolveMany(steps: Value, options?: ResolveOptions): Awaitable<Outcome> {
    const x = this.#begin(options);
    return this.#finally(x, this.guardedMany(x, steps));
  }

  /** A whole request: its `path` is parsed as a HyperPATH (spec 01 §5). */
  resolveRequest(request: Message | string, options?: ResolveOptions): Awaitable<Outcome> {
    const x = this.#begin(options);
    return this.#finally(x, this.guardedRequest(x, request));
  }

  /** The steps a request means, to be looked at or changed before they are resolved. */
  parse(request: Message | string): Awaitable<readonly Value[]> {
    if (typeof request !== 'string') return parseRequest(request, this.env, this.#shared.parsed);
    const known = this.#shared.requests.get(request);
    if (known !== undefined) return known;
    return andThen(parseRequest(request, this.env), (steps) => {
      if (request.length <= maxRememberedPath) this.#shared.requests.set(request, steps);
      return steps;
    });
  }

  /** The toolbox for code that is not a device: the HTTP layer, the node, tests. Every call is a request of its own. */
  ao(
    options?: Pick<
      ResolveOptions,
      'signal' | 'maxResolutions' | 'allowRecursion' | 'lendsKey' | 'process' | 'deadline'
    >,
  ): Ao {
    return new Toolbox(() => this.#execution(internalMode, options));
  }

  /** One that knows these of the devices only. */
  limitedTo(devices: ReadonlySet<string>): Resolver {
    const known = [...this.env.devices].filter(([name]) => devices.has(name));
    return new Resolver({ ...this.env, devices: new Map(known) }, this);
  }

  #begin(options: ResolveOptions | undefined): Execution {
    if (options === undefined) return this.#execution(defaultMode, options);
    const { hashpath = 'update', cacheControl, forceMessage = false } = options;
    return this.#execution({ hashpath, cacheControl, forceMessage, hooks: true }, options);
  }

  #execution(mode: Mode, options: ResolveOptions | undefined): Execution {
    const session = new Session(
      options?.maxResolutions ?? this.env.limits.maxResolutions,
      options?.signal ?? this.#never,
      options?.allowRecursion ?? false,
      options?.lendsKey ?? true,
      options?.process,
    );
    session.deadline = options?.deadline;
    return new Execution(this, mode, session);
  }

  /** Wraps the final result where the dialect does it only once (spec 07). */
  #finally(x: Execution, outcome: Awaitable<Outcome>): Awaitable<Outcome> {
    if (!x.mode.forceMessage) return outcome;
    return andThen(outcome, (result) =>
      andThen(result.status === 'ok' ? this.#loaded(x, result.value) : NOT_FOUND, (value) => forced(result, value)),
    );
  }

  // ---- entries with a context: nothing is thrown out of them ----------------------------------------------------------------

  guarded(x: Execution, base: Value, request: Value): Awaitable<Outcome> {
    if (x.mode === internalMode && typeof request === 'string' && base instanceof Message) {
      const outcome = this.#readPlainly(base, request, false);
      if (outcome !== undefined) return outcome;
    }
    return guard(() => this.run(x, base, request));
  }

  guardedMany(x: Execution, steps: Value): Awaitable<Outcome> {
    return guard(() => this.runMany(x, steps));
  }

  guardedRequest(x: Execution, request: Message | string): Awaitable<Outcome> {
    if (typeof request !== 'string' && requestPath(request) === undefined) return noPath;
    return guard(() => andThen(this.parse(request), (steps) => this.runMany(x, steps)));
  }

  /** Only "select the function and call it" (spec 01 §2.12 "raw"). */
  guardedRaw(x: Execution, device: string, base: Message, request: Message): Awaitable<Outcome> {
    return guard(() => {
      const key = pathParts(requestPath(request) ?? '')?.[0];
      if (typeof key !== 'string') return emptyPath;
      const found = this.#devices.named(device);
      return isPrepared(found) ? this.#raw(x, found, base, key, request) : andThen(found, failed);
    });
  }

  #raw(x: Execution, prepared: Prepared, base: Message, key: string, request: Message): Awaitable<Outcome> {
    const selected = selectKey(prepared.device, key);
    if (selected !== undefined) return callOnce(x, prepared, selected, base, key, request);
    if (prepared !== this.#devices.message) return this.#raw(x, this.#devices.message, base, key, request);
    const value = readKey(base, key);
    if (value === undefined) return notFound;
    return value instanceof Link ? andThen(load(value, this.env), ok) : ok(value);
  }

  // ---- the fold -------------------------------------------------------------------------------------------------------------

  /** `request` on `base`: every part of its path in turn, each seeing all its other keys (spec 01 §2.1). May throw. */
  run(x: Execution, base: Value, request: Value): Awaitable<Outcome> {
    if (isMessage(request)) {
      const path = requestPath(request);
      if (path === undefined) return emptyPath;
      if (path instanceof Link || path instanceof As) return normaliseStep(x, base, request);
      const parts = this.#parts(path);
      if (parts === undefined) return emptyPath;
      if (parts.length === 1) return this.step(x, base, parts[0] === path ? request : request.with('path', parts[0]!));
      return this.#fold(
        x,
        base,
        parts.map((part) => request.with('path', part)),
        0,
      );
    }
    if (request instanceof As || request instanceof Sequence || request instanceof Link) {
      return this.step(x, base, request);
    }
    const parts = this.#parts(request);
    if (parts === undefined) return emptyPath;
    return parts.length === 1 ? this.step(x, base, parts[0]!) : this.#fold(x, base, parts, 0);
  }

  /** Spec 01 §2.1 `resolve_many`. May throw. */
  runMany(x: Execution, steps: Value): Awaitable<Outcome> {
    if (isMessage(steps)) return this.runMany(x, toList(steps));
    if (steps instanceof As) return loneDirective(x, steps);
    if (steps instanceof Sequence) return this.runMany(x, steps.steps);
    if (!isList(steps)) raise('bad-request', 'A sequence of messages is a list.');
    const first = steps[0];
    if (first === undefined) return emptySequence;
    if (steps.length > 1) return this.#fold(x, first, steps, 1);
    if (first instanceof Sequence) return this.runMany(x, first.steps);
    if (isBinary(first) && isId(first)) {
      const id = humanId(first);
      return id === undefined
        ? notFound
        : andThen(this.env.cache.read(id), (found) => (found === undefined ? notFound : ok(found)));
    }
    return first instanceof Link ? andThen(load(first, this.env), ok) : ok(first);
  }

  #fold(x: Execution, base: Value, steps: readonly Value[], from: number): Awaitable<Outcome> {
    let at = base;
    let last: Outcome | undefined;
    for (let i = from; i < steps.length; i++) {
      const outcome = this.step(x, at, steps[i]!);
      if (isPromise(outcome)) {
        return outcome.then((result) =>
          result.status === 'ok' && i + 1 < steps.length ? this.#fold(x, result.value, steps, i + 1) : result,
        );
      }
      if (outcome.status !== 'ok') return outcome;
      at = outcome.value;
      last = outcome;
    }
    return last ?? ok(base);
  }

  /**
   * One step: a key, a request or a directive on `base`; `baseId` is the id that the base was read by, if it was. May throw. What isn't
   * plain comes back here from {@link normaliseStep} when it is.
   */
  step(x: Execution, base: Value, request: Value, baseId?: string): Awaitable<Outcome> {
    x.session.spend();
    if (base instanceof Message) {
      if (typeof request === 'string') {
        if (isPlainKey(request)) return this.#apply(x, base, request, undefined, baseId);
      } else if (request instanceof Message) {
        const path = request.get('path');
        if (typeof path === 'string' && isPlainKey(path) && !hasSequence(request)) {
          return this.#apply(x, base, path, request.size === 1 ? undefined : request, baseId);
        }
      }
    }
    return normaliseStep(x, base, request);
  }

  /** Key `key` of a message, through its device. */
  #apply(
    x: Execution,
    base: Message,
    key: string,
    request: Message | undefined,
    baseId: string | undefined,
  ): Awaitable<Outcome> {
    const named = base.get('device');
    if (named === undefined) return this.#applyDevice(x, this.#devices.message, base, key, request, baseId);
    if (named instanceof Link) {
      return andThen(load(named, this.env), (device) =>
        this.#apply(x, base.with('device', device), key, request, baseId),
      );
    }
    const device = this.#devices.named(named);
    return isPrepared(device) ? this.#applyDevice(x, device, base, key, request, baseId) : andThen(device, failed);
  }

  #applyDevice(
    x: Execution,
    prepared: Prepared,
    base: Message,
    key: string,
    request: Message | undefined,
    baseId: string | undefined,
  ): Awaitable<Outcome> {
    const selected = selectKey(prepared.device, key);
    if (selected === undefined) {
      if (prepared !== this.#devices.message)
        return this.#applyDevice(x, this.#devices.message, base, key, request, baseId);
      const value = readKey(base, key);
      const outcome = value === undefined ? notFound : ok(value);
      return this.#hooked(x, outcome, base, key, request);
    }
    // Purity is this call's own: it is worked out in a context of its own and passed on to the one outside.
    const here = x.pure ? x : new Execution(this, x.mode, x.session, x.parent, x.lane);
    const around = this.env.observer?.around;
    const outcome =
      around === undefined
        ? execute(here, prepared, selected, base, key, request)
        : around(prepared.device.name, key, () => execute(here, prepared, selected, base, key, request));
    return andThen(outcome, (result) => {
      const finished = this.#hooked(x, result, base, key, request);
      if (x.mode.hashpath === 'ignore' || !here.pure) return finished;
      return andThen(finished, (final) => {
        if (final.status !== 'ok') return final;
        return andThen(storeResult(x, base, request ?? key, final.value, baseId), () => final);
      });
    });
  }

  #hooked(
    x: Execution,
    outcome: Outcome,
    base: Message,
    key: string,
    request: Message | undefined,
  ): Awaitable<Outcome> {
    this.env.observer?.ended(outcome.status);
    if (!x.mode.hooks || this.#hooks === undefined) return this.#finish(x, outcome, base, key, request);
    return andThen(runStepHook(x, this.#hooks, outcome, base, request ?? bare(key)), (hooked) =>
      this.#finish(x, hooked, base, key, request),
    );
  }

  /** Stages 8 and 9: a sequence is resolved, links are loaded, messages remember where they came from. */
  #finish(
    x: Execution,
    outcome: Outcome,
    base: Message,
    key: string,
    request: Message | undefined,
  ): Awaitable<Outcome> {
    if (outcome.status !== 'ok') {
      if (outcome.status === 'error' || outcome.value.origin === undefined) return outcome;
      return { status: outcome.status, value: outcome.value.withOrigin(undefined) };
    }
    const { value } = outcome;
    if (value instanceof Sequence) {
      return andThen(this.runMany(x, value.steps), (result) => this.#finish(x, result, base, key, request));
    }
    if (value instanceof Link) {
      const loaded = this.#loaded(x, value);
      if (loaded !== value) return andThen(loaded, (target) => this.#finish(x, ok(target), base, key, request));
    }
    if (value instanceof Message) {
      if (x.mode.hashpath === 'update') {
        return ok(value.withOrigin(stepOrigin(base, request ?? key, this.env)));
      }
      return x.mode.hashpath === 'reset' && value.origin !== undefined ? ok(value.withOrigin(undefined)) : outcome;
    }
    if (x.mode.forceMessage && this.env.dialect.forceMessage === 'every-step') {
      const message = asMessage(value, 'ok');
      return message instanceof Message ? this.#finish(x, ok(message), base, key, request) : outcome;
    }
    return outcome;
  }

  /** A result that is a link, followed. A caller who wants messages gets one that holds a link to bytes: it may never need to read them. */
  #loaded(x: Execution, value: Value): Awaitable<Value> {
    return x.mode.forceMessage && hashOfLinked(value) !== undefined ? value : load(value, this.env);
  }

  // ---- paths ----------------------------------------------------------------------------------------------------------------

  #readPlainly(base: Message, path: string, remember: boolean): Outcome | undefined {
    if (this.#hooks !== undefined || path === '') return undefined;
    if (!path.includes('/')) return this.#plain.key(base, path, remember);
    const parts = this.#parts(path);
    return parts === undefined || parts.length === 0 ? undefined : this.#plain.path(base, parts, remember);
  }

  #parts(path: Value): readonly PathPart[] | undefined {
    if (typeof path !== 'string' || !path.includes('/')) return pathParts(path);
    const known = this.#shared.paths.get(path);
    if (known !== undefined) return known;
    const parts = pathParts(path);
    if (parts !== undefined && path.length <= maxRememberedPath) this.#shared.paths.set(path, parts);
    return parts;
  }
}

/** Runs it, with whatever it throws or rejects with turned into an outcome. */
function guard(run: () => Awaitable<Outcome>): Awaitable<Outcome> {
  try {
    const outcome = run();
    return isPromise(outcome) ? outcome.catch((thrown: unknown) => failed(errorFrom(thrown))) : outcome;
  } catch (thrown) {
    return failed(errorFrom(thrown));
  }
}

/** Whether a text is one key, not a path. */
function isPlainKey(text: string): boolean {
  return text !== '' && !text.includes('/');
}

function forced(outcome: Outcome, value: Value): Outcome {
  // A lone `/~device@1.0` is its own result, and stands for a message: it is no literal.
  if (outcome.status !== 'ok' || value instanceof As) return outcome;
  const message = asMessage(value, 'ok');
  return message === outcome.value ? outcome : ok(message);
}

const emptyPath = fail('bad-request', 'The request has no path.', 'Name a key, or `/` for the message itself.');
const emptySequence = fail('bad-request', 'Attempted to resolve an empty message sequence.', {
  value: 'Attempted to resolve an empty message sequence.',
});
const noPath = fail('bad-request', 'Attempted to resolve a message without a path.', {
  value: 'Attempted to resolve a message without a path.',
});
