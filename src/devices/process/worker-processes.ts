/**
 * Lanes in worker threads (architecture §5): programs of strangers run there, the main thread only routes.
 *
 *     compute(process, slot) ─ home of the process ─► worker ─ lane ─► answer
 *                                                        └─ crash ─► a new worker; the slot it was in gets the error, the rest is asked again
 *
 * A worker that runs out of memory, traps or stops answering is ended and replaced. It has lost nothing: lanes come back from the store.
 * Which slot it was in stands in shared memory. That slot is not tried again for a while, or it would take the next worker along.
 */
import type { Worker } from 'node:worker_threads';
import type { Clock } from '../../core/device.ts';
import { decode, encode } from '../../core/encode.ts';
import { errorFrom } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import { message } from '../../core/message.ts';
import { fail, failed, type Outcome } from '../../core/outcome.ts';
import type { Poster } from '../scheduler/schedules.ts';
import type { Definition } from './definition.ts';
import type { LaneStatus } from './lane.ts';
import type { Processes } from './processes.ts';
import type { Slots } from './slots.ts';
import { Waits } from './waits.ts';
import {
  type FromWorker,
  homeOf,
  maxLaneNumbers,
  type Need,
  type Question,
  receiveDefinition,
  receiveOutcome,
  type SentOutcome,
  sendDefinition,
  sendOutcome,
  type ToWorker,
} from './worker-protocol.ts';

export interface WorkerParts {
  readonly slots: Slots;
  readonly clock: Clock;
  /** Starts worker `index`. It writes where it is to `position`. */
  readonly start: (index: number, position: SharedArrayBuffer) => Worker;
  readonly failed: (error: unknown) => void;
  /** Schedules what a program in a worker posts: slots are given by this thread. */
  readonly post: Poster;
}

export interface WorkerOptions {
  readonly count: number;
  /** A worker that doesn't answer for this long is ended. */
  readonly silenceMs: number;
  /** How long a slot that took its worker along is not tried again. */
  readonly quarantineMs: number;
}

interface Pending {
  readonly question: Question;
  readonly answer: (outcome: Outcome) => void;
  readonly status: ((status: LaneStatus | undefined) => void) | undefined;
  /** Workers it has been asked of. */
  tries: number;
}

interface Quarantine {
  readonly slot: number;
  readonly until: number;
  readonly outcome: Outcome;
}

/** A worker that computes answers nothing meanwhile: after this long what is known of it here is told. */
const statusPatienceMs = 250;

/** A question is asked of so many workers in turn, when they break without its being known to be the reason. */
const maxTries = 3;

export class WorkerProcesses implements Processes, AsyncDisposable {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #hosts: Host[];
  readonly #quarantine = new Map<string, Quarantine>();
  /** Numbers of lanes, for the shared position. */
  readonly #lanes = new Map<string, number>();
  #turn = 0;
  readonly #waits = new Waits();

  constructor(parts: WorkerParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#hosts = Array.from({ length: options.count }, (_, index) => new Host(index, parts, options, this.#events()));
  }

  get slots(): Slots {
    return this.#parts.slots;
  }

  /** Starts the workers before they are needed. */
  async warm(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.warm()));
  }

  compute(definition: Definition, slot: number, by?: string): Promise<Outcome> {
    const held = this.#quarantine.get(definition.id);
    if (held !== undefined && held.until <= this.#parts.clock.now()) this.#quarantine.delete(definition.id);
    else if (held !== undefined && slot >= held.slot) return Promise.resolve(held.outcome);
    return this.#waits.during(by, definition.id, () =>
      this.#home(definition.id).ask({
        kind: 'compute',
        definition: sendDefinition(definition),
        lane: this.#laneNumber(definition.id),
        slot,
      }),
    );
  }

  inspect(definition: Definition, role: string, request: Message, by?: string): Promise<Outcome> {
    const question: Question = {
      kind: 'inspect',
      definition: sendDefinition(definition),
      role,
      request: encode(request),
    };
    return this.#waits.during(by, definition.id, () => this.#home(definition.id).ask(question));
  }

  status(process: string): Promise<LaneStatus | undefined> {
    return this.#home(process).askStatus(process);
  }

  get count(): number {
    return this.#hosts.length;
  }

  /** Runs a Lua key in a worker: `home` again if the base came from there, else one after the other. Gives the worker's number. */
  async call(base: Message, request: Message, home: number | undefined): Promise<{ home: number; outcome: Outcome }> {
    const index = home !== undefined && home < this.#hosts.length ? home : this.#turn++ % this.#hosts.length;
    const outcome = await this.#hosts[index]!.ask({ kind: 'call', base: encode(base), request: encode(request) });
    return { home: index, outcome };
  }

  /** The node message changed. */
  changed(options: Message): void {
    for (const host of this.#hosts) host.tell({ kind: 'options', options: encode(options) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  #home(process: string): Host {
    return this.#hosts[homeOf(process, this.#hosts.length)]!;
  }

  #laneNumber(process: string): number {
    let lane = this.#lanes.get(process);
    if (lane === undefined) {
      // Numbers are only compared while a question is open; a long list is begun anew.
      if (this.#lanes.size > maxLaneNumbers) this.#lanes.clear();
      lane = this.#lanes.size + 1;
      this.#lanes.set(process, lane);
    }
    return lane;
  }

  #events(): HostEvents {
    return {
      ask: async (need, by) => {
        const definition = receiveDefinition(need.definition);
        if (need.kind === 'compute') return this.compute(definition, need.slot, by);
        return this.inspect(definition, need.role, decode(need.request) as Message, by);
      },
      broke: (process, slot, outcome) => {
        const until = this.#parts.clock.now() + this.#options.quarantineMs;
        this.#quarantine.set(process, { slot, until, outcome });
      },
    };
  }
}

