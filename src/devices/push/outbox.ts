/**
 * The durable outbox: what is on its way from one process to another (architecture §5).
 *
 *     pushing/<process>/<slot, 16 digits>/<run>           a slot whose outbox is still to be walked
 *     outbox/<process>/<slot, 16 digits>/<key>/<id>       a letter that its target does not have yet, signed
 *     dead-letters/<process>/<slot, 16 digits>/<key>/<id> a letter that cannot be delivered, with the reason
 *     pushed-once/<process>/<slot, 16 digits>/<depth>     was pushed by somebody who wanted that done once
 *
 * Every step is one batch: walking a slot turns its mark into letters (durable: they are on disk before the first one is sent),
 * delivering a letter turns it into the mark of the slot it got. So a crash at any moment leaves either the one or the other, and the
 * {@link Courier} goes on from there with the very same signed messages.
 *
 * What is being worked on is `held` in memory, so that the courier and a request never deliver the same letter side by side.
 */
import { decode, encode } from '../../core/encode.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { type Entry, put, remove, type Store } from '../../stores/store.ts';
import { slotName } from '../scheduler/slot-name.ts';

export type LetterKind = 'message' | 'spawn' | 'assignment';

export interface Letter {
  readonly process: string;
  readonly slot: number;
  /** Key in the process's outbox. */
  readonly key: string;
  /** Signed id of the message; for one that was never signed its unsigned id. */
  readonly id: string;
  readonly kind: LetterKind;
  /** Where it goes, hints included. A spawn goes nowhere yet. */
  readonly target: string;
  /** Signed, unless it is a draft. */
  readonly message: Message;
  /**
   * Whether something is still to be done to it. `unsigned`: its target wasn't known. `entry`: everything; it is as the program wrote it,
   * because the push had sent enough.
   */
  readonly draft: 'unsigned' | 'entry' | undefined;
  /** Hops that may follow from this one; `undefined`: no limit. */
  readonly depth: number | undefined;
  /** The slot that another node has given it. That node is still to be told to push it. */
  readonly arrived: number | undefined;
  readonly tries: number;
  /** Not before this time, in milliseconds since 1970. */
  readonly due: number;
  readonly error: string | undefined;
}

/** A slot whose outbox is still to be walked. */
export interface Mark {
  readonly process: string;
  readonly slot: number;
  /** Tells pushes of the same slot apart. */
  readonly run: string;
  readonly depth: number | undefined;
  readonly tries: number;
  readonly due: number;
}

/** Something for the courier. */
export type Work = { readonly mark: Mark } | { readonly letter: Letter };

const open = 'outbox';
const dead = 'dead-letters';
const marks = 'pushing';
const once = 'pushed-once';

/** First wait for another try, doubled each time up to the second figure. */
const retryMs = [1_000, 600_000] as const;
/** About a day. */
const maxTries = 150;

export class Outbox {
  readonly #store: Store;
  readonly #held = new Set<string>();
  /** When what nobody works on is due, by path. */
  readonly #due = new Map<string, number>();
  #listener: (() => void) | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Somebody takes care of what is left lying. */
  get attended(): boolean {
    return this.#listener !== undefined;
  }

  /** Calls back when there is something new to wait for; `undefined` stops that. */
  attend(listener: (() => void) | undefined): void {
    this.#listener = listener;
  }

  // ---- marks ----------------------------------------------------------------------------------------------------------------

  /** Notes that a slot is to be walked. With `held` the caller does it, else the courier. */
  async mark(mark: Mark, held: boolean): Promise<void> {
    this.#keep(markPath(mark), mark.due, held);
    await this.#store.write([put(markPath(mark), encodeMark(mark))]);
    if (!held) this.#listener?.();
  }

