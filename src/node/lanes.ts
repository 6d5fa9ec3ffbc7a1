/** The lanes of one thread, put together the same way in the main thread and in a lane worker. */
import { totalmem } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/device.ts';
import type { Resolver } from '../core/resolver.ts';
import { sha256 } from '../crypto/hash.ts';
import { defaultLuaMachinesOptions, LuaMachines, type LuaMachinesOptions } from '../devices/lua/machines.ts';
import { Assignments } from '../devices/process/assignments.ts';
import { collectPages } from '../devices/process/collect-pages.ts';
import { defaultLaneOptions } from '../devices/process/lane.ts';
import { InlineProcesses } from '../devices/process/processes.ts';
import { Slots } from '../devices/process/slots.ts';
import { Snapshots } from '../devices/process/snapshots.ts';
import type { ScheduleLog } from '../devices/scheduler/log.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from '../stores/store.ts';
import type { Config } from './config.ts';
import { randomBytes } from './system.ts';

/** How much lanes may take, for the whole node. Plain data: it is sent to workers. */
export interface LaneSettings {
  readonly slotTimeMs: number;
  readonly dryRunTimeMs: number;
  readonly maxWarm: number;
  readonly idleMs: number;
  readonly maxBytes: number;
}

export function laneSettings(config: Config): LaneSettings {
  const option = (name: string): number => config.settings.get(name)?.value as number;
  return {
    slotTimeMs: option('slot-time-limit'),
    dryRunTimeMs: option('dry-run-time-limit'),
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
}

/** Lanes in this thread. Dispose of them to save what they hold. */
export function openLanes(parts: LaneHostParts, settings: LaneSettings): InlineProcesses {
  return new InlineProcesses(
    {
      slots: new Slots(parts.store, parts.clock),
      snapshots: new Snapshots(parts.store, sha256),
      assignments: new Assignments(parts.schedule),
      clock: parts.clock,
      toolbox: (process, signal, deadline) => parts.resolver().ao({ signal, deadline, lendsKey: false, process }),
      breathe: () => setImmediate(),
      dispose: (state) => parts.lua.release(state),
      machineBytes: () => parts.lua.bytes,
    },
    {
      lane: { ...defaultLaneOptions, slotTimeMs: settings.slotTimeMs, dryRunTimeMs: settings.dryRunTimeMs },
      maxWarm: settings.maxWarm,
      idleMs: settings.idleMs,
      maxBytes: settings.maxBytes,
    },
  );
}

/** Looks for lanes to put away, every few seconds until it is disposed of. */
export function restNowAndThen(processes: InlineProcesses, log: Pick<Logger, 'error'>): Disposable {
  const resting = setInterval(
    () => void processes.rest().catch((err: unknown) => log.error({ err }, 'A process could not be put away.')),
    5_000,
  );
  resting.unref();
  return { [Symbol.dispose]: () => clearInterval(resting) };
}

/** How often pages of snapshots are looked for that nobody needs; one that is not needed twice in a row is removed. */
const collectEveryMs = 600_000;

/** Removes pages that no snapshot needs any more, now and then until it is disposed of: then a look under way is cut off. */
export function collectNowAndThen(store: Store, log: Pick<Logger, 'error'>, everyMs = collectEveryMs): AsyncDisposable {
  const abort = new AbortController();
  const { signal } = abort;
  let looking: Promise<unknown> | undefined;
  const look = (): void => {
    looking ??= collectPages({ store, signal, breathe: () => setImmediate(), stamp: randomBytes(16) })
      .catch((err: unknown) => log.error({ err }, 'Pages of snapshots could not be collected.'))
      .finally(() => {
        looking = undefined;
      });
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      abort.abort();
      await looking;
    },
  };
}

/** The machines of a thread: no call may take longer than a slot. `entered` is told which slot a machine is about to run. */
export function openLua(settings: LaneSettings, entered?: LuaMachinesOptions['entered']): Promise<LuaMachines> {
  const { limits } = defaultLuaMachinesOptions;
  return LuaMachines.open({
    ...defaultLuaMachinesOptions,
    limits: { ...limits, timeMs: Math.min(limits.timeMs ?? settings.slotTimeMs, settings.slotTimeMs) },
    ...(entered === undefined ? {} : { entered }),
  });
}
