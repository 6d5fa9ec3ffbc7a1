/** Downloads that are larger than the memory they may take: a node in a process of its own, watched while it sends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ChildNode, childNode } from '../support/child-node.ts';
import { hashOfZeros, keepZeros } from '../support/large-value.ts';

const MiB = 1024 * 1024;
const gigabyte = 1024 * MiB;
const hundred = 100_000_000;

const directory = mkdtempSync(join(tmpdir(), 'large-'));
let node: ChildNode;
let one = '';
let small = '';

beforeAll(async () => {
  const store = join(directory, 'store');
  one = await keepZeros(store, gigabyte);
  small = await keepZeros(store, hundred);
  node = await childNode(['--data-dir', directory]);
  // Until everything that one download needs is there.
  await received1(small);
}, 60_000);
afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

interface Received {
  readonly length: number;
  readonly hash: string;
}

async function sumOf(source: AsyncIterable<unknown>): Promise<Received> {
  const sum = createHash('sha256');
  let length = 0;
  for await (const piece of source) {
    sum.update(piece as Buffer);
    length += (piece as Buffer).length;
  }
  return { length, hash: sum.digest('hex') };
}

async function received1(id: string): Promise<Received> {
  const request = http.get(`${node.url}/${id}`, { agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return sumOf(response);
}

async function lengthOf(id: string): Promise<number> {
  const request = http.get(`${node.url}/${id}`, { agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let length = 0;
  for await (const piece of response) length += (piece as Buffer).length;
  return length;
}

async function received2(id: string): Promise<Received> {
  const session = http2.connect(node.url);
  try {
    return await sumOf(session.request({ ':path': `/${id}` }));
  } finally {
    session.close();
  }
}

/** What the node's process has in memory, in MiB: now, and at most so far. */
function memory(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${node.process.pid}/status`, 'latin1');
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
}

const onLinux = process.platform === 'linux';

test.runIf(onLinux)('a gigabyte is sent with little memory', { timeout: 120_000 }, async () => {
  const before = memory('VmRSS');
  // The node checks the hash itself before it sends the last piece.
  expect(await lengthOf(one)).toBe(gigabyte);
  expect(memory('VmHWM') - before).toBeLessThan(64);
});

test.runIf(onLinux)('so are ten hundreds of megabytes at once', { timeout: 120_000 }, async () => {
  const before = memory('VmRSS');
  const hash = hashOfZeros(hundred).toString('hex');
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? received1(small) : received2(small))),
  );
  for (const got of all) expect(got).toEqual({ length: hundred, hash });
  expect(memory('VmHWM') - before).toBeLessThan(96);
});
