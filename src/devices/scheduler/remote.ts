/**
 * Processes that another node schedules (spec 04 §2.2, §2.8): finding that node, and doing there what was asked for here. With
 * `scheduler-follow-redirects` off the answer is the redirect instead.
 */
import { AoError, AoException, errorFrom } from '../../core/errors.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import type { Peers } from '../../core/peers.ts';
import { getPrivate } from '../../core/private.ts';
import { plain } from '../plain.ts';
import type { SchedulerCall } from '../scheduler.ts';
import { checkedAssignment } from './checked.ts';
import { legacyScheduler } from './legacy.ts';
import { recordOf } from './location.ts';
import { splitHint, textAt } from './target.ts';

declare module '../../core/device.ts' {
  interface Capabilities {
    readonly peers: Peers;
  }
}

/** A scheduler on another node. */
export interface RemoteScheduler {
  /** `once`: a message that has a slot already keeps it. */
  post(process: string, subject: Message, once: boolean): Promise<Outcome>;
  slot(process: string): Promise<Outcome>;
  /** Assignments from slot `from` on, in order and without a gap, up to `to` at most; checked. Throws when there is no answer. */
  range(process: string, from: number, to: number): Promise<RemoteRange>;
}

export interface RemoteRange {
  readonly assignments: readonly Message[];
  /** The other node has more of what was asked for. */
  readonly continues: boolean;
}

export type RemoteResult =
  | { readonly status: 'found'; readonly scheduler: RemoteScheduler }
  | { readonly status: 'elsewhere'; readonly redirect: Outcome }
  | { readonly status: 'missing'; readonly error: AoError };

const legacyVariant = 'ao.TN.1';

/** The first of these schedulers whose node is known: by its hint, by a location record, or by one that the gateway has. */
export async function remoteFor(call: SchedulerCall, schedulers: readonly string[]): Promise<RemoteResult> {
  for (const named of schedulers) {
    const { id, hint } = splitHint(named);
    if (hint !== undefined && call.options['scheduler-follow-hints']) return found(call, schedulers, hint, 'ao.N.1');
    const record = id === undefined ? undefined : await recordOf(call, id, 'anywhere');
    const url = record && ((await textAt(call.ao, record, 'url')) ?? (await textAt(call.ao, record, 'location')));
    if (url === undefined) continue;
    const variant = (await textAt(call.ao, record!, 'variant')) ?? 'ao.N.1';
    return found(call, variant === legacyVariant ? [id!] : schedulers, url, variant);
  }
  const sentence = `No node is known for the scheduler ${schedulers.map((address) => splitHint(address).id ?? address).join(', ')}.`;
  const hint = 'Register its location record here, or name it with `?hint=URL`.';
  return { status: 'missing', error: new AoError('not-found', sentence, { hint, status: 404 }) };
}

function found(call: SchedulerCall, schedulers: readonly string[], url: string, variant: string): RemoteResult {
  // A fold has no use for a redirect.
  if (!call.options['scheduler-follow-redirects'] && getPrivate(call.requestMessage, 'fold') !== true) {
    const body = `Redirecting to scheduler: ${url}`;
    return { status: 'elsewhere', redirect: ok(message({ status: 307, location: url, body, variant })) };
  }
  const node = baseUrl(url);
  const scheduler =
    variant === legacyVariant ? legacyScheduler(call, schedulers[0]!, node) : aoScheduler(call, schedulers, node);
  return { status: 'found', scheduler };
}

/** A node like this one. */
function aoScheduler(call: SchedulerCall, schedulers: readonly string[], node: string): RemoteScheduler {
  const { ao, environment, peers, signal } = call;
  const ask = (request: Message): Promise<Outcome> => peers.request(node, request, { signal });
  return {
    post: (process, subject, once) =>
      ask(message({ path: `/${process}/schedule`, method: 'POST', body: subject, ...(once ? { once: 'true' } : {}) })),
    slot: (process) => ask(message({ path: `/${process}/slot`, method: 'GET' })),
    async range(process, from, to) {
      const path = `/${process}/schedule?from=${from}&to=${to}`;
      const outcome = await ask(message({ path, method: 'GET', 'accept-bundle': 'true' }));
      if (outcome.status === 'error') throw new AoException(outcome.error);
      const page = outcome.value;
      const listed = isMessage(page) ? page.get('assignments') : undefined;
      // A message without keys has no form of its own in an answer.
      const given = isMessage(listed) ? listed : Message.empty;
      const assignments: Message[] = [];
      for (let slot = from; slot <= to && given.has(String(slot)); slot++) {
        const expected = { process, schedulers, slot, node };
        assignments.push(await checkedAssignment(ao, environment, given.get(String(slot)), expected));
      }
      const more = isMessage(page) ? await plain(ao, page, 'continues') : undefined;
      return { assignments, continues: more === true || more === 'true' };
    },
  };
}

/** The node a redirect points at: no path, no query. */
function baseUrl(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}

// ---- pages ------------------------------------------------------------------------------------------------------------------

/** Bytes of encoded assignments from another node that one answer, or one step of a fold, has in memory. */
const maxPartBytes = 64 * 1024 * 1024;

/** Requests for one of them: a node that gives a slot at a time could make many of one that is asked here. */
const maxRequests = 20;

/** A part of a schedule, from the copies that are here and, where they end, from the node that keeps it. */
export interface RemotePart {
  readonly assignments: readonly Message[];
  /** There are later slots than the last one here; `undefined` if nobody asked the other node. */
  readonly continues: boolean | undefined;
}

/**
 * Slots `from`…`to`, or fewer: of those that come from the other node, no more than fit into memory well. What is new is kept. Throws when
 * the other node fails part-way.
 */
export async function remotePart(
  call: SchedulerCall,
  scheduler: RemoteScheduler,
  process: string,
  from: number,
  to: number,
): Promise<RemotePart> {
  const { copies } = call.schedules.log;
  const assignments = [...(await copies.range(process, from, to))];
  let continues: boolean | undefined;
  let most = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let asked = 0; asked < maxRequests; asked++) {
    const next = from + assignments.length;
    if (next > to) break;
    const last = Math.min(to, next + most - 1);
    try {
      const got = await scheduler.range(process, next, last);
      bytes += await copies.keep(process, got.assignments);
      assignments.push(...got.assignments);
      const short = got.assignments.length < last - next + 1;
      continues = last < to && !short ? true : got.continues;
      if (got.assignments.length === 0 || (short && !got.continues) || bytes > maxPartBytes) break;
    } catch (thrown) {
      const error = errorFrom(thrown);
      // Messages may be large: fewer of them fit into an answer.
      if (error.code !== 'limit-exceeded' || last === next) throw thrown;
      most = Math.ceil((last - next + 1) / 4);
    }
  }
  return { assignments, continues };
}
