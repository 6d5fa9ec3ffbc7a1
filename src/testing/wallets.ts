/** Two keys for tests. They stand in the package for everyone to read: never use them for anything else. */
import { readFileSync } from 'node:fs';
import type { Wallet } from '../core/wallet.ts';
import { walletFromJwk } from '../crypto/wallet.ts';

export type TestKey = 'first' | 'second';

/** A private RSA key, as clients of the network take it. */
export interface TestJwk {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly d: string;
  readonly p: string;
  readonly q: string;
  readonly dp: string;
  readonly dq: string;
  readonly qi: string;
}

/**
 * A wallet for tests, RSA 4096. Nodes get `first` unless told otherwise.
 *
 *     testWallet('second').address   // 'Kmn2WfmxrWgtcUJUQp8fUKbl64RuCtm7w6s4yEmonlQ'
 */
export function testWallet(key: TestKey = 'first'): Wallet {
  return walletFromJwk({ ...testJwk(key) });
}

/** The same key for clients that want a JWK. */
export function testJwk(key: TestKey = 'first'): TestJwk {
  return JSON.parse(readFileSync(new URL(`./keys/${key}.json`, import.meta.url), 'utf8')) as TestJwk;
}
