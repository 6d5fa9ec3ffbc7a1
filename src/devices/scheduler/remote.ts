/**
 * Processes that another node schedules (spec 04 §2.2, §2.8): finding that node, and doing there what was asked for here. With
 * `scheduler-follow-redirects` off the answer is the redirect instead.
 */
import { AoError } from '../../core/errors.ts';
import { type Message, message } from '../../core/message.ts';
import { failed, type Outcome, ok } from '../../core/outcome.ts';
import type { Peers } from '../../core/peers.ts';
import type { SchedulerCall } from '../scheduler.ts';
import { recordOf } from './location.ts';
import { splitHint, textAt } from './target.ts';

declare module '../../core/device.ts' {
  interface Capabilities {
    readonly peers: Peers;
  }
}

/** A scheduler on another node. */
export interface RemoteScheduler {
  post(process: string, subject: Message): Promise<Outcome>;
  slot(process: string): Promise<Outcome>;
  range(process: string, from: number, to: number | undefined): Promise<Outcome>;
}

export type RemoteResult =
  | { readonly status: 'found'; readonly scheduler: RemoteScheduler }
  | { readonly status: 'missing'; readonly error: AoError };

/** The first of these addresses whose node is known: by its hint or by a location record. */
export async function remoteFor(call: SchedulerCall, addresses: readonly string[]): Promise<RemoteResult> {
  for (const named of addresses) {
    const { id, hint } = splitHint(named);
    if (hint !== undefined && call.options['scheduler-follow-hints']) return found(call, hint, 'ao.N.1');
    const record = id === undefined ? undefined : await recordOf(call, id);
    const url = record && ((await textAt(call.ao, record, 'url')) ?? (await textAt(call.ao, record, 'location')));
    if (url !== undefined) return found(call, url, (await textAt(call.ao, record!, 'variant')) ?? 'ao.N.1');
  }
  const sentence = `No node is known for the scheduler ${addresses.map((address) => splitHint(address).id ?? address).join(', ')}.`;
  const hint = 'Register its location record here, or name it with `?hint=URL`.';
  return { status: 'missing', error: new AoError('not-found', sentence, { hint, status: 404 }) };
}

function found(call: SchedulerCall, url: string, variant: string): RemoteResult {
  const scheduler = call.options['scheduler-follow-redirects'] ? proxy(call, url, variant) : redirect(url, variant);
  return { status: 'found', scheduler };
}

/** Answers everything with where to go. */
function redirect(url: string, variant: string): RemoteScheduler {
  const answer = async (): Promise<Outcome> =>
    ok(message({ status: 307, location: url, body: `Redirecting to scheduler: ${url}`, variant }));
  return { post: answer, slot: answer, range: answer };
}

function proxy(call: SchedulerCall, url: string, variant: string): RemoteScheduler {
  if (variant === 'ao.TN.1') return legacyNetwork(url);
  const node = baseUrl(url);
  const { peers, signal } = call;
  const ask = (request: Message): Promise<Outcome> => peers.request(node, request, { signal });
  return {
    post: (process, subject) => ask(message({ path: `/${process}/schedule`, method: 'POST', body: subject })),
    slot: (process) => ask(message({ path: `/${process}/slot`, method: 'GET' })),
    range: (process, from, to) =>
      ask(
        message({
          path: `/${process}/schedule?from=${from}${to === undefined ? '' : `&to=${to}`}`,
          method: 'GET',
          'accept-bundle': 'true',
        }),
      ),
  };
}

/** Scheduler units of the legacy network speak another protocol, which this node doesn't. */
function legacyNetwork(url: string): RemoteScheduler {
  const answer = async (): Promise<Outcome> =>
    failed(
      new AoError('not-implemented', `The process is scheduled on the legacy network (${url}).`, {
        hint: 'This node schedules and reads processes of variant ao.N.1.',
        status: 501,
      }),
    );
  return { post: answer, slot: answer, range: answer };
}

/** The node a redirect points at: no path, no query. */
function baseUrl(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}
