/**
 * The default store: messages in and out through the cache, durable commits, each beside LMDB's own put and get. Ours and the raw one take
 * turns round by round, because disks are fast until their burst is used up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { type Message, messageFrom } from '../../src/core/message.ts';
import { createLibrary } from '../../src/node/library.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { MessageCache } from '../../src/stores/message-cache.ts';
import type { PathStore } from '../../src/stores/path-store.ts';
import { put } from '../../src/stores/store.ts';
import type { Report } from '../harness.ts';

const cellBytes = 300;
const rounds = 7;
const roundMs = 250;

export async function bench(report: Report): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-lmdb-'));
  const raw = open<Uint8Array, string>({ path: join(directory, 'raw.mdb'), encoding: 'binary' });
  const store = await openLmdb({ directory: join(directory, 'store') });
  try {
    await values(store, raw, report);
    await logs(store, raw, report);
    await messages(store, raw, report);
  } finally {
    await store[Symbol.asyncDispose]();
    await raw.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Side {
  readonly name: string;
  readonly parallel: number;
  readonly run: () => unknown;
}

/** Medians of both sides, round by round in turn. */
async function compare(report: Report, ours: Side, limit: Side): Promise<void> {
  const rates: { readonly ours: number[]; readonly limit: number[] } = { ours: [], limit: [] };
  for (let round = 0; round <= rounds; round++) {
    for (const side of ['ours', 'limit'] as const) {
      const rate = await measure(side === 'ours' ? ours : limit);
      if (round > 0) rates[side].push(rate);
    }
  }
  const middle = (all: number[]): number => all.sort((a, b) => a - b)[all.length >> 1]!;
  report.figure({ name: ours.name, rate: middle(rates.ours), limit: { name: limit.name, rate: middle(rates.limit) } });
}

async function measure({ parallel, run }: Side): Promise<number> {
  const start = performance.now();
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - start < roundMs) {
      // Synchronous answers are not awaited: a promise would cost more than the read.
      const answer = run();
      if (answer instanceof Promise) await answer;
      count++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return (count * 1000) / (performance.now() - start);
}

/** Walks through the first `count` numbers in an order that no cache likes. */
function scattered(count: number): () => number {
  let n = 0;
  return () => {
    n = (n + 7919) % count;
    return n;
  };
}

async function values(store: PathStore, raw: RootDatabase<Uint8Array, string>, report: Report): Promise<void> {
  const value = new Uint8Array(cellBytes);
  let n = 0;
  const rawPut = async (): Promise<unknown> => raw.put(`put/${n++}`, Buffer.from(value));
  const rawDurable = async (): Promise<void> => {
    await rawPut();
    await raw.flushed;
  };
  const ours = async (durable: boolean): Promise<unknown> => store.write([put(`put/${n++}`, value)], { durable });
  for (const parallel of [256, 1]) {
    const limit = { name: 'raw put', parallel, run: rawPut };
    await compare(report, { name: `store/put, ${parallel} at once`, parallel, run: () => ours(false) }, limit);
  }
  for (const parallel of [64, 1]) {
    const limit = { name: 'raw put and flush', parallel, run: rawDurable };
    await compare(report, { name: `store/durable put, ${parallel} at once`, parallel, run: () => ours(true) }, limit);
  }
  const count = 20_000;
  await store.write(Array.from({ length: count }, (_, i) => put(`get/${i}`, value)));
  for (let i = 0; i < count; i++) void raw.put(`get/${i}`, Buffer.from(value));
  await raw.flushed;
  const pick = scattered(count);
  const limit = { name: 'raw get', parallel: 1, run: () => raw.getBinary(`get/${pick()}`) };
  await compare(report, { name: 'store/get', parallel: 1, run: () => store.read(`get/${pick()}`) }, limit);
}

/** 64 logs, each appended to by its own writer with compare-and-set on its head. */
async function logs(store: PathStore, raw: RootDatabase<Uint8Array, string>, report: Report): Promise<void> {
  const heads = Array.from({ length: 64 }, () => ({ slot: -1, busy: false }));
  const bytes = (slot: number): Uint8Array => new TextEncoder().encode(String(slot));
  const append = async (): Promise<void> => {
    const at = heads.findIndex((head) => !head.busy);
    const head = heads[at]!;
    head.busy = true;
    const path = `head/${at}`;
    const row = put(`log/${at}/${String(head.slot + 1).padStart(16, '0')}`, new Uint8Array(cellBytes));
    const when = [{ path, is: head.slot < 0 ? undefined : bytes(head.slot) }];
    if (!(await store.write([row, put(path, bytes(head.slot + 1))], { durable: true, when })))
      throw new Error('conflict');
    head.slot++;
    head.busy = false;
  };
  let n = 0;
  const rawDurable = async (): Promise<void> => {
    await raw.put(`log/${n++}`, Buffer.from(new Uint8Array(cellBytes)));
    await raw.flushed;
  };
  const limit = { name: 'raw put and flush', parallel: 64, run: rawDurable };
  await compare(report, { name: 'store/durable append, 64 logs', parallel: 64, run: append }, limit);
  const latest = {
    name: 'store/latest slot, a backward seek',
    parallel: 1,
    run: () => store.scan('log/0', { reverse: true, limit: 1 }),
  };
  await compare(report, latest, { name: 'raw get', parallel: 1, run: () => raw.getBinary('log/0') });
}

/** Messages of six keys, 300 bytes in all, without commitments. */
async function messages(store: PathStore, raw: RootDatabase<Uint8Array, string>, report: Report): Promise<void> {
  const cold = new MessageCache({ store, environment: () => library.env, memoryBytes: 0 });
  const warm = new MessageCache({ store, environment: () => library.env });
  const library = createLibrary({ cache: cold });
  let n = 0;
  const make = (): Message =>
    messageFrom([
      ['process', 'p'.repeat(43)],
      ['slot', n++],
      ['action', 'Transfer'],
      ['recipient', 'r'.repeat(43)],
      ['quantity', '1000000'],
      ['data', 'd'.repeat(150)],
    ]);
  const ids: string[] = [];
  const write = async (): Promise<void> => {
    ids.push(await cold.write(make()));
  };
  const rawPut = {
    name: 'raw put',
    parallel: 64,
    run: async () => raw.put(`m/${n++}`, Buffer.from(new Uint8Array(cellBytes))),
  };
  await compare(report, { name: 'cache/write a message, 64 at once', parallel: 64, run: write }, rawPut);
  await compare(
    report,
    { name: 'cache/write a message, 64 at once, beside its id', parallel: 64, run: write },
    { name: 'its id', parallel: 1, run: () => library.id(make()) },
  );
  const pick = scattered(Math.min(ids.length, 10_000));
  const rawGet = { name: 'raw get', parallel: 1, run: () => raw.getBinary(`get/${pick()}`) };
  await compare(
    report,
    { name: 'cache/read a message from LMDB', parallel: 1, run: () => cold.read(ids[pick()]!) },
    rawGet,
  );
  await compare(
    report,
    { name: 'cache/read a message from memory', parallel: 1, run: () => warm.read(ids[pick()]!) },
    rawGet,
  );
  await cold.catchUp();
  const query = messageFrom([
    ['action', 'Transfer'],
    ['slot', 17],
  ]);
  await compare(report, { name: 'cache/match two keys', parallel: 1, run: async () => cold.match(query) }, rawGet);
}
