/**
 * Gives slots. One sequencer per process on this node: slots are handed out strictly in the order of `schedule` calls, signatures are made
 * side by side, and everything that is signed when the disk is free goes out in one durable append.
 *
 *      schedule(m3) ─ reserve slot 3, chain ─► sign ─┐
 *      schedule(m4) ─ reserve slot 4, chain ─► sign ─┼─► append [3, 4, 5] durably ─► callers hear of their slots
 *      schedule(m5) ─ reserve slot 5, chain ─► sign ─┘
 *
 * Invariants: nobody hears of a slot before it is on disk; slots have no gap and no duplicate. When a signature or an append fails, every
 * slot from the failed one on is thrown away unpublished and its callers get the error; the next call starts again from the log's head.
 */
import type { Awaitable } from '../../core/awaitable.ts';
import { AoError, AoException, raise } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import { nextChain } from './assignment.ts';
import type { ScheduleLog } from './log.ts';

export interface SequencerOptions {
  /** Messages that may wait for their slot at one time; more are refused with `unavailable`. */
  readonly maxWaiting: number;
  /** Assignments in one append. */
  readonly maxBatch: number;
}

export const defaultSequencerOptions: SequencerOptions = { maxWaiting: 4096, maxBatch: 256 };

/** Builds and signs the assignment of a slot. `previous`: the one before, signed, if perhaps not on disk yet. */
export type Sign = (slot: number, chain: Uint8Array, previous: Previous) => Promise<Message>;

export type Previous = () => Awaitable<Message | undefined>;

interface Waiting {
  readonly messageId: string;
  readonly slot: number;
  readonly chain: Uint8Array;
  /** Set when signed. */
  assignment: Message | undefined;
  readonly signed: Promise<Message>;
  readonly done: (assignment: Message) => void;
  readonly result: Promise<Message>;
  readonly fail: (reason: unknown) => void;
}

export class Sequencer {
  readonly #process: string;
  readonly #log: ScheduleLog;
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;
  readonly #options: SequencerOptions;
  /** In slot order. The front may be part of the append under way. */
  #waiting: Waiting[] = [];
  /** Slot and chain of the newest reserved slot; unknown at the start and after a failure. */
  #newest: { slot: number; chain: Uint8Array } | undefined;
  #opening: Promise<void> | undefined;
  #appending = false;

  constructor(
    process: string,
    log: ScheduleLog,
    sha256: (bytes: Uint8Array) => Uint8Array,
    options: SequencerOptions = defaultSequencerOptions,
  ) {
    this.#process = process;
    this.#log = log;
    this.#sha256 = sha256;
    this.#options = options;
  }

  /** Nothing waits and nothing is being written. */
  get idle(): boolean {
    return this.#waiting.length === 0 && !this.#appending && this.#opening === undefined;
  }

  /**
   * Reserves the next slot for a message, signs its assignment and writes it durably.
   * Rejects with `unavailable` when too many wait, `disk-full` / `store-failed` when the write fails, and with what `sign` throws.
   */
  async schedule(messageId: string, sign: Sign): Promise<Message> {
    if (this.#waiting.length >= this.#options.maxWaiting) {
      raise(
        'unavailable',
        `${this.#waiting.length} messages already wait for a slot of this process.`,
        'Try again in a moment.',
      );
    }
    while (this.#newest === undefined) await this.#open();
    const slot = this.#newest.slot + 1;
    const chain = nextChain(this.#newest.chain, messageId, this.#sha256);
    this.#newest = { slot, chain };
    const { promise: result, resolve: done, reject: fail } = Promise.withResolvers<Message>();
    const before = this.#waiting.at(-1);
    const signed = sign(slot, chain, () => before?.signed ?? this.#log.read(this.#process, slot - 1));
    const entry: Waiting = { messageId, slot, chain, assignment: undefined, signed, result, done, fail };
    this.#waiting.push(entry);
    signed.then(
      (assignment) => {
        entry.assignment = assignment;
        this.#append();
      },
      (reason: unknown) => this.#abandon(entry, reason),
    );
    return result;
  }

  /**
   * As {@link schedule}, but a message that has a slot already keeps it: for letters that may have arrived before. Two of the same at the
   * same time get one slot.
   */
  async scheduleOnce(messageId: string, sign: Sign): Promise<Message> {
    for (;;) {
      while (this.#newest === undefined) await this.#open();
      const { slot } = this.#newest;
      const waiting = this.#waiting.find((entry) => entry.messageId === messageId);
      if (waiting !== undefined) return waiting.result;
      const known = await this.#log.slotOf(this.#process, messageId);
      const assignment = known === undefined ? undefined : await this.#log.read(this.#process, known);
      if (assignment !== undefined) return assignment;
      // Nothing got a slot in the meantime, so this message got none.
      if (this.#newest?.slot === slot) return this.schedule(messageId, sign);
    }
  }

  /** Reads where the log stands. Shared by callers that arrive together. */
  #open(): Promise<void> {
    this.#opening ??= (async () => {
      try {
        const head = await this.#log.head(this.#process);
        this.#newest = head ?? { slot: -1, chain: new Uint8Array(0) };
      } finally {
        this.#opening = undefined;
      }
    })();
    return this.#opening;
  }

  /** Writes the signed entries at the front, in batches, until the next unsigned one. */
  async #append(): Promise<void> {
    if (this.#appending) return;
    this.#appending = true;
    try {
      for (;;) {
        const batch: Waiting[] = [];
        for (const entry of this.#waiting) {
          if (entry.assignment === undefined || batch.length === this.#options.maxBatch) break;
          batch.push(entry);
        }
        if (batch.length === 0) return;
        try {
          const result = await this.#log.append(
            this.#process,
            batch.map((entry) => ({
              slot: entry.slot,
              chain: entry.chain,
              messageId: entry.messageId,
              assignment: entry.assignment!,
            })),
          );
          if (result === 'conflict')
            raise('conflict', 'Another scheduler of this process took the slot.', 'Send the message again.');
        } catch (reason) {
          this.#abandonFrom(0, reason);
          return;
        }
        this.#waiting.splice(0, batch.length);
        for (const entry of batch) entry.done(entry.assignment!);
      }
    } finally {
      this.#appending = false;
    }
  }

  #abandon(entry: Waiting, reason: unknown): void {
    const index = this.#waiting.indexOf(entry);
    if (index >= 0) this.#abandonFrom(index, reason);
  }

  /** Throws away every reserved slot from position `index` on; slots before it are still good. */
  #abandonFrom(index: number, reason: unknown): void {
    const lost = this.#waiting.splice(index);
    const last = this.#waiting.at(-1);
    // What stays in front is signed or being written; the next slot follows it. With nothing left the log itself says where it stands.
    this.#newest = last && { slot: last.slot, chain: last.chain };
    lost[0]?.fail(reason);
    const why = 'An earlier message of this process could not be scheduled, so this one has no slot.';
    for (const entry of lost.slice(1)) {
      entry.fail(new AoException(new AoError('unavailable', why, { hint: 'Send the message again.', cause: reason })));
    }
  }
}
