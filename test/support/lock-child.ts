/**
 * Locks a directory when it is told to, for a test that runs several at once.
 *
 *     node test/support/lock-child.ts DIRECTORY      `{ at }`: locks it at this time, answers whether it could · `release`
 */
import { lockDirectory } from '../../src/node/lock.ts';

const directory = process.argv[2]!;
let release: (() => void) | undefined;

process.on('message', (asked: 'release' | { at: number }) => {
  if (asked === 'release') {
    release?.();
    release = undefined;
    process.send?.('released');
    return;
  }
  // All of them in the same moment.
  while (Date.now() < asked.at);
  try {
    release = lockDirectory(directory);
    process.send?.(true);
  } catch (error) {
    process.send?.((error as Error).message);
  }
});
process.send?.('ready');
