import { expect, test } from 'vitest';
import { parseReplies, rawExchange } from '../../test/support/raw-http.ts';
import { serve } from './serve.ts';
import type { Answerer } from './work.ts';

const get = (path: string, extra = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${extra}\r\n`;
const last = (path: string): string => get(path, 'connection: close\r\n');
const other: Answerer = () => ({ status: 404, headers: [], body: undefined });

test('a server tells whether it lives and whether it is ready', async () => {
  await using server = serve({ bind: '127.0.0.1', port: 0 }, { answer: other });
  await server.listen();
  const replies = parseReplies(
    await rawExchange(server.port, [get('/healthz') + get('/readyz') + get('/healthz?x') + last('/readyz/x')]),
  );
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 404, 404]);
  expect(replies.slice(0, 2).map(({ body }) => JSON.parse(body))).toEqual([{ status: 'ok' }, { status: 'ready' }]);
  expect(replies[0]!.headers.get('signature')).toBeUndefined();
});

test('it tells so under overload, and stops being ready when it drains', async () => {
  const { promise: release, resolve: go } = Promise.withResolvers<void>();
  const slow: Answerer = async () => {
    await release;
    return { status: 200, headers: [], body: undefined };
  };
  const server = serve({ bind: '127.0.0.1', port: 0, maxConcurrentRequests: 1, drainMs: 2_000 }, { answer: slow });
  await server.listen();
  const busy = rawExchange(server.port, [last('/slow')]);
  await expect.poll(() => server.load.requests).toBe(1);
  const [refused, alive] = parseReplies(await rawExchange(server.port, [get('/another') + last('/healthz')]));
  expect([refused!.status, alive!.status]).toEqual([503, 200]);
  // A connection that is busy when draining begins is still served; what it asks for next is told.
  const late = rawExchange(server.port, ['GET /readyz HTTP/1.1\r\nhost: x\r\n', 'connection: close\r\n\r\n'], {
    gapMs: 1_500,
  });
  await expect.poll(() => server.load.connections).toBe(2);
  const closed = server.close();
  const [draining] = parseReplies(await late);
  expect(draining).toMatchObject({ status: 503 });
  expect(JSON.parse(draining!.body)).toEqual({ status: 'draining' });
  go();
  await Promise.all([closed, busy]);
});
