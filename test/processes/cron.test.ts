/** cron@1.0: tasks, their limits, and what survives a restart (spec 03 §7.1, spec 04 §6.4). */
import { describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import { type Outcome, ok } from '../../src/core/outcome.ts';
import { Tasks } from '../../src/devices/cron/tasks.ts';
import { cron } from '../../src/devices/cron.ts';
import { createLibrary } from '../../src/node/library.ts';
import { systemClock } from '../../src/node/system.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { value } from '../support/lua-world.ts';
import { testWallet } from '../support/process-world.ts';

function world(store = memoryStore(), options: { readonly [name: string]: Input } = {}) {
  const seen: Message[] = [];
  const over: string[] = [];
  const probe = device({
    name: 'probe@1.0',
    doc: 'Notes what it is asked.',
    uses: ['clock'],
    keys: {
      note: {
        doc: 'Notes the request.',
        run({ requestMessage }) {
          seen.push(requestMessage);
          if (requestMessage.has('fail')) throw new Error('no');
          return ok('noted');
        },
      },
      wait: {
        doc: 'Waits until somebody has had enough.',
        async run({ requestMessage, clock, signal }) {
          seen.push(requestMessage);
          await clock.sleep(60_000, signal).finally(() => {
            over.push('wait');
          });
          return ok('waited');
        },
      },
    },
  });
  const tasks: Tasks = new Tasks({
    store,
    clock: systemClock,
    run: async ({ request }, signal) => library.resolver.ao({ signal }).resolveRequest(request),
  });
  const library = createLibrary({
    wallet: testWallet('rsa4096-1.json'),
    devices: [cron, probe],
    options: message(options),
    capabilities: { tasks },
  });
  const ask = async (path: string): Promise<Outcome> => library.request(path, { cacheControl: ['always'] });
  return { seen, over, tasks, library, ask };
}

const refusal = (outcome: Outcome) =>
  outcome.status === 'error' ? [outcome.error.status, outcome.error.message] : outcome;

describe('tasks', () => {
  test('[row processes/11/cron once / every / stop, node/cron/once_executed] once runs once, in the background', async () => {
    const { ask, seen, tasks } = world();
    const id = value(await ask('/~cron@1.0/once?cron-path=/~probe@1.0/note&n=7'));
    expect(id).toMatch(/^[\w-]{43}$/);
    await expect.poll(() => seen.length).toBe(1);
    expect([seen[0]!.get('n'), seen[0]!.has('cron-path')]).toEqual(['7', false]);
    await expect.poll(() => tasks.list()).toEqual([]);
  });

  test('[row node/cron/every_worker_loop, node/cron/stop_every] every runs at once and again, whatever comes of it, until it is stopped', async () => {
    const { ask, seen, tasks } = world();
    const path = '/~cron@1.0/every?interval=100-milliseconds&cron-path=/~probe@1.0/note&fail=1';
    const id = value(await ask(path)) as string;
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBeGreaterThan(2);
    expect(value(await ask(path))).toBe(id);
    const list = value(await ask('/~cron@1.0/list')) as Message;
    const [task] = list.get('tasks') as unknown as readonly Message[];
    expect([task!.get('task'), task!.get('path'), task!.get('interval')]).toEqual([id, '/~probe@1.0/note', 100]);
    expect(String(task!.get('last')).length).toBeLessThan(300);
    const stopped = value(await ask(`/~cron@1.0/stop?task=${id}`)) as Message;
    const said = stopped.get('body');
    expect(isMessage(said) && [said.get('message'), said.get('task_id')]).toEqual(['Task stopped successfully', id]);
    const count = seen.length;
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(seen.length).toBe(count);
    expect(tasks.list()).toEqual([]);
    expect(refusal(await ask(`/~cron@1.0/stop?task=${id}`))).toEqual([400, 'Task not found.']);
  });

  test('[row node/cron/stop_once] what runs once can be stopped while it runs, and only then', async () => {
    const { ask, seen, over, tasks } = world();
    const id = value(await ask('/~cron@1.0/once?cron-path=/~probe@1.0/wait')) as string;
    await expect.poll(() => seen.length).toBe(1);
    expect([tasks.list().length, over]).toEqual([1, []]);
    expect((value(await ask(`/~cron@1.0/stop?task=${id}`)) as Message).get('status')).toBe(200);
    await expect.poll(() => over).toEqual(['wait']);
    expect(refusal(await ask(`/~cron@1.0/stop?task=${id}`))).toEqual([400, 'Task not found.']);
  });

  test('[row node/cron/key-style paths] the shorter forms', async () => {
    const { ask, seen, tasks } = world();
    value(await ask('/~cron@1.0/once="/~probe@1.0/note"'));
    await expect.poll(() => seen.length).toBe(1);
    value(await ask('/~cron@1.0/200-milliseconds="/~probe@1.0/note"'));
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBeGreaterThan(2);
    await tasks[Symbol.asyncDispose]();
  });

  test.each([
    ['every?interval=2-seconds', 'No cron path found in message.'],
    ['once', 'No cron path found in message.'],
    ['every?cron-path=/x', 'No interval found in message.'],
    ['every?cron-path=/x&interval=0-seconds', 'Invalid interval value.'],
    ['every?cron-path=/x&interval=soon', 'Invalid interval value.'],
    ['every?cron-path=/x&interval=99999999999999-days', 'Invalid interval value.'],
    ['every?cron-path=/x&interval=2-fortnights', 'Invalid time unit: fortnights'],
    ['stop', 'No task ID found in message.'],
  ])('%s is refused: %s', async (path, sentence) => {
    expect(refusal(await world().ask(`/~cron@1.0/${path}`))).toEqual([400, sentence]);
  });

  test('a caller has so many tasks and no more', async () => {
    const { ask, tasks } = world(memoryStore(), { 'cron-max-tasks-per-caller': 2 });
    for (const n of [1, 2]) value(await ask(`/~cron@1.0/every?interval=1-hour&cron-path=/~probe@1.0/note&n=${n}`));
    expect(refusal(await ask('/~cron@1.0/every?interval=1-hour&cron-path=/~probe@1.0/note&n=3'))).toEqual([
      429,
      'You have as many tasks as one may.',
    ]);
    await tasks[Symbol.asyncDispose]();
  });

  test('a signed task is stopped by its signer or the operator only', async () => {
    const { library, tasks, ask } = world();
    const signer = testWallet('rsa4096-2.json');
    const base = message({ device: 'cron@1.0' });
    const request = await library.commit(
      message({ 'cron-path': '/~probe@1.0/note', interval: '1-hour' }),
      message({}),
      signer,
    );
    const id = value(await library.resolve(base, request.with('path', 'every'))) as string;
    expect(refusal(await ask(`/~cron@1.0/stop?task=${id}`))).toEqual([
      403,
      'Only its signer or the operator may stop this task.',
    ]);
    const stop = await library.commit(message({ task: id }), message({}), signer);
    expect((await library.resolve(base, stop.with('path', 'stop'))).status).toBe('ok');
    expect(tasks.list()).toEqual([]);
  });

  test('tasks survive a restart', async () => {
    const store = memoryStore();
    const first = world(store);
    value(await first.ask('/~cron@1.0/every?interval=100-milliseconds&cron-path=/~probe@1.0/note&n=1'));
    await expect.poll(() => first.seen.length).toBeGreaterThan(0);
    await first.tasks[Symbol.asyncDispose]();
    const second = world(store);
    await second.tasks.resume();
    await expect.poll(() => second.seen.length, { timeout: 5_000 }).toBeGreaterThan(1);
    expect(second.seen[0]!.get('n')).toBe('1');
    await second.tasks[Symbol.asyncDispose]();
  });

  test('a task that ran before the restart waits for the rest of its interval', async () => {
    const store = memoryStore();
    const first = world(store);
    value(await first.ask('/~cron@1.0/every?interval=1-hour&cron-path=/~probe@1.0/note&n=hourly'));
    value(await first.ask('/~cron@1.0/every?interval=900-milliseconds&cron-path=/~probe@1.0/note&n=soon'));
    await expect.poll(() => first.tasks.list().map(({ runs }) => runs)).toEqual([1, 1]);
    await first.tasks[Symbol.asyncDispose]();
    const second = world(store);
    await second.tasks.resume();
    await expect.poll(() => second.seen.length, { timeout: 5_000 }).toBeGreaterThan(0);
    expect(second.seen.map((request) => request.get('n'))).not.toContain('hourly');
    await second.tasks[Symbol.asyncDispose]();
  });

  test('a task that could not be kept does not run on', async () => {
    const store = memoryStore();
    store.write = () => Promise.reject(new Error('disk'));
    const first = world(store);
    expect((await first.ask('/~cron@1.0/every?interval=100-milliseconds&cron-path=/~probe@1.0/note')).status).toBe(
      'error',
    );
    expect(first.tasks.list()).toEqual([]);
    const ran = first.seen.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(first.seen.length).toBeLessThanOrEqual(Math.max(1, ran));
  });
});
