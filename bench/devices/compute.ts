/**
 * Lua slots, computed and persisted, beside raw calls into the bare machine with the same messages (issue goal: 30 %).
 *
 * Both sides begin with the same definition and go through the same assignments, a stretch of slots each in turn.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMessage, Message, message } from '../../src/core/message.ts';
import { LuaMachines } from '../../src/devices/lua/machines.ts';
import { lua } from '../../src/devices/lua.ts';
import { firstState } from '../../src/devices/process/definition.ts';
import { StoreLog } from '../../src/devices/scheduler/store-log.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import type { Store } from '../../src/stores/store.ts';
import { compileLua } from '../../src/vm/lua/engine.ts';
import { processWorld } from '../../test/support/process-world.ts';
import { type Compared, compared, type Report, shareFigure } from '../harness.ts';
import { type Program, programs } from '../support/programs.ts';
import { ScheduleWriter } from '../support/schedule.ts';

const rounds = 8;
const slotsPerRound = 250;

export async function bench(report: Report): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-compute-'));
  const store = await openLmdb({ directory });
  try {
    for (const program of programs) {
      const figures = await slotsAgainstCalls(store, program);
      report.figure(shareFigure(`slots, ${program.name}`, 'raw Lua calls', figures, 0.3));
    }
  } finally {
    await store[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function slotsAgainstCalls(store: Store, program: Program): Promise<Compared> {
  const writer = new ScheduleWriter(store);
  const module = await writer.write(message({ 'content-type': 'application/lua', body: program.source }));
  const definition = await writer.spawn({ 'execution-device': 'lua@5.3a', module, ...program.definition });
  await writer.fill(definition.id, (rounds + 1) * slotsPerRound, program.message);

  const world = processWorld({ store, devices: [lua], capabilities: { lua: await LuaMachines.open() } });
  const log = new StoreLog(world.cache, () => world.library.env);
  const machine = (await compileLua()).create();
  const loaded = await machine.load('module', program.source);
  if (!loaded.ok) throw new Error(loaded.failure.message);

  let state: Message = firstState(definition.message);
  let at = 0;
  const limits: number[] = [];
  const shares: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const to = at + slotsPerRound;
    // As a fold has them: read from the log, with their message inside.
    const assignments = await log.range(definition.id, at, to - 1);
    if (assignments.length !== slotsPerRound) throw new Error('The schedule is too short.');
    const started = performance.now();
    for (const assignment of assignments) {
      const outcome = machine.call('compute', [state.without('results'), assignment, Message.empty]);
      if (outcome instanceof Promise) throw new Error('suspended');
      if (!outcome.ok) throw new Error(outcome.failure.message);
      const next = outcome.values[0];
      if (!isMessage(next)) throw new Error('no state');
      state = next;
    }
    const between = performance.now();
    const outcome = await world.processes.compute(definition, to - 1);
    const ended = performance.now();
    if (outcome.status !== 'ok') throw new Error(`slot ${to - 1} failed: ${JSON.stringify(outcome)}`);
    at = to;
    if (round === 0) continue;
    limits.push((slotsPerRound * 1000) / (between - started));
    shares.push((between - started) / (ended - between));
  }
  await world.processes[Symbol.asyncDispose]();
  return compared(limits, shares);
}
