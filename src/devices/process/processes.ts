/**
 * The processes this node computes: a lane each, made when somebody asks for a slot that isn't computed, and put away when idle or when
 * memory is wanted elsewhere. A capability of `process@1.0`; worker threads and other nodes can stand behind the same interface.
 */
import type { Awaitable } from '../../core/awaitable.ts';
import type { Ao } from '../../core/device.ts';
import type { Message } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Definition } from './definition.ts';
import { defaultLaneOptions, type LaneOptions, type LaneParts, type LaneStatus, ProcessLane } from './lane.ts';
import { dressed } from './run-as.ts';
import type { Slots } from './slots.ts';
import { Waits } from './waits.ts';

declare module '../../core/device.ts' {
  interface Capabilities {
    readonly processes: Processes;
  }
}

export interface Processes {
  /** Stored results, to be read without entering a lane. */
  readonly slots: Slots;
  /**
   * The state after `slot`, computing what is missing. `by`: the process whose slot is being computed and needs this; a circle of such
   * processes is refused.
   */
  compute(definition: Definition, slot: number, by?: string): Awaitable<Outcome>;
  /**
   * Resolves a request on the newest computed state, in a role, with the devices' memory at hand. Nothing it does is kept: dry runs and
   * snapshots.
   */
  inspect(definition: Definition, role: string, request: Message, by?: string): Awaitable<Outcome>;
  /** What the lane of a process is doing; `undefined` if it has none at the moment. */
  status(process: string): Awaitable<LaneStatus | undefined>;
}

export interface InlineOptions {
  readonly lane: LaneOptions;
  /** Lanes that keep their machines in memory at one time. */
  readonly maxWarm: number;
  /** A lane nobody asked for this long is put away. */
  readonly idleMs: number;
  /** Bytes that the machines of all lanes may hold together. */
  readonly maxBytes: number;
}

export const defaultInlineOptions: InlineOptions = {
  lane: defaultLaneOptions,
  maxWarm: 1_000,
  idleMs: 300_000,
  maxBytes: 1024 * 1024 * 1024,
};

export interface InlineParts extends Omit<LaneParts, 'toolbox'> {
  /** AO-Core for one step of the fold of `process`; see {@link LaneParts}. */
  readonly toolbox: (process: string, ...how: Parameters<LaneParts['toolbox']>) => Ao;
  /** Bytes that machines hold in this thread at the moment. */
  readonly machineBytes: () => number;
}

/** Lanes in this thread. */
export class InlineProcesses implements Processes, AsyncDisposable {
  readonly #parts: InlineParts;
  readonly #options: InlineOptions;
  /** In the order of their last use. */
  readonly #lanes = new Map<string, ProcessLane>();
  readonly #waits = new Waits();

  constructor(parts: InlineParts, options: InlineOptions = defaultInlineOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get slots(): Slots {
    return this.#parts.slots;
  }

  async compute(definition: Definition, slot: number, by?: string): Promise<Outcome> {
    const computed = by === undefined ? undefined : await this.computed(definition.id, slot);
    return computed ?? this.#waits.during(by, definition.id, () => this.#lane(definition).compute(slot));
  }

  /** What a slot came to, if a lane in here has computed it, even if it is not written yet. */
  async computed(process: string, slot: number): Promise<Outcome | undefined> {
    return this.#lanes.get(process)?.computed(slot);
  }

  inspect(definition: Definition, role: string, request: Message, by?: string): Promise<Outcome> {
    return this.#waits.during(by, definition.id, () =>
      this.#lane(definition).inspect(async (state, ao) => ao.resolve(await dressed(ao, state, role), request)),
    );
  }

  status(process: string): LaneStatus | undefined {
    return this.#lanes.get(process)?.status;
  }

  /** Lanes that hold a state in memory. */
  get warm(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) if (lane.warm) count++;
    return count;
  }

  /**
   * Puts away lanes that nobody used for a while, then those used longest ago until the machines of the others fit into their memory. The
   * node calls it now and then.
   */
  async rest(): Promise<void> {
    const before = this.#parts.clock.now() - this.#options.idleMs;
    for (const lane of [...this.#lanes.values()]) {
      if (lane.lastUsed > before && this.#parts.machineBytes() <= this.#options.maxBytes) return;
      if (!lane.busy) await this.#putAway(lane);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lane of [...this.#lanes.values()]) await this.#putAway(lane);
  }

  #lane(definition: Definition): ProcessLane {
    let lane = this.#lanes.get(definition.id);
    if (lane === undefined) lane = this.#newLane(definition);
    else this.#lanes.delete(definition.id);
    this.#lanes.set(definition.id, lane);
    if (this.#lanes.size > this.#options.maxWarm) this.#makeRoom();
    return lane;
  }

  #newLane(definition: Definition): ProcessLane {
    const toolbox: LaneParts['toolbox'] = (...how) => this.#parts.toolbox(definition.id, ...how);
    return new ProcessLane(definition, { ...this.#parts, toolbox }, this.#options.lane);
  }

  #makeRoom(): void {
    for (const lane of this.#lanes.values()) {
      if (lane.busy) continue;
      void this.#putAway(lane);
      return;
    }
  }

  async #putAway(lane: ProcessLane): Promise<void> {
    await lane.release();
    // Somebody may have asked for it while it was being saved.
    if (lane.busy || lane.warm) return;
    if (this.#lanes.get(lane.definition.id) === lane) this.#lanes.delete(lane.definition.id);
    this.#parts.assignments.forget(lane.definition.id);
  }
}
