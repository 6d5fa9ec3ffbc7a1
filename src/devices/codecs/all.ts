/** The codecs as devices. A new one is one line here. */
import type { Device } from '../../core/device.ts';
import { ans104Device } from './ans104.ts';
import { cookieDevice } from './cookie.ts';
import { flatDevice } from './flat.ts';
import { httpAuthDevice } from './http-auth.ts';
import { httpsigDevice } from './httpsig.ts';
import { jsonDevice } from './json.ts';
import { structuredDevice } from './structured.ts';
import { txDevice } from './tx.ts';

export const codecDevices: readonly Device[] = [
  ans104Device,
  cookieDevice,
  flatDevice,
  httpAuthDevice,
  httpsigDevice,
  jsonDevice,
  structuredDevice,
  txDevice,
];
