/** The message cache and the schedule log of a thread, put together the same way in the main thread and in a lane worker. */
import { StoreLog } from '../devices/scheduler/store-log.ts';
import { uploadNote } from '../devices/scheduler/uploads.ts';
import { MessageCache, type MessageCacheOptions } from '../stores/message-cache.ts';
import type { Store } from '../stores/store.ts';
import { cacheAsSource } from './open-store.ts';

export interface CachesOptions extends MessageCacheOptions {
  /** Where schedules are kept, with the messages in them: {@link MessageCacheOptions.store} or another one. */
  readonly scheduleStore: Store;
  /** Slots are to be uploaded. */
  readonly uploads?: boolean;
}

export interface Caches {
  readonly cache: MessageCache;
  readonly schedule: StoreLog;
}

export function openCaches({ scheduleStore, uploads = false, ...options }: CachesOptions): Caches {
  const note = uploads ? uploadNote : undefined;
  const { store, environment, sources = [] } = options;
  if (scheduleStore === store) {
    const cache = new MessageCache(options);
    return { cache, schedule: new StoreLog(cache, environment, note) };
  }
  // What was scheduled can be read by its id, wherever it is kept.
  const scheduled = new MessageCache({ store: scheduleStore, environment, memoryBytes: 0 });
  const cache = new MessageCache({ ...options, sources: [cacheAsSource('schedules', scheduled), ...sources] });
  return { cache, schedule: new StoreLog(scheduled, environment, note) };
}
