/**
 * The schedules this node keeps: the log and, for processes that are being posted to, their sequencers. A capability of `scheduler@1.0`.
 */
import type { Awaitable } from '../../core/awaitable.ts';
import type { Message } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import { type Block, unknownBlock } from './assignment.ts';
import type { Blocks } from './blocks.ts';
import type { ScheduleLog } from './log.ts';
import { defaultSequencerOptions, Sequencer, type SequencerOptions, type Sign } from './sequencer.ts';
import type { Uploads } from './uploads.ts';

/** Idle sequencers are forgotten beyond this; the next message reads the head of the log again. */
const maxSequencers = 10_000;

/** Has a request to schedule something resolved by the thread that gives slots. */
export type Poster = (base: Message, request: Message) => Promise<Outcome>;

export interface SchedulesParts {
  readonly poster?: Poster | undefined;
  readonly uploads?: Uploads | undefined;
  readonly blocks?: Blocks | undefined;
}

export class Schedules {
  readonly log: ScheduleLog;
  /** Who gives slots, if this thread doesn't. */
  readonly poster: Poster | undefined;
  /** Makes slots permanent, if the operator wants that. */
  readonly uploads: Uploads | undefined;
  readonly #blocks: Blocks | undefined;
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;
  readonly #options: SequencerOptions;
  readonly #sequencers = new Map<string, Sequencer>();

  constructor(
    log: ScheduleLog,
    sha256: (bytes: Uint8Array) => Uint8Array,
    { poster, uploads, blocks, ...options }: SequencerOptions & SchedulesParts = defaultSequencerOptions,
  ) {
    this.log = log;
    this.poster = poster;
    this.uploads = uploads;
    this.#blocks = blocks;
    this.#sha256 = sha256;
    this.#options = options;
  }

  /**
   * Gives a message the next slot of a process; with `once` it keeps the one it has. Resolves with the signed assignment when it is on
   * disk.
   */
  schedule(process: string, messageId: string, sign: Sign, once = false): Promise<Message> {
    let sequencer = this.#sequencers.get(process);
    if (sequencer === undefined) {
      if (this.#sequencers.size >= maxSequencers) this.#forgetIdle();
      sequencer = new Sequencer(process, this.log, this.#sha256, this.#options);
      this.#sequencers.set(process, sequencer);
    }
    return once ? sequencer.scheduleOnce(messageId, sign) : sequencer.schedule(messageId, sign);
  }

  /** The newest block of Arweave that is known here. */
  block(): Awaitable<Block> {
    return this.#blocks === undefined ? unknownBlock : this.#blocks.current();
  }

  #forgetIdle(): void {
    for (const [process, sequencer] of this.#sequencers) if (sequencer.idle) this.#sequencers.delete(process);
  }
}
