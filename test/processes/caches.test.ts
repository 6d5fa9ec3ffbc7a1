/**
 * Rows of cases-processes.md §1.2, §2 and §3.2 about what a node keeps of processes and who serves them: stores of their own for schedules
 * and states, one home per process, one order per schedule. The same for the parts alone is in test/rows/process-storage.test.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import { type Outcome, ok } from '../../src/core/outcome.ts';
import { homeOf } from '../../src/devices/process/worker-protocol.ts';
import { startNode, type TestNode, testWallet } from '../../src/testing/index.ts';
import { counter, luaWorld, value } from '../support/lua-world.ts';
import { processWorld } from '../support/process-world.ts';

const onTestDevice = { 'execution-device': 'test-device@1.0' };
const failure = (outcome: Outcome) => {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
};

describe.each(['lmdb', 'fs'] as const)('a node with stores of their own for schedules and states (%s)', (kind) => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hb-caches-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const start = (workers: number): Promise<TestNode> =>
    startNode({
      options: {
        'data-dir': directory,
        'store-kind': kind,
        'scheduler-store': [message({ kind, name: 'schedules' })],
        'process-store': [message({ kind, name: 'states' })],
        workers,
      },
    });
  const get = async (node: TestNode, path: string): Promise<Outcome> =>
    node.resolver.resolveRequest(path, { cacheControl: ['always'] });

  async function spawned(node: TestNode): Promise<{ process: string; sent: string }> {
    const ao = node.resolver.ao();
    const post = async (literal: { readonly [key: string]: Input }, base?: Message): Promise<Message> => {
      const body = await ao.commit(message({ ...literal }));
      return value(await ao.resolve(base ?? body, message({ path: 'schedule', method: 'POST', body }))) as Message;
    };
    const { address } = testWallet();
    const module = message({ 'content-type': 'application/lua', body: counter });
    const first = await post({
      device: 'process@1.0',
      type: 'Process',
      scheduler: address,
      authority: address,
      'execution-device': 'lua@5.3a',
      module,
    });
    const process = first.get('process') as string;
    const definition = (await node.cache.read(process)) as Message;
    const second = await post({ type: 'Message', target: process, n: 1 }, definition);
    return { process, sent: ao.id(second.get('body')!, 'signed') };
  }

  test.each(kind === 'fs' ? [0] : [0, 1])(
    '[row processes/1/isolated_process_store, processes/3/mixed_store_reset_operations] neither is in the main store (workers: %s)',
    async (workers) => {
      await using node = await start(workers);
      const { process, sent } = await spawned(node);
      expect(value(await get(node, `/${process}/now/hidden`))).toBe(2);
      for (const root of ['computed', 'snapshots', 'schedule', 'schedule-head', 'schedule-index']) {
        expect(await node.store.list(root), root).toBeUndefined();
      }
      // What was scheduled is found by its id all the same.
      expect(await node.resolver.ao().get((await node.cache.read(sent))!, 'n')).toBe(1);
      await node.store.reset();
      expect(value(await get(node, `/${process}/slot/current`))).toBe(1);
      expect(value(await get(node, `/${process}/compute=1/hidden`))).toBe(2);
      expect(value(await get(node, `/${process}/schedule/assignments/1/body/n`))).toBe(1);
    },
  );

  test('[row processes/3/volatile_schedule] what stood in a store is gone with it, and nothing else', async () => {
    let process: string;
    {
      await using node = await start(0);
      ({ process } = await spawned(node));
      expect(value(await get(node, `/${process}/now/hidden`))).toBe(2);
    }
    await rm(join(directory, 'states'), { recursive: true });
    {
      await using node = await start(0);
      expect(failure(await get(node, `/${process}/latest`)).code).toBe('not-cached');
      expect(value(await get(node, `/${process}/now/hidden`))).toBe(2);
    }
    await rm(join(directory, 'schedules'), { recursive: true });
    await using node = await start(0);
    expect(value(await get(node, `/${process}/compute/hidden`))).toBe(2);
    expect(value(await get(node, `/${process}/slot/current`))).toBe(-1);
    expect(value(await get(node, '/~scheduler@1.0/status/processes'))).toEqual([]);
  });
});

describe('compute', () => {
  test('[row processes/1/compute init] without a slot nothing is computed if the caller says so', async () => {
    const world = await luaWorld();
    const process = await world.program(counter);
    const base = (await world.cache.read(process)) as Message;
    const ask = (literal: { readonly [key: string]: Input }) =>
      world.library.resolve(base, message({ path: 'compute', ...literal }));
    const error = failure(await ask({ init: 'stop' }));
    expect([error.code, error.status]).toEqual(['not-found', 404]);
    expect(await world.processes.slots.latest(process)).toBeUndefined();
    expect((value(await ask({ init: 'now' })) as Message).get('at-slot')).toBe(0);
    expect((value(await ask({ init: 'stop', slot: 0 })) as Message).get('at-slot')).toBe(0);
  });
});

describe('who computes', () => {
  /** Counts what it computes, and takes its time. */
  function counting() {
    const ran: number[] = [];
    const slow = device({
      name: 'slow@1.0',
      doc: 'Counts.',
      pure: false,
      keys: {
        compute: {
          doc: 'Notes the slot.',
          async run({ base, requestMessage }) {
            ran.push(requestMessage.get('slot') as number);
            await new Promise((resolve) => setTimeout(resolve, 20));
            return ok(base);
          },
        },
        init: { doc: 'The base.', run: ({ base }) => ok(base) },
        normalize: { doc: 'The base.', run: ({ base }) => ok(base) },
      },
    });
    return { ran, slow };
  }

  test('[row processes/2/grouper] all computing of a process goes through one fold, other keys do not wait for it', async () => {
    const { ran, slow } = counting();
    const world = processWorld({ devices: [slow] });
    const process = await world.spawn({ 'execution-device': 'slow@1.0' });
    for (let n = 1; n <= 9; n++) await world.post(process, { n });
    const asked = [9, 4, 9, 7].map((slot) => world.get(`/${process}/compute=${slot}/at-slot`));
    expect(value(await world.get(`/${process}/slot/current`))).toBe(9);
    expect(ran.length).toBeLessThan(10);
    expect((await Promise.all(asked)).map(value)).toEqual([9, 4, 9, 7]);
    expect(ran).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('[row processes/2/worker info] a process has one home among the workers, whatever is asked of it', () => {
    const processes = Array.from({ length: 200 }, (_, i) => `${i}`.padStart(43, 'P'));
    const homes = processes.map((process) => homeOf(process, 4));
    expect(processes.map((process) => homeOf(process, 4))).toEqual(homes);
    expect(new Set(homes)).toEqual(new Set([0, 1, 2, 3]));
    // With a worker more only those move that move to it.
    expect(processes.filter((process, i) => homeOf(process, 5) !== homes[i] && homeOf(process, 5) !== 4)).toEqual([]);
  });
});

