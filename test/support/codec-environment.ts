/** An environment for tests of codecs: the codecs under test, and a cache that is a map. */

import { unsignedId } from '../../src/codecs/ids.ts';
import { linkId } from '../../src/codecs/link-id.ts';
import { parseTyped } from '../../src/codecs/structured-types.ts';
import { type Awaitable, andThen } from '../../src/core/awaitable.ts';
import { isBinary, toBase64Url, toBytes } from '../../src/core/bytes.ts';
import type { Cache } from '../../src/core/cache.ts';
import type { Codec } from '../../src/core/codec.ts';
import { commitmentsOf } from '../../src/core/commitments.ts';
import { type DialectName, dialects } from '../../src/core/dialect.ts';
import type { Environment } from '../../src/core/environment.ts';
import { defaultLimits } from '../../src/core/limits.ts';
import { isMessage, Message } from '../../src/core/message.ts';
import { isList, type Value } from '../../src/core/value.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { sha256 } from '../../src/crypto/hash.ts';

export function codecEnvironment(dialect: DialectName, codecs: readonly Codec[], wallet?: Wallet): Environment {
  const values = new Map<string, Value>();
  const env: Environment = {
    dialect: dialects[dialect],
    limits: defaultLimits,
    sha256,
    codecs: new Map(codecs.map((codec) => [codec.name, codec])),
    devices: new Map(),
    cache: mapCache(values, () => env),
    wallet,
    unsignedId,
    parseTyped,
    options: Message.empty,
    capabilities: {},
  };
  return env;
}

/** Keeps every message whole, under all its ids. */
function mapCache(values: Map<string, Value>, env: () => Environment): Cache {
  const write = (value: Value): string => {
    if (isBinary(value)) {
      const path = `data/${toBase64Url(sha256(toBytes(value)))}`;
      values.set(path, value);
      return path;
    }
    if (!isMessage(value) && !isList(value)) throw new Error('only messages, lists and byte strings can be written');
    const id = env().unsignedId(value, env());
    values.set(id, value);
    values.set(linkId(value, env(), 0), value);
    if (isMessage(value)) for (const [commitment] of commitmentsOf(value)) values.set(commitment, value);
    for (const child of isMessage(value) ? [...value.entries()].map(([, item]) => item) : value) {
      if (isMessage(child) || isList(child)) write(child);
    }
    return id;
  };
  const unused = (): never => {
    throw new Error('not part of this cache');
  };
  return {
    read: (path): Awaitable<Value | undefined> => andThen(values.get(path), (value) => value),
    write,
    link: unused,
    readResult: unused,
    writeResult: unused,
    list: unused,
    match: unused,
  };
}
