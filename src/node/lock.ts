/**
 * One node per data directory. The lock is a file with the process id of its holder; a lock whose holder is gone (a crash, a reboot) is
 * taken over. The holder's start time tells a process id that was given out again.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { raise } from '../core/errors.ts';
import { holder, isAlive, readIfThere } from '../stores/holder.ts';

/** Takes the lock; gives how to release it. Throws `unavailable` if a living process holds it. */
export function lockDirectory(directory: string): () => void {
  makeDirectory(directory);
  const path = join(directory, 'node.lock');
  const mine = `${holder()}\n`;
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx' });
      return () => {
        if (readIfThere(path) === mine) rmSync(path, { force: true });
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = readIfThere(path);
    if (held !== undefined && isAlive(held)) {
      raise(
        'unavailable',
        `Another node (process ${held.split(' ')[0]}) works in ${directory}.`,
        'Stop it, or give this one another `--data-dir`.',
      );
    }
    rmSync(path, { force: true });
  }
  return raise('unavailable', `The data directory ${directory} cannot be locked.`, 'Try again.');
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    raise('unavailable', `The data directory ${directory} cannot be made: ${(cause as Error).message}.`, {
      hint: 'Give another `--data-dir`, or make it writable.',
      cause,
    });
  }
}
