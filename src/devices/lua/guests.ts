/**
 * What strangers' programs may take outside of processes. A program of a process has its slot to itself, and its author pays for its
 * messages; `/~lua@5.3a` runs whatever anybody writes into a request, so it gets little, and what a request sets in motion shares it:
 *
 *     request ─ turn of the thread ─ program ─ ao.resolve ─ program …
 *                   └─ one at a time    └──── one deadline ────┘
 *
 * The deadline counts what programs wait for as well: a program could have the node work for it instead of working itself. Budgets of
 * instructions and memory are those of each call.
 */
import * as z from 'zod';
import type { Ao } from '../../core/device.ts';
import { fail, type Outcome } from '../../core/outcome.ts';
import type { LuaHostFunction, LuaLimits, LuaOutcome, LuaReply } from '../../vm/lua/machine.ts';

export const guestOptions = z.object({
  'lua-guest-time-limit': z
    .int()
    .positive()
    .default(1_000)
    .describe('Time a stranger’s program may take outside of processes, waiting included, in milliseconds.'),
  'lua-guest-memory-bytes': z
    .int()
    .positive()
    .default(64 * 1024 * 1024)
    .describe('Memory of a stranger’s program outside of processes.'),
  'lua-guest-instructions': z
    .int()
    .positive()
    .default(200_000_000)
    .describe('Instructions of a stranger’s program outside of processes.'),
  'lua-guest-waiting': z
    .int()
    .min(0)
    .default(32)
    .describe(
      'Strangers’ programs that may wait for their turn, one of which runs in a thread at a time; others get 503.',
    ),
});

export type GuestOptions = z.infer<typeof guestOptions>;

const maxOutputBytes = 16 * 1024 * 1024;

/** The budget of a guest's next call: of its time, what is left. */
export function guestLimits(options: GuestOptions, deadline: number): Partial<LuaLimits> {
  return {
    timeMs: timeLeft(deadline),
    memoryBytes: options['lua-guest-memory-bytes'],
    instructions: options['lua-guest-instructions'],
    outputBytes: maxOutputBytes,
  };
}

/** The same of a dry run of a process, which needs the memory of that process. */
export function dryRunLimits(options: GuestOptions, deadline: number): Partial<LuaLimits> {
  return { timeMs: timeLeft(deadline), instructions: options['lua-guest-instructions'] };
}

function timeLeft(deadline: number): number {
  return Math.max(1, deadline - performance.now());
}

/** The functions of the host, which give up at the deadline. What they began may go on; nobody waits for it. */
export function untilDeadline(
  functions: { readonly [name: string]: LuaHostFunction },
  deadline: number,
): { readonly [name: string]: LuaHostFunction } {
  const timed = Object.entries(functions).map(([name, run]): [string, LuaHostFunction] => [
    name,
    async (args) => {
      const left = deadline - performance.now();
      if (left <= 0) return overTime;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<LuaReply>((resolve) => {
        timer = setTimeout(() => resolve(overTime), left);
      });
      try {
        return await Promise.race([run(args), late]);
      } finally {
        clearTimeout(timer);
      }
    },
  ]);
  return Object.fromEntries(timed);
}

const overTime: LuaReply = { crash: 'the time is up' };

/** A call that was ended at the deadline while it waited failed for want of time, whatever it says. */
export function atDeadline(outcome: LuaOutcome, deadline: number): LuaOutcome {
  if (outcome.ok || outcome.failure.code !== 'lua-crash' || performance.now() < deadline) return outcome;
  return { ok: false, failure: { ...outcome.failure, code: 'lua-time-limit', message: 'time limit exceeded' } };
}

/** Who runs and who waits. */
export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Runs `work` when fewer than `atOnce` others run; refuses it when `maxWaiting` wait already. With `rest` the next one waits for as long
   * as this one took: at least half of the thread's time is for everybody else.
   */
  async take(
    { atOnce, maxWaiting, rest }: { readonly atOnce: number; readonly maxWaiting: number; readonly rest: boolean },
    signal: AbortSignal,
    work: () => Promise<Outcome>,
  ): Promise<Outcome> {
    if (this.#running < atOnce) this.#running++;
    else if (this.#waiting.length >= maxWaiting) return tooMany;
    else await new Promise<void>((begin) => this.#waiting.push(begin));
    const started = performance.now();
    try {
      return signal.aborted ? gone : await work();
    } finally {
      if (rest) setTimeout(() => this.#next(), performance.now() - started).unref();
      else this.#next();
    }
  }

  /** Whoever waits longest takes over the place. */
  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

const gone = fail('cancelled', 'The caller went away before it was its turn.');

const tooMany = fail(
  'unavailable',
  'This node runs as many programs of strangers as it can at the moment.',
  'Ask again in a while, or spawn a process: it computes in a place of its own.',
);

/** Runs a program of this request when it is its turn, here or elsewhere. What a program sets in motion has the turn of its request. */
export function inTurn(
  ao: Ao,
  turns: Turns,
  options: GuestOptions,
  { elsewhere, signal }: { readonly elsewhere: number | undefined; readonly signal: AbortSignal },
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  if (!ao.isGuest || ao.deadline !== undefined) return work();
  const place = { atOnce: elsewhere ?? 1, maxWaiting: options['lua-guest-waiting'], rest: elsewhere === undefined };
  return turns.take(place, signal, work);
}
