import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { poolStepsBack } from './thread-priority.ts';

/** A thread that steps back and tells its number, and what it may do, before and after. */
const program = `
  import { readlinkSync } from 'node:fs';
  import { getPriority } from 'node:os';
  import { parentPort } from 'node:worker_threads';
  import { stepBack } from '${new URL('./thread-priority.ts', import.meta.url)}';
  const thread = () => process.platform === 'linux' ? Number(readlinkSync('/proc/thread-self').split('/').at(-1)) : 0;
  const before = getPriority(thread());
  stepBack();
  parentPort.postMessage({ before, after: getPriority(thread()) });
`;

test('the pool steps back behind the thread that feeds it, once, where threads have names', async () => {
  await readFile(import.meta.filename);
  poolStepsBack();
  poolStepsBack();
  const mine = getPriority(process.pid);
  const pool = process.platform === 'linux' ? threadsNamed('libuv-worker') : [];
  expect(pool.length > 0).toBe(process.platform === 'linux');
  for (const thread of pool) expect(getPriority(thread)).toBe(Math.min(19, mine + 3));
});

function threadsNamed(name: string): number[] {
  const nameOf = (thread: string): string => readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
  return readdirSync('/proc/self/task')
    .filter((thread) => nameOf(thread) === name)
    .map(Number);
}

test('a worker steps back behind the others of its process, where threads can be told apart', async () => {
  const mine = getPriority(process.pid);
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  const [{ before, after }] = (await once(worker, 'message')) as [{ before: number; after: number }];
  await worker.terminate();
  expect(after).toBe(process.platform === 'linux' ? Math.min(19, before + 5) : before);
  expect(getPriority(process.pid)).toBe(mine);
});
