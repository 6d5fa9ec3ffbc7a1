/**
 * The schedule log in the node's store.
 *
 *     schedule/<process>/<slot, 16 digits>   →  { assignment: id, message: id, whole? }
 *     schedule-head/<process>                →  { slot, chain }
 *     schedule-index/<process>/<message id>  →  slot, for redelivery
 *
 * The messages can be read from the message cache by their ids; rows, messages and head go out in one batch, which is applied only if
 * its first slot is still free. A row of a small message has the whole assignment, and the message cache only notes that it stands
 * there: a long computation reads nothing else, and nothing is written twice.
 */
import { keepUnsigned } from '../../codecs/ids.ts';
import { isSpeltOtherwise } from '../../codecs/spelling.ts';
import { type Awaitable, andThen, isPromise } from '../../core/awaitable.ts';
import { isBinary, toBytes } from '../../core/bytes.ts';
import { commitmentsOf } from '../../core/commitments.ts';
import { decode, encode } from '../../core/encode.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { id } from '../../core/ids.ts';
import { loadAll } from '../../core/links.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { Recent } from '../../core/recent.ts';
import type { MessageCache, Standing } from '../../stores/message-cache.ts';
import { type Bounds, type Entry, put, type Store } from '../../stores/store.ts';
import { type ScheduleCopies, StoreCopies } from './copies.ts';
import type { Head, Row, ScheduleLog } from './log.ts';
import { slotName } from './slot-name.ts';

const rows = 'schedule';
const heads = 'schedule-head';
const index = 'schedule-index';

/** Assignments over this many bytes are only in the message cache. */
const maxWholeBytes = 16 * 1024;

/** Processes whose newest slots are remembered. */
const maxRemembered = 1_024;

/** A row with the whole assignment, if that is small. Only the message cache keeps how a message was spelt. */
function wholeRow(cell: Message, assignment: Message): Uint8Array | undefined {
  const whole = isSpeltOtherwise(assignment) ? undefined : encode(cell.with('whole', assignment));
  return whole !== undefined && whole.length <= maxWholeBytes ? whole : undefined;
}

export class StoreLog implements ScheduleLog {
  readonly copies: ScheduleCopies;
  readonly #store: Store;
  readonly #cache: MessageCache;
  readonly #environment: () => Environment;
  /** Newest slots of processes that were appended to lately. Whoever takes a slot after that leaves it occupied. */
  readonly #newest = new Recent<string, number>(maxRemembered);
  readonly #watchers = new Map<string, Set<(head: Head) => void>>();

  readonly #alongside: ((process: string, slot: number) => Entry) | undefined;

  /** `alongside`: what else goes into the batch of a slot. */
  constructor(
    cache: MessageCache,
    environment: () => Environment,
    alongside?: (process: string, slot: number) => Entry,
  ) {
    this.#alongside = alongside;
    this.copies = new StoreCopies(cache.store);
    this.#store = cache.store;
    this.#cache = cache;
    this.#environment = environment;
  }

