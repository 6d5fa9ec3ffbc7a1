/**
 * The device: what a message's keys mean (style §3).
 *
 * A device lists its public keys, what it may use (capabilities) and what an operator can set (options). Nothing else is reachable: a
 * key it does not list goes to `otherKeys` if there is one, else to `message@1.0`. Hashpaths, caching, tracing, budgets and signatures
 * are the resolver's work; a device never sees them.
 */
import type { Awaitable } from './awaitable.ts';
import type { Cache } from './cache.ts';
import type { Format, IdKind } from './convert.ts';
import type { Environment } from './environment.ts';
import type { Fields } from './fields.ts';
import type { Message } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { StandardSchemaV1 } from './standard-schema.ts';
import type { Value } from './value.ts';
import type { Wallet } from './wallet.ts';

/**
 * What a device may be given. Layers above the core add theirs by declaration merging:
 *
 *     declare module '../core/device.ts' { interface Capabilities { readonly lanes: Lanes } }
 */
export interface Capabilities {
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly cache: Cache;
  /** For what must stay in this node: writes to a store that answers nobody else, reads from there first and then what `cache` has. */
  readonly privateCache: Cache;
  /** The node's key. Only for devices that sign on the node's behalf. */
  readonly wallet: Wallet;
  readonly environment: Environment;
  readonly space: Space;
}

/** Room on the disk. When it is short, nothing is kept that strangers leave behind. */
export interface Space {
  readonly isShort: boolean;
}

export type Capability = keyof Capabilities;

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** AO-Core itself, for devices: resolves with internal options (no caching, hashpath ignored), spec 01 §2.10. */
export interface Ao {
  /** One step or path on a base. A string is a path; a message is a request with `path`. */
  resolve(base: Value, request: Value): Awaitable<Outcome>;
  resolveMany(steps: readonly Value[]): Awaitable<Outcome>;
  /** A whole request: its `path` (or the text itself) is parsed as a HyperPATH, its other keys are parameters (spec 01 §2.1, §5). */
  resolveRequest(request: Message | string): Awaitable<Outcome>;
  /**
   * Only "select the function and call it": the key `request.path` of `device` on `base`, whatever device `base` names. Nothing is
   * looked up, cached, hooked or recorded. `raw('message@1.0', …)` reads and changes a message as plain data.
   */
  raw(device: string, base: Message, request: Message): Awaitable<Outcome>;
  /** The value at `path`, `undefined` if it is not there or the resolution fails with an error. */
  get(base: Value, path: string): Awaitable<Value | undefined>;
  /** Device-aware set; keys may be paths, `UNSET` removes. Throws AoException when a device refuses. */
  set(base: Message, changes: Message): Awaitable<Message>;
  keys(base: Value): Awaitable<readonly string[]>;
  /** Replaces a link by what it points to; throws `necessary-message-not-found`. */
  load(value: Value): Awaitable<Value>;
  /** Loads every link inside. */
  loadAll(value: Value): Awaitable<Value>;
  id(value: Value, which?: IdKind): string;
  /**
   * Addresses whose commitments were verified just now or before. Unverifiable ones don't count, nor do those that leave one of the keys
   * in `covering` uncommitted: whoever decides by a key has to name it here.
   */
  signers(message: Message, covering?: readonly string[]): Awaitable<readonly string[]>;
  convert(value: Value, target: Format, source?: Format): Awaitable<Value>;
  commit(message: Message, request?: Message, wallet?: Wallet): Awaitable<Message>;
  /** Whoever asks may have messages of their own choice signed with the node's key: not so for strangers and programs. */
  readonly lendsKey: boolean;
  /** A slot of a process is being computed: what is done has to come out the same whenever it is computed again. */
  readonly inProcess: boolean;
  /** The process whose slot that is. Whoever waits on its behalf has to say so, or it may wait for itself. */
  readonly process: string | undefined;
  /** Whoever asks is a stranger, or a message of one, and no slot of a process is being computed: programs get the budgets of guests. */
  readonly isGuest: boolean;
  /**
   * When the programs of this request have to be done, in milliseconds of `performance.now()`: guests' once the first has begun, and those
   * of a dry run.
   */
  readonly deadline: number | undefined;
  /** Sets it, unless it is set: whatever the first program sets in motion shares its time. */
  setDeadline(at: number): void;
  /** The same request with these devices only. */
  limitedTo(devices: ReadonlySet<string>): Ao;
}

