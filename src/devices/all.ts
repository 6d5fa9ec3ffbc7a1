/**
 * Every device of a node. A new one is one line here, or in `pure.ts` if it needs nothing but messages.
 */
import type { Device } from '../core/device.ts';
import { base64url } from './base64url.ts';
import { bits } from './bits.ts';
import { ans104Device } from './codecs/ans104.ts';
import { httpsigDevice } from './codecs/httpsig.ts';
import { jsonDevice } from './codecs/json.ts';
import { structuredDevice } from './codecs/structured.ts';
import { txDevice } from './codecs/tx.ts';
import { gzip } from './gzip.ts';
import { hook } from './hook.ts';
import { hyperbuddy } from './hyperbuddy.ts';
import { localName } from './local-name.ts';
import { lookup } from './lookup.ts';
import { manifest } from './manifest.ts';
import { meta } from './meta.ts';
import { monitor } from './monitor.ts';
import { name } from './name.ts';
import { profile } from './profile.ts';
import { pureDevices } from './pure.ts';
import { router } from './router.ts';
import { whois } from './whois.ts';

export const allDevices: readonly Device[] = [
  ...pureDevices,
  ans104Device,
  base64url,
  bits,
  gzip,
  hook,
  httpsigDevice,
  hyperbuddy,
  jsonDevice,
  localName,
  lookup,
  manifest,
  meta,
  monitor,
  name,
  profile,
  router,
  structuredDevice,
  txDevice,
  whois,
];
