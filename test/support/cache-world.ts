/** A message cache over a store, with the environment it needs, for tests. */
import { readFileSync } from 'node:fs';
import { allCodecs } from '../../src/codecs/all.ts';
import { commit } from '../../src/core/commit.ts';
import type { DialectName } from '../../src/core/dialect.ts';
import type { Environment } from '../../src/core/environment.ts';
import { type Message, message } from '../../src/core/message.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { type Jwk, walletFromJwk } from '../../src/crypto/wallet.ts';
import { MessageCache, type MessageCacheOptions } from '../../src/stores/message-cache.ts';
import type { Store } from '../../src/stores/store.ts';
import { codecEnvironment } from './codec-environment.ts';

export interface CacheWorld {
  readonly cache: MessageCache;
  readonly env: Environment;
  /** Signed with httpsig by the first test key, or another one. */
  sign(value: Message, wallet?: Wallet): Promise<Message>;
}

export type TestKey = 'rsa4096-1' | 'rsa4096-2';

export function testWallet(name: TestKey = 'rsa4096-1'): Wallet {
  return walletFromJwk(
    JSON.parse(readFileSync(new URL(`../vectors/keys/${name}.json`, import.meta.url), 'utf8')) as Jwk,
  );
}

export function cacheWorld(
  store: Store,
  dialect: DialectName = '2025-11',
  options: Partial<MessageCacheOptions> = {},
): CacheWorld {
  const wallet = testWallet();
  const cache = new MessageCache({ store, environment: () => env, ...options });
  const env: Environment = { ...codecEnvironment(dialect, allCodecs, wallet), cache };
  const spec = message({ 'commitment-device': 'httpsig@1.0', type: 'signed' });
  return { cache, env, sign: async (value, by = wallet) => commit(value, env, spec, by) };
}
