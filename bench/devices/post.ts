/**
 * Signed POSTs to schedules, beside what they can't do without: verifying one RSA-4096 signature and making one (issue goal: 75 %). In this
 * process, and over HTTP to a node in a process of its own; to one schedule and to a hundred. What HTTP and the load generator alone leave
 * of that is shown as well: a bare server that verifies and signs, and nothing else.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signRequest } from '../../src/client/signed-request.ts';
import { isMessage, message } from '../../src/core/message.ts';
import { lua } from '../../src/devices/lua.ts';
import { createLibrary } from '../../src/node/library.ts';
import { poolStepsBack } from '../../src/node/thread-priority.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { copyOf } from '../../test/support/copy-of.ts';
import { type ProcessWorld, processWorld, testWallet } from '../../test/support/process-world.ts';
import { against, childCpu, ownCpu, type Report, type Side, shareFigure, stop, tellCpu } from '../harness.ts';
import { LeanConnection, postBytes } from '../support/lean-http.ts';
import { rawRsa } from '../support/raw-rsa.ts';

/** Enough that a signature can always be made while others wait for the disk. */
const parallel = 64;
const schedules = 100;
const rounds = 7;
const roundMs = 1_000;
/**
 * Until everything is compiled, which then costs no more. A node runs for weeks; after 20 seconds of a kind of post its compiler still took
 * 7 % of the processor, after 40 it took 2 %. First for a process, then for each further figure of it.
 */
const compileMs = 50_000;
const warmUpMs = 25_000;
const bareWarmUpMs = 5_000;
/** Posts. Should the messages not last, they come again. */
const mostPerSecond = 1_200;
const limitName = 'RSA verify + sign';
const goal = 0.75;

