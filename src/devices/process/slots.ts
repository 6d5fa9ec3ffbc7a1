/**
 * What a process was after each of its slots, in the node's store.
 *
 *     computed/<process>/<slot, 16 digits>  →  { whole: state } | { change: difference to the slot before } | { failed: error };
 *                                              with `skipped: 1`: its message did nothing, the state is the one before
 *     computed-at/<process>                 →  when results were written last, in milliseconds since 1970
 *
 * A state is written whole when the differences since the last whole one have grown to its size; so the store holds at most about twice
 * the changes, and reading a slot reads at most about twice a state. States are recomputable: writing them waits for no disk.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import type { Clock } from '../../core/device.ts';
import { decode, encode } from '../../core/encode.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { type Entry, put, type Row, type Store } from '../../stores/store.ts';
import { slotName } from '../scheduler/slot-name.ts';
import { applyDifference, difference } from './difference.ts';

/** A computed slot: its state, or the error that ended the process there. */
export type SlotResult = ComputedSlot | FailedSlot;

export interface ComputedSlot {
  readonly slot: number;
  readonly state: Message;
}

export interface FailedSlot {
  readonly slot: number;
  readonly failed: Message;
}

/** Differences in a row before a whole state is due, whatever their size: bounds the reads for one slot. */
const maxChanges = 64;

export class Slots {
  readonly #store: Store;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(store: Store, clock: Pick<Clock, 'now'>) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The result of exactly this slot, `undefined` if it isn't computed. */
  read(process: string, slot: number): Awaitable<SlotResult | undefined> {
    return andThen(this.#at(process, slot), (found) => (found?.slot === slot ? found : undefined));
  }

  /** The newest result at or before `slot`, failed ones included. */
  latest(process: string, slot = Number.MAX_SAFE_INTEGER): Awaitable<SlotResult | undefined> {
    return this.#at(process, slot);
  }

  /** The newest slot that has a state: one that failed has none. */
  latestState(process: string, slot?: number): Awaitable<ComputedSlot | undefined> {
    return andThen(this.#at(process, slot ?? Number.MAX_SAFE_INTEGER), (found) => {
      if (found === undefined || 'state' in found) return found;
      return found.slot === 0 ? undefined : this.latestState(process, found.slot - 1);
    });
  }

  /**
   * The results of a slot that was skipped: its program failed and was put back, and but for these and `at-slot` the state is the one before.
   * `undefined` for every other. Reads one row, since whoever computes slots again asks for each of them.
   */
  skipped(process: string, slot: number): Awaitable<Value | undefined> {
    return andThen(this.#store.read(slotPath(process, slot)), (cell) => {
      if (cell === undefined || !(decode(cell) as Message).has('skipped')) return undefined;
      return andThen(this.#at(process, slot), (found) =>
        found !== undefined && 'state' in found ? found.state.get('results') : undefined,
      );
    });
  }

  /** When results of the process were written last. */
  refreshedAt(process: string): Awaitable<number | undefined> {
    return andThen(this.#store.read(timePath(process)), (cell) =>
      cell === undefined ? undefined : Number(decode(cell)),
    );
  }

  /** A writer that continues after the newest result. One per process: the lane's. */
  writer(process: string): SlotWriter {
    return new SlotWriter(this.#store, process, this.#clock);
  }

  #at(process: string, slot: number): Awaitable<SlotResult | undefined> {
    const prefix = `computed/${process}`;
    const rows = this.#store.scan(prefix, { from: slotName(slot), limit: maxChanges + 1, reverse: true });
    return andThen(rows, (found) => rebuild(found));
  }
}

/** Rows come newest first: back to a whole state, then forward again. */
function rebuild(rows: readonly Row[]): SlotResult | undefined {
  const newest = rows[0];
  if (newest === undefined) return undefined;
  const slot = Number(newest.path);
  const changes: Message[] = [];
  for (const row of rows) {
    const cell = decode(row.value) as Message;
    const failed = cell.get('failed');
    if (failed !== undefined) {
      if (row === newest) return { slot, failed: failed as Message };
      continue;
    }
    const whole = cell.get('whole');
    if (isMessage(whole)) {
      let state = whole;
      for (const change of changes.reverse()) state = applyDifference(state, change);
      return { slot, state };
    }
    changes.push(cell.get('change') as Message);
  }
  return raise('store-failed', `The stored states of slot ${slot} have no beginning.`, 'Run `hyperbeam store verify`.');
}

/** Collects the results of a fold and writes them in batches. */
export class SlotWriter {
  readonly #store: Store;
  readonly #process: string;
  readonly #clock: Pick<Clock, 'now'>;
  #before: Message | undefined;
  #wholeBytes = 0;
  #changedBytes = 0;
  #changes = 0;
  #entries: Entry[] = [];
  #writing: Promise<void> | undefined;
  #failed: { readonly reason: unknown } | undefined;

  constructor(store: Store, process: string, clock: Pick<Clock, 'now'>) {
    this.#store = store;
    this.#process = process;
    this.#clock = clock;
  }

  /** Entries not yet written. */
  get waiting(): number {
    return this.#entries.length;
  }

  /** Adds the state after a slot. The first one of a writer is always whole. */
  add(slot: number, state: Message, skipped = false): void {
    const change = this.#before && (difference(this.#before, state) ?? Message.empty);
    let cell = change && encodeCell('change', change, skipped);
    const due = this.#changes >= maxChanges - 1 || this.#changedBytes > this.#wholeBytes;
    if (cell === undefined || due || cell.length > this.#wholeBytes) {
      cell = encodeCell('whole', state, skipped);
      this.#wholeBytes = cell.length;
      this.#changedBytes = 0;
      this.#changes = 0;
    } else {
      this.#changedBytes += cell.length;
      this.#changes++;
    }
    this.#before = state;
    this.#entries.push(put(slotPath(this.#process, slot), cell));
  }

  /** Adds the error that ended the process at this slot. */
  fail(slot: number, error: Message): void {
    this.#entries.push(put(slotPath(this.#process, slot), encodeCell('failed', error, false)));
    this.#before = undefined;
  }

  /** Writes what was added and waits for it. After this the slots can be read. Throws `store-failed`, `disk-full`. */
  flush(): Awaitable<void> {
    if (this.#writing !== undefined) return this.#writing.then(() => this.flush());
    if (this.#failed !== undefined) {
      const { reason } = this.#failed;
      this.#failed = undefined;
      throw reason;
    }
    if (this.#entries.length === 0) return;
    this.#entries.push(put(timePath(this.#process), encode(this.#clock.now())));
    const batch = this.#entries;
    this.#entries = [];
    return andThen(this.#store.write(batch), () => undefined);
  }

  /**
   * Begins to write what was added, unless a write is under way: then it goes out with the next one. A transaction takes as long as the
   * disk needs; a fold doesn't wait for it. A failure is thrown by the next {@link flush}.
   */
  begin(): void {
    if (this.#writing !== undefined || this.#failed !== undefined || this.#entries.length === 0) return;
    const written = this.flush();
    if (written === undefined) return;
    this.#writing = Promise.resolve(written)
      .catch((reason: unknown) => {
        this.#failed = { reason };
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }
}

function encodeCell(kind: 'whole' | 'change' | 'failed', value: Value, skipped: boolean): Uint8Array {
  return encode(new Message(new Map([[kind, value], ...(skipped ? [['skipped', 1] as const] : [])])));
}

function slotPath(process: string, slot: number): string {
  return `computed/${process}/${slotName(slot)}`;
}

function timePath(process: string): string {
  return `computed-at/${process}`;
}