export type Call<Req, Opts, Uses extends Capability> = Pick<Capabilities, Uses> & {
  readonly base: Message;
  /** The fields the key declares, read and typed; the request message itself if it declares none. */
  readonly request: Req;
  /** The whole request. */
  readonly requestMessage: Message;
  /** The key as it was asked for. */
  readonly key: string;
  readonly options: Opts;
  /** Deadline and cancellation. */
  readonly signal: AbortSignal;
  readonly ao: Ao;
  /** Short for `ao.resolve`. */
  resolve(base: Value, request: Value): Awaitable<Outcome>;
};

export interface Key<Req, Opts, Uses extends Capability> {
  readonly doc: string;
  /** Other spellings under which the key answers. Case and `-`/`_` never matter. */
  readonly aliases?: readonly string[];
  readonly request?: Fields<Req>;
  /** Overrides the device's own {@link DeviceSpec.pure}. */
  readonly pure?: boolean;
  readonly run: (call: Call<Req, Opts, Uses>) => Awaitable<Outcome>;
}

export interface DeviceSpec<Reqs extends object, Opts, Uses extends Capability> {
  readonly name: `${string}@${number}.${number}${string}`;
  readonly doc: string;
  /** Nothing unless listed. */
  readonly uses?: readonly Uses[];
  /**
   * Its answers depend on messages alone, so that they may be cached. True by default for a device without capabilities and options; one
   * that has some may still promise it.
   */
  readonly pure?: boolean;
  /** Options by their dashed names in the node message. */
  readonly options?: StandardSchemaV1<unknown, Opts>;
  readonly keys: { readonly [K in keyof Reqs]: Key<Reqs[K], Opts, Uses> };
  /** Handles every key not listed in `keys`. */
  readonly otherKeys?: (call: Call<Message, Opts, Uses>) => Awaitable<Outcome>;
  /** Keys that `otherKeys` leaves to `message@1.0`. */
  readonly inherits?: readonly string[];
  /** Calls in the same lane run one after another and identical ones once. */
  readonly lane?: (call: {
    readonly base: Message;
    readonly request: Message;
    readonly key: string;
  }) => string | undefined;
}

/** A device with its types forgotten, as the resolver holds it. Made by {@link device} only. */
export interface Device {
  readonly name: string;
  readonly doc: string;
  readonly uses: readonly Capability[];
  readonly options: StandardSchemaV1 | undefined;
  readonly pure: boolean;
  /** By folded key (lower case, `-` for `_`). */
  readonly keys: ReadonlyMap<string, AnyKey>;
  readonly otherKeys: AnyKey['run'] | undefined;
  readonly inherits: ReadonlySet<string>;
  readonly lane: DeviceSpec<object, unknown, never>['lane'] | undefined;
}

/** A key with its types forgotten: the call it takes is built from the device's own declaration, so they always agree. */
export interface AnyKey {
  readonly name: string;
  readonly doc: string;
  readonly request: Fields<unknown> | undefined;
  readonly pure: boolean;
  readonly run: (call: Call<unknown, unknown, Capability>) => Awaitable<Outcome>;
}

/** Keys match in lower case with `-` for `_` (spec 01 §2.6). */
export function foldKey(key: string): string {
  return /[A-Z_]/.test(key) ? key.toLowerCase().replaceAll('_', '-') : key;
}

/**
 * Declares a device.
 *
 *     export const greeter = device({
 *       name: 'greeter@1.0',
 *       doc: 'Says hello.',
 *       keys: {
 *         hello: {
 *           doc: 'A greeting for `name`.',
 *           request: { name: text },
 *           run: ({ request }) => ok(`hello ${request.name}`),
 *         },
 *       },
 *     });
 */
export function device<Reqs extends object, Opts = unknown, Uses extends Capability = never>(
  spec: DeviceSpec<Reqs, Opts, Uses>,
): Device {
  const keys = new Map<string, AnyKey>();
  const pure = spec.pure ?? ((spec.uses ?? []).length === 0 && spec.options === undefined);
  for (const [name, key] of Object.entries(spec.keys) as [string, Key<unknown, Opts, Uses>][]) {
    const any: AnyKey = {
      name,
      doc: key.doc,
      request: key.request as Fields<unknown> | undefined,
      pure: key.pure ?? pure,
      run: key.run as AnyKey['run'],
    };
    for (const spelling of [name, ...(key.aliases ?? [])]) keys.set(foldKey(spelling), any);
  }
  return {
    name: spec.name,
    doc: spec.doc,
    uses: spec.uses ?? [],
    options: spec.options,
    pure,
    keys,
    otherKeys: spec.otherKeys as AnyKey['run'] | undefined,
    inherits: new Set((spec.inherits ?? []).map(foldKey)),
    lane: spec.lane,
  };
}
