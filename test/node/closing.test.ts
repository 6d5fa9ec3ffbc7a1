/** A node that is told to stop while everything it can do is being asked of it. */
import { expect, test } from 'vitest';
import { NodeClient } from '../../src/client/node-client.ts';
import { testWallet } from '../../src/testing/wallets.ts';
import { childNode } from '../support/child-node.ts';

const lua = (code: string): string => `/~lua@5.3a&content-type="application/lua"&body="${encodeURIComponent(code)}"/f`;

interface Seen {
  answered: number;
  refused: number;
  /** What was cut in the middle, or could not be understood. */
  readonly broken: string[];
}

/** Asks again and again, until the node can't be reached. */
async function keepAsking(ask: () => Promise<Response>, seen: Seen): Promise<void> {
  for (;;) {
    let reply: Response;
    try {
      reply = await ask();
    } catch (error) {
      const { code = '', message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
      if (code === 'ECONNREFUSED') return;
      // A connection that was resting may be closed as a request is sent on it: whoever asks knows that it was not answered.
      if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE') seen.refused++;
      else seen.broken.push(`${code} ${message}`);
      continue;
    }
    try {
      await reply.arrayBuffer();
      seen.answered++;
    } catch (error) {
      seen.broken.push(`cut: ${String(((error as Error).cause as Error | undefined)?.message ?? error)}`);
    }
  }
}

test('ends with 0 in time; what is under way is answered', { timeout: 90_000 }, async () => {
  await using node = await childNode(['--workers', '1', '--drain-ms', '8000']);
  let errors = '';
  node.process.stderr?.on('data', (text: string) => {
    errors += text;
  });
  const wallet = testWallet('second');
  using client = new NodeClient({ url: node.url, wallet });
  const process = await client.spawn({ tags: { 'execution-device': 'test-device@1.0' } } as never);
  for (let i = 0; i < 10; i++)
    await fetch(`${node.url}/~cron@1.0/every?cron-path=/~message@1.0%26a=${i}/a&interval=100-millisecond`);
  const seen: Seen = { answered: 0, refused: 0, broken: [] };
  const get = (path: string) => () => fetch(node.url + path);
  const asking = [
    ...Array.from({ length: 8 }, (_, i) => keepAsking(get(`/~message@1.0&a=${i}/a`), seen)),
    ...Array.from({ length: 3 }, () => keepAsking(get(lua('function f() for i = 1, 2e6 do end return 1 end')), seen)),
    ...Array.from({ length: 2 }, () => keepAsking(get(`/${process}/now/at-slot`), seen)),
    keepAsking(
      () => fetch(`${node.url}/~message@1.0/id`, { method: 'POST', body: new Uint8Array(9 * 1024 * 1024) }),
      seen,
    ),
  ];
  let posting = true;
  const posts = (async () => {
    while (posting) await client.send(process, { tags: { action: 'x' } } as never).catch(() => undefined);
  })();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = seen.answered;
  const started = performance.now();
  const code = await node.stop();
  const ms = performance.now() - started;
  posting = false;
  await Promise.all([...asking, posts]);
  expect(code, errors + node.output()).toBe(0);
  expect(ms).toBeLessThan(20_000);
  expect(before).toBeGreaterThan(10);
  expect(seen.broken).toEqual([]);
  expect(errors + node.output()).not.toMatch(/unhandled|TypeError|ReferenceError|Request failed/i);
});
