/**
 * What a node's processes cost besides computing: how long a read of a computed slot takes while another process catches up, how soon a long
 * process answers after a restart, and how much memory a thousand warm and a hundred thousand idle processes hold. Each in a process of its
 * own.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { message } from '../../src/core/message.ts';
import { LuaMachines } from '../../src/devices/lua/machines.ts';
import { lua } from '../../src/devices/lua.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { processWorld, testWallet } from '../../test/support/process-world.ts';
import { type Report, stop } from '../harness.ts';
import { programs } from '../support/programs.ts';
import { ScheduleWriter, type Seeded } from '../support/schedule.ts';

const slots = 10_000;
const warm = 1_000;
const idle = 100_000;
/** Of the idle ones, those that this node has computed; the others it only schedules. */
const computed = 10_000;
const program = programs.find(({ name }) => name.startsWith('ledger'))!;
const counter = programs.find(({ name }) => name === 'counter')!;

export async function bench(report: Report): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-processes-'));
  try {
    const [read, long] = await seedLong(join(directory, 'node', 'store'));
    await latency(join(directory, 'node'), read!, long!, report);
    await coldStart(join(directory, 'node', 'store'), long!, report);
    await memory(join(directory, 'many'), report);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A short process to read and one of ten thousand slots to catch up with. */
async function seedLong(directory: string): Promise<readonly Seeded[]> {
  const store = await openLmdb({ directory });
  try {
    const writer = new ScheduleWriter(store);
    const module = await writer.write(message({ 'content-type': 'application/lua', body: program.source }));
    const short = await writer.spawn(
      { 'execution-device': 'lua@5.3a', module, name: 'short' },
      testWallet('rsa4096-1.json'),
    );
    await writer.fill(short.id, 100, program.message);
    const long = await writer.spawn(
      { 'execution-device': 'lua@5.3a', module, name: 'long' },
      testWallet('rsa4096-1.json'),
    );
    await writer.fill(long.id, slots - 1, program.message);
    return [short, long];
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

// ---- reading while another process catches up -------------------------------------------------------------------------------

async function latency(directory: string, short: Seeded, long: Seeded, report: Report): Promise<void> {
  const child = fork(import.meta.filename, ['serve', directory], { execArgv: process.execArgv });
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  try {
    const [url] = (await once(child, 'message')) as [string];
    const read = `${url}/${short.id}~process@1.0/compute=50/results/output/data`;
    await get(read, agent);
    for (let i = 0; i < 500; i++) await get(read, agent);
    const before = await times(read, agent, () => false, 2_000);
    let done = false;
    const started = performance.now();
    const target = `${url}/${long.id}~process@1.0/compute=${slots - 1}/at-slot`;
    const catchUp = get(target, new Agent()).finally(() => {
      done = true;
    });
    const during = await times(read, agent, () => done, 60_000);
    await catchUp;
    const seconds = (performance.now() - started) / 1000;
    const ratio = percentile(during, 0.99) / percentile(before, 0.99);
    report.note(
      `read of a computed slot: p50 ${ms(percentile(before, 0.5))}, p99 ${ms(percentile(before, 0.99))} idle; ` +
        `p50 ${ms(percentile(during, 0.5))}, p99 ${ms(percentile(during, 0.99))} during a catch-up of ${slots} slots ` +
        `(${seconds.toFixed(1)} s, ${during.length} reads); p99 × ${ratio.toFixed(1)}, goal ≤ 2: ${verdict(ratio <= 2)}`,
    );
  } finally {
    agent.destroy();
    await stop(child);
  }
}

async function times(url: string, agent: Agent, done: () => boolean, limitMs: number): Promise<number[]> {
  const out: number[] = [];
  const start = performance.now();
  while (!done() && performance.now() - start < limitMs) {
    const before = performance.now();
    await get(url, agent);
    out.push(performance.now() - before);
  }
  return out;
}

function get(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => {
        text += part.toString();
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${url}: ${response.statusCode} ${text.slice(0, 500)}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

// ---- starting again ---------------------------------------------------------------------------------------------------------

/** One more message for the process of ten thousand slots, after its node was killed and after it was stopped properly. */
async function coldStart(directory: string, long: Seeded, report: Report): Promise<void> {
  const seeding = await openLmdb({ directory });
  await new ScheduleWriter(seeding).fill(long.id, 2, program.message);
  await seeding[Symbol.asyncDispose]();
  const killed = await nextSlot(directory, long, slots);
  const stopped = await nextSlot(directory, long, slots + 1);
  report.note(
    `next slot of a process of ${slots} slots after a restart, from its snapshot: ${ms(stopped)}, goal < 1 s: ` +
      `${verdict(stopped < 1000)}; after a kill, with the slots since the last snapshot computed again: ${ms(killed)}`,
  );
}

/** Store opened, machine restored, slot computed and stored. */
async function nextSlot(directory: string, { id, message }: Seeded, slot: number): Promise<number> {
  const started = performance.now();
  const store = await openLmdb({ directory });
  try {
    const world = processWorld({ store, devices: [lua], capabilities: { lua: await LuaMachines.open() } });
    const outcome = await world.processes.compute({ id, message }, slot);
    const took = performance.now() - started;
    if (outcome.status !== 'ok') throw new Error(`slot ${slot} failed: ${JSON.stringify(outcome)}`);
    await world.processes[Symbol.asyncDispose]();
    return took;
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

// ---- memory -----------------------------------------------------------------------------------------------------------------

async function memory(directory: string, report: Report): Promise<void> {
  const child = fork(import.meta.filename, ['many', directory], { execArgv: [...process.execArgv, '--expose-gc'] });
  const [figures] = (await once(child, 'message')) as [{ base: Memory; warm: Memory; idle: Memory }];
  const perWarm = (figures.warm.own - figures.base.own) / warm;
  report.note(
    `memory: ${mib(figures.base.own)} before; ${warm} warm Lua processes add ${mib(perWarm * warm)} (${mib(perWarm)} each); ` +
      `with ${idle} idle ones and none warm ${mib(figures.idle.own)}, of which they hold ` +
      `${mib(Math.max(0, figures.idle.held - figures.base.held))} in objects and buffers`,
  );
  await stop(child);
}

/** Memory before, with the warm ones, and when there are a hundred thousand, all put away. */
async function many(directory: string): Promise<void> {
  const store = await openLmdb({ directory });
  const writer = new ScheduleWriter(store);
  const module = await writer.write(message({ 'content-type': 'application/lua', body: counter.source }));
  const world = processWorld({ store, maxWarm: warm, devices: [lua], capabilities: { lua: await LuaMachines.open() } });
  const spawnOne = (): Promise<Seeded> =>
    writer.spawn({ 'execution-device': 'lua@5.3a', module, name: `p${spawned++}` });
  const startOne = async (): Promise<void> => {
    const one = await spawnOne();
    const outcome = await world.processes.compute(one, 0);
    if (outcome.status !== 'ok') throw new Error(JSON.stringify(outcome));
  };
  // Side by side, so that they share the disk's flushes.
  const start = async (count: number, one: () => Promise<unknown> = startOne, atOnce = 50): Promise<void> => {
    for (let left = count; left > 0; left -= atOnce)
      await Promise.all(Array.from({ length: Math.min(atOnce, left) }, one));
  };
  let spawned = 0;
  // What any first process needs is not counted.
  await start(20);
  await world.processes[Symbol.asyncDispose]();
  const base = await memoryNow();
  await start(warm);
  const withWarm = await memoryNow();
  await start(computed - warm);
  await start(idle - computed, spawnOne, 500);
  await world.processes[Symbol.asyncDispose]();
  process.send?.({ base, warm: withWarm, idle: await memoryNow() });
}

interface Memory {
  /** What the system counts, and takes back late: what was needed at the highest. */
  readonly own: number;
  /** What objects and buffers hold. */
  readonly held: number;
}

/** Memory of its own; the pages of the store that the system keeps mapped are not counted, where it tells them apart. */
async function memoryNow(): Promise<Memory> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const own = /^RssAnon:\s+(\d+) kB$/m.exec(await readFile('/proc/self/status', 'utf8').catch(() => ''));
  const { rss, heapUsed, external } = process.memoryUsage();
  return { own: own === null ? rss : Number(own[1]) * 1024, held: heapUsed + external };
}

// ---- small things -----------------------------------------------------------------------------------------------------------

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(bytes < 1024 * 1024 ? 3 : 1)} MiB`;
}

function verdict(met: boolean): string {
  return met ? 'met' : 'MISSED';
}

/** Runs as a process of its own. The seeded signatures are of the right form only; the node is not asked to believe them. */
async function serve(directory: string): Promise<void> {
  const { startNode } = await import('../../src/testing/start-node.ts');
  const node = await startNode({ wallet: testWallet('rsa4096-1.json'), options: { 'data-dir': directory } });
  process.send?.(node.url);
}

if (process.send !== undefined && process.argv[2] === 'serve') await serve(process.argv[3]!);
if (process.send !== undefined && process.argv[2] === 'many') await many(process.argv[3]!);
