/** Programs that take more than their share, in real lane workers: what becomes of them, and of the processes beside them. */
import type { Worker } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import type { Message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { counter, value } from '../support/lua-world.ts';
import { type WorkerNode, workerNode } from '../support/worker-node.ts';

// Each node is a whole one, and machines are busy.
vi.setConfig({ testTimeout: 120_000 });

/** Other work of this machine: tests run beside each other. */
const slackMs = 5_000;

/** Spoils slot 1 of its process by running this. */
const spoiling = (code: string) => `function compute(s, m) s.n = m.slot if m.slot == 1 then ${code} end return s end`;

interface Neighbour {
  readonly process: string;
  /** Messages computed so far. */
  count: number;
}

async function neighbours(world: WorkerNode): Promise<Neighbour[]> {
  const processes = await Promise.all([1, 2, 3].map((i) => world.program(counter, { i })));
  return Promise.all(processes.map(async (process) => ({ process, count: await hidden(world, process) })));
}

async function hidden(world: WorkerNode, process: string): Promise<number> {
  return value(await world.get(`/${process}/now/hidden`)) as number;
}

/** Posts to every neighbour and reads it, again and again, until `work` is done. Gives the longest wait and what `work` gave. */
async function meanwhile(world: WorkerNode, all: readonly Neighbour[], work: Promise<Outcome>) {
  let isDone = false;
  let longest = 0;
  const done = work.finally(() => {
    isDone = true;
  });
  await Promise.all(
    all.map(async (one) => {
      do {
        await world.post(one.process, { n: one.count });
        const started = performance.now();
        expect(await hidden(world, one.process)).toBe(++one.count);
        longest = Math.max(longest, performance.now() - started);
      } while (!isDone);
    }),
  );
  return { outcome: await done, longest };
}

function failedSlot(outcome: Outcome): readonly unknown[] {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  const { code, status, value: said } = outcome.error;
  return [code, status, (said as Message).get('attempted-slot')];
}

/** What a program does, its code, what a slot may take in milliseconds, and the error. */
const greedy: readonly (readonly [string, string, number, string])[] = [
  ['loops', 'while true do end', 1_500, 'timeout'],
  ['loops where it catches errors', 'while true do pcall(function() while true do end end) end', 1_500, 'timeout'],
  ['eats memory', 'local t = {} while true do t[#t + 1] = true end', 15_000, 'program-budget'],
  ['makes one long text', 'local s = "x" while true do s = s .. s end', 15_000, 'program-budget'],
  ['recurses', 'local function f() return 1 + f() end f()', 15_000, 'program-budget'],
  ['returns too many values', 'local e = {} s.t = {} for i = 1, 2e6 do s.t[i] = e end', 15_000, 'program-budget'],
  ['returns too much', 'for i = 1, 100 do s["k" .. i] = ("x"):rep(1000000) end', 15_000, 'program-budget'],
];

describe.each(greedy)('a program that %s', (_, code, slotMs, expected) => {
  test('is cut off as its slot; neighbours in the same worker wait no longer than a slot may take', async () => {
    await using world = await workerNode({ workers: '1', 'slot-time-limit': String(slotMs) });
    const all = await neighbours(world);
    const bad = await world.program(spoiling(code));
    expect(value(await world.get(`/${bad}/now/n`))).toBe(0);
    await world.post(bad, {});
    await world.post(bad, {});
    const { outcome, longest } = await meanwhile(world, all, world.get(`/${bad}/compute=1`));
    expect(failedSlot(outcome)).toEqual([expected, 500, 1]);
    expect(longest).toBeLessThan(slotMs + slackMs);
    // Later slots have the same error, without the same wait; what was before it stays.
    const started = performance.now();
    expect((await world.get(`/${bad}/now`)).status).toBe('error');
    expect(value(await world.get(`/${bad}/compute/n`))).toBe(0);
    const status = value(await world.get(`/${bad}/process-status`)) as Message;
    expect([status.get('state'), status.get('slot')]).toEqual(['failed', 1]);
    expect(performance.now() - started).toBeLessThan(slotMs);
    // The neighbours' machines are the same as before: nothing was computed anew.
    for (const one of all) expect(await hidden(world, one.process)).toBe(one.count);
  });
});

describe('a worker that is gone', () => {
  test('is replaced: the slot it was in fails, every other process goes on where it was', async () => {
    const workers: Worker[] = [];
    const found = (worker: Worker): void => void workers.push(worker);
    process.on('worker', found);
    try {
      await using world = await workerNode({ workers: '1', 'slot-time-limit': '20000' });
      const all = await neighbours(world);
      const bad = await world.program(spoiling('while true do end'));
      expect(value(await world.get(`/${bad}/now/n`))).toBe(0);
      await world.post(bad, {});
      const before = workers.length;
      const looping = world.get(`/${bad}/now`);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const waiting = all.map(async (one) => {
        await world.post(one.process, {});
        expect(await hidden(world, one.process)).toBe(++one.count);
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      await workers.at(-1)!.terminate();
      await Promise.all(waiting);
      expect(failedSlot(await looping)[2]).toBe(1);
      expect(workers.length).toBe(before + 1);
      expect(value(await world.get(`/${bad}/compute/n`))).toBe(0);
      const again = await neighbours(world);
      expect(again.map(({ count }) => count)).toEqual([1, 1, 1]);
    } finally {
      process.off('worker', found);
    }
  });

  test('while it is idle: nobody hears of it', async () => {
    const workers: Worker[] = [];
    const found = (worker: Worker): void => void workers.push(worker);
    process.on('worker', found);
    try {
      await using world = await workerNode({ workers: '1' });
      const all = await neighbours(world);
      await workers.at(-1)!.terminate();
      for (const one of all) {
        await world.post(one.process, {});
        expect(await hidden(world, one.process)).toBe(++one.count);
      }
    } finally {
      process.off('worker', found);
    }
  });
});
