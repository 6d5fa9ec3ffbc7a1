/**
 * AO-Core as a library: everything that needs no network and no disk, put together. Tests use it, and programs that want messages,
 * ids, signatures and HyperPATHs without a node.
 *
 *     const ao = createLibrary();
 *     const outcome = await ao.request('/~message@1.0&greeting="Hello"&count+integer=42/count');   // ok(42)
 */
import { allCodecs } from '../codecs/all.ts';
import { unsignedId } from '../codecs/ids.ts';
import { parseTyped } from '../codecs/structured-types.ts';
import type { Awaitable } from '../core/awaitable.ts';
import type { Cache } from '../core/cache.ts';
import type { Codec } from '../core/codec.ts';
import { everySigner } from '../core/commitments.ts';
import { convert, type Format, type IdKind } from '../core/convert.ts';
import type { Ao, Capabilities, Device } from '../core/device.ts';
import { type DialectName, defaultDialect, dialects } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { hashpath } from '../core/hashpath.ts';
import { id } from '../core/ids.ts';
import { defaultLimits, type Limits } from '../core/limits.ts';
import { Message } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import { type ResolveOptions, Resolver } from '../core/resolver.ts';
import type { Value } from '../core/value.ts';
import { signers, verify } from '../core/verify.ts';
import type { Wallet } from '../core/wallet.ts';
import { sha256 } from '../crypto/hash.ts';
import { pureDevices } from '../devices/pure.ts';
import { memoryStore } from '../stores/memory.ts';
import { MessageCache } from '../stores/message-cache.ts';
import { randomBytes, systemClock } from './system.ts';

export interface LibraryOptions {
  /** Besides those every node has. */
  readonly devices?: readonly Device[];
  readonly codecs?: readonly Codec[];
  /** In memory by default. */
  readonly cache?: Cache;
  readonly wallet?: Wallet;
  readonly dialect?: DialectName;
  /** The node message. */
  readonly options?: Message;
  readonly limits?: Partial<Limits>;
  /** Besides the clock and randomness of the machine. */
  readonly capabilities?: Partial<Capabilities>;
}

export interface Library {
  readonly env: Environment;
  readonly resolver: Resolver;
  readonly ao: Ao;
  /** A key, path or request on a base. */
  resolve(base: Value, request: Value, options?: ResolveOptions): Awaitable<Outcome>;
  resolveMany(steps: Value, options?: ResolveOptions): Awaitable<Outcome>;
  /** A whole request by its path. */
  request(request: Message | string, options?: ResolveOptions): Awaitable<Outcome>;
  id(value: Value, which?: IdKind): string;
  hashpath(value: Value): string;
  convert(value: Value, target: Format, source?: Format): Awaitable<Value>;
  commit(message: Message, request?: Message, wallet?: Wallet): Awaitable<Message>;
  /** Whether every signature holds. */
  verify(message: Message): Awaitable<boolean>;
  /** Addresses whose signature holds and covers these keys. */
  signers(message: Message, covering?: readonly string[]): Awaitable<readonly string[]>;
}

export function createLibrary(given: LibraryOptions = {}): Library {
  const env: Environment = {
    dialect: given.dialect === undefined ? defaultDialect : dialects[given.dialect],
    limits: { ...defaultLimits, ...given.limits },
    sha256,
    codecs: byName([...allCodecs, ...(given.codecs ?? [])]),
    devices: byName([...pureDevices, ...(given.devices ?? [])]),
    cache: given.cache ?? new MessageCache({ store: memoryStore(), environment: () => env }),
    wallet: given.wallet,
    unsignedId,
    parseTyped,
    options: given.options ?? Message.empty,
    capabilities: { clock: systemClock, random: randomBytes, ...given.capabilities },
  };
  const resolver = new Resolver(env);
  const ao = resolver.ao();
  return {
    env,
    resolver,
    ao,
    resolve: (base, request, options) => resolver.resolve(base, request, options),
    resolveMany: (steps, options) => resolver.resolveMany(steps, options),
    request: (request, options) => resolver.resolveRequest(request, options),
    id: (value, which = 'unsigned') => id(value, which, env),
    hashpath: (value) => hashpath(value, env),
    convert: (value, target, source) => convert(value, target, source, env),
    commit: (message, request, wallet) => ao.commit(message, request, wallet),
    verify: (message) => verify(message, env, everySigner),
    signers: (message, covering) => signers(message, env, covering),
  };
}

function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
