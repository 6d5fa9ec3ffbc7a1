/** `structured@1.0` (spec 02 §1) by path: the form with typed values that programs work with. */
import { device } from '../../core/device.ts';
import { commitmentKeys, conversionKeys } from './codec-keys.ts';

const codec = 'structured@1.0';

export const structuredDevice = device({
  name: codec,
  doc: 'Messages with typed values.',
  uses: ['environment'],
  keys: { ...conversionKeys(codec), ...commitmentKeys('httpsig@1.0') },
});
