/**
 * Opening an LMDB directory beside processes that write there. Whoever opens it sets the number of the newest transaction to the one it has
 * just read, and what others commit between the two is gone, acknowledged or not (measured beside a busy writer: one open in eighty lost
 * something, whether it meant to write or to read). So those who write stand still meanwhile:
 *
 *     open/opening         who is opening: one at a time
 *     open/writer-<name>   who has it open for writing
 *     open/still-<name>    that one stands still for the opening whose text is in it
 *
 * A writer looks for an opening some times a second; that is all it costs. Threads of one process share what the first of them opened.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import type { Awaitable } from '../core/awaitable.ts';
import { raise } from '../core/errors.ts';
import { claimFile, holder, isAlive, readIfThere } from './holder.ts';

/** How often a writer looks, and how often whoever waits does, in milliseconds. */
const lookMs = 50;
const waitMs = 2;

const writerPrefix = 'writer-';
let counter = 0;

export interface Opening {
  readonly directory: string;
  /** Whether others have to wait for this one from now on: then it is to be given to {@link StandsStill}. */
  readonly writes: boolean;
  /** How long others may take to stand still, in milliseconds. */
  readonly patienceMs: number;
}

/**
 * Opens the database in a directory while nobody writes there. `open` is told whether this process hasn't got it open for writing yet. Throws
 * `unavailable` if a writer doesn't stand still in time.
 */
export async function openAlone<T>(
  { directory, writes, patienceMs }: Opening,
  open: (isFirst: boolean) => Awaitable<T>,
): Promise<Opened<T>> {
  const place = join(directory, 'open');
  const mark = join(place, 'opening');
  const mine = await begin(place, mark, patienceMs);
  if (mine === undefined) {
    // They can't be told to stand still.
    if (writers(place).others.length > 0) {
      raise('unavailable', `Others write in ${directory}, and ${place} cannot be written.`, 'Stop them first.');
    }
    return { database: await open(!writers(place).own), place, name: undefined };
  }
  const name = writes ? `${process.pid}-${threadId}-${counter++}` : undefined;
  const own = name === undefined ? undefined : join(place, writerPrefix + name);
  try {
    await othersStandStill(place, mine, patienceMs);
    const isFirst = !writers(place).own;
    if (own !== undefined) writeFileSync(own, holder());
    return { database: await open(isFirst), place, name };
  } catch (error) {
    if (own !== undefined) rmSync(own, { force: true });
    throw error;
  } finally {
    if (readIfThere(mark) === mine) rmSync(mark, { force: true });
  }
}

export interface Opened<T> {
  readonly database: T;
  readonly place: string;
  /** As whom it is open for writing. */
  readonly name: string | undefined;
}

/** Marks that this process opens the database, once no other does; `undefined` where nothing can be written. */
async function begin(place: string, mark: string, patienceMs: number): Promise<string | undefined> {
  const mine = `${holder()} ${randomUUID()}`;
  for (const end = performance.now() + 2 * patienceMs; performance.now() < end; await delay(waitMs)) {
    try {
      mkdirSync(place, { recursive: true });
      if (claimFile(mark, mine) === undefined) return mine;
    } catch (error) {
      if (unwritable.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  }
  return raise('unavailable', `Somebody else has been opening the store at ${mark} for too long.`, 'Try again.');
}

/** A disk that is full or for reading only, a directory of somebody else. */
const unwritable: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM']);

interface Writers {
  /** Whether this process is one. */
  readonly own: boolean;
  /** Other processes: their names, and who they are. */
  readonly others: readonly (readonly [name: string, held: string])[];
}

/** Who has it open for writing. */
function writers(place: string): Writers {
  const me = holder();
  const files = existsSync(place) ? readdirSync(place).filter((file) => file.startsWith(writerPrefix)) : [];
  const all = files.flatMap((file) => {
    const held = readIfThere(join(place, file));
    return held !== undefined && isAlive(held) ? [[file.slice(writerPrefix.length), held] as const] : [];
  });
  return { own: all.some(([, held]) => held === me), others: all.filter(([, held]) => held !== me) };
}

async function othersStandStill(place: string, mine: string, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  const waitsFor = () => writers(place).others.find(([name]) => readIfThere(join(place, `still-${name}`)) !== mine);
  for (let writer = waitsFor(); writer !== undefined; writer = waitsFor()) {
    if (performance.now() > end) {
      const [name, held] = writer;
      raise(
        'unavailable',
        `Process ${held.split(' ')[0]} has the store in ${place} open and is busy.`,
        `Try again. If that process is something else, remove ${join(place, writerPrefix + name)}.`,
      );
    }
    await delay(waitMs);
  }
  removeDead(place);
}

/** What killed processes left. Nobody else writes such files now: that is done while opening. */
function removeDead(place: string): void {
  for (const file of readdirSync(place)) {
    const held = /^(?:writer-|still-|opening\.)/.test(file) ? readIfThere(join(place, file)) : undefined;
    if (held !== undefined && !isAlive(held)) rmSync(join(place, file), { force: true });
  }
}

/** Stands still whenever another process opens the database. */
export class StandsStill {
  readonly #place: string;
  readonly #name: string;
  readonly #stop: () => Promise<() => void>;
  readonly #timer: NodeJS.Timeout;
  #looking = false;

  /** `stop`: begins no transaction any more, waits for those under way, and gives how to go on. */
  constructor(place: string, name: string, stop: () => Promise<() => void>) {
    this.#place = place;
    this.#name = name;
    this.#stop = stop;
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  async #look(): Promise<void> {
    const mark = join(this.#place, 'opening');
    if (this.#looking || !existsSync(mark)) return;
    const asked = readIfThere(mark);
    if (asked === undefined || asked === '' || asked.startsWith(`${holder()} `)) return;
    this.#looking = true;
    const goOn = await this.#stop();
    const still = join(this.#place, `still-${this.#name}`);
    try {
      writeFileSync(still, asked);
      while (readIfThere(mark) === asked && isAlive(asked)) await delay(waitMs);
    } catch {
      // A full disk: whoever opens gives up after a while.
    } finally {
      rmSync(still, { force: true });
      goOn();
      this.#looking = false;
    }
  }

  /** It is closed, and need not be asked any more. */
  end(): void {
    clearInterval(this.#timer);
    rmSync(join(this.#place, writerPrefix + this.#name), { force: true });
  }
}
