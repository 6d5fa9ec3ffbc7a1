/**
 * A node as its operator runs it: how fast it starts, what it takes while nobody asks, how fast it tells about itself, and how close answers
 * that have to be signed anew come to the raw speed of RSA.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { format, middle, type Report, stop } from '../harness.ts';

const program = fileURLToPath(new URL('../../scripts/hyperbeam.js', import.meta.url));
const key = fileURLToPath(new URL('../../test/vectors/keys/rsa4096-1.json', import.meta.url));
const starts = 5;
const rounds = 5;
const roundSeconds = 1;
const connections = 16;

interface Started {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ms: number;
}

export async function bench(report: Report): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-node-'));
  try {
    await startUp(report, directory);
    const node = await start(directory);
    try {
      await memory(report, node);
      await aboutItself(report, node);
      await signedAnew(report, node);
    } finally {
      await stop(node.child);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function startUp(report: Report, directory: string): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < starts; i++) {
    const node = await start(directory);
    times.push(node.ms);
    await stop(node.child);
  }
  const ms = middle([...times]);
  report.note(
    `start-up with a wallet: ${Math.round(ms)} ms (first ${Math.round(times[0]!)} ms) · goal < 2000 ms: ${told(ms < 2_000)}`,
  );
}

/** After a while in which nobody asked. Only Linux tells about other processes. */
async function memory(report: Report, { child, url }: Started): Promise<void> {
  await (await fetch(`${url}/~meta@1.0/info/address`)).text();
  await sleep(10_000);
  const status = readStatus(child.pid!);
  const mib = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1_024;
  const rss = mib('VmRSS');
  report.note(
    `idle memory: ${rss.toFixed(0)} MiB, of it ${mib('RssFile').toFixed(0)} MiB of files (the runtime itself) · goal ≤ 120 MiB: ${told(rss <= 120)}`,
  );
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

async function aboutItself(report: Report, { url }: Started): Promise<void> {
  await load(url, '/~meta@1.0/info');
  const rates: number[] = [];
  for (let i = 0; i < rounds; i++) rates.push(await load(url, '/~meta@1.0/info'));
  report.figure({ name: 'GET /~meta@1.0/info, signed, warm', rate: middle([...rates]) });
}

/**
 * Every path is asked for once, so every answer is new to the node. What counts is the processor time a node spends on an answer against that
 * of a bare signature: then neither the load generator nor whoever else works on this machine is part of the figure.
 */
async function signedAnew(report: Report, { url, child }: Started): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  let count = 0;
  const shares: number[] = [];
  const raws: number[] = [];
  for (let i = 0; i <= rounds; i++) {
    const rawBefore = process.cpuUsage();
    const raw = await inFlight(() => bareSignature(privateKey));
    const { user, system } = process.cpuUsage(rawBefore);
    const before = processorSeconds(child.pid!);
    const cold = await inFlight(() => ask(agent, `${url}/~message@1.0&n=${count++}/set?x=${i}`));
    const perAnswer = (processorSeconds(child.pid!) - before) / cold.done;
    if (i === 0) continue;
    shares.push((user + system) / 1e6 / raw.done / perAnswer);
    raws.push(raw.rate);
  }
  agent.destroy();
  const [share, raw] = [middle([...shares]), middle([...raws])];
  report.figure({
    name: 'GET, signed anew each time, by processor time',
    rate: share * raw,
    limit: { name: 'RSA-PSS 4096 signatures', rate: raw },
    goal: { text: '≥ 80 %', met: share >= 0.8 },
  });
}

function ask(agent: http.Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (answer) => {
      answer.resume();
      answer.once('end', resolve);
      if (answer.headers['signature'] === undefined) reject(new Error('the answer is not signed'));
    });
    request.once('error', reject);
  });
}

/** All its threads together. */
function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const signAsync = promisify(sign) as (algorithm: string, data: Uint8Array, key: object) => Promise<Uint8Array>;

async function bareSignature(key: KeyObject): Promise<void> {
  await signAsync('sha512', new Uint8Array(512), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 });
}

/** With some of them always under way. */
async function inFlight(operation: () => Promise<void>): Promise<{ readonly done: number; readonly rate: number }> {
  const started = performance.now();
  let done = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < roundSeconds * 1_000) {
      await operation();
      done++;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return { done, rate: (done * 1_000) / (performance.now() - started) };
}

async function load(url: string, path: string): Promise<number> {
  const { default: autocannon } = await import('autocannon');
  const result = await autocannon({ url: url + path, connections, duration: roundSeconds });
  if (result.non2xx + result.errors > 0) throw new Error(`${format(result.non2xx + result.errors)} answers failed`);
  return result.requests.average;
}

async function start(directory: string): Promise<Started> {
  const began = performance.now();
  const args = [program, 'start', '--port', '0', '--host', '127.0.0.1', '--data-dir', directory, '--wallet', key];
  const child = spawn(process.execPath, [...args, '--log-level', 'silent'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /activate at: (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the node ended with ${code}`)));
  });
  return { url, child, ms: performance.now() - began };
}

function told(met: boolean): string {
  return met ? 'met' : 'MISSED';
}
