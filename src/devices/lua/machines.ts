/**
 * The Lua machines of one thread: a table of live ones, found by handles that messages carry privately.
 *
 * A handle is `<machine>:<version>:<secret>`. Running a function moves its machine on by a version, so that a handle always means one exact state:
 *
 *   - in a lane (exclusive) only the newest state is ever called, so the machine just moves on;
 *   - elsewhere a message keeps its meaning for ever, so its state is kept as pages beside the machine and restored when it is asked for.
 *
 * The table is bounded; what falls out of it comes back from a snapshot or from its modules. A capability of `lua@5.3a`.
 */
import { randomUUID } from 'node:crypto';
import { isMessage, type Message } from '../../core/message.ts';
import { getPrivate } from '../../core/private.ts';
import { compileLua, type LuaEngine } from '../../vm/lua/engine.ts';
import {
  type Dialect,
  defaultLuaLimits,
  type LuaHostFunction,
  type LuaLimits,
  type LuaMachine,
} from '../../vm/lua/machine.ts';
import { type LuaSnapshot, pageBytes } from '../../vm/lua/snapshot.ts';
import { Turns } from './guests.ts';

declare module '../../core/device.ts' {
  interface Capabilities {
    readonly lua: LuaMachines;
  }
}

/** What the host functions of a machine act on while a call runs. */
export interface CallContext {
  readonly functions: { readonly [name: string]: LuaHostFunction };
  /** Seconds since 1970, as the message says. */
  readonly time: number;
}

/** A machine with its versions. */
export interface Live {
  readonly id: number;
  readonly machine: LuaMachine;
  version: number;
  /** It belongs to a lane, which puts it away itself: see {@link LuaMachines.release}. */
  readonly pinned: boolean;
  /** Earlier states that messages may still mean, by version. */
  readonly kept: Map<number, LuaSnapshot>;
  /** Bytes of these; pages they share count once. */
  keptBytes: number;
  /** A call has it, from before its arguments are there until its result is. */
  busy: boolean;
  context: CallContext | undefined;
}

export interface LuaMachinesOptions {
  readonly limits: Partial<LuaLimits>;
  /** Machines outside of lanes in memory at one time, per thread. */
  readonly maxMachines: number;
  /** Bytes these may hold together, with their earlier states. */
  readonly maxBytes: number;
  /** Earlier states kept of a machine outside of lanes, and their bytes. */
  readonly maxKept: number;
  readonly maxKeptBytes: number;
  /** Told which slot of which process a machine is about to run, and when it is done (`undefined`). */
  readonly entered?: (process: string | undefined, slot: number) => void;
}

export const defaultLuaMachinesOptions: LuaMachinesOptions = {
  limits: { instructions: 10_000_000_000, timeMs: 30_000, memoryBytes: 256 * 1024 * 1024 },
  maxMachines: 500,
  maxBytes: 512 * 1024 * 1024,
  maxKept: 16,
  maxKeptBytes: 128 * 1024 * 1024,
};

/** Names of the host functions, in every machine. */
export const hostFunctions = ['ao.event', 'ao.get', 'ao.resolve', 'ao.set'] as const;

export class LuaMachines {
  readonly #engine: LuaEngine;
  readonly #options: LuaMachinesOptions;
  /** In the order of their last use. */
  readonly #live = new Map<number, Live>();
  /** Part of every handle: whoever doesn't hold one can't make it up. */
  readonly #secret = randomUUID();
  readonly #library = new Map<Dialect, ReadonlySet<string>>();
  #next = 1;
  /** Of strangers' programs in this thread. */
  readonly turns = new Turns();

  /** Compiles the engine; once per thread. */
  static async open(options: LuaMachinesOptions = defaultLuaMachinesOptions): Promise<LuaMachines> {
    return new LuaMachines(await compileLua(), options);
  }

  constructor(engine: LuaEngine, options: LuaMachinesOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** Says which slot runs now: if it takes its thread along, that is known afterwards. */
  entered(process: string | undefined, slot: number): void {
    this.#options.entered?.(process, slot);
  }

  /** A fresh machine. */
  create(dialect: Dialect, seed: number, pinned = false): Live {
    return this.#keep(pinned, (functions, time) =>
      this.#engine.create({ dialect, seed, limits: this.#options.limits, functions, time }),
    );
  }

  /** Names of the global functions that every program finds there. */
  library(dialect: Dialect): ReadonlySet<string> {
    let names = this.#library.get(dialect);
    if (names === undefined) {
      names = new Set(this.#engine.create({ dialect }).functions());
      this.#library.set(dialect, names);
    }
    return names;
  }

  /** A machine in a saved state. */
  restore(snapshot: LuaSnapshot, pinned = false): Live {
    return this.#keep(pinned, (functions, time) =>
      this.#engine.restore(snapshot, { limits: this.#options.limits, functions, time }),
    );
  }

