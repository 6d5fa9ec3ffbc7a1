/** Values on their way into Lua: links loaded, private keys and what Lua has no form for left out. */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import type { Ao } from '../../core/device.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { As, type Value } from '../../core/value.ts';

/** The value with every link inside loaded and without private keys. */
export function wireable(value: Value, ao: Ao): Awaitable<Value> {
  // A message that was only told its device is that message.
  if (value instanceof As) {
    return wireable(isMessage(value.value) ? value.value.with('device', value.device) : value.value, ao);
  }
  const open = isMessage(value) ? withoutPrivate(value) : value;
  return andThen(ao.loadAll(open), (loaded) => loaded);
}

/** Private data belongs to the node, at the top level of a state. */
export function withoutPrivate(value: Message): Message {
  return value.filter((key) => !isPrivateKey(key));
}
