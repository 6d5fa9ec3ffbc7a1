/**
 * `cron@1.0` (spec 03 §7.1): paths that this node resolves by itself.
 *
 *     /~cron@1.0/once?cron-path=/PID/now                          once, in the background; answers the id of the task
 *     /~cron@1.0/every?cron-path=/PID/push&slot=7&interval=5-minutes   now, and again that long after each run has ended
 *     /~cron@1.0/once="/path", /~cron@1.0/5-minutes="/path"       the same, shorter
 *     /~cron@1.0/stop?task=ID                                     ends it
 *     /~cron@1.0/list                                             what runs
 *
 * The other keys of the request go along to the path. Tasks survive a restart; how many there may be, in all and of one caller, is
 * bounded. A task that a signed request made is ended by its signer or the operator only.
 */
import * as z from 'zod';
import { isBinary, toText } from '../core/bytes.ts';
import { type Call, device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { getPrivate, withoutPrivate } from '../core/private.ts';
import type { Task, Tasks } from './cron/tasks.ts';
import { isOperator, operatorRequest } from './meta/roles.ts';
import { plain } from './plain.ts';

declare module '../core/device.ts' {
  interface Capabilities {
    readonly tasks: Tasks;
  }
}

const options = z.object({
  'cron-max-tasks': z.int().positive().default(1_000).describe('Tasks that `cron@1.0` keeps in all.'),
  'cron-max-tasks-per-caller': z.int().positive().default(20).describe('Tasks that one caller may have.'),
  'cron-min-interval': z.int().positive().default(100).describe('Shortest interval of a task, in milliseconds.'),
});

type CronCall = Call<unknown, z.infer<typeof options>, 'tasks' | 'clock' | 'environment'>;

const units: readonly (readonly [name: string, ms: number])[] = [
  ['millisecond', 1],
  ['second', 1_000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
];

/** Ten years: what is longer is a mistake. */
const maxIntervalMs = 3_650 * 86_400_000;

/** Keys of the request that say what to do, not what to ask for. */
const own = ['path', 'method', 'cron-path', 'interval', 'once', 'every', 'commitments', 'priv'] as const;

export const cron = device({
  name: 'cron@1.0',
  doc: 'Paths that this node resolves by itself, once or again and again.',
  uses: ['tasks', 'clock', 'environment'],
  options,
  keys: {
    once: {
      doc: 'Resolves `cron-path` once, in the background. Gives the id of the task.',
      run: (call) => start(call, 'once', undefined),
    },
    every: {
      doc: 'Resolves `cron-path` now and again `interval` after each run. Gives the id of the task.',
      async run(call) {
        if ((await pathOf(call, 'every')) === undefined) return noPath;
        const asked = await plain(call.ao, call.requestMessage, 'interval');
        const interval = asked === undefined ? undefined : (text.read(asked) ?? '');
        return interval === undefined ? refused('No interval found in message.') : start(call, 'every', interval);
      },
    },
    stop: { doc: 'Ends the task `task`.', run: stop },
    list: {
      doc: 'The tasks of this node, oldest first.',
      run: ({ tasks }) => ok(message({ tasks: tasks.list().map(shown), 'cache-control': 'no-store' })),
    },
    info: {
      doc: 'What this device does.',
      run: () => ok(message({ status: 200, body: 'Resolves paths once or again and again: once, every, stop, list.' })),
    },
  },
  inherits: ['keys', 'set', 'id', 'commitments', 'committers', 'verify'],
  /** `/~cron@1.0/5-minutes="/path"`. */
  otherKeys: (call) => start(call, call.key, call.key),
});

async function start(call: CronCall, pathKey: string, interval: string | undefined): Promise<Outcome> {
  const { ao, requestMessage, tasks, clock, options: limits, environment } = call;
  const path = await pathOf(call, pathKey);
  if (path === undefined) return noPath;
  const every = interval === undefined ? undefined : milliseconds(interval);
  if (typeof every === 'string') return refused(every);
  if (every !== undefined && every < limits['cron-min-interval']) return refused('Invalid interval value.');
  const [signer] = await ao.signers(requestMessage);
  const address = getPrivate(requestMessage, 'ip');
  const whole = (await ao.loadAll(withoutPrivate(requestMessage))) as Message;
  const task: Task = {
    id: ao.id(whole, 'unsigned'),
    request: whole.without(...own, pathKey).with('path', path),
    every,
    owner: signer ?? (typeof address === 'string' ? address : 'here'),
    signed: signer !== undefined,
    lendsKey: ao.lendsKey,
    created: clock.now(),
    runs: 0,
    last: undefined,
    due: 0,
  };
  // Strangers, who may have as many keys as they like, must not leave the operator without room.
  const ordered = signer !== undefined && (await operatorRequest(ao, environment, requestMessage, 'cron@1.0'));
  const room = { maxTasks: limits['cron-max-tasks'], maxPerOwner: limits['cron-max-tasks-per-caller'] };
  await tasks.add(task, ordered ? unbounded : room);
  if (environment.dialect.name !== '2026') return ok(task.id);
  return ok(message({ status: 200, 'cache-control': ['no-store'], body: task.id }));
}

const unbounded = { maxTasks: Number.POSITIVE_INFINITY, maxPerOwner: Number.POSITIVE_INFINITY };

async function stop(call: CronCall): Promise<Outcome> {
  const { ao, requestMessage, tasks, environment } = call;
  const id = (await textAt(call, 'task')) ?? (await textAt(call, 'stop'));
  if (id === undefined) return refused('No task ID found in message.');
  const task = tasks.get(id);
  if (task === undefined) return refused('Task not found.');
  if (task.signed && !(await ao.signers(requestMessage, ['task'])).includes(task.owner)) {
    if (!(await isOperator(ao, environment, requestMessage))) {
      return fail('forbidden', 'Only its signer or the operator may stop this task.', { status: 403 });
    }
  }
  await tasks.stop(id);
  return ok(message({ status: 200, body: message({ message: 'Task stopped successfully', task_id: id }) }));
}

/** `<N>-<unit>`, units by their beginning and in any case. Text says what is wrong. */
function milliseconds(interval: string): number | string {
  const [, count = '', unit = ''] = /^(\d{1,15})-(\S+)$/.exec(interval.trim()) ?? [];
  if (unit === '') return 'Invalid interval value.';
  const known = units.find(([name]) => unit.toLowerCase().startsWith(name));
  if (known === undefined) return `Invalid time unit: ${unit}`;
  const ms = Number(count) * known[1];
  return ms > 0 && ms <= maxIntervalMs ? ms : 'Invalid interval value.';
}

async function pathOf(call: CronCall, key: string): Promise<string | undefined> {
  const path = (await textAt(call, 'cron-path')) ?? (await textAt(call, key));
  return path === undefined || path === '' ? undefined : path;
}

async function textAt({ ao, requestMessage }: CronCall, key: string): Promise<string | undefined> {
  const value = await plain(ao, requestMessage, key);
  return isBinary(value) ? toText(value) : undefined;
}

const noPath = refused('No cron path found in message.');

function refused(sentence: string): Outcome {
  return fail('bad-request', sentence, {
    status: 400,
    hint: 'Ask for `/~cron@1.0/every?cron-path=/path&interval=5-minutes`.',
    value: message({ status: 400, body: sentence }),
  });
}

function shown({ id, request, every, owner, created, runs, last }: Task): Message {
  const path = request.get('path');
  return message({ task: id, path: isMessage(path) ? '' : path, interval: every, owner, created, runs, last });
}
