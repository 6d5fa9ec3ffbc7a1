/**
 * The tasks of `cron@1.0`, in the node's store: they survive a restart, unlike on the reference.
 *
 *     cron/<id>  →  { request, path, every?, owner, lends-key, created, runs, last?, due }
 *
 * A task that runs again and again goes on when it is due, not whenever the node is started. One that runs once is removed when it has run.
 * How a run ended is kept in a few words, never its whole result.
 */
import type { Clock } from '../../core/device.ts';
import { decode, encode } from '../../core/encode.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import { put, remove, type Store } from '../../stores/store.ts';

export interface Task {
  /** Id of the request that made it. */
  readonly id: string;
  /** The request, `path` and all. */
  readonly request: Message;
  /** Milliseconds between two runs; `undefined`: one run. */
  readonly every: number | undefined;
  /** Who made it: an address, or where the caller was. */
  readonly owner: string;
  readonly signed: boolean;
  readonly lendsKey: boolean;
  readonly created: number;
  readonly runs: number;
  /** How the last run ended. */
  readonly last: string | undefined;
  /** When it is to run next, in milliseconds since 1970. */
  readonly due: number;
}

export interface TaskParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Resolves a task's request. */
  readonly run: (task: Task, signal: AbortSignal) => Promise<Outcome>;
}

export interface TaskLimits {
  readonly maxTasks: number;
  readonly maxPerOwner: number;
}

interface Entry {
  task: Task;
  readonly stop: AbortController;
  ended: Promise<void>;
}

const root = 'cron';
const maxRunning = 16;
const maxWords = 200;
const maxSleepMs = 86_400_000;

export class Tasks implements AsyncDisposable {
  readonly #parts: TaskParts;
  readonly #tasks = new Map<string, Entry>();
  #running = 0;
  readonly #queue: (() => void)[] = [];

  constructor(parts: TaskParts) {
    this.#parts = parts;
  }

  /** Goes on with what an earlier run of this program left. */
  async resume(): Promise<void> {
    for (const row of await this.#parts.store.scan(root)) this.#begin(decodeTask(row.path, row.value));
  }

  /** Keeps a task and starts it. The same request again is the same task. Throws `limit-exceeded`. */
  async add(task: Task, { maxTasks, maxPerOwner }: TaskLimits): Promise<void> {
    if (this.#tasks.has(task.id)) return;
    const own = [...this.#tasks.values()].filter((other) => other.task.owner === task.owner).length;
    if (this.#tasks.size >= maxTasks || own >= maxPerOwner) {
      raise(
        'limit-exceeded',
        own >= maxPerOwner ? 'You have as many tasks as one may.' : 'This node has no room for tasks.',
        {
          hint: 'Stop one: `/~cron@1.0/stop?task=<id>`.',
          status: 429,
        },
      );
    }
    const entry = this.#begin(task);
    try {
      await this.#parts.store.write([put(pathOf(task.id), encodeTask(task))], { durable: true });
    } catch (thrown) {
      // Its caller hears that there is no such task.
      if (this.#tasks.get(task.id) === entry) this.#tasks.delete(task.id);
      entry.stop.abort();
      throw thrown;
    }
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id)?.task;
  }

  list(): readonly Task[] {
    return [...this.#tasks.values()].map(({ task }) => task).sort((a, b) => a.created - b.created);
  }

  /** Ends a task: a run under way is cancelled. False if there is none. */
  async stop(id: string): Promise<boolean> {
    const entry = this.#tasks.get(id);
    if (entry === undefined) return false;
    this.#tasks.delete(id);
    entry.stop.abort();
    await this.#parts.store.write([remove(pathOf(id))], { durable: true });
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#tasks.values()];
    this.#tasks.clear();
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }

  #begin(task: Task): Entry {
    const stop = new AbortController();
    const entry: Entry = { task, stop, ended: Promise.resolve() };
    this.#tasks.set(task.id, entry);
    entry.ended = this.#loop(entry).catch(() => undefined);
    return entry;
  }

  async #loop(entry: Entry): Promise<void> {
    const { signal } = entry.stop;
    const { clock, store } = this.#parts;
    for (;;) {
      await this.#until(entry.task.due, signal);
      const last = await this.#turn(() => this.#once(entry.task, signal));
      if (signal.aborted) return;
      const { every } = entry.task;
      if (every === undefined) {
        this.#tasks.delete(entry.task.id);
        await store.write([remove(pathOf(entry.task.id))]);
        return;
      }
      entry.task = { ...entry.task, runs: entry.task.runs + 1, last, due: clock.now() + every };
      await store.write([put(pathOf(entry.task.id), encodeTask(entry.task))], {
        when: [{ path: pathOf(entry.task.id), is: await store.read(pathOf(entry.task.id)) }],
      });
    }
  }

  async #until(due: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    for (let rest = due - clock.now(); rest > 0; rest = due - clock.now()) {
      await clock.sleep(Math.min(rest, maxSleepMs), signal);
    }
  }

  async #once(task: Task, signal: AbortSignal): Promise<string> {
    if (signal.aborted) return 'cancelled';
    try {
      const outcome = await this.#parts.run(task, signal);
      return outcome.status === 'error' ? words(`${outcome.error.code}: ${outcome.error.message}`) : 'ok';
    } catch (thrown) {
      return words(String(thrown));
    }
  }

  /** A bounded number of runs at a time. */
  async #turn<T>(work: () => Promise<T>): Promise<T> {
    while (this.#running >= maxRunning) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running++;
    try {
      return await work();
    } finally {
      this.#running--;
      this.#queue.shift()?.();
    }
  }
}

function words(text: string): string {
  return text.length > maxWords ? `${text.slice(0, maxWords)}…` : text;
}

function pathOf(id: string): string {
  return `${root}/${id}`;
}

function encodeTask({ request, every, owner, signed, lendsKey, created, runs, last, due }: Task): Uint8Array {
  return encode(message({ request, every, owner, signed, lends: lendsKey, created, runs, last, due }));
}

function decodeTask(id: string, bytes: Uint8Array): Task {
  const cell = decode(bytes) as Message;
  const request = cell.get('request');
  return {
    id,
    request: isMessage(request) ? request : Message.empty,
    every: cell.get('every') as number | undefined,
    owner: cell.get('owner') as string,
    signed: cell.get('signed') === true,
    lendsKey: cell.get('lends') === true,
    created: cell.get('created') as number,
    runs: cell.get('runs') as number,
    last: cell.get('last') as string | undefined,
    due: (cell.get('due') as number | undefined) ?? 0,
  };
}
