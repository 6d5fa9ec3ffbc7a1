/** Lanes in worker threads: the same answers, and crashes that stay with their slot. */
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import type { Slots } from '../../src/devices/process/slots.ts';
import { WorkerProcesses } from '../../src/devices/process/worker-processes.ts';
import { homeOf } from '../../src/devices/process/worker-protocol.ts';
import { systemClock } from '../../src/node/system.ts';
import { counter, luaWorld, sameSchedule, value } from '../support/lua-world.ts';
import { workerNode } from '../support/worker-node.ts';

describe('a node with workers', () => {
  test('computes, dry-runs and answers from the store; states are those of one thread', async () => {
    await using world = await workerNode();
    const processes = await Promise.all(Array.from({ length: 6 }, (_, i) => world.program(counter, { i })));
    for (const process of processes) for (let n = 0; n < 5; n++) await world.post(process, { n });
    const counts = await Promise.all(
      processes.map(async (process) => value(await world.get(`/${process}/now/hidden`))),
    );
    expect(counts).toEqual(processes.map(() => 6));
    const [process] = processes as [string];
    expect(value(await world.get(`/${process}/as=execution/compute/hidden`))).toBe(7);
    expect(value(await world.get(`/${process}/compute/hidden`))).toBe(6);
    const status = value(await world.get(`/${process}/process-status`)) as Message;
    expect([status.get('state'), status.get('slot')]).toEqual(['idle', 5]);
    const alone = await luaWorld({ store: await sameSchedule(world.node.store), dialect: '2025-11' });
    for (const one of processes) {
      for (const slot of [0, 3, 5]) {
        const path = `/${one}/compute=${slot}`;
        const id = world.node.resolver.ao().id(value(await world.get(path)));
        expect(alone.library.id(value(await alone.get(path)))).toBe(id);
      }
    }
  });

  test('strangers’ programs outside of processes run in a worker, and keep their state from call to call', async () => {
    await using world = await workerNode();
    const ao = world.node.resolver.ao({ lendsKey: false });
    const body = 'n = 0 function add(base) n = n + 1 base.n = n return base end function get() return n end';
    const base = message({ device: 'lua@5.3a', module: message({ 'content-type': 'application/lua', body }) });
    const once = value(await ao.resolve(base, 'add')) as Message;
    const twice = value(await ao.resolve(once, 'add')) as Message;
    expect([once.get('n'), twice.get('n')]).toEqual([1, 2]);
    expect(value(await ao.resolve(once, 'get'))).toBe(1);
    expect(value(await ao.resolve(twice, 'get'))).toBe(2);
    expect(world.node.resolver.env.capabilities.lua?.count).toBe(0);
  });

  test('a program that reads another process of another worker', async () => {
    await using world = await workerNode();
    const targets = await Promise.all([0, 1, 2, 3].map((i) => world.program(counter, { i })));
    for (const target of targets) await world.post(target, { n: 1 });
    const reader = await world.program(`
      function compute(s, m)
        if m.body.read then
          local status, count = ao.resolve('/' .. m.body.read .. '/now/hidden')
          s.read = count
        end
        return s
      end`);
    for (const target of targets) {
      await world.post(reader, { read: target });
      expect(value(await world.get(`/${reader}/now/read`))).toBe(2);
    }
  });

  test('a looping program is cut off as its slot, and neighbours in the same worker go on', async () => {
    await using world = await workerNode({ workers: '1', 'slot-time-limit': '1500' });
    const bad = await world.program(`function compute(s, m) if m.slot == 1 then while true do end end return s end`);
    const good = await world.program(counter);
    await world.post(bad, { n: 1 });
    await world.post(good, { n: 1 });
    const [failed, fine] = await Promise.all([world.get(`/${bad}/now`), world.get(`/${good}/now/hidden`)]);
    expect(failed.status === 'error' && failed.error.status).toBe(500);
    expect(value(fine)).toBe(2);
    expect(value(await world.get(`/${bad}/compute/at-slot`))).toBe(0);
  });

  test('reads of computed slots do not wait for a program that loops', async () => {
    await using world = await workerNode({ workers: '1', 'slot-time-limit': '3000' });
    const bad = await world.program(`function compute(s, m) if m.slot == 1 then while true do end end return s end`);
    expect(value(await world.get(`/${bad}/now/at-slot`))).toBe(0);
    await world.post(bad, { n: 1 });
    const looping = world.get(`/${bad}/now`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const started = performance.now();
    expect(value(await world.get(`/${bad}/compute=0/at-slot`))).toBe(0);
    // The program loops for three seconds.
    expect(performance.now() - started).toBeLessThan(2_000);
    expect((await looping).status).toBe('error');
  });

  test('after a restart with another number of workers everything goes on', async () => {
    const { mkdtemp, rm } = await import('node:fs/promises');
    const directory = await mkdtemp('/tmp/hb-workers-');
    try {
      let process: string;
      {
        await using world = await workerNode({ 'data-dir': directory, workers: '1' });
        process = await world.program(counter);
        await world.post(process, { n: 1 });
        expect(value(await world.get(`/${process}/now/hidden`))).toBe(2);
      }
      await using world = await workerNode({ 'data-dir': directory, workers: '3' });
      await world.post(process, { n: 2 });
      expect(value(await world.get(`/${process}/now/hidden`))).toBe(3);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('programs that schedule', () => {
  const posting = `
    function compute(s, m)
      if m.body.to then
        local status, res = ao.resolve({ path = 'schedule', method = 'POST', target = m.body.to, body = m.body.letter, device = 'scheduler@1.0' }, { path = 'schedule', method = 'POST', body = m.body.letter })
        s.status = status
        s.slot = type(res) == 'table' and res.slot or nil
        s.body = type(res) == 'table' and (res.body or res.message) or tostring(res)
      end
      return s
    end
    function post(base, req)
      local status, res = ao.resolve({ device = 'scheduler@1.0' }, { path = 'schedule', method = 'POST', body = req.letter })
      return { status = status, slot = type(res) == 'table' and res.slot or -1 }
    end`;

  test.each(['0', '2'])('a slot schedules nothing, wherever it is computed (workers: %s)', async (workers) => {
    await using world = await workerNode({ workers });
    const target = await world.program(counter);
    const sender = await world.program(posting);
    const ao = world.node.resolver.ao();
    const letter = await ao.commit(message({ type: 'Message', target, action: 'Hello' }));
    await world.post(sender, { to: target, letter });
    const state = value(await world.get(`/${sender}/now`)) as Message;
    expect([state.get('at-slot'), state.get('status'), state.has('slot')]).toEqual([1, 'error', false]);
    expect(value(await world.get(`/${target}/slot/current`))).toBe(0);
  });

  test.each(['0', '2'])('outside of processes the node schedules for it (workers: %s)', async (workers) => {
    await using world = await workerNode({ workers });
    const target = await world.program(counter);
    const ao = world.node.resolver.ao();
    const letter = await ao.commit(message({ type: 'Message', target, action: 'Hello' }));
    const base = message({
      device: 'lua@5.3a',
      module: message({ 'content-type': 'application/lua', body: posting }),
    });
    const answer = await world.node.resolver.ao({ lendsKey: false }).resolve(base, message({ path: 'post', letter }));
    expect((value(answer) as Message).get('slot')).toBe(1);
    expect(value(await world.get(`/${target}/slot/current`))).toBe(1);
  });
});

describe('workers that break', () => {
  /** A worker that breaks in the way the slot's number says, and else answers with the slot. */
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const position = new Int32Array(workerData);
    parentPort.on('message', (said) => {
      if (said.kind === 'ping') return parentPort.postMessage({ kind: 'pong' });
      if (said.kind === 'close') return parentPort.postMessage({ kind: 'closed' });
      if (said.kind !== 'question') return;
      const { id, question } = said;
      Atomics.store(position, 1, question.slot);
      Atomics.store(position, 0, question.lane);
      if (question.slot === 666) for (;;);
      if (question.slot === 667) process.exit(1);
      if (question.slot === 669) return parentPort.postMessage({ kind: 'answer', id, outcome: { status: 'ok', value: Uint8Array.of(28) } });
      if (question.slot === 668) { const keep = []; for (;;) keep.push(new Array(1e5).fill({})); }
      setTimeout(() => {
        Atomics.store(position, 0, 0);
        parentPort.postMessage({ kind: 'answer', id, outcome: { status: 'ok', value: Uint8Array.of(128 + question.slot) } });
      }, 50);
    });
    parentPort.postMessage({ kind: 'ready' });`;

  function breaking(clock = systemClock): WorkerProcesses {
    return new WorkerProcesses(
      {
        slots: {} as Slots,
        clock,
        start: (_, position) =>
          new Worker(source, { eval: true, workerData: position, resourceLimits: { maxOldGenerationSizeMb: 32 } }),
        failed: () => undefined,
        post: () => Promise.reject(new Error('nothing is posted here')),
      },
      { count: 1, silenceMs: 400, quarantineMs: 60_000 },
    );
  }

  test.each([
    ['stops answering', 666, 'timeout'],
    ['exits', 667, 'device-failed'],
    ['runs out of memory', 668, 'out-of-budget'],
  ])('one that %s is replaced; only the slot it was in fails', async (_, slot, code) => {
    let now = 0;
    await using processes = breaking({ ...systemClock, now: () => now });
    const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id, message: message({ id }) }));
    expect(await processes.compute(b!, 1)).toEqual(ok(1));
    const all = await Promise.all([
      processes.compute(b!, 2),
      processes.compute(c!, 3),
      processes.compute(a!, slot),
      processes.compute(b!, 4),
    ]);
    expect([all[0], all[1], all[3]]).toEqual([ok(2), ok(3), ok(4)]);
    const failure = all[2]!;
    expect(failure.status === 'error' && failure.error.code).toBe(code);
    const said = failure.status === 'error' ? failure.error.value : undefined;
    expect(isMessage(said) && said.get('attempted-slot')).toBe(slot);
    // For a while the answer is the error, for that slot and later ones; earlier ones are computed.
    expect((await processes.compute(a!, slot + 1)).status).toBe('error');
    expect(await processes.compute(a!, 5)).toEqual(ok(5));
    now = 60_000;
    expect((await processes.compute(a!, slot)).status).toBe('error');
    expect(await processes.compute(c!, 6)).toEqual(ok(6));
  });

  test('an answer that cannot be read is an error', async () => {
    await using processes = breaking();
    const outcome = await processes.compute({ id: 'a', message: message({}) }, 669);
    expect(outcome.status === 'error' && outcome.error.code).toBe('bad-encoding');
    expect(await processes.compute({ id: 'b', message: message({}) }, 1)).toEqual(ok(1));
  });

  test('a worker that is gone knows of no process', async () => {
    const processes = breaking();
    await processes[Symbol.asyncDispose]();
    expect(await processes.status('a')).toBeUndefined();
  });

  test('processes are spread over workers, and few move when there is one more', () => {
    const ids = Array.from({ length: 3_000 }, (_, i) => `process-${i}`);
    const counts = [0, 0, 0];
    for (const id of ids) counts[homeOf(id, 3)]!++;
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    const moved = ids.filter((id) => homeOf(id, 3) !== homeOf(id, 4)).length;
    expect(Math.abs(moved - 750)).toBeLessThan(150);
  });
});
