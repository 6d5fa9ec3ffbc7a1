/** A signed message as the HTTP edge hands it on: its step has the key as path, what was signed stands beside it in private. */
import type { Ao } from '../../src/core/device.ts';
import type { Message } from '../../src/core/message.ts';
import { setPrivate } from '../../src/core/private.ts';
import type { Wallet } from '../../src/core/wallet.ts';

/** `content` signed with the path `/~device/key`, received for `key` of that device. */
export async function received(ao: Ao, device: string, key: string, content: Message, by?: Wallet): Promise<Message> {
  const signed = await ao.commit(content.with('path', `/~${device}/${key}`), undefined, by);
  return setPrivate(signed, 'request', signed).with('path', key);
}
