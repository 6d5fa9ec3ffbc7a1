/** Opens the store of a data directory: LMDB where it runs, plain files where it doesn't. */
import { AoException } from '../core/errors.ts';
import { storeKind } from './format.ts';
import { openFs } from './fs.ts';
import { type LmdbOptions, openLmdb } from './lmdb.ts';
import type { PathStore } from './path-store.ts';

/** A directory that has a store keeps its kind. A new one gets LMDB, or files on a platform without prebuilt binaries. */
export async function openDisk(options: LmdbOptions, lmdb: typeof openLmdb = openLmdb): Promise<PathStore> {
  if (storeKind(options.directory) === 'fs') return openFs(options);
  try {
    return await lmdb(options);
  } catch (error) {
    const isNew = storeKind(options.directory) === undefined;
    if (error instanceof AoException && error.code === 'unavailable' && isNew) return openFs(options);
    throw error;
  }
}
