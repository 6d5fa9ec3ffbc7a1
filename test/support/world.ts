/** A small node for tests of devices: resolver, codecs, a cache in memory, and whatever devices, options and capabilities a test gives. */
import { httpsig } from '../../src/codecs/httpsig.ts';
import { structured } from '../../src/codecs/structured.ts';
import type { Cache } from '../../src/core/cache.ts';
import type { Codec } from '../../src/core/codec.ts';
import type { Ao, Capabilities, Clock, Device } from '../../src/core/device.ts';
import type { DialectName } from '../../src/core/dialect.ts';
import type { Environment } from '../../src/core/environment.ts';
import { type Input, Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { Resolver } from '../../src/core/resolver.ts';
import type { Value } from '../../src/core/value.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { messageDevice } from '../../src/devices/message.ts';
import { codecEnvironment } from './codec-environment.ts';

export interface WorldOptions {
  readonly dialect?: DialectName;
  readonly devices?: readonly Device[];
  readonly codecs?: readonly Codec[];
  readonly options?: { readonly [name: string]: Input };
  readonly wallet?: Wallet;
  readonly capabilities?: Partial<Capabilities>;
  readonly limits?: Partial<Environment['limits']>;
}

export interface World {
  readonly env: Environment;
  readonly resolver: Resolver;
  readonly ao: Ao;
  /** Resolves with hashpaths ignored. Plain objects are messages. */
  resolve(base: Input, request: Input): Promise<Outcome>;
  /** The value of a resolution that has to succeed. */
  value(base: Input, request: Input): Promise<Value>;
}

export function world(given: WorldOptions = {}): World {
  const codecs = given.codecs ?? [structured, httpsig];
  const plain = codecEnvironment(given.dialect ?? '2025-11', codecs, given.wallet);
  const env: Environment = {
    ...plain,
    limits: { ...plain.limits, ...given.limits },
    cache: withNames(plain.cache),
    devices: new Map([messageDevice, ...(given.devices ?? [])].map((device) => [device.name, device])),
    options: message(given.options ?? {}),
    capabilities: { clock: stillClock, ...given.capabilities },
  };
  const resolver = new Resolver(env);
  const resolve = async (base: Input, request: Input): Promise<Outcome> =>
    resolver.resolve(asValue(base), asValue(request), { hashpath: 'ignore' });
  return {
    env,
    resolver,
    ao: resolver.ao(),
    resolve,
    async value(base, request) {
      const outcome = await resolve(base, request);
      if (outcome.status === 'ok') return outcome.value;
      throw new Error(outcome.status === 'error' ? `${outcome.error.code}: ${outcome.error.message}` : outcome.status, {
        cause: outcome,
      });
    },
  };
}

/** A plain object as the message it stands for. */
export function asValue(input: Input): Value {
  return message({ input }).get('input') ?? Message.empty;
}

/** Time that passes only when somebody sleeps. */
export const stillClock: Clock = { now: () => 0, sleep: async () => {} };

function withNames(cache: Cache): Cache {
  const names = new Map<string, string>();
  return {
    ...cache,
    read: (path) => cache.read(names.get(path) ?? path),
    link(existing, name) {
      names.set(name, names.get(existing) ?? existing);
    },
    readResult: () => undefined,
    writeResult: () => {},
    list: (path) =>
      [...names.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
  };
}
