/** The lanes of one thread, put together the same way in the main thread and in a lane worker. */
import { totalmem } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/device.ts';
import type { Resolver } from '../core/resolver.ts';
import { sha256 } from '../crypto/hash.ts';
import type { LuaMachines } from '../devices/lua/machines.ts';
import { Assignments } from '../devices/process/assignments.ts';
import { defaultLaneOptions, type LaneParts } from '../devices/process/lane.ts';
import { InlineProcesses } from '../devices/process/processes.ts';
import { Slots } from '../devices/process/slots.ts';
import { Snapshots } from '../devices/process/snapshots.ts';
import type { ScheduleLog } from '../devices/scheduler/log.ts';
import type { Store } from '../stores/store.ts';
import type { Config } from './config.ts';

/** How much lanes may take, for the whole node. Plain data: it is sent to workers. */
export interface LaneSettings {
  readonly slotTimeMs: number;
  readonly maxWarm: number;
  readonly idleMs: number;
  readonly maxBytes: number;
}

export function laneSettings(config: Config): LaneSettings {
  const option = (name: string): number => config.settings.get(name)?.value as number;
  return {
    slotTimeMs: option('slot-time-limit'),
    maxWarm: option('max-warm-processes'),
    idleMs: option('process-idle'),
    maxBytes: (config.settings.get('process-memory-bytes')?.value as number | undefined) ?? Math.floor(totalmem() / 4),
  };
}

/** The part of one worker among `count`. */
export function shareOf(settings: LaneSettings, count: number): LaneSettings {
  return {
    ...settings,
    maxWarm: Math.max(1, Math.ceil(settings.maxWarm / count)),
    maxBytes: Math.floor(settings.maxBytes / count),
  };
}

export interface LaneHostParts {
  readonly store: Store;
  readonly schedule: ScheduleLog;
  readonly clock: Clock;
  readonly resolver: () => Resolver;
  readonly lua: LuaMachines;
  readonly position?: LaneParts['position'];
}

/** Lanes in this thread. Dispose of them to save what they hold. */
export function openLanes(parts: LaneHostParts, settings: LaneSettings): InlineProcesses {
  return new InlineProcesses(
    {
      slots: new Slots(parts.store),
      snapshots: new Snapshots(parts.store, sha256),
      assignments: new Assignments(parts.schedule),
      clock: parts.clock,
      toolbox: (signal) => parts.resolver().ao({ signal, lendsKey: false }),
      breathe: () => setImmediate(),
      dispose: (state) => parts.lua.release(state),
      machineBytes: () => parts.lua.bytes,
      ...(parts.position === undefined ? {} : { position: parts.position }),
    },
    {
      lane: { ...defaultLaneOptions, slotTimeMs: settings.slotTimeMs },
      maxWarm: settings.maxWarm,
      idleMs: settings.idleMs,
      maxBytes: settings.maxBytes,
    },
  );
}
