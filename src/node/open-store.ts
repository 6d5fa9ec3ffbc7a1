/** The node's store by its kind. Where LMDB has no prebuilt binary for the platform, the file store takes its place. */
import { AoException } from '../core/errors.ts';
import { openFs } from '../stores/fs.ts';
import { openLmdb } from '../stores/lmdb.ts';
import { memoryStore } from '../stores/memory.ts';
import type { Store } from '../stores/store.ts';

export type StoreKind = 'lmdb' | 'fs' | 'memory';

export async function openStore(kind: StoreKind, directory: string, readOnly = false): Promise<Store> {
  if (kind === 'memory') return memoryStore();
  if (kind === 'fs') return openFs({ directory, readOnly });
  try {
    return await openLmdb({ directory, readOnly });
  } catch (error) {
    if (error instanceof AoException && error.code === 'unavailable') return openFs({ directory, readOnly });
    throw error;
  }
}