export async function bench(report: Report): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-post-'));
  try {
    await inProcess(join(directory, 'store'), report);
    await overHttp(join(directory, 'node'), report);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Enough messages that no node has seen for one figure. */
function poolSize(warmUp: number): number {
  return Math.ceil(((warmUp + rounds * roundMs) / 1_000) * mostPerSecond);
}

/** One verification and one signature, as OpenSSL does them. */
async function rawWork(): Promise<Side> {
  const raw = await rawRsa();
  const run = async (): Promise<void> => {
    await raw.verify();
    await raw.sign();
  };
  return { parallel, cpu: ownCpu, run };
}

// ---- in this process --------------------------------------------------------------------------------------------------------

async function inProcess(directory: string, report: Report): Promise<void> {
  const store = await openLmdb({ directory });
  // As a node does.
  poolStepsBack();
  try {
    const world = processWorld({ store, devices: [lua] });
    const processes: string[] = [];
    for (let i = 0; i < schedules; i++) processes.push(await world.spawn({ name: `p${i}` }));
    const limit = await rawWork();
    let warmUp = compileMs;
    for (const targets of [processes.slice(0, 1), processes]) {
      const run = await poster(world, targets, poolSize(warmUp));
      const name = `in process, POST to ${targets.length === 1 ? 'one schedule' : `${targets.length} schedules`}`;
      report.figure(
        shareFigure(
          name,
          limitName,
          await against(limit, { parallel, run, cpu: ownCpu }, rounds, roundMs, warmUp),
          goal,
        ),
      );
      warmUp = warmUpMs;
    }
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

/** Posts one signed message after the other. Each time an object of its own: nothing about it is known before. */
async function poster(world: ProcessWorld, targets: readonly string[], size: number): Promise<() => Promise<void>> {
  const pool = await Promise.all(
    Array.from({ length: size }, (_, n) =>
      world.sign({ type: 'Message', target: targets[n % targets.length]!, action: 'Transfer', quantity: '1000', n }),
    ),
  );
  let n = 0;
  return async () => {
    const body = copyOf(pool[n++ % size]!);
    const base = message({ device: 'scheduler@1.0' });
    const outcome = await world.library.resolve(base, message({ path: 'schedule', method: 'POST', body }));
    if (outcome.status !== 'ok' || !isMessage(outcome.value))
      throw new Error(`not scheduled: ${JSON.stringify(outcome)}`);
  };
}

// ---- over HTTP --------------------------------------------------------------------------------------------------------------

async function overHttp(directory: string, report: Report): Promise<void> {
  const limit = await rawWork();
  await bareHttp(limit, report);
  const child = fork(import.meta.filename, ['serve', directory], { execArgv: process.execArgv });
  try {
    const [url] = (await once(child, 'message')) as [string];
    let warmUp = compileMs;
    for (const signing of ['httpsig@1.0', 'ans104@1.0'] as const) {
      const processes: string[] = [];
      for (let i = 0; i < schedules; i++) processes.push(await spawn(url, `${signing} ${i}`));
      for (const targets of [processes.slice(0, 1), processes]) {
        const size = poolSize(warmUp);
        const pool = await Promise.all(Array.from({ length: size }, (_, n) => signed(url, targets, n, signing)));
        await using client = await connect(url);
        let n = 0;
        const run = (): Promise<void> => client.send(pool[n++ % size]!);
        const to = targets.length === 1 ? 'one schedule' : `${targets.length} schedules`;
        const side = { parallel, run, cpu: () => childCpu(child) };
        const figures = await against(limit, side, rounds, roundMs, warmUp);
        report.figure(shareFigure(`HTTP, ${signing}, POST to ${to}`, limitName, figures, goal));
        warmUp = warmUpMs;
      }
    }
  } finally {
    await stop(child);
  }
}

/** What is left of the limit when a bare server does nothing but verify and sign, and answers as many bytes as a node. */
async function bareHttp(limit: Side, report: Report): Promise<void> {
  const child = fork(import.meta.filename, ['bare'], { execArgv: process.execArgv });
  try {
    const [url] = (await once(child, 'message')) as [string];
    await using client = await connect(url);
    const request = await signed(url, [testWallet('rsa4096-1.json').address], 0, 'httpsig@1.0');
    const side = { parallel, run: () => client.send(request), cpu: () => childCpu(child) };
    const { rate, limit: raw, work = 0 } = await against(limit, side, rounds, roundMs, bareWarmUpMs);
    report.figure({
      name: `HTTP, bare server (by processor time ${Math.round(work * 100)} %)`,
      rate,
      limit: { name: limitName, rate: raw },
    });
  } finally {
    await stop(child);
  }
}

interface Client extends AsyncDisposable {
  /** At most {@link parallel} at a time. */
  send(request: Buffer): Promise<void>;
}

/** To be used at once: servers close connections that stay idle. */
async function connect(url: string): Promise<Client> {
  const all = await Promise.all(Array.from({ length: parallel }, () => LeanConnection.open(new URL(url))));
  const free = [...all];
  return {
    async send(request) {
      const connection = free.pop()!;
      await connection.send(request);
      free.push(connection);
    },
    async [Symbol.asyncDispose]() {
      for (const connection of all) connection[Symbol.dispose]();
    },
  };
}

const sender = testWallet('rsa4096-2.json');
const library = createLibrary({ wallet: sender });

async function signed(
  url: string,
  targets: readonly string[],
  n: number,
  signing: 'httpsig@1.0' | 'ans104@1.0',
): Promise<Buffer> {
  const target = targets[n % targets.length]!;
  const path = `/${target}~process@1.0/schedule`;
  const tags = { type: 'Message', action: 'Transfer', quantity: '1000', n: String(n) };
  const { headers, body } = await signRequest(path, { tags, target, data: 'hello' }, signing, sender, library);
  return postBytes(new URL(path, url), headers, body);
}

async function spawn(url: string, name: string): Promise<string> {
  const address = testWallet('rsa4096-1.json').address;
  const tags = { device: 'process@1.0', type: 'Process', scheduler: address, name };
  const path = '/~scheduler@1.0/schedule';
  const { id, headers, body } = await signRequest(path, { tags }, 'ans104@1.0', sender, library);
  using connection = await LeanConnection.open(new URL(url));
  await connection.send(postBytes(new URL(path, url), headers, body));
  return id;
}

/** Runs as a process of its own. */
async function serve(directory: string): Promise<void> {
  const { startNode } = await import('../../src/testing/start-node.ts');
  const node = await startNode({ wallet: testWallet('rsa4096-1.json'), options: { 'data-dir': directory } });
  tellCpu();
  process.send?.(node.url);
}

/** Runs as a process of its own. */
async function serveBare(): Promise<void> {
  const { run } = await rawWork();
  const answer = 'x'.repeat(7_000);
  const server = createServer((incoming, outgoing) => {
    incoming.resume().on('end', async () => {
      await run();
      outgoing.end(answer);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    tellCpu();
    process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}

if (process.send !== undefined && process.argv[2] === 'serve') await serve(process.argv[3]!);
if (process.send !== undefined && process.argv[2] === 'bare') await serveBare();
