/**
 * The schedules this node keeps: the log and, for processes that are being posted to, their sequencers. A capability of `scheduler@1.0`.
 */
import type { Message } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { ScheduleLog } from './log.ts';
import { defaultSequencerOptions, Sequencer, type SequencerOptions, type Sign } from './sequencer.ts';

/** Idle sequencers are forgotten beyond this; the next message reads the head of the log again. */
const maxSequencers = 10_000;

/** Has a request to schedule something resolved by the thread that gives slots. */
export type Poster = (base: Message, request: Message) => Promise<Outcome>;

export class Schedules {
  readonly log: ScheduleLog;
  /** Who gives slots, if this thread doesn't. */
  readonly poster: Poster | undefined;
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;
  readonly #options: SequencerOptions;
  readonly #sequencers = new Map<string, Sequencer>();

  constructor(
    log: ScheduleLog,
    sha256: (bytes: Uint8Array) => Uint8Array,
    { poster, ...options }: SequencerOptions & { readonly poster?: Poster } = defaultSequencerOptions,
  ) {
    this.log = log;
    this.poster = poster;
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

  #forgetIdle(): void {
    for (const [process, sequencer] of this.#sequencers) if (sequencer.idle) this.#sequencers.delete(process);
  }
}
