/**
 * One node per data directory. The lock is a file with the process id of its holder; a lock whose holder is gone (a crash, a reboot) is
 * taken over.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { raise } from '../core/errors.ts';
import { claimFile, holder, readIfThere } from '../stores/holder.ts';

/** Takes the lock; gives how to release it. Throws `unavailable` if a living process holds it. */
export function lockDirectory(directory: string): () => void {
  makeDirectory(directory);
  const path = join(directory, 'node.lock');
  const mine = `${holder()}\n`;
  const held = claimFile(path, mine);
  if (held !== undefined) {
    const who = held === '' ? 'Another node' : `Another node (process ${held.split(' ')[0]})`;
    raise('unavailable', `${who} works in ${directory}.`, 'Stop it, or give this one another `--data-dir`.');
  }
  return () => {
    if (readIfThere(path) === mine) rmSync(path, { force: true });
  };
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
