/**
 * `/healthz` and `/readyz`, for supervisors and load balancers: plain JSON, unsigned, answered before anything else looks at the request, so that
 * they hold under overload too. Only these exact targets; everything else is a HyperPATH.
 *
 *     /healthz   200 {"status":"ok"}          the process answers
 *     /readyz    200 {"status":"ready"}       send requests
 *                503 {"status":"draining"}    it is stopping: send them elsewhere
 */
import type { Exchange } from './exchange.ts';

export type Readiness = 'starting' | 'ready' | 'draining';

const headers: readonly string[] = [
  'content-type',
  'application/json',
  'cache-control',
  'no-store',
  'access-control-allow-origin',
  '*',
];
const encoder = new TextEncoder();

/** Answers the request if it is one of these; says whether it did. */
export function answerHealth(exchange: Exchange, readiness: Readiness): boolean {
  const { target, method } = exchange;
  if ((target !== '/healthz' && target !== '/readyz') || (method !== 'GET' && method !== 'HEAD')) return false;
  const status = target === '/healthz' ? 'ok' : readiness;
  const isFine = status === 'ok' || status === 'ready';
  exchange.respond(isFine ? 200 : 503, headers, encoder.encode(`${JSON.stringify({ status })}\n`));
  return true;
}
