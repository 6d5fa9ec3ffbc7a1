/**
 * `hyperbuddy@1.0` (spec 03 §4.6): the node shown to people. Its pages come from the node's files, so that the console is built apart from
 * the node; its numbers from the node's counters.
 *
 *     /~hyperbuddy@1.0/metrics        Prometheus text
 *     /~hyperbuddy@1.0/events         {topic: {event: how often}}
 *     /~hyperbuddy@1.0/processes      the processes this node schedules, and what it is doing for them
 *     …/~hyperbuddy@1.0/format        the message so far as text
 *     /~hyperbuddy@1.0/dashboard …    pages; the operator can add some under the option `hyperbuddy-serve`
 */
import type { Awaitable } from '../core/awaitable.ts';
import type { Binary } from '../core/bytes.ts';
import { type Call, device } from '../core/device.ts';
import { integer, listOf, optional, text } from '../core/fields.ts';
import { isMessage, type Message, message, messageFrom } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { withoutPrivate } from '../core/private.ts';
import type { Value } from '../core/value.ts';
import type {} from '../observe/events.ts';
import { defaultFormat, format } from './hyperbuddy/format.ts';
import type {} from './meta/node-control.ts';
import { plain } from './plain.ts';
import type {} from './process/processes.ts';
import type {} from './scheduler.ts';

declare module '../core/device.ts' {
  interface Capabilities {
    readonly metrics: MetricsPage;
    readonly pages: Pages;
  }
}

export interface MetricsPage {
  render(): Awaitable<{ readonly contentType: string; readonly body: string }>;
}

/** The files of the console. */
export interface Pages {
  /** The file `name` (`dashboard`, `styles.css` …), `undefined` if there is none. */
  read(name: string): Awaitable<Page | undefined>;
}

export interface Page {
  readonly contentType: string;
  readonly body: Binary;
  /** What else goes with it. */
  readonly headers?: { readonly [name: string]: string };
}

/** Processes shown at one time. */
const maxProcesses = 100;

type BuddyCall = Call<unknown, unknown, 'environment'>;

export const hyperbuddy = device({
  name: 'hyperbuddy@1.0',
  doc: 'The console: pages, metrics, events, and messages as text.',
  uses: ['environment'],
  keys: {
    metrics: {
      doc: 'The metrics of the node in Prometheus text format.',
      async run({ environment }) {
        const page = await environment.capabilities.metrics?.render();
        if (page === undefined) return ok(message({ body: 'Prometheus metrics disabled.' }));
        return ok(message({ 'content-type': page.contentType, body: page.body }));
      },
    },
    events: {
      doc: 'How often which event happened, by topic.',
      run({ environment }) {
        const topics = [...(environment.capabilities.events?.snapshot() ?? [])];
        return ok(messageFrom(topics.map(([topic, events]) => [topic, messageFrom(events)])));
      },
    },
    processes: {
      doc: `How many processes this node has a schedule of, and what it is doing for the first ${maxProcesses}.`,
      async run({ environment }) {
        const { schedules, processes } = environment.capabilities;
        const ids = (await schedules?.log.processes()) ?? [];
        const shown: [string, Message][] = [];
        for (const id of ids.slice(0, maxProcesses)) {
          const head = await schedules?.log.head(id);
          const doing = await processes?.status(id);
          const newest = await processes?.slots.latest(id);
          const resting = newest !== undefined && 'failed' in newest ? 'failed' : 'idle';
          const state = doing === undefined || doing.status === 'idle' ? resting : doing.status;
          shown.push([id, message({ slot: head?.slot ?? -1, computed: newest?.slot ?? -1, state })]);
        }
        return ok(message({ count: ids.length, processes: messageFrom(shown) }));
      },
    },
    format: {
      doc: 'The base and the request as text; `format` selects `base`, `request`, `node` or `all`.',
      request: { format: optional(listOf(text)), 'truncate-keys': optional(integer) },
      run(call) {
        const { base, requestMessage, request, environment } = call;
        const chosen = request.format ?? ['base', 'request'];
        const wants = (part: string): boolean => chosen.includes(part) || chosen.includes('all');
        const shown: [string, Value][] = [];
        if (wants('base')) shown.push(['base', base.without('device')]);
        if (wants('request')) shown.push(['request', requestMessage]);
        if (wants('node')) {
          const { node } = environment.capabilities;
          shown.push(['node', withoutPrivate(node?.options() ?? environment.options)]);
        }
        const maxKeys = Math.max(1, request['truncate-keys'] ?? defaultFormat.maxKeys);
        const body = format(messageFrom(shown), { ...defaultFormat, maxKeys });
        return ok(message({ 'content-type': 'text/plain; charset=utf-8', body }));
      },
    },
    throw: {
      doc: 'Fails on purpose, to see how failures are shown. Not in mode `prod`.',
      async run({ environment, ao }) {
        const mode = await plain(ao, environment.options, 'mode');
        if (mode === undefined || text.read(mode) !== 'debug') {
          return fail('forbidden', 'Forced-throw unavailable in `prod` mode.');
        }
        throw new Error('This failure was asked for.');
      },
    },
  },
  inherits: ['commit', 'commitments', 'committed', 'committers', 'id', 'keys', 'set', 'verify'],
  otherKeys: (call) => page(call, call.key),
});

async function page({ environment, ao }: BuddyCall, name: string): Promise<Outcome> {
  const added = await plain(ao, environment.options, 'hyperbuddy-serve');
  const own = isMessage(added) ? await plain(ao, added, name) : undefined;
  if (isMessage(own)) return ok(own);
  if (own !== undefined) return ok(message({ 'content-type': contentType(name), body: own }));
  const file = await environment.capabilities.pages?.read(name);
  if (file === undefined) return notFound;
  return ok(message({ 'content-type': file.contentType, ...file.headers, body: file.body }));
}

/** The content type that a file's name stands for. */
export function contentType(name: string): string {
  switch (name.slice(name.lastIndexOf('.') + 1)) {
    case 'html':
      return 'text/html';
    case 'js':
      return 'text/javascript';
    case 'css':
      return 'text/css';
    case 'png':
      return 'image/png';
    case 'ico':
      return 'image/x-icon';
    case 'ttf':
      return 'font/ttf';
    case 'json':
      return 'application/json';
    default:
      return 'text/plain';
  }
}