describe('who schedules', () => {
  test('[row processes/3/find_non_existent_process] a process nobody has posted', async () => {
    const world = processWorld();
    const nowhere = 'N'.repeat(43);
    const error = failure(await world.get(`/~scheduler@1.0/slot&target=${nowhere}`));
    expect([error.code, error.status]).toEqual(['not-found', 404]);
    expect(await world.library.env.capabilities.schedules!.log.head(nowhere)).toBeUndefined();
  });

  test('[row processes/3/create_and_find_process, processes/3/create_multiple_processes, processes/3/get_all_processes] each has its own order', async () => {
    const world = processWorld();
    const [a, b] = await Promise.all([1, 2].map((n) => world.spawn({ ...onTestDevice, n })));
    const slots = await Promise.all([a!, b!, a!, b!, a!].map((process, n) => world.post(process, { n })));
    expect([slots[0], slots[2], slots[4]].toSorted()).toEqual([1, 2, 3]);
    expect([slots[1], slots[3]].toSorted()).toEqual([1, 2]);
    const known = value(await world.get('/~scheduler@1.0/status/processes')) as unknown as readonly string[];
    expect(known.toSorted()).toEqual([a, b].toSorted());
  });

  test('[row processes/3/new_proc] three messages, one of them nested', async () => {
    const world = processWorld();
    const definition = await world.sign({ device: 'process@1.0', type: 'Process', scheduler: world.wallet.address });
    const process = world.library.id(definition, 'signed');
    const messages = [
      await world.sign({ n: 1 }),
      await world.sign({ n: 2, inner: message({ deep: message({ n: 2 }) }) }),
      await world.sign({ n: 3 }),
    ];
    for (const body of messages) {
      const request = message({ path: 'schedule', method: 'POST', target: process, body });
      const slot = value(await world.library.resolve(definition, request));
      expect(isMessage(slot) && slot.get('process')).toBe(process);
    }
    expect(value(await world.library.resolve(definition, 'slot/current'))).toBe(2);
    const inner = await world.library.resolve(definition, 'schedule/assignments/1/body/inner/deep/n');
    expect(value(inner)).toBe(2);
  });
});
