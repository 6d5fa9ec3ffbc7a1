/** Lanes: rows PS of the core cases; order, sharing, recursion and deadlocks; budgets and cancellation. */
import { describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { integer, text } from '../../src/core/fields.ts';
import { message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { createLibrary } from '../../src/node/library.ts';
import { expectError, messageOf, okValue } from '../support/outcomes.ts';

/** A device whose calls wait until the test lets them go, in the lane that the base names. */
function world() {
  const started: string[] = [];
  const finish = new Map<string, () => void>();
  let calls = 0;
  const slow = device({
    name: 'slow@1.0',
    doc: 'Waits.',
    lane: ({ base }) => base.get('lane') as string | undefined,
    keys: {
      wait: {
        doc: 'Waits for `name` to be let go.',
        request: { name: text },
        async run({ request, signal }) {
          started.push(request.name);
          const call = ++calls;
          await new Promise<void>((resolve, reject) => {
            finish.set(request.name, resolve);
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          });
          return ok(message({ call, name: request.name }));
        },
      },
      visit: {
        doc: 'Waits in the lane `to`.',
        request: { to: text, name: text },
        async run({ request, resolve }) {
          started.push(request.name);
          await new Promise<void>((go) => finish.set(request.name, go));
          return resolve(message({ device: 'slow@1.0', lane: request.to }), message({ path: 'at-once' }));
        },
      },
      'at-once': { doc: 'Does not wait.', run: () => ok('done') },
      down: {
        doc: 'Goes down `n` levels.',
        request: { n: integer },
        run: ({ base, request, resolve }) =>
          request.n === 0 ? ok('bottom') : resolve(base, message({ path: 'down', n: request.n - 1 })),
      },
      loop: {
        doc: 'Never ends.',
        async run({ base, ao }) {
          for (;;) if ((await ao.resolve(base, 'x')).status !== 'ok') return ok('stopped');
        },
      },
    },
  });
  const library = createLibrary({ devices: [slow] });
  const base = (lane?: string) => message({ device: 'slow@1.0', x: 1, ...(lane === undefined ? {} : { lane }) });
  const wait = (name: string, lane?: string, signal?: AbortSignal) =>
    Promise.resolve(
      library.resolve(base(lane), message({ path: 'wait', name }), signal === undefined ? undefined : { signal }),
    );
  const letGo = async (name: string): Promise<void> => {
    for (let i = 0; i < 50 && !finish.has(name); i++) await Promise.resolve();
    finish.get(name)!();
    finish.delete(name);
    await settle();
  };
  return { library, base, wait, letGo, started, finish };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

describe('PS: lanes', () => {
  test('[row PS01] deduplicated_execution: identical calls run once', async () => {
    const { wait, letGo, started } = world();
    const both = [wait('a', 'lane'), wait('a', 'lane')];
    await letGo('a');
    const [one, two] = await Promise.all(both.map(messageOf));
    expect(one!.get('call')).toBe(1);
    expect(two).toEqual(one);
    expect(started).toEqual(['a']);
  });
  test('[row PS02, PS03] different calls in a lane run one after another, in order', async () => {
    const { wait, letGo, started } = world();
    const all = ['a', 'b', 'c'].map((name) => wait(name, 'lane'));
    await settle();
    expect(started).toEqual(['a']);
    await letGo('a');
    expect(started).toEqual(['a', 'b']);
    await letGo('b');
    await letGo('c');
    const calls = (await Promise.all(all.map(messageOf))).map((result) => result.get('call'));
    expect(calls).toEqual([1, 2, 3]);
  });
  test('calls in different lanes, or in none, do not wait for each other', async () => {
    const { wait, started, letGo } = world();
    const all = [wait('a', 'one'), wait('b', 'two'), wait('c'), wait('c')];
    await settle();
    expect(started).toEqual(['a', 'b', 'c', 'c']);
    for (const name of ['a', 'b', 'c']) await letGo(name);
    await Promise.all(all.slice(0, 2));
  });
  test('a lane is free again when its calls are done, failed ones too', async () => {
    const { wait, letGo } = world();
    const controller = new AbortController();
    const failing = wait('a', 'lane', controller.signal);
    await settle();
    const next = wait('b', 'lane');
    controller.abort(new Error('gone'));
    await expectError(failing, 'device-failed');
    await letGo('b');
    expect((await messageOf(next)).get('name')).toBe('b');
  });
  test('whoever shares a call that its first caller gave up gets one of its own', async () => {
    const { wait, letGo, started } = world();
    const controller = new AbortController();
    const holder = wait('z', 'lane');
    const first = wait('a', 'lane', controller.signal);
    const second = wait('a', 'lane');
    await settle();
    controller.abort();
    await letGo('z');
    await holder;
    await expectError(first, 'cancelled');
    await letGo('a');
    expect((await messageOf(second)).get('name')).toBe('a');
    expect(started).toEqual(['z', 'a']);
  });
  test('a call that is given up while it waits for its turn ends at once, and the lane goes on without it', async () => {
    const { wait, letGo, started } = world();
    const controller = new AbortController();
    const all = [wait('a', 'lane'), wait('b', 'lane', controller.signal), wait('c', 'lane')];
    await settle();
    controller.abort();
    await expectError(all[1]!, 'cancelled');
    await letGo('a');
    await letGo('c');
    await Promise.all([all[0], all[2]].map((one) => messageOf(one!)));
    expect(started).toEqual(['a', 'c']);
  });
  test('two calls that would wait for each other: the second is refused', async () => {
    const { library, base, letGo } = world();
    const visit = (from: string, to: string, name: string) =>
      Promise.resolve(library.resolve(base(from), message({ path: 'visit', to, name })));
    const one = visit('a', 'b', 'one');
    const two = visit('b', 'a', 'two');
    await letGo('one');
    await letGo('two');
    await expectError(two, 'infinite-recursion');
    expect(await okValue(one)).toBe('done');
  });
  test('[row UT22, UT23, UT24, UT25, UT26, UT27] a lane’s name is taken while it is used, once, and free when it ended or failed', async () => {
    const { wait, letGo, started, library, base } = world();
    const ten = Array.from({ length: 10 }, () => wait('a', 'lane'));
    await letGo('a');
    expect(new Set((await Promise.all(ten.map(messageOf))).map((one) => one.get('call')))).toEqual(new Set([1]));
    const controller = new AbortController();
    const failing = wait('b', 'lane', controller.signal);
    await settle();
    controller.abort(new Error('gone'));
    await expectError(failing, 'device-failed');
    expect(await okValue(library.resolve(base('lane'), 'at-once'))).toBe('done');
    expect(started).toEqual(['a', 'b']);
  });
  test('recursion is refused, unless the caller allows it', async () => {
    const { library, base } = world();
    const down = message({ path: 'down', n: 3 });
    await expectError(library.resolve(base('lane'), down), 'infinite-recursion');
    expect(await okValue(library.resolve(base('lane'), down, { allowRecursion: true }))).toBe('bottom');
    expect(await okValue(library.resolve(base(), down))).toBe('bottom');
  });
});

describe('budgets', () => {
  test('calls inside of calls are bounded, and the stack is never exhausted', async () => {
    const { library, base } = world();
    await expectError(library.resolve(base(), message({ path: 'down', n: 100_000 })), 'out-of-budget');
  });
  test('steps are bounded, those of devices included', async () => {
    const { library, base } = world();
    const path = Array.from({ length: 50 }, () => 'x').join('/');
    await expectError(
      library.resolve(message({ device: 'message@1.0', x: 1 }), path, { maxResolutions: 0 }),
      'out-of-budget',
    );
    const request = library.resolve(base(), message({ path: 'down', n: 30 }), { maxResolutions: 20 });
    await expectError(request, 'out-of-budget');
  });
  test('a request that was given up calls no more devices', async () => {
    const { library, base } = world();
    const signal = AbortSignal.abort();
    await expectError(library.resolve(base(), message({ path: 'down', n: 1 }), { signal }), 'cancelled');
    const late = AbortSignal.timeout(1);
    await new Promise((resolve) => late.addEventListener('abort', resolve));
    await expectError(library.resolve(base(), message({ path: 'down', n: 1 }), { signal: late }), 'timeout');
  });
});