  head(process: string): Awaitable<Head | undefined> {
    return andThen(this.#store.read(`${heads}/${process}`), (bytes) => bytes && decodeHead(bytes));
  }

  async append(process: string, added: readonly Row[]): Promise<'ok' | 'conflict'> {
    const first = added[0];
    const last = added.at(-1);
    if (first === undefined || last === undefined) return 'ok';
    if (this.#store.forgets || this.#newest.get(process) !== first.slot - 1) {
      const newest = await this.head(process);
      if ((newest?.slot ?? -1) + 1 !== first.slot) return 'conflict';
    }
    const env = this.#environment();
    const laidOut = added.map((row) => {
      const path = rowPath(process, row.slot);
      const cell = message({ assignment: id(row.assignment, 'signed', env), message: row.messageId });
      return { path, cell, whole: wholeRow(cell, row.assignment), row };
    });
    const prepared = await this.#cache.prepareStanding(
      laidOut.map(({ path, whole, row: { assignment } }): Standing => {
        keepUnsigned(assignment, env);
        // This node has just signed it: checking that again took a fifth of the main thread's time and a second RSA verification per post.
        const checked = commitmentsOf(assignment).map(([commitment]) => commitment);
        return { message: assignment, checked, place: whole && [path, 'whole'] };
      }),
    );
    const entries: Entry[] = [...prepared.entries];
    for (const { path, cell, whole, row } of laidOut) {
      entries.push(put(path, whole ?? encode(cell)));
      entries.push(put(`${index}/${process}/${row.messageId}`, encode(row.slot)));
      if (this.#alongside !== undefined) entries.push(this.#alongside(process, row.slot));
    }
    const head: Head = { slot: last.slot, chain: last.chain };
    entries.push(put(`${heads}/${process}`, encodeHead(head)));
    const when = [{ path: rowPath(process, first.slot), is: undefined }];
    if (!(await this.#store.write(entries, { durable: true, when }))) return 'conflict';
    prepared.done();
    this.#newest.set(process, last.slot);
    for (const listener of this.#watchers.get(process) ?? []) listener(head);
    return 'ok';
  }

  read(process: string, slot: number): Awaitable<Message | undefined> {
    return andThen(this.#store.read(rowPath(process, slot)), (bytes) =>
      bytes === undefined ? undefined : this.#assignment(decode(bytes) as Message, slot),
    );
  }

  async range(process: string, from: number, to: number): Promise<readonly Message[]> {
    const first = Math.max(0, from);
    if (to < first) return [];
    const bounds = { from: slotName(first), limit: to - first + 1 };
    const out: Message[] = [];
    for (const { path, value } of await this.#store.scan(`${rows}/${process}`, bounds)) {
      const slot = first + out.length;
      if (Number(path) !== slot) break;
      const assignment = this.#assignment(decode(value) as Message, slot);
      out.push(isPromise(assignment) ? await assignment : assignment);
    }
    return out;
  }

  slotOf(process: string, messageId: string): Awaitable<number | undefined> {
    return andThen(this.#store.read(`${index}/${process}/${messageId}`), (bytes) =>
      bytes === undefined ? undefined : (decode(bytes) as number),
    );
  }

  async processes(bounds?: Bounds): Promise<readonly string[]> {
    return (await this.#store.list(heads, bounds)) ?? [];
  }

  watch(process: string, listener: (head: Head) => void): () => void {
    const set = this.#watchers.get(process) ?? new Set();
    set.add(listener);
    this.#watchers.set(process, set);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#watchers.delete(process);
    };
  }

  /** An assignment with its message, each with the commitment it was scheduled by: always the same, whoever reads it and when. */
  #assignment(row: Message, slot: number): Awaitable<Message> {
    const whole = row.get('whole');
    if (isMessage(whole)) return whole;
    const env = this.#environment();
    const read = (key: 'assignment' | 'message'): Awaitable<Message> =>
      andThen(this.#cache.readLocal(row.get(key) as string), (found) =>
        isMessage(found)
          ? (found as Message)
          : raise('store-failed', `The ${key} of slot ${slot} is missing.`, 'Run `hyperbeam store verify`.'),
      );
    return andThen(read('assignment'), (assignment) =>
      andThen(read('message'), (body) =>
        andThen(loadAll(assignment.without('body'), env), (rest) =>
          andThen(loadAll(body, env), (loaded) => (rest as Message).with('body', loaded)),
        ),
      ),
    );
  }
}

function rowPath(process: string, slot: number): string {
  return `${rows}/${process}/${slotName(slot)}`;
}

function encodeHead({ slot, chain }: Head): Uint8Array {
  return encode(message({ slot, chain }));
}

function decodeHead(bytes: Uint8Array): Head {
  const cell = decode(bytes) as Message;
  const chain = cell.get('chain');
  return { slot: cell.get('slot') as number, chain: isBinary(chain) ? toBytes(chain) : new Uint8Array(0) };
}
