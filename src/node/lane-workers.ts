/** Starts the lane workers of a node. */
import { availableParallelism, totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/device.ts';
import type { Wallet } from '../core/wallet.ts';
import { Slots } from '../devices/process/slots.ts';
import { WorkerProcesses } from '../devices/process/worker-processes.ts';
import type { Poster } from '../devices/scheduler/schedules.ts';
import type { Logger } from '../observe/log.ts';
import type { Store } from '../stores/store.ts';
import type { Config } from './config.ts';
import { laneSettings } from './lanes.ts';
import { type WorkerStores, workerData } from './worker-data.ts';

export interface WorkersHost {
  /** Where states are. */
  readonly store: Store;
  readonly clock: Clock;
  readonly wallet: Wallet;
  readonly identities: ReadonlyMap<string, Wallet>;
  readonly log: Logger;
  readonly count: number;
  readonly stores: WorkerStores;
  readonly post: Poster;
}

/** Beside this file: TypeScript in the repository, JavaScript in the published package. */
const workerFile = new URL(`./lane-worker${import.meta.url.slice(-3)}`, import.meta.url);

/** Option `workers`; one less than there are cores if unset. */
export function workerCount(config: Config): number {
  return (config.settings.get('workers')?.value as number | undefined) ?? Math.max(1, availableParallelism() - 1);
}

export function openWorkers(config: Config, host: WorkersHost): WorkerProcesses {
  const { store, clock, wallet, identities, log, count, stores, post } = host;
  const settings = laneSettings(config);
  return new WorkerProcesses(
    {
      slots: new Slots(store, clock),
      clock,
      start: (index, position) =>
        new Worker(workerFile, {
          name: `lanes-${index}`,
          workerData: workerData(config, { wallet, identities }, { index, count, stores, position }),
          // States and messages; the machines' memory is not counted here.
          resourceLimits: { maxOldGenerationSizeMb: Math.max(256, Math.floor(totalmem() / 2 ** 20 / 4 / count)) },
        }),
      post,
      failed: (err) => log.error({ err }, 'A lane worker broke down and is replaced.'),
    },
    { count, silenceMs: settings.slotTimeMs + 5_000, quarantineMs: 60_000 },
  );
}
