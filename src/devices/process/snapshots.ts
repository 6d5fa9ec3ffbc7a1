/**
 * Snapshots of what a state's devices hold in memory (virtual machines), in the node's store.
 *
 *     snapshots/<process>/<slot, 16 digits>  →  the devices' snapshot message, large byte strings replaced by lists of pages
 *     pages/<sha256>                         →  a page; the same page is stored once, whoever it belongs to
 *
 * They are kept on a ladder: going back in time they get rarer by powers of two, so that any slot is near one and their number grows with
 * the logarithm of the schedule. Pages nobody refers to any more are removed by {@link Snapshots.collect}.
 */
import { toBase64Url } from '../../core/bytes.ts';
import { decode, encode } from '../../core/encode.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';
import { type Entry, put, remove, type Store } from '../../stores/store.ts';
import { slotName } from './slots.ts';

/** Small enough that one changed table doesn't cost much, large enough that a snapshot is a few hundred hashes. */
const pageBytes = 16 * 1024;
/** Byte strings up to this stay in the row. */
const maxInlineBytes = 4 * 1024;

const root = 'snapshots';

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

  /** The entries that keep a snapshot: its new pages, its row, and the rungs of the ladder it makes superfluous. */
  async entries(process: string, slot: number, content: Message): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    const seen = new Set<string>();
    const row = encode(await this.#take(content, entries, seen));
    entries.push(put(`${root}/${process}/${slotName(slot)}`, row));
    const rows = await this.#store.scan(`${root}/${process}`);
    const slots = rows.map((existing) => Number(existing.path)).filter((existing) => existing !== slot);
    for (const old of superfluous(slots, slot)) entries.push(remove(`${root}/${process}/${slotName(old)}`));
    return entries;
  }

  /** Removes pages that no snapshot refers to. Returns how many. Nothing may be written meanwhile. */
  async collect(): Promise<number> {
    const used = new Set<string>();
    for (const row of await this.#store.scan(root)) mark(decode(row.value), used);
    const unused = (await this.#store.scan('pages')).filter((row) => !used.has(row.path));
    await this.#store.write(unused.map((row) => remove(`pages/${row.path}`)));
    return unused.length;
  }

  async #take(value: Value, entries: Entry[], seen: Set<string>): Promise<Value> {
    if (value instanceof Uint8Array && value.length > maxInlineBytes) return this.#pages(value, entries, seen);
    if (!isMessage(value)) return value;
    const out: [string, Value][] = [];
    for (const [key, child] of value.entries()) out.push([key, await this.#take(child, entries, seen)]);
    return value.withAll(out);
  }

  async #pages(bytes: Uint8Array, entries: Entry[], seen: Set<string>): Promise<Value> {
    const hashes: string[] = [];
    for (let at = 0; at < bytes.length; at += pageBytes) {
      const page = bytes.subarray(at, at + pageBytes);
      const hash = toBase64Url(this.#sha256(page));
      hashes.push(hash);
      if (seen.has(hash)) continue;
      seen.add(hash);
      const path = `pages/${hash}`;
      if ((await this.#store.type(path)) === undefined) entries.push(put(path, page.slice()));
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
        const page = await this.#store.read(`pages/${hash as string}`);
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

function mark(value: Value, used: Set<string>): void {
  if (!isMessage(value)) return;
  const hashes = value.get('page-list');
  if (isList(hashes)) for (const hash of hashes) used.add(hash as string);
  else for (const [, child] of value.entries()) mark(child, used);
}

/** Of these earlier snapshots those that the ladder ending at `newest` doesn't need: one is kept per power of two of distance. */
export function superfluous(slots: readonly number[], newest: number): readonly number[] {
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
