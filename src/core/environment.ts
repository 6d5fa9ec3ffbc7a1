/**
 * What a resolution can see of its node. Built once by `node/assemble.ts` (or by a test) and never changed; a derived environment
 * (other options, another wallet) is a copy with some fields replaced.
 */
import type { Awaitable } from './awaitable.ts';
import type { Binary } from './bytes.ts';
import type { Cache } from './cache.ts';
import type { Codec } from './codec.ts';
import type { Capabilities, Device } from './device.ts';
import type { Dialect } from './dialect.ts';
import type { Limits } from './limits.ts';
import type { Message } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { Value } from './value.ts';
import type { Wallet } from './wallet.ts';

export interface Environment {
  readonly dialect: Dialect;
  readonly limits: Limits;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  readonly codecs: ReadonlyMap<string, Codec>;
  readonly devices: ReadonlyMap<string, Device>;
  readonly cache: Cache;
  /** The node's own key. Absent: nothing can be signed. */
  readonly wallet: Wallet | undefined;
  /** 43 characters: the id of a message without its commitments, or of a list (spec 02 §3.1). Pure; children that are links are not loaded. */
  readonly unsignedId: (value: Message | readonly Value[], env: Environment, depth?: number) => string;
  /**
   * The value that `text` spells as `type` (`integer`, `list`, `map` …, in lower case), spec 01 §5.5. Throws `bad-type` for an unknown
   * type or malformed text; `undefined` for well-formed text of another type, which requests drop.
   */
  readonly parseTyped: (type: string, text: Binary) => Value | undefined;
  /** The node message: every option by its dashed name (`name-resolvers`, `on` …). Devices see theirs, validated. */
  readonly options: Message;
  /** What the operator lets devices use. A device that needs one which isn't here is refused at start. */
  readonly capabilities: Partial<Capabilities>;
  /** Who watches resolutions; absent, nothing is spent on it. */
  readonly observer?: StepObserver;
}

/** Sees every step of every resolution. */
export interface StepObserver {
  /** A step came to this end. */
  ended(status: Outcome['status']): void;
  /** Runs a device's key; given only if somebody wants to know how long each takes. */
  readonly around?: (device: string, key: string, run: () => Awaitable<Outcome>) => Awaitable<Outcome>;
}
