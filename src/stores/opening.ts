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
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { raise } from '../core/errors.ts';
import { holder, isAlive } from './holder.ts';

/** How often a writer looks, and how often whoever waits does, in milliseconds. */
const lookMs = 50;
const waitMs = 2;
/** A writer that doesn't answer for so long is busy with something else. */
const usualPatienceMs = 10_000;

const writerPrefix = 'writer-';
let counter = 0;

export interface Opening {
  readonly directory: string;
  /** Whether others have to wait for this one from now on: then it is to be given to {@link StandsStill}. */
  readonly writes: boolean;
  readonly patienceMs?: number;
}

/** Opens the database in a directory while nobody writes there. Throws `unavailable` if a writer doesn't stand still in time. */
export async function openAlone<T>(
  { directory, writes, patienceMs = usualPatienceMs }: Opening,
  open: () => T,
): Promise<Opened<T>> {
  const place = join(directory, 'open');
  if (!makePlace(place)) return { database: open(), place, name: undefined };
  const mark = join(place, 'opening');
  const mine = await begin(mark, patienceMs);
  try {
    await othersStandStill(place, mine, patienceMs);
    const database = open();
    const name = writes ? `${process.pid}-${threadId}-${counter++}` : undefined;
    if (name !== undefined) writeFileSync(join(place, writerPrefix + name), holder());
    return { database, place, name };
  } finally {
    if (read(mark) === mine) rmSync(mark, { force: true });
  }
}

export interface Opened<T> {
  readonly database: T;
  readonly place: string;
  /** As whom it is open for writing. */
  readonly name: string | undefined;
}

/** Where nothing can be written nobody writes the database either, as on a read-only disk. */
function makePlace(place: string): boolean {
  try {
    mkdirSync(place, { recursive: true });
    const probe = join(place, `probe-${randomUUID()}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return false;
    throw error;
  }
}

async function begin(mark: string, patienceMs: number): Promise<string> {
  const mine = `${holder()} ${randomUUID()}`;
  for (const end = performance.now() + 2 * patienceMs; performance.now() < end; await delay(waitMs)) {
    try {
      writeFileSync(mark, mine, { flag: 'wx' });
      return mine;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const held = read(mark);
    // Without a text it is just being written.
    if (held !== undefined && held !== '' && !isAlive(held)) rmSync(mark, { force: true });
  }
  return raise('unavailable', `Somebody else has been opening the store at ${mark} for too long.`, 'Try again.');
}

async function othersStandStill(place: string, mine: string, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  const own = holder();
  for (const file of readdirSync(place)) {
    if (!file.startsWith(writerPrefix)) continue;
    const writer = join(place, file);
    const still = join(place, `still-${file.slice(writerPrefix.length)}`);
    for (let held = read(writer); held !== undefined && held !== own; held = read(writer)) {
      if (held !== '' && !isAlive(held)) {
        rmSync(writer, { force: true });
        rmSync(still, { force: true });
      } else if (read(still) === mine) break;
      else if (performance.now() > end) {
        raise('unavailable', `Process ${held.split(' ')[0]} has the store in ${place} open and is busy.`, 'Try again.');
      } else await delay(waitMs);
    }
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
    const asked = read(mark);
    if (asked === undefined || asked === '' || asked.startsWith(`${holder()} `)) return;
    this.#looking = true;
    const goOn = await this.#stop();
    const still = join(this.#place, `still-${this.#name}`);
    try {
      writeFileSync(still, asked);
      while (read(mark) === asked && isAlive(asked)) await delay(waitMs);
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

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
