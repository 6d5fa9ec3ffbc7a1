/**
 * `monitor@1.0` (spec 01 §7.12): from the first network, where functions in the memory of a node watched a process. Functions cannot be
 * sent in messages, so by path there is nothing to monitor; the device stays for states that name it in their stack, and lets them pass.
 */
import { device } from '../core/device.ts';
import type { Message } from '../core/message.ts';
import { type Outcome, ok } from '../core/outcome.ts';
import { atom } from '../core/value.ts';

const unchanged = ({ base }: { readonly base: Message }): Outcome => ok(base);

export const monitor = device({
  name: 'monitor@1.0',
  doc: 'Watches a process without changing it; there are no monitors to add by path.',
  keys: {
    init: { doc: 'Nothing to prepare.', run: unchanged },
    execute: { doc: 'Nothing to tell: there are no monitors.', run: unchanged },
    'end-of-schedule': { doc: 'Nothing to tell: there are no monitors.', run: unchanged },
    uses: { doc: 'The keys of the state that monitors see.', run: () => ok(atom('all')) },
  },
});
