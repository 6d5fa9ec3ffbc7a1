/**
 * The index behind `match` (spec 05 §2.3, trap T17): for every entry of every message a row, so that a query costs what its rarest key
 * costs and not the whole store.
 *
 *     idx/<hash of key and value>/<unsigned id>  →  nothing
 *
 * Rows are not written with the message: a message of n keys would cost n rows at the busiest moment. Instead its batch leaves one note
 * `new/<when>` with its ids, at the end of a short range; {@link MatchIndex.catchUp} turns notes into rows. `match` does so first, an idle
 * node may do so at any time, and doing it twice changes nothing.
 *
 * Values count as they are encoded: `1337` and `"1337"` are alike, a child counts by its id.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { type Binary, concatBytes, isBinary, keyToBytes, toBytes, toText } from '../core/bytes.ts';
import { hashOf, index, isIdText, unindexed } from './layout.ts';
import { type Entry, put, remove, type Store } from './store.ts';

/** A query gives at most this many ids, as in the reference. */
const maxMatches = 100_000;
/** Notes turned into rows in one batch. */
const notesPerBatch = 256;

const nothing = new Uint8Array(0);

/** The entries by which a message is found: its TABM, where a literal may be given by its hash. */
export type Indexed = Iterable<readonly [string, Binary | { readonly hash: string }]>;

export class MatchIndex {
  readonly #store: Store;
  readonly #entriesOf: (id: string) => Awaitable<Indexed | undefined>;
  #catchingUp: Promise<void> | undefined;
  /** Notes that stay after their rows are there: they are in a store behind this one, which is only read. */
  #left: ReadonlySet<string> = new Set();
  #lastNote = 0;
  #noteCounter = 0;
  readonly #writer = Math.random().toString(36).slice(2, 10);

  /** `entriesOf` reads the entries of a stored message. */
  constructor(store: Store, entriesOf: (id: string) => Awaitable<Indexed | undefined>) {
    this.#store = store;
    this.#entriesOf = entriesOf;
  }

  /** The note that these messages are new, for the batch that writes them. */
  note(ids: readonly string[]): Entry {
    const now = Date.now();
    this.#noteCounter = now === this.#lastNote ? this.#noteCounter + 1 : 0;
    this.#lastNote = now;
    const when = `${now.toString(36).padStart(9, '0')}-${this.#noteCounter.toString(36).padStart(4, '0')}`;
    return put(`${unindexed}/${when}-${this.#writer}`, toBytes(ids.join('\n')));
  }

  /** Ids of the messages that have all these entries, in order. */
  match(template: Indexed): Awaitable<readonly string[]> {
    const rows = [...template].map(([key, value]) => `${index}/${rowHash(key, value)}`);
    if (rows.length === 0) return [];
    return andThen(this.catchUp(), () => this.#intersect(rows));
  }

  /** Turns all notes into rows. */
  catchUp(): Awaitable<void> {
    if (this.#catchingUp !== undefined) return this.#catchingUp;
    return andThen(this.#store.scan(unindexed, { limit: 1 }), (notes) => {
      if (notes.length === 0 || this.#store.readOnly) return;
      this.#catchingUp = this.#work().finally(() => {
        this.#catchingUp = undefined;
      });
      return this.#catchingUp;
    });
  }

  async #work(): Promise<void> {
    const left = new Set<string>();
    for (let from = ''; ; ) {
      const found = await this.#store.scan(unindexed, { limit: notesPerBatch, from });
      if (found.length === 0) break;
      // The least name above the last one.
      from = `${found.at(-1)!.path}\x00`;
      for (const { path } of found) if (this.#left.has(path)) left.add(path);
      const notes = found.filter(({ path }) => !left.has(path));
      if (notes.length === 0) continue;
      const batch: Entry[] = notes.map((note) => remove(`${unindexed}/${note.path}`));
      for (const note of notes) {
        for (const id of (toText(note.value) ?? '').split('\n')) {
          if (!isIdText(id)) continue;
          for (const [key, value] of (await this.#entriesOf(id)) ?? []) {
            batch.push(put(`${index}/${rowHash(key, value)}/${id}`, nothing));
          }
        }
      }
      await this.#store.write(batch);
      for (const { path } of notes) if ((await this.#store.read(`${unindexed}/${path}`)) !== undefined) left.add(path);
      // Others get their turn: a first query may have a million notes before it.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#left = left;
  }

  /**
   * Ids that are in every range. Each range in turn is sought for the first id that is not below the highest one seen; when all agree it
   * is a match. So the cost is that of the rarest entry.
   */
  async #intersect(rows: readonly string[]): Promise<readonly string[]> {
    if (rows.length === 1) return (await this.#store.scan(rows[0]!, { limit: maxMatches })).map((row) => row.path);
    const found: string[] = [];
    let candidate = '';
    let agreeing = 0;
    for (let at = 0; found.length < maxMatches; at = (at + 1) % rows.length) {
      const bounds = candidate === '' ? { limit: 1 } : { limit: 1, from: candidate };
      const next = (await this.#store.scan(rows[at]!, bounds))[0]?.path;
      if (next === undefined) return found;
      agreeing = next === candidate ? agreeing + 1 : 1;
      candidate = next;
      if (agreeing < rows.length) continue;
      found.push(candidate);
      // The least text above an id.
      candidate = `${candidate}-`;
      agreeing = 0;
    }
    return found;
  }
}

function rowHash(key: string, value: Binary | { readonly hash: string }): string {
  const hash = isBinary(value) ? hashOf(toBytes(value)) : value.hash;
  return hashOf(concatBytes(keyToBytes(key), Uint8Array.of(0), toBytes(hash)));
}
