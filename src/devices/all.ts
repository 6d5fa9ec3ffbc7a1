/** Every device of a node. A new one is one line here. */
import type { Device } from '../core/device.ts';
import { base64url } from './base64url.ts';
import { bits } from './bits.ts';
import { cacheDevice } from './cache.ts';
import { cacheviz } from './cacheviz.ts';
import { codecDevices } from './codecs/all.ts';
import { cron } from './cron.ts';
import { gzip } from './gzip.ts';
import { hook } from './hook.ts';
import { hyperbuddy } from './hyperbuddy.ts';
import { localName } from './local-name.ts';
import { lookup } from './lookup.ts';
import { lua } from './lua.ts';
import { manifest } from './manifest.ts';
import { meta } from './meta.ts';
import { monitor } from './monitor.ts';
import { name } from './name.ts';
import { nodeProcess } from './node-process.ts';
import { process, processRole } from './process.ts';
import { profile } from './profile.ts';
import { pureDevices } from './pure.ts';
import { push } from './push.ts';
import { router } from './router.ts';
import { scheduler } from './scheduler.ts';
import { whois } from './whois.ts';

export const allDevices: readonly Device[] = [
  ...pureDevices,
  ...codecDevices,
  base64url,
  bits,
  cacheDevice,
  cacheviz,
  cron,
  gzip,
  hook,
  hyperbuddy,
  localName,
  lookup,
  lua,
  manifest,
  meta,
  monitor,
  name,
  nodeProcess,
  process,
  processRole,
  profile,
  push,
  router,
  scheduler,
  whois,
];
