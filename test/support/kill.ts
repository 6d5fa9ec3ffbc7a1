/** Rounds of killing a node's processes at work, and what must hold afterwards (architecture §5). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isMessage, type Message } from '../../src/core/message.ts';
import { pagesOf } from '../../src/devices/process/snapshots.ts';
import { openStore } from '../../src/node/open-store.ts';
import { put, type Store } from '../../src/stores/store.ts';
import { type LuaWorld, luaWorld, sameSchedule, value } from './lua-world.ts';
import { courierOf } from './process-world.ts';

/** Counts in its state and in its machine, and sends on what it is told to send. */
const program = `
hidden = 0
log = {}
function compute(state, assignment)
  local m = assignment.body
  hidden = hidden + 1
  log[#log + 1] = assignment.slot .. ':' .. tostring(m.n or m.send)
  state.hidden = hidden
  state['last-log'] = log[#log - 10] or log[1]
  state.results = { outbox = {} }
  if m.send and m.to then state.results.outbox['1'] = { target = m.to, number = m.send } end
  return state
end`;

const receiver = `
got = 0
function compute(state, assignment)
  got = got + 1
  state.got = got
  return state
end`;

export interface Pair {
  readonly process: string;
  readonly receiver: string;
}

export function openWorld(store: Store): Promise<LuaWorld> {
  return luaWorld({ store, lane: { snapshotEveryMs: 20 } });
}

export async function startProcesses(world: LuaWorld): Promise<Pair> {
  const pair = { receiver: await world.program(receiver), process: await world.program(program) };
  await world.store.write([put('kill-test', new TextEncoder().encode(JSON.stringify(pair)))], { durable: true });
  return pair;
}

export async function processesOf(store: Store): Promise<Pair | undefined> {
  const bytes = await store.read('kill-test');
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Pair);
}

export interface KillResult {
  readonly acknowledged: number;
  readonly slots: number;
  /** Sentences; none if all is well. */
  readonly problems: readonly string[];
}

/** Runs the writer, kills it after `ms` of work, opens the store again and checks everything that was acknowledged. */
export async function killRound(
  kind: 'lmdb' | 'fs',
  directory: string,
  round: number,
  ms: number,
): Promise<KillResult> {
  const lines = await runAndKill(kind, directory, round, ms);
  const problems: string[] = [];
  await using store = await openStore(kind, directory);
  const world = await openWorld(store);
  const pair = await processesOf(store);
  if (pair === undefined) return { acknowledged: 0, slots: 0, problems: [] };
  await deliverRest(world);
  problems.push(...(await lostPages(store)));
  const { log } = world.library.env.capabilities.schedules!;
  const newest = (await log.head(pair.process))?.slot ?? -1;
  const assignments = await log.range(pair.process, 0, newest);
  if (assignments.length !== newest + 1) problems.push(`of ${newest + 1} slots ${assignments.length} can be read`);
  const ids = assignments.map((one, slot) => {
    if (one.get('slot') !== slot) problems.push(`slot ${slot} holds slot ${String(one.get('slot'))}`);
    return world.library.id(one.get('body')!, 'signed');
  });
  if (new Set(ids).size !== ids.length) problems.push('a message has two slots');
  const numbers = await received(world, pair);
  if (new Set(numbers).size !== numbers.length) problems.push('a message was delivered twice');
  // What an uninterrupted run makes of the same schedule.
  const fresh = await openWorld(await sameSchedule(store));
  for (const line of lines) {
    const [what, first = '', second] = line.split(' ');
    if (what === 's' && ids[Number(first)] !== second) problems.push(`slot ${first} does not hold its message`);
    if (what === 'd' && !numbers.includes(Number(first))) problems.push(`number ${first} never arrived`);
  }
  const answers = lines.filter((line) => line.startsWith('c ')).map((line) => line.split(' '));
  for (const [, slot, id] of [answers[0], answers[answers.length >> 1], answers.at(-1)].filter(
    (one) => one !== undefined,
  )) {
    if ((await stateId(fresh, pair.process, slot!)) !== id)
      problems.push(`the answer for slot ${slot} was another one`);
  }
  for (const process of [pair.process, pair.receiver]) {
    const last = String((await log.head(process))?.slot ?? -1);
    if ((await stateId(world, process, last)) !== (await stateId(fresh, process, last))) {
      problems.push(`the state of ${process} at slot ${last} differs from an uninterrupted run`);
    }
  }
  await world.processes[Symbol.asyncDispose]();
  return { acknowledged: lines.length, slots: newest + 1, problems };
}

/** A snapshot whose pages are not all there is no snapshot: the process would be computed again from its beginning. */
export async function lostPages(store: Store): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const row of await store.scan('snapshots')) {
    const missing = [];
    for (const hash of pagesOf(row.value)) if ((await store.read(`pages/${hash}`)) === undefined) missing.push(hash);
    if (missing.length > 0) lost.push(`the snapshot ${row.path} lacks ${missing.length} pages`);
  }
  return lost;
}

async function stateId(world: LuaWorld, process: string, slot: string): Promise<string> {
  return world.library.id(value(await world.get(`/${process}/compute=${slot}`)));
}

async function received(world: LuaWorld, { receiver: process }: Pair): Promise<readonly number[]> {
  const { log } = world.library.env.capabilities.schedules!;
  const all = await log.range(process, 1, (await log.head(process))?.slot ?? 0);
  return all.map((one) => {
    const body = one.get('body');
    return (isMessage(body) ? (body as Message).get('number') : -1) as number;
  });
}

/** What was under way arrives after the restart. */
async function deliverRest(world: LuaWorld): Promise<void> {
  await using courier = courierOf(world);
  courier.start();
  const until = performance.now() + 20_000;
  for (;;) {
    const rest = (await world.store.scan('pushing')).length + (await world.store.scan('outbox')).length;
    if (rest === 0 || performance.now() > until) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function runAndKill(kind: string, directory: string, round: number, ms: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./process-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, kind, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
      // From the first slot on: before that nothing is acknowledged.
      if (/^s /m.test(out)) timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    const guard = setTimeout(() => child.kill('SIGTERM'), 20_000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(guard);
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself (${code ?? signal}): ${err}`));
      // The last line may have been cut by the kill.
      else resolve(out.split('\n').slice(0, -1));
    });
  });
}
