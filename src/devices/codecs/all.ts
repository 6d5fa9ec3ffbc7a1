/** The codecs as devices. A new one is one line here. */
import type { Device } from '../../core/device.ts';
import { ans104Device } from './ans104.ts';
import { httpsigDevice } from './httpsig.ts';
import { jsonDevice } from './json.ts';
import { structuredDevice } from './structured.ts';
import { txDevice } from './tx.ts';

export const codecDevices: readonly Device[] = [ans104Device, httpsigDevice, jsonDevice, structuredDevice, txDevice];
