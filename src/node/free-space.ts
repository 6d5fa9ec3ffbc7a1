/**
 * Room on the disks of this node. When it gets short, what strangers leave behind is no longer kept: their signed requests, results that
 * they ask to have kept, location records. Schedules and what the operator writes go on into the reserve, until the disk is full.
 */
import { statfsSync } from 'node:fs';
import type { Space } from '../core/device.ts';

/** A look costs a system call, and disks don't fill faster than that. */
const lookEveryMs = 1_000;

export interface FreeSpaceParts {
  readonly directories: readonly string[];
  readonly reserveBytes: number;
  /** Told when room gets short, and when there is enough again. */
  readonly changed: (isShort: boolean) => void;
  /** Bytes free on the disk of a directory. */
  readonly freeAt?: (directory: string) => number;
}

export class FreeSpace implements Space {
  readonly #parts: FreeSpaceParts;
  #looked = Number.NEGATIVE_INFINITY;
  #isShort = false;

  constructor(parts: FreeSpaceParts) {
    this.#parts = parts;
  }

  get isShort(): boolean {
    const now = performance.now();
    if (now - this.#looked < lookEveryMs) return this.#isShort;
    this.#looked = now;
    const { directories, reserveBytes, changed, freeAt = freeBytes } = this.#parts;
    const isShort = directories.some((directory) => freeAt(directory) < reserveBytes);
    if (isShort !== this.#isShort) changed(isShort);
    this.#isShort = isShort;
    return isShort;
  }
}

/** Of a disk that can't be asked nothing is known: then it isn't short. */
function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
