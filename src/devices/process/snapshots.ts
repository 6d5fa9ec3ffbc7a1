/**
 * Snapshots of what a state's devices hold in memory (virtual machines), in the node's store.
 *
 *     snapshots/<process>/<slot, 16 digits>  →  the devices' snapshot message, large byte strings replaced by lists of pages
 *     pages/<sha256>                         →  a page; the same page is stored once, whoever it belongs to
 *
 * They are kept on a ladder: going back in time they get rarer by powers of two, so that any slot is near one and their number grows with
 * the logarithm of the schedule. Pages nobody refers to any more are removed by `collect-pages.ts`.
 */
import { toBase64Url } from '../../core/bytes.ts';
import { decode, encode } from '../../core/encode.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { type Condition, type Entry, put, remove, type Store } from '../../stores/store.ts';
import { slotName } from '../scheduler/slot-name.ts';

/** Small enough that one changed table doesn't cost much, large enough that a snapshot is a few hundred hashes. */
const pageBytes = 16 * 1024;
/** Byte strings up to this stay in the row. */
const maxInlineBytes = 4 * 1024;

/** Where the rows are, by process; the pages, by hash; and which pages nobody seemed to need ({@link collectPages}). */
export const root = 'snapshots';
export const pages = 'pages';
export const unused = 'pages-unused';

/** Entries, and the pages that have to be there still. */
export interface Prepared {
  readonly entries: readonly Entry[];
  readonly when: readonly Condition[];
}

interface Batch extends Prepared {
  readonly entries: Entry[];
  readonly when: Condition[];
  /** Pages that need nothing more. */
  readonly settled: Set<string>;
}

export interface Snapshot {
  readonly slot: number;
  /** What the devices gave. Empty if the state is all there is. */
  readonly content: Message;
}

export class Snapshots {
  readonly #store: Store;
  readonly #sha256: (bytes: Uint8Array) => Uint8Array;

  constructor(store: Store, sha256: (bytes: Uint8Array) => Uint8Array) {
    this.#store = store;
    this.#sha256 = sha256;
  }

  /** The newest snapshot at or before a slot. */
  async latest(process: string, slot: number): Promise<Snapshot | undefined> {
    const rows = await this.#store.scan(`${root}/${process}`, { from: slotName(slot), limit: 1, reverse: true });
    const row = rows[0];
    if (row === undefined) return undefined;
    const content = await this.#restore(decode(row.value));
    return { slot: Number(row.path), content: content as Message };
  }

  /** Whether `content` holds anything beyond the state itself. */
  static isEmpty(content: Message): boolean {
    return content.size === 0;
  }

  /** What has to be written to keep a snapshot. To be given to {@link save} soon: pages that are there now may be removed later. */
  async prepare(process: string, slot: number, content: Message): Promise<Prepared> {
    const rows = await this.#store.scan(`${root}/${process}`);
    const newest = rows.at(-1);
    // What the newest snapshot has stays until the lane itself, which is the only one to write here, removes that snapshot.
    const batch: Batch = { entries: [], when: [], settled: new Set(newest === undefined ? [] : pagesOf(newest.value)) };
    const row = encode(await this.#take(content, batch));
    batch.entries.push(put(`${root}/${process}/${slotName(slot)}`, row));
    const slots = rows.map((existing) => Number(existing.path)).filter((existing) => existing !== slot);
    for (const old of superfluous(slots, slot)) batch.entries.push(remove(`${root}/${process}/${slotName(old)}`));
    return batch;
  }

  /** Writes it. False if one of its pages has been removed in the meantime: then it has to be prepared again. */
  async save({ entries, when }: Prepared): Promise<boolean> {
    return this.#store.write(entries, { when });
  }

  async #take(value: Value, batch: Batch): Promise<Value> {
    if (value instanceof Uint8Array && value.length > maxInlineBytes) return this.#pages(value, batch);
    if (!isMessage(value)) return value;
    const out: [string, Value][] = [];
    for (const [key, child] of value.entries()) out.push([key, await this.#take(child, batch)]);
    return value.withAll(out);
  }

  async #pages(bytes: Uint8Array, { entries, when, settled }: Batch): Promise<Value> {
    const hashes: string[] = [];
    for (let at = 0; at < bytes.length; at += pageBytes) {
      const page = bytes.subarray(at, at + pageBytes);
      const hash = toBase64Url(this.#sha256(page));
      hashes.push(hash);
      if (settled.has(hash)) continue;
      settled.add(hash);
      const path = `${pages}/${hash}`;
      const stored = await this.#store.read(path);
      if (stored === undefined) entries.push(put(path, page.slice()));
      else when.push({ path, is: stored });
      // Whoever looked for unused pages did so before this one was used.
      entries.push(remove(`${unused}/${hash}`));
    }
    return message({ 'page-list': hashes, size: bytes.length });
  }

  async #restore(value: Value): Promise<Value> {
    if (!isMessage(value)) return value;
    const hashes = value.get('page-list');
    if (isList(hashes)) {
      const size = value.get('size');
      if (typeof size !== 'number' || size < 0 || size > hashes.length * pageBytes) {
        raise('bad-encoding', 'The pages of a snapshot do not make up its size.');
      }
      const bytes = new Uint8Array(size);
      let at = 0;
      for (const hash of hashes) {
        const page = await this.#store.read(`${pages}/${hash as string}`);
        if (page === undefined)
          raise('store-failed', 'A page of a snapshot is missing.', 'Run `hyperbeam store verify`.');
        bytes.set(page, at);
        at += page.length;
      }
      return bytes;
    }
    const out: [string, Value][] = [];
    for (const [key, child] of value.entries()) out.push([key, await this.#restore(child)]);
    return value.withAll(out);
  }
}

/** The pages that the row of a snapshot refers to. */
export function pagesOf(row: Uint8Array): readonly string[] {
  const found: string[] = [];
  const look = (value: Value): void => {
    if (!isMessage(value)) return;
    const hashes = value.get('page-list');
    if (isList(hashes)) for (const hash of hashes) found.push(hash as string);
    else for (const [, child] of value.entries()) look(child);
  };
  look(decode(row));
  return found;
}

/** Of these earlier snapshots those that the ladder ending at `newest` doesn't need: one is kept per power of two of distance. */
function superfluous(slots: readonly number[], newest: number): readonly number[] {
  const rungs = new Map<number, number>();
  const out: number[] = [];
  // From old to new: the oldest of a rung stays, so that it grows into the next one instead of being replaced for ever.
  for (const slot of slots.filter((one) => one < newest).sort((a, b) => a - b)) {
    const rung = Math.floor(Math.log2(newest - slot));
    if (rungs.has(rung)) out.push(slot);
    else rungs.set(rung, slot);
  }
  return out;
}
