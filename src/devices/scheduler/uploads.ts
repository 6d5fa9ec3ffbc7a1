/**
 * Makes schedules permanent (spec 04 §2.6): every message that gets a slot and its assignment go to the bundler of the codec that they are
 * signed in, if the operator has named one.
 *
 *     append ─ with the rows a note `uploads/<process>/<slot>` ─┐
 *                                                               ▼
 *     later, or before the caller is answered:  message, assignment ─► POST /tx ─► the note is removed
 *
 * Notes survive a restart, so what was acknowledged is uploaded in the end. A bundler that fails is asked again after a while; one that
 * refuses an item will refuse it again, so that is told to the operator and left. A slot stays what it is either way: taking it back
 * could give it twice.
 */
import { commitmentsOf, commitmentText, committerOf, keepCommitments } from '../../core/commitments.ts';
import type { Ao, Clock } from '../../core/device.ts';
import { type AoError, AoException, errorFrom, raise } from '../../core/errors.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import type { Peers } from '../../core/peers.ts';
import { type Entry, put, remove, type Store } from '../../stores/store.ts';
import type { ScheduleLog } from './log.ts';
import { slotName } from './slot-name.ts';

/** Base URLs by the codec of the signatures; what has none isn't uploaded. */
export interface Bundlers {
  readonly 'ans104@1.0'?: string | undefined;
  readonly 'httpsig@1.0'?: string | undefined;
}

export interface UploadsParts {
  /** Where the notes are: the store of the log. */
  readonly store: Store;
  readonly log: ScheduleLog;
  readonly bundlers: Bundlers;
  readonly peers: Peers;
  readonly clock: Clock;
  /** For one upload. */
  readonly ao: (signal: AbortSignal) => Ao;
  /** Told of uploads that will be tried again, and of those that will not. */
  readonly failed: (error: AoError, process: string, slot: number) => void;
}

const root = 'uploads';
const nothing = new Uint8Array(0);
/** Notes looked at together, and slots uploaded at the same time. */
const notesAtOnce = 256;
const uploadsAtOnce = 8;
const firstPauseMs = 1_000;
const longestPauseMs = 300_000;

/** The note that a slot is to be uploaded, for the batch that writes it. */
export function uploadNote(process: string, slot: number): Entry {
  return put(notePath(process, slot), nothing);
}

export class Uploads implements AsyncDisposable {
  readonly #parts: UploadsParts;
  readonly #stop = new AbortController();
  readonly #under = new Map<string, Promise<void>>();
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  /** Whether assignments signed in this codec are uploaded. */
  takes(codec: string): boolean {
    return this.#urlOf(codec) !== undefined;
  }

  /** Begins with what an earlier run of this program left. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** There are new notes. */
  wake(): void {
    this.#wake.resolve();
  }

  /** Resolves when the slot is uploaded; rejects with `peer-failed` if it can't be now. */
  async confirm(process: string, slot: number): Promise<void> {
    try {
      await this.#once(process, slot);
    } catch (thrown) {
      const error = errorFrom(thrown);
      this.wake();
      raise('peer-failed', `The message has slot ${slot} but could not be uploaded: ${error.message}`, {
        hint: isFinal(error)
          ? 'Don’t send it again: the bundler would refuse it again.'
          : 'Don’t send it again: the node goes on trying.',
        status: 502,
        cause: thrown,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake.resolve();
    await this.#running;
    await Promise.allSettled(this.#under.values());
  }

  async #run(): Promise<void> {
    let pause = firstPauseMs;
    while (!this.#stop.signal.aborted) {
      this.#wake = Promise.withResolvers();
      const went = await this.#round().catch((): Round => 'failed');
      if (went === 'more') continue;
      pause = went === 'failed' ? Math.min(longestPauseMs, pause * 2) : firstPauseMs;
      await this.#rest(went === 'failed' ? pause : longestPauseMs, went === 'done');
    }
  }

  /** Uploads what is noted. */
  async #round(): Promise<Round> {
    const { store } = this.#parts;
    const notes = await store.scan(root, { limit: notesAtOnce });
    let failures = 0;
    for (let at = 0; at < notes.length && !this.#stop.signal.aborted; at += uploadsAtOnce) {
      const some = notes.slice(at, at + uploadsAtOnce).map(({ path }) => {
        const [process = '', slot = ''] = path.split('/');
        return this.#once(process, Number(slot));
      });
      const lost = (await Promise.allSettled(some)).filter(({ status }) => status === 'rejected').length;
      failures += lost;
      // One that fails need not keep the others back, but when nothing goes through the bundler is down.
      if (lost === some.length) break;
    }
    if (failures > 0) return 'failed';
    return notes.length === notesAtOnce ? 'more' : 'done';
  }

  /** Callers who ask for the same slot meanwhile share the upload. */
  #once(process: string, slot: number): Promise<void> {
    const path = notePath(process, slot);
    const running = this.#under.get(path);
    if (running !== undefined) return running;
    const upload = this.#upload(process, slot).finally(() => this.#under.delete(path));
    this.#under.set(path, upload);
    return upload;
  }

  async #upload(process: string, slot: number): Promise<void> {
    const { store, log, failed } = this.#parts;
    const assignment = await log.read(process, slot);
    let refused: unknown;
    try {
      for (const one of [assignment?.get('body'), assignment]) if (isMessage(one)) await this.#send(one);
    } catch (thrown) {
      const error = errorFrom(thrown);
      if (!this.#stop.signal.aborted) failed(error, process, slot);
      if (!isFinal(error)) throw thrown;
      refused = thrown;
    }
    await store.write([remove(notePath(process, slot))]);
    if (refused !== undefined) throw refused;
  }

  /** Uploads a message once for each codec it is signed in that has a bundler. */
  async #send(one: Message): Promise<void> {
    const { ao, peers } = this.#parts;
    const { signal } = this.#stop;
    const codecs = new Set(
      commitmentsOf(one).flatMap(([, commitment]) =>
        committerOf(commitment) === undefined ? [] : [commitmentText(commitment, 'commitment-device') ?? ''],
      ),
    );
    for (const codec of codecs) {
      const url = this.#urlOf(codec);
      if (url === undefined) continue;
      const signed = keepCommitments(one, (_, commitment) => commitmentText(commitment, 'commitment-device') === codec);
      const upload =
        codec === 'ans104@1.0'
          ? { body: await ao(signal).convert(signed, codec), 'content-type': 'application/octet-stream' }
          : { body: signed };
      const outcome = await peers.request(url, message({ path: '/tx', method: 'POST', ...upload }), { signal });
      if (outcome.status === 'error') throw new AoException(outcome.error);
    }
  }

  #urlOf(codec: string): string | undefined {
    const { bundlers } = this.#parts;
    return codec === 'ans104@1.0' || codec === 'httpsig@1.0' ? bundlers[codec] : undefined;
  }

  /** Until the time is over; `early`: or until there are new notes. */
  async #rest(ms: number, early: boolean): Promise<void> {
    const over = new AbortController();
    const stopped = AbortSignal.any([over.signal, this.#stop.signal]);
    const slept = this.#parts.clock.sleep(ms, stopped).catch(() => undefined);
    await (early ? Promise.race([slept, this.#wake.promise]) : slept);
    over.abort();
  }
}

type Round = 'more' | 'done' | 'failed';

/** Whether the bundler will say the same next time. */
function isFinal({ status }: AoError): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}

function notePath(process: string, slot: number): string {
  return `${root}/${process}/${slotName(slot)}`;
}
