/**
 * Tells on a terminal how far a long computation is: after a second of waiting, one line on stderr, renewed every half second and wiped
 * away at the end.
 */
import type { NodeClient } from '../client/node-client.ts';

const firstMs = 1_000;
const everyMs = 500;

export async function withProgress<T>(client: NodeClient, process: string, work: Promise<T>): Promise<T> {
  if (globalThis.process.stderr.isTTY !== true) return work;
  const over = new AbortController();
  const telling = tell(client, process, over.signal);
  try {
    return await work;
  } finally {
    over.abort();
    await telling;
  }
}

async function tell(client: NodeClient, process: string, signal: AbortSignal): Promise<void> {
  const { stderr } = globalThis.process;
  let shown = false;
  await pause(firstMs, signal);
  while (!signal.aborted) {
    const line = await client.status(process, signal).then(
      ({ state, slot, target }) =>
        state === 'computing' && target !== undefined ? `computing slot ${slot + 1} of ${target} …` : undefined,
      () => undefined,
    );
    if (signal.aborted) break;
    if (line !== undefined || shown) {
      stderr.write(`\r\x1b[K${line ?? 'waiting …'}`);
      shown = true;
    }
    await pause(everyMs, signal);
  }
  if (shown) stderr.write('\r\x1b[K');
}

/** Ends early when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
