/** A small node for tests of devices: the library with plain objects for messages, and time that passes only when somebody sleeps. */
import { readFileSync } from 'node:fs';
import type { Ao, Clock } from '../../src/core/device.ts';
import type { Environment } from '../../src/core/environment.ts';
import { type Input, Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Value } from '../../src/core/value.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { type Jwk, walletFromJwk } from '../../src/crypto/wallet.ts';
import { createLibrary, type Library, type LibraryOptions } from '../../src/node/library.ts';

export interface WorldOptions extends Omit<LibraryOptions, 'options'> {
  readonly options?: { readonly [name: string]: Input };
}

export interface World {
  readonly library: Library;
  readonly env: Environment;
  readonly ao: Ao;
  /** Resolves with hashpaths ignored. Plain objects are messages. */
  resolve(base: Input, request: Input): Promise<Outcome>;
  /** The value of a resolution that has to succeed. */
  value(base: Input, request: Input): Promise<Value>;
}

export function world(given: WorldOptions = {}): World {
  const library = createLibrary({
    ...given,
    options: message(given.options ?? {}),
    capabilities: { clock: stillClock, ...given.capabilities },
  });
  const resolve = async (base: Input, request: Input): Promise<Outcome> =>
    library.resolve(asValue(base), asValue(request), { hashpath: 'ignore' });
  return {
    library,
    env: library.env,
    ao: library.ao,
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

/** One of the wallets that the vectors are made with. */
export function testWallet(name: 'rsa4096-1' | 'rsa4096-2'): Wallet {
  const file = new URL(`../vectors/keys/${name}.json`, import.meta.url);
  return walletFromJwk(JSON.parse(readFileSync(file, 'utf8')) as Jwk);
}

/** A plain object as the message it stands for. */
export function asValue(input: Input): Value {
  return message({ input }).get('input') ?? Message.empty;
}

/** Time that passes only when somebody sleeps. */
export const stillClock: Clock = { now: () => 0, sleep: async () => {} };
