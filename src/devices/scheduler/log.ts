/**
 * The schedule of every process this node knows: an append-only log per process (architecture §5, §9).
 *
 * The head moves by compare-and-set: an append whose first slot is not head + 1 changes nothing and says `conflict`. An append is one atomic,
 * durable batch: assignments with the messages they carry, their rows, and the new head. `devices/scheduler/store-log.ts` keeps it in the
 * node's store; a cluster keeps it in PostgreSQL behind the same interface.
 */
import type { Awaitable } from '../../core/awaitable.ts';
import type { Message } from '../../core/message.ts';
import type { Bounds } from '../../stores/store.ts';
import type { ScheduleCopies } from './copies.ts';

export interface Head {
  readonly slot: number;
  /** Raw value of the newest hash-chain link. */
  readonly chain: Uint8Array;
}

export interface Row {
  readonly slot: number;
  readonly chain: Uint8Array;
  /** Signed id of the scheduled message. */
  readonly messageId: string;
  /** Signed, with its message inline under `body`. */
  readonly assignment: Message;
}

export interface ScheduleLog {
  /** Parts of the schedules that other nodes keep. */
  readonly copies: ScheduleCopies;
  /** `undefined` for a process with an empty schedule. */
  head(process: string): Awaitable<Head | undefined>;
  /** Adds consecutive rows. Resolves when they are on disk. Rejects with `disk-full` or `store-failed`; then nothing was added. */
  append(process: string, rows: readonly Row[]): Promise<'ok' | 'conflict'>;
  /** The assignment in a slot, fully loaded, as it was appended. */
  read(process: string, slot: number): Awaitable<Message | undefined>;
  /** Assignments `from`…`to`, both inclusive, up to the first slot that is missing. */
  range(process: string, from: number, to: number): Awaitable<readonly Message[]>;
  /** The newest slot that a message has in a process, by its signed id. Asked when a message may have been delivered before. */
  slotOf(process: string, messageId: string): Awaitable<number | undefined>;
  /** Ids of the processes with a schedule here, in order; with bounds some of them. */
  processes(bounds?: Bounds): Awaitable<readonly string[]>;
  /** Calls back with the new head after each append; returns how to stop. */
  watch(process: string, listener: (head: Head) => void): () => void;
}