  /** The machine in exactly the state a handle means, or `undefined` if that is gone. */
  find(handle: string): Live | undefined {
    const [id, version] = handle.split(':').map(Number) as [number, number];
    if (handle.split(':')[2] !== this.#secret) return undefined;
    const live = this.#live.get(id);
    if (live === undefined) return undefined;
    this.#live.delete(id);
    this.#live.set(id, live);
    if (live.version === version && !live.machine.broken && !live.busy) return live;
    const kept = live.kept.get(version);
    return kept === undefined ? undefined : this.restore(kept);
  }

  /** Budgets of the machine's next calls: these, and for the rest those of this thread's options. */
  limit(live: Live, limits: Partial<LuaLimits>): void {
    live.machine.setLimits({ ...defaultLuaLimits, ...this.#options.limits, ...limits });
  }

  handle(live: Live): string {
    return `${live.id}:${live.version}:${this.#secret}`;
  }

  /** Remembers the state of a machine before a call, so that the message it belongs to keeps its meaning. */
  hold(live: Live): LuaSnapshot {
    const known = live.kept.get(live.version);
    if (known !== undefined) return known;
    const newest = [...live.kept.values()].at(-1);
    const snapshot = live.machine.snapshot(newest);
    live.kept.set(live.version, snapshot);
    live.keptBytes += bytesBeside(snapshot, newest);
    const { maxKept, maxKeptBytes } = this.#options;
    while (live.kept.size > 1 && (live.kept.size > maxKept || live.keptBytes > maxKeptBytes)) {
      const [[version, oldest], next] = [...live.kept] as [[number, LuaSnapshot], [number, LuaSnapshot]];
      live.kept.delete(version);
      live.keptBytes -= bytesBeside(oldest, next[1]);
    }
    return snapshot;
  }

  drop(live: Live): void {
    this.#live.delete(live.id);
  }

  /** Forgets the machines that a state's private handles lead to. */
  release(state: Message): void {
    const handles = getPrivate(state, 'lua-machine');
    if (!isMessage(handles)) return;
    for (const [, handle] of handles.entries()) {
      if (typeof handle === 'string' && handle.endsWith(this.#secret)) this.#live.delete(Number(handle.split(':')[0]));
    }
  }

  /** Forgets every machine. What belongs to lanes comes back from snapshots. */
  clear(): void {
    this.#live.clear();
  }

  get count(): number {
    return this.#live.size;
  }

  /** Bytes of all machines, those of lanes included. */
  get bytes(): number {
    let sum = 0;
    for (const live of this.#live.values()) sum += bytesOf(live);
    return sum;
  }

  #keep(
    pinned: boolean,
    make: (functions: { readonly [name: string]: LuaHostFunction }, time: () => number) => LuaMachine,
  ): Live {
    const box: { live: Live | undefined } = { live: undefined };
    const functions = Object.fromEntries(
      hostFunctions.map((name): [string, LuaHostFunction] => [
        name,
        (args) => box.live?.context?.functions[name]?.(args) ?? { crash: `${name} is not available here` },
      ]),
    );
    const machine = make(functions, () => box.live?.context?.time ?? 0);
    const live: Live = {
      id: this.#next++,
      machine,
      version: 0,
      pinned,
      kept: new Map(),
      keptBytes: 0,
      busy: false,
      context: undefined,
    };
    box.live = live;
    this.#live.set(live.id, live);
    if (!pinned) this.#makeRoom(live);
    return live;
  }

  /** Forgets the machines outside of lanes that were not used for the longest time, until the others fit. */
  #makeRoom(newest: Live): void {
    const loose = [...this.#live.values()].filter((live) => !live.pinned);
    let count = loose.length;
    let bytes = loose.reduce((sum, live) => sum + bytesOf(live), 0);
    for (const live of loose) {
      if (count <= this.#options.maxMachines && bytes <= this.#options.maxBytes) return;
      if (live === newest || live.busy || live.context !== undefined) continue;
      this.#live.delete(live.id);
      count--;
      bytes -= bytesOf(live);
    }
  }
}

function bytesOf({ machine, keptBytes }: Live): number {
  return machine.footprint + keptBytes;
}

/** Bytes of the pages that a snapshot doesn't share with its neighbour in time. */
function bytesBeside(snapshot: LuaSnapshot, neighbour: LuaSnapshot | undefined): number {
  let own = 0;
  snapshot.pages.forEach((page, i) => {
    if (page !== neighbour?.pages[i]) own++;
  });
  return own * pageBytes;
}