interface HostEvents {
  /** A worker needs something of a process, of its own or of another worker's. */
  readonly ask: (need: Need, by: string | undefined) => Promise<Outcome>;
  /** A slot took its worker along. */
  readonly broke: (process: string, slot: number, outcome: Outcome) => void;
}

/** One worker after the other in the same place. */
class Host {
  readonly #index: number;
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #events: HostEvents;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  /** Started by the first question, or by {@link warm}. */
  #worker: Worker | undefined;
  #position: Int32Array = new Int32Array(2);
  #ready = Promise.withResolvers<void>();
  #closed: PromiseWithResolvers<void> | undefined;
  /** When the ping that has no answer yet was sent. */
  #pinged: number | undefined;
  #watch: NodeJS.Timeout | undefined;
  #reason: string | undefined;
  #latest: Uint8Array | undefined;

  constructor(index: number, parts: WorkerParts, options: WorkerOptions, events: HostEvents) {
    this.#index = index;
    this.#parts = parts;
    this.#options = options;
    this.#events = events;
  }

  /** Starts the worker if it isn't running. Resolves when it takes questions. */
  warm(): Promise<void> {
    this.#running();
    return this.#ready.promise;
  }

  ask(question: Question): Promise<Outcome> {
    return new Promise((answer) => this.#send({ question, answer, status: undefined, tries: 0 }));
  }

  askStatus(process: string): Promise<LaneStatus | undefined> {
    return new Promise((resolve, reject) => {
      const told = (status: LaneStatus | undefined): void => {
        clearTimeout(timer);
        resolve(status);
      };
      const question: Question = { kind: 'status', process };
      let id: number | undefined;
      const timer = setTimeout(() => {
        if (id !== undefined) this.#take(id);
        this.#seen(process).then(resolve, reject);
      }, statusPatienceMs);
      id = this.#send({ question, answer: () => told(undefined), status: told, tries: 0 });
    });
  }

  /** What a process is doing, by what its worker was asked and where it says it is. */
  async #seen(process: string): Promise<LaneStatus | undefined> {
    const asked = [...this.#pending.values()].flatMap(({ question }) =>
      question.kind === 'compute' && question.definition.id === process ? [question] : [],
    );
    const [first] = asked;
    if (first === undefined) return undefined;
    if (Atomics.load(this.#position, 0) === first.lane) {
      const slot = Atomics.load(this.#position, 1) - 1;
      return { status: 'computing', slot, target: Math.max(...asked.map((question) => question.slot)) };
    }
    const slot = (await this.#parts.slots.latestState(process))?.slot ?? -1;
    return { status: 'waiting', slot, for: 'another process in its thread' };
  }

  tell(what: ToWorker): void {
    if (what.kind === 'options') this.#latest = what.options;
    this.#worker?.postMessage(what);
  }

  async close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = Promise.withResolvers();
      clearInterval(this.#watch);
      const worker = this.#worker;
      if (worker === undefined) return;
      worker.postMessage({ kind: 'close' } satisfies ToWorker);
      // A worker that is stuck is not waited for: what it holds is in the store, or is computed again.
      const stuck = setTimeout(() => void worker.terminate(), this.#options.silenceMs);
      await this.#closed.promise;
      clearTimeout(stuck);
      await worker.terminate();
      return;
    }
    if (this.#worker === undefined) return;
    await this.#closed.promise;
  }

  /** Gives the number of the question, if it was asked. */
  #send(pending: Pending): number | undefined {
    if (this.#closed !== undefined) {
      pending.answer(fail('unavailable', 'This node is shutting down.'));
      return undefined;
    }
    const id = this.#next++;
    pending.tries++;
    this.#pending.set(id, pending);
    this.#running().postMessage({ kind: 'question', id, question: pending.question } satisfies ToWorker);
    this.#watch ??= setInterval(() => this.#look(), Math.min(1_000, this.#options.silenceMs / 2)).unref();
    return id;
  }

  #running(): Worker {
    if (this.#worker === undefined) {
      [this.#worker, this.#position] = this.#start();
      if (this.#latest !== undefined) this.tell({ kind: 'options', options: this.#latest });
    }
    return this.#worker;
  }

  #start(): [Worker, Int32Array] {
    const shared = new SharedArrayBuffer(8);
    const worker = this.#parts.start(this.#index, shared);
    worker.on('message', (said: FromWorker) => this.#heard(worker, said));
    worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'failure';
      this.#parts.failed(error);
    });
    worker.on('exit', () => this.#gone(worker));
    return [worker, new Int32Array(shared)];
  }

  #heard(worker: Worker, said: FromWorker): void {
    if (worker !== this.#worker) return;
    this.#pinged = undefined;
    if (said.kind === 'ready') this.#ready.resolve();
    else if (said.kind === 'closed') this.#closed?.resolve();
    else if (said.kind === 'answer') this.#take(said.id)?.answer(understood(said.outcome));
    else if (said.kind === 'status') this.#take(said.id)?.status?.(said.status);
    else if (said.kind === 'ask') {
      void this.#reply(worker, said.id, this.#events.ask(said.need, said.by));
    } else if (said.kind === 'post') {
      const posted = this.#parts.post(decode(said.base) as Message, decode(said.request) as Message);
      void this.#reply(worker, said.id, posted);
    }
  }

  /** Tells a worker what came of what it asked for, if it is there still. */
  async #reply(worker: Worker, id: number, asked: Promise<Outcome>): Promise<void> {
    const outcome = await asked.catch((thrown: unknown) => failed(errorFrom(thrown)));
    if (worker !== this.#worker) return;
    worker.postMessage({ kind: 'answer', id, outcome: sendOutcome(outcome) } satisfies ToWorker);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** While questions are open the worker has to show now and then that it lives. */
  #look(): void {
    if (this.#pending.size === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      this.#pinged = undefined;
      return;
    }
    const now = performance.now();
    if (this.#pinged === undefined) {
      this.#pinged = now;
      this.#worker?.postMessage({ kind: 'ping' } satisfies ToWorker);
    } else if (now - this.#pinged > this.#options.silenceMs) {
      this.#reason = 'time';
      this.#pinged = undefined;
      void this.#worker?.terminate();
    }
  }

  /** The worker is gone: the slot it was in gets the error, everything else is asked of the next one. */
  #gone(worker: Worker): void {
    if (worker !== this.#worker) return;
    if (this.#closed !== undefined) {
      this.#closed.resolve();
      for (const { answer } of this.#pending.values()) answer(fail('unavailable', 'This node is shutting down.'));
      this.#pending.clear();
      return;
    }
    const [lane, slot] = [Atomics.load(this.#position, 0), Atomics.load(this.#position, 1)];
    const reason = this.#reason ?? 'failure';
    this.#reason = undefined;
    this.#pinged = undefined;
    const open = [...this.#pending.values()];
    this.#pending.clear();
    const culprit = open.find(({ question }) => question.kind === 'compute' && question.lane === lane)?.question;
    const guilty = culprit?.kind === 'compute' ? culprit.definition.id : undefined;
    const outcome = crashed(reason, slot);
    if (guilty !== undefined) this.#events.broke(guilty, slot, outcome);
    this.#worker = undefined;
    for (const pending of open) {
      const { question } = pending;
      const own = question.kind === 'compute' || question.kind === 'inspect' ? question.definition.id : undefined;
      const affected = guilty !== undefined && own === guilty && (question.kind !== 'compute' || question.slot >= slot);
      // Outside of processes nobody knows which call it was.
      if (affected || pending.tries >= maxTries || (guilty === undefined && question.kind === 'call'))
        pending.answer(outcome);
      else this.#send(pending);
    }
  }
}

/** What a worker says as it breaks may be nothing that can be read. */
function understood(sent: SentOutcome): Outcome {
  try {
    return receiveOutcome(sent);
  } catch (thrown) {
    return failed(errorFrom(thrown));
  }
}

function crashed(reason: string, slot: number): Outcome {
  const [code, sentence] =
    reason === 'time'
      ? (['timeout', 'The program did not give its thread back in time.'] as const)
      : reason === 'memory'
        ? (['out-of-budget', 'The program used up the memory of its thread.'] as const)
        : (['device-failed', 'The thread of the program broke down.'] as const);
  return fail(code, sentence, {
    status: 500,
    hint: 'The slot is tried again in a while. Do less in one message.',
    value: message({ status: 500, body: sentence, phase: 'compute', 'attempted-slot': slot }),
  });
}
