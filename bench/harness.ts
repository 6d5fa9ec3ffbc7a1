/**
 * A small benchmark harness. Every figure stands beside the raw limit of the same run, because machines are shared and noisy: ratios hold,
 * absolutes drift. Each measurement is the median of several rounds.
 *
 * A bench file exports `bench(report)`; `bench/run.ts` runs them all, or those whose path contains an argument.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Figure {
  readonly name: string;
  /** Operations per second. */
  readonly rate: number;
  /** Name and rate of the primitive this is bounded by, measured in the same run. */
  readonly limit?: { readonly name: string; readonly rate: number };
  /** What the project aims for, as text, and whether it was reached. */
  readonly goal?: { readonly text: string; readonly met: boolean };
}

export interface Report {
  figure(figure: Figure): void;
  /** Any other number worth printing: memory, start-up time, latency. */
  note(text: string): void;
}

const rounds = 5;
const roundMs = 300;

/** Operations per second of a synchronous function: median of several rounds, after one to warm up. */
export function rateSync(operation: () => unknown): number {
  return median(() => {
    const start = performance.now();
    let count = 0;
    let batch = 1;
    for (;;) {
      for (let i = 0; i < batch; i++) operation();
      count += batch;
      const elapsed = performance.now() - start;
      if (elapsed >= roundMs) return (count * 1000) / elapsed;
      if (elapsed < roundMs / 10) batch *= 2;
    }
  });
}

/** Operations per second of an asynchronous function with `parallel` of them in flight. */
export async function rateAsync(operation: () => Promise<unknown>, parallel = 1): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    let count = 0;
    const worker = async (): Promise<void> => {
      while (performance.now() - start < roundMs) {
        await operation();
        count++;
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    if (round > 0) rates.push((count * 1000) / (performance.now() - start));
  }
  return middle(rates);
}

/** One side of a comparison: what runs, and how many of it at once. */
export interface Side {
  readonly run: () => unknown;
  readonly parallel?: number;
  /** Processor time used so far by the process that does the work, in milliseconds. */
  readonly cpu?: () => number | Promise<number>;
}

/** What {@link against} measures. Rates are per second; `share` is the median of the rounds' ratios, which is what a goal is about. */
export interface Compared {
  readonly rate: number;
  readonly limit: number;
  readonly share: number;
  /** The same share in processor time per operation, if both sides tell it: what it would be on a machine of their own. */
  readonly work?: number;
}

/**
 * Measures `side` against its limit, taking turns round by round: the machine's speed drifts, so only what is measured within the same moment
 * is compared. `warmUpMs`: how long `side` runs before anything counts; a long path through the code takes seconds to be compiled.
 */
export async function against(
  limit: Side,
  side: Side,
  count: number = 7,
  ms: number = roundMs,
  warmUpMs: number = ms,
): Promise<Compared> {
  const limits: number[] = [];
  const shares: number[] = [];
  const works: number[] = [];
  await turn(side, warmUpMs);
  let before = await turn(limit, ms);
  for (let round = 0; round < count; round++) {
    const { rate, cost } = await turn(side, ms);
    const after = await turn(limit, ms);
    limits.push((before.rate + after.rate) / 2);
    shares.push((2 * rate) / (before.rate + after.rate));
    works.push((before.cost + after.cost) / (2 * cost));
    before = after;
  }
  const told = side.cpu !== undefined && limit.cpu !== undefined;
  return { ...compared(limits, shares), ...(told ? { work: middle(works) } : {}) };
}

/** From rates of the limit and ratios to it, round by round. */
export function compared(limits: readonly number[], shares: readonly number[]): Compared {
  const limit = middle([...limits]);
  const share = middle([...shares]);
  return { rate: share * limit, limit, share };
}

/** Of this process, all its threads. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * A figure with its limit and a goal for the share of it. Where both sides tell their processor time that decides: rates on a machine that
 * others use as well say more about the others.
 */
export function shareFigure(name: string, limitName: string, compared: Compared, goal: number): Figure {
  const { rate, limit, share, work } = compared;
  const shown = work === undefined ? '' : ` (by processor time ${Math.round(work * 100)} %)`;
  return {
    name,
    rate,
    limit: { name: limitName, rate: limit },
    goal: { text: `≥ ${Math.round(goal * 100)} %${shown}`, met: (work ?? share) >= goal },
  };
}

/** Rate, and processor time for one. */
async function turn({ run, parallel = 1, cpu }: Side, ms: number): Promise<{ rate: number; cost: number }> {
  const cpuBefore = (await cpu?.()) ?? 0;
  const start = performance.now();
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      // Synchronous answers are not awaited: a promise would cost more than many of them.
      const answer = run();
      if (answer instanceof Promise) await answer;
      count++;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const took = performance.now() - start;
  return { rate: (count * 1000) / took, cost: (((await cpu?.()) ?? 0) - cpuBefore) / count };
}

/** Asks a child for its processor time; it answers with {@link tellCpu}. */
export async function childCpu(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }];
  return cpu;
}

/** Ends a child, and waits until it has. */
export async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

/** Lets the parent ask: {@link childCpu}. */
export function tellCpu(): void {
  process.on('message', (asked) => {
    if (asked === 'cpu') process.send?.({ cpu: ownCpu() });
  });
}

function median(round: () => number): number {
  round();
  return middle(Array.from({ length: rounds }, round));
}

export function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

export function format(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1);
}