  /** As {@link mark}, unless this was done for this slot and depth before: then false. */
  async markOnce(mark: Mark, held: boolean): Promise<boolean> {
    // Who pushes over few hops takes nothing from those who push over all.
    const done = `${once}/${mark.process}/${slotName(mark.slot)}/${mark.depth ?? 'all'}`;
    const entries = [put(markPath(mark), encodeMark(mark)), put(done, new Uint8Array(0))];
    if (!(await this.#store.write(entries, { when: [{ path: done, is: undefined }] }))) return false;
    this.#keep(markPath(mark), mark.due, held);
    if (!held) this.#listener?.();
    return true;
  }

  /**
   * The slot was walked: these letters take the place of its mark, durably and all at once. The caller holds those to be sent; `unsent` lie
   * with the dead letters.
   */
  async record(mark: Mark, letters: readonly Letter[], unsent: readonly Letter[] = []): Promise<void> {
    for (const letter of letters) this.#held.add(letterPath(open, letter));
    const entries = [
      ...letters.map((letter) => put(letterPath(open, letter), encodeLetter(letter))),
      ...unsent.map((letter) => put(letterPath(dead, letter), encodeLetter(letter))),
    ];
    await this.#store.write([...entries, remove(markPath(mark))], { durable: entries.length > 0 });
    this.#forget(markPath(mark));
  }

  /** The slot could not be walked now. */
  async postponeMark(mark: Mark, now: number): Promise<void> {
    const path = markPath(mark);
    if (mark.tries + 1 >= maxTries) {
      await this.#store.write([remove(path)]);
      this.#forget(path);
      return;
    }
    const later = { ...mark, tries: mark.tries + 1, due: now + waitAfter(mark.tries) };
    await this.#release(path, later.due, put(path, encodeMark(later)));
  }

  // ---- letters --------------------------------------------------------------------------------------------------------------

  /** Its target has it: what follows from that takes its place. The caller holds the new marks and letters. */
  async delivered(
    letter: Letter,
    following: { mark?: Mark | undefined; letter?: Letter | undefined } = {},
  ): Promise<void> {
    const entries: Entry[] = [remove(letterPath(open, letter))];
    if (following.mark !== undefined) {
      this.#held.add(markPath(following.mark));
      entries.push(put(markPath(following.mark), encodeMark(following.mark)));
    }
    if (following.letter !== undefined) {
      this.#held.add(letterPath(open, following.letter));
      entries.push(put(letterPath(open, following.letter), encodeLetter(following.letter)));
    }
    await this.#store.write(entries);
    this.#forget(letterPath(open, letter));
  }

  /** The same letter in another form: signed otherwise, signed at last, or arrived. */
  async replace(letter: Letter, by: Letter): Promise<void> {
    this.#held.add(letterPath(open, by));
    await this.#store.write([remove(letterPath(open, letter)), put(letterPath(open, by), encodeLetter(by))], {
      durable: true,
    });
    if (letterPath(open, letter) !== letterPath(open, by)) this.#forget(letterPath(open, letter));
  }

  /** It could not be delivered now. False if it has been tried often enough and lies with the dead letters. */
  async postpone(letter: Letter, error: string, now: number): Promise<boolean> {
    if (letter.tries + 1 >= maxTries) {
      await this.bury(letter, error, now);
      return false;
    }
    const later = { ...letter, error, tries: letter.tries + 1, due: now + waitAfter(letter.tries) };
    await this.#release(letterPath(open, letter), later.due, put(letterPath(open, letter), encodeLetter(later)));
    return true;
  }

  /** It can't be delivered, and trying again won't help. */
  async bury(letter: Letter, error: string, now: number): Promise<void> {
    const path = letterPath(open, letter);
    const last = { ...letter, error };
    // Until that is written it is tried again.
    await this.#release(path, now + retryMs[1], remove(path), put(letterPath(dead, letter), encodeLetter(last)));
    this.#forget(path);
  }

  /** Takes the dead letters of a slot, or of one key of it, back. The caller holds them. */
  async revive(process: string, slot: number, key?: string): Promise<readonly Letter[]> {
    const place = `${process}/${slotName(slot)}${key === undefined ? '' : `/${encodeURIComponent(key)}`}`;
    const rows = await this.#store.scan(`${dead}/${place}`);
    const letters = rows.map((row) => ({ ...decodeLetter(`${place}/${row.path}`, row.value), tries: 0 }));
    const entries: Entry[] = [];
    for (const letter of letters) {
      this.#held.add(letterPath(open, letter));
      entries.push(remove(letterPath(dead, letter)), put(letterPath(open, letter), encodeLetter(letter)));
    }
    await this.#store.write(entries, { durable: true });
    return letters;
  }

  // ---- for the courier ------------------------------------------------------------------------------------------------------

