/** `message@1.0/get` (spec 01 §6.2): the exact key, then the key in lower case; private keys are never there. */
import { isPrivateKey, type Message } from '../message.ts';
import { NOT_FOUND, type Value } from '../value.ts';

export function readKey(base: Message, key: string): Value | undefined {
  if (isPrivateKey(key)) return undefined;
  const exact = base.get(key);
  if (exact !== undefined && exact !== NOT_FOUND) return exact;
  const lower = key.toLowerCase();
  if (lower === key || isPrivateKey(lower)) return undefined;
  const folded = base.get(lower);
  return folded === NOT_FOUND ? undefined : folded;
}
