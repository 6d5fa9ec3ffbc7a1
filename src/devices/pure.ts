/** Devices that need nothing but messages: every node has them, and so has a library without a node. A new one is one line here. */
import type { Device } from '../core/device.ts';
import { apply } from './apply.ts';
import { dedup } from './dedup.ts';
import { messageDevice } from './message.ts';
import { multipass } from './multipass.ts';
import { patch } from './patch.ts';
import { stack, stackTransformer } from './stack.ts';
import { testDevice } from './test-device.ts';
import { trie } from './trie.ts';

export const pureDevices: readonly Device[] = [
  messageDevice,
  apply,
  dedup,
  multipass,
  patch,
  stack,
  stackTransformer,
  testDevice,
  trie,
];