  /** Looks up what an earlier run of this program left. */
  async load(): Promise<void> {
    for (const root of [marks, open]) {
      for (const row of await this.#store.scan(root)) {
        const path = `${root}/${row.path}`;
        if (this.#held.has(path)) continue;
        const due = (decode(row.value) as Message).get('due');
        this.#due.set(path, typeof due === 'number' ? due : 0);
      }
    }
  }

  /** When the next piece of work of these processes is due. */
  nextDue(isFree: (process: string) => boolean = everyone): number | undefined {
    let next: number | undefined;
    for (const [path, due] of this.#due) {
      if ((next === undefined || due < next) && isFree(processIn(path))) next = due;
    }
    return next;
  }

  /** What is due of these processes, now held by the caller; oldest slots of a process first. */
  async take(now: number, limit: number, isFree: (process: string) => boolean = everyone): Promise<readonly Work[]> {
    const paths = [...this.#due].flatMap(([path, due]) => (due <= now && isFree(processIn(path)) ? [path] : [])).sort();
    const taken: Work[] = [];
    for (const path of paths.slice(0, limit)) {
      this.#due.delete(path);
      const bytes = await this.#store.read(path);
      if (bytes === undefined) continue;
      this.#held.add(path);
      const [root, rest] = [path.slice(0, path.indexOf('/')), path.slice(path.indexOf('/') + 1)];
      taken.push(root === marks ? { mark: decodeMark(rest, bytes) } : { letter: decodeLetter(rest, bytes) });
    }
    return taken;
  }

  /** Letters on their way, oldest slots of a process first. */
  waiting(limit?: number): Promise<readonly Letter[]> {
    return this.#list(open, limit);
  }

  deadLetters(limit?: number): Promise<readonly Letter[]> {
    return this.#list(dead, limit);
  }

  async #list(root: string, limit: number | undefined): Promise<readonly Letter[]> {
    const rows = await this.#store.scan(root, limit === undefined ? {} : { limit });
    return rows.map((row) => decodeLetter(row.path, row.value));
  }

  #keep(path: string, due: number, held: boolean): void {
    if (held) {
      this.#held.add(path);
      return;
    }
    this.#held.delete(path);
    this.#due.set(path, due);
  }

  /** Notes what became of something that was held. If that can't be written, it is tried again as it was. */
  async #release(path: string, due: number, ...entries: readonly Entry[]): Promise<void> {
    try {
      await this.#store.write(entries);
    } finally {
      this.#keep(path, due, false);
      this.#listener?.();
    }
  }

  #forget(path: string): void {
    this.#held.delete(path);
    this.#due.delete(path);
  }
}

const everyone = (): boolean => true;

/** `outbox/<process>/…` */
function processIn(path: string): string {
  const from = path.indexOf('/') + 1;
  return path.slice(from, path.indexOf('/', from));
}

function waitAfter(tries: number): number {
  return Math.min(retryMs[1], retryMs[0] * 2 ** Math.min(tries, 20));
}

function markPath({ process, slot, run }: Pick<Mark, 'process' | 'slot' | 'run'>): string {
  return `${marks}/${process}/${slotName(slot)}/${run}`;
}

/** Bytes of a key of an outbox, as it stands in a path. */
export const maxKeyBytes = 500;

/** Whether letters of an entry with this key have a place here. */
export function hasPlace(key: string): boolean {
  return key.length <= maxKeyBytes && key.isWellFormed() && encodeURIComponent(key).length <= maxKeyBytes;
}

function letterPath(root: string, { process, slot, key, id }: Pick<Letter, 'process' | 'slot' | 'key' | 'id'>): string {
  return `${root}/${process}/${slotName(slot)}/${encodeURIComponent(key)}/${id}`;
}

function encodeMark({ depth, tries, due }: Mark): Uint8Array {
  return encode(message({ depth, tries, due }));
}

function decodeMark(path: string, bytes: Uint8Array): Mark {
  const [process = '', slot = '', run = ''] = path.split('/');
  const cell = decode(bytes) as Message;
  return {
    process,
    slot: Number(slot),
    run,
    depth: cell.get('depth') as number | undefined,
    tries: cell.get('tries') as number,
    due: cell.get('due') as number,
  };
}

function draftIn(cell: Message): Letter['draft'] {
  const draft = cell.get('draft');
  // Earlier versions knew one kind.
  return draft === 'entry' ? 'entry' : draft === 'unsigned' || draft === true ? 'unsigned' : undefined;
}

function encodeLetter({
  kind,
  target,
  message: carried,
  draft,
  depth,
  arrived,
  tries,
  due,
  error,
}: Letter): Uint8Array {
  return encode(message({ kind, target, message: carried, draft, depth, arrived, tries, due, error }));
}

function decodeLetter(path: string, bytes: Uint8Array): Letter {
  const [process = '', slot = '', key = '', id = ''] = path.split('/');
  const cell = decode(bytes) as Message;
  const error = cell.get('error');
  const carried = cell.get('message');
  return {
    process,
    slot: Number(slot),
    key: decodeURIComponent(key),
    id,
    kind: cell.get('kind') as LetterKind,
    target: cell.get('target') as string,
    message: isMessage(carried) ? carried : Message.empty,
    draft: draftIn(cell),
    depth: cell.get('depth') as number | undefined,
    arrived: cell.get('arrived') as number | undefined,
    tries: cell.get('tries') as number,
    due: cell.get('due') as number,
    error: typeof error === 'string' ? error : undefined,
  };
}
