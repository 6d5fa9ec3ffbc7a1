/**
 * Links to bytes in a TABM: byte strings nobody has read yet, whose hash is known. If such a link alone is the body, it stays: its
 * `content-digest` follows from the hash, so the message can be encoded, signed and sent without holding the bytes. In a body of several
 * parts they have to be there.
 */
import { type Awaitable, andThen, mapInOrder } from '../../core/awaitable.ts';
import type { Wire } from '../../core/codec.ts';
import type { Environment } from '../../core/environment.ts';
import { hashOfLinked, load } from '../../core/links.ts';
import type { Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { isBodyOneValue } from './encode.ts';

/** The TABM, its links to bytes loaded unless one of them is all there is to the body. `keys`, `wire`: as it is going to be encoded. */
export function withLinkedBytes(
  tabm: Message,
  env: Environment,
  keys?: readonly string[],
  wire?: Wire,
): Awaitable<Message> {
  for (const [, value] of tabm.entries()) {
    if (typeof value === 'object' && hashOfLinked(value) !== undefined) {
      return isBodyOneValue(tabm, env, keys, wire) ? tabm : withAllLoaded(tabm, env);
    }
  }
  return tabm;
}

function withAllLoaded(tabm: Message, env: Environment): Awaitable<Message> {
  const linked = [...tabm.entries()].filter(([, value]) => hashOfLinked(value) !== undefined);
  const loaded = mapInOrder(linked, ([key, value]) =>
    andThen(load(value, env), (bytes): readonly [string, Value] => [key, bytes]),
  );
  return andThen(loaded, (entries) => tabm.withAll(entries));
}
