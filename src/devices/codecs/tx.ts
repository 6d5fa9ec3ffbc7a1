/** `tx@1.0` (spec 02 §4.11) by path: messages as Arweave layer-1 transactions. */
import { device } from '../../core/device.ts';
import { commitmentKeys, conversionKeys } from './codec-keys.ts';

const codec = 'tx@1.0';

export const txDevice = device({
  name: codec,
  doc: 'Messages as Arweave transactions.',
  uses: ['environment'],
  keys: { ...conversionKeys(codec), ...commitmentKeys(codec) },
});
