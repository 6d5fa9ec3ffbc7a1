/** What is free on a disk, and what of it stores leave alone: for removing, and because LMDB must not meet a disk that is full (lmdb.ts). */
import { statfsSync } from 'node:fs';

export const reserveBytes = 2 * 1024 * 1024;

/** Infinite where nobody can tell. */
export function freeOnDisk(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
