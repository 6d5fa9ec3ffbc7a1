/**
 * The message cache (spec 05 §3): messages by any of their ids, byte strings by hash, results, names and queries, over one store and any
 * number of remote sources. layout.ts says where things are, stored-messages.ts reads messages.
 *
 * What callers may ask for:
 *
 *     <id>                  a message by its unsigned id, a commitment's id, or the sum of its signatures
 *     <id>/<key>/…          a value in it, children loaded on the way; else the result of `<key>…` on `<id>`
 *     data/<hash>           bytes
 *     <name>/…              a named link, or a value below one
 *
 * A child of a message that was read is a link; literals are there, except those over the blob limit, which are lazy links. Content never
 * changes under an id: a commitment's id leads to a message only once the commitment has been verified, and then for good.
 *
 * Local reads are synchronous. Sources are asked only for what is content-addressed, one question at a time per id, and what they give
 * is written to the store.
 */

import { toTabm } from '../codecs/structured.ts';
import { type Awaitable, andThen, mapInOrder } from '../core/awaitable.ts';
import { type Binary, binary, isBinary, toBytes, toText } from '../core/bytes.ts';
import type { Cache } from '../core/cache.ts';
import { decode, encode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { raise } from '../core/errors.ts';
import { isMessage, type Message, messageFrom } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { type Place, placeIn } from './held-message.ts';
import * as layout from './layout.ts';
import { type Indexed, MatchIndex } from './match-index.ts';
import { readMessageCell, splitOf, storedPart } from './message-cell.ts';
import { MessageWriter } from './message-writer.ts';
import type { Source, Sourced } from './remote/source.ts';
import { Sources } from './remote/sources.ts';
import { type Bounds, type Entry, put, type Store } from './store.ts';
import { StoredMessages, type StoredMessagesOptions } from './stored-messages.ts';

export interface MessageCacheOptions extends StoredMessagesOptions {
  readonly sources?: readonly Source[];
  /**
   * Told when a source cannot be asked, or gives what cannot be verified: to the reader it is as if it had nothing. Also when what it gave
   * cannot be kept.
   */
  readonly onSourceFailure?: (source: Source, error: unknown) => void;
}

/** Names and links followed for one read. */
const maxHops = 64;
/** Parts of a path: more than any name or nesting has. */
const maxParts = 128;
/** Names that a listing of everything gives. */
const maxListed = 10_000;

/** What is to be written, and what is to be called then. */
export interface Batch {
  readonly entries: readonly Entry[];
  readonly done: () => void;
}

export interface Prepared extends Batch {
  /** The path to read it by. */
  readonly path: string;
}

/** A message that the caller writes. */
export interface Standing {
  readonly message: Message;
  /** Ids of commitments that need no check, because the caller has just made them: then the message is new. */
  readonly checked: readonly string[];
  /** Where it will stand whole, with its commitments; absent if nowhere. */
  readonly place: Place | undefined;
}

/** A signed message as it was stored last. */
interface Written {
  readonly message: Message;
  readonly id: string;
}

export class MessageCache implements Cache {
  readonly store: Store;
  readonly #environment: () => Environment;
  readonly #sources: Sources;
  readonly #stored: StoredMessages;
  readonly #index: MatchIndex;
  /** Where commitments, which copies of a message share, note what was stored with them. */
  readonly #written = Symbol('written');

  constructor(options: MessageCacheOptions) {
    this.store = options.store;
    this.#environment = options.environment;
    this.#sources = new Sources({
      all: options.sources ?? [],
      keep: (path, found) => this.#keep(path, found),
      onFailure: options.onSourceFailure ?? (() => {}),
    });
    this.#stored = new StoredMessages(options);
    this.#index = new MatchIndex(this.store, (id) => this.#indexed(id));
  }

  // ---- reading --------------------------------------------------------------------------------------------------------------

  read(path: string): Awaitable<Value | undefined> {
    // Most reads are by a bare id.
    return this.#readPath(layout.isIdText(path) ? [path] : layout.segments(path), 0, true);
  }

  isFile(path: string): Awaitable<boolean> {
    return andThen(
      path.startsWith(`${layout.data}/`) ? this.store.open?.(path) : undefined,
      (file) => file !== undefined,
    );
  }

  /** As {@link read}, but only from the local store. */
  readLocal(path: string): Awaitable<Value | undefined> {
    return this.#readPath(layout.segments(path), 0, false);
  }

  /** The message with every commitment the store has of it, whatever id it is asked for by. */
  readEvery(id: string): Awaitable<Value | undefined> {
    return andThen(this.#stored.unsignedIdOf(id), (unsigned) =>
      unsigned === undefined ? undefined : this.#stored.read(unsigned, id, true),
    );
  }

  #readPath(parts: readonly string[], hops: number, remote: boolean): Awaitable<Value | undefined> {
    const [first, second] = parts;
    if (first === undefined || parts.length > maxParts) return undefined;
    if (first === layout.data && second !== undefined && parts.length === 2) {
      return andThen(
        this.#readData(second, remote),
        (bytes): Awaitable<Value | undefined> => bytes ?? this.#readName(parts, hops, remote),
      );
    }
    if (!layout.isIdText(first)) return this.#readName(parts, hops, remote);
    return andThen(this.#readId(first, remote), (found): Awaitable<Value | undefined> => {
      if (found === undefined) return this.#readName(parts, hops, remote);
      if (parts.length === 1) return found;
      return andThen(
        this.#walk(found, parts.slice(1), hops, remote),
        (below): Awaitable<Value | undefined> => below ?? this.readResult(first, parts.slice(1).join('/')),
      );
    });
  }

  #readData(hash: string, remote: boolean): Awaitable<Binary | undefined> {
    const path = `${layout.data}/${hash}`;
    return andThen(this.store.read(path), (bytes): Awaitable<Binary | undefined> => {
      if (bytes !== undefined) return binary(bytes);
      if (!remote || !layout.isIdText(hash)) return undefined;
      return andThen(this.#sources.ask(path), (value) => (value !== undefined && isBinary(value) ? value : undefined));
    });
  }

  #readId(id: string, remote: boolean): Awaitable<Value | undefined> {
    return andThen(this.#stored.unsignedIdOf(id), (unsigned): Awaitable<Value | undefined> => {
      if (unsigned !== undefined) return this.#stored.read(unsigned, id);
      return remote ? this.#sources.ask(id) : undefined;
    });
  }

  /** What is at these keys inside a value. */
  #walk(value: Value, keys: readonly string[], hops: number, remote: boolean): Awaitable<Value | undefined> {
    if (value instanceof Link) {
      if (hops >= maxHops) return undefined;
      return andThen(this.#readPath(layout.segments(value.ref), hops + 1, remote), (target) =>
        target === undefined ? undefined : this.#walk(target, keys, hops + 1, remote),
      );
    }
    const [key, ...rest] = keys;
    if (key === undefined) return value;
    const child = isMessage(value) ? value.get(key) : isList(value) ? value[Number(key) - 1] : undefined;
    return child === undefined ? undefined : this.#walk(child, rest, hops, remote);
  }

  /** The longest prefix of the path that is a name, and what is below its target. */
  #readName(parts: readonly string[], hops: number, remote: boolean): Awaitable<Value | undefined> {
    if (hops >= maxHops) return undefined;
    const from = (length: number): Awaitable<Value | undefined> => {
      if (length === 0) return undefined;
      return andThen(
        this.store.read(layout.namePath(parts.slice(0, length))),
        (target): Awaitable<Value | undefined> => {
          const text = target && toText(target);
          if (text === undefined) return from(length - 1);
          return this.#readPath([...layout.segments(text), ...parts.slice(length)], hops + 1, remote);
        },
      );
    };
    return from(parts.length);
  }

  // ---- writing --------------------------------------------------------------------------------------------------------------

  write(value: Value, options: { readonly durable?: boolean } = {}): Awaitable<string> {
    const before = options.durable !== true && isMessage(value) ? this.#writtenAs(value) : undefined;
    // Where things get lost, any part of it may have been.
    return before === undefined || this.store.forgets ? this.#write(value, options) : before;
  }

  #write(value: Value, options: { readonly durable?: boolean }): Awaitable<string> {
    return andThen(this.prepare(value), ({ path, entries, done }) => {
      if (entries.length === 0 && options.durable !== true) return path;
      return andThen(this.store.write(entries, options), () => {
        done();
        return path;
      });
    });
  }

  /**
   * The id of a signed message that was written lately, as it is now. A message that gets a slot is stored with its assignment; that it is
   * then kept as a signed request as well took a twelfth of a post.
   */
  #writtenAs(value: Message): string | undefined {
    const commitments = value.get('commitments');
    const written = isMessage(commitments) ? commitments.derived<Written>(this.#written) : undefined;
    return written !== undefined && equal(written.message, storedPart(value)) ? written.id : undefined;
  }

  /**
   * What {@link write} would write, for callers who put it into a batch of their own. Nothing of it is there before that batch is; `done`
   * is to be called then.
   */
  prepare(value: Value): Awaitable<Prepared> {
    if (isBinary(value)) {
      const bytes = toBytes(value);
      const path = `${layout.data}/${layout.hashOf(bytes)}`;
      return { path, entries: [put(path, bytes)], done: () => {} };
    }
    if (!isMessage(value) && !isList(value)) raise('bad-type', 'Only messages, lists and byte strings can be stored.');
    return this.#prepare(value, []);
  }

  /** `checked`: ids that somebody else has found to belong to the value. */
  #prepare(value: Message | readonly Value[], checked: readonly string[]): Awaitable<Prepared> {
    const writer = new MessageWriter(this, this.#environment(), checked);
    return andThen(writer.add(value), (path) => ({ path, ...this.#prepared(writer) }));
  }

  /** As {@link prepare}, for messages that the same batch has whole in entries of the caller's: an assignment in the row of its slot. */
  prepareStanding(all: readonly Standing[]): Awaitable<Batch> {
    const checked = all.flatMap((one) => one.checked);
    const writer = new MessageWriter(this, this.#environment(), checked);
    const added = mapInOrder(all, ({ message, place }) =>
      place === undefined ? writer.add(message) : writer.hold(message, place),
    );
    return andThen(added, () => this.#prepared(writer));
  }

  #prepared({ entries, fresh, touched, committed }: MessageWriter): Batch {
    return {
      entries: fresh.length === 0 ? entries : [...entries, this.#index.note(fresh)],
      done: () => {
        for (const id of touched) this.#stored.forget(id);
        for (const [message, id] of committed) {
          const written = (message.get('commitments') as Message).derive(this.#written, (): Partial<Written> => ({}));
          Object.assign(written, { message, id });
        }
      },
    };
  }

  /** Keeps what a source gave, and reads it as everything else. */
  async #keep(path: string, { value, ids }: Sourced): Promise<Value> {
    if (this.store.readOnly) return value;
    if (isBinary(value)) await this.write(value);
    else {
      const { entries, done } = await this.#prepare(value, ids);
      await this.store.write(entries);
      done();
    }
    return (await this.readLocal(path)) ?? value;
  }

  link(existing: string, name: string): Awaitable<void> {
    const parts = layout.segments(name);
    if (parts.length === 0) raise('bad-request', 'A link needs a name.');
    const target = layout.segments(existing);
    if (target.join('/') === parts.join('/')) return;
    return andThen(this.store.write([put(layout.namePath(parts), toBytes(target.join('/')))]), () => undefined);
  }

  // ---- results --------------------------------------------------------------------------------------------------------------

  readResult(base: string, request: string): Awaitable<Value | undefined> {
    return andThen(this.store.read(layout.resultPath(base, request)), (cell): Awaitable<Value | undefined> => {
      if (cell === undefined) return undefined;
      const value = decode(cell);
      return value instanceof Link ? this.readLocal(value.ref) : value;
    });
  }

  writeResult(base: string, request: string, result: Value): Awaitable<void> {
    const path = layout.resultPath(base, request);
    const isStored = isMessage(result) || isBinary(result) || isList(result);
    const prepared = isStored ? this.prepare(result) : { path: '', entries: [], done: () => {} };
    return andThen(prepared, ({ path: stored, entries, done }) => {
      const cell = encode(isStored ? new Link(stored) : result);
      return andThen(this.store.write([...entries, put(path, cell)]), done);
    });
  }

  // ---- listing and matching -------------------------------------------------------------------------------------------------

  list(path: string): Awaitable<readonly string[]> {
    const parts = layout.segments(path);
    const [first] = parts;
    if (first === undefined) return this.#roots();
    if (first === layout.data)
      return andThen(this.store.list(layout.data, { limit: maxListed }), (names) => names ?? []);
    return andThen(this.numbersAndNames(path), (names): Awaitable<readonly string[]> => {
      if (names.length > 0) return names;
      return andThen(this.readLocal(path), (value) =>
        isMessage(value) ? [...value.keys()] : isList(value) ? value.map((_, i) => String(i + 1)) : [],
      );
    });
  }

  /** Names of links directly below a path: numbers in order of their value, the others by bytes. */
  numbersAndNames(path: string, bounds: Bounds = {}): Awaitable<readonly string[]> {
    const { from, ...rest } = bounds;
    const start = from === undefined ? {} : { from: layout.namePath([from]).slice(layout.names.length + 1) };
    return andThen(this.store.list(layout.namePath(layout.segments(path)), { ...rest, ...start }), (names) =>
      (names ?? []).map(layout.fromOrdered),
    );
  }

  #roots(): Awaitable<readonly string[]> {
    return andThen(this.store.list(layout.messages, { limit: maxListed }), (ids) =>
      andThen(this.store.list(layout.names, { limit: maxListed }), (names) => [
        ...(ids ?? []),
        ...(names ?? []).map(layout.fromOrdered),
      ]),
    );
  }

  match(template: Message): Awaitable<readonly string[]> {
    return this.#index.match([...this.#entriesOf(template)]);
  }

  /** Brings the index of `match` up to date. `match` does it by itself; a node may do it when it is idle. */
  catchUp(): Awaitable<void> {
    return this.#index.catchUp();
  }

  #indexed(id: string): Awaitable<Indexed | undefined> {
    return andThen(this.store.read(`${layout.messages}/${id}`), (cell): Awaitable<Indexed | undefined> => {
      if (cell === undefined) return undefined;
      const parts = decode(cell);
      const place = placeIn(parts);
      const body = place === undefined ? readMessageCell(parts, () => undefined) : this.#stored.heldBody(place);
      return andThen(body, (found) => found && [...this.#entriesOf(found.value)]);
    });
  }

  /** The encoded entries of a message or list; those of literals kept elsewhere by their hash. */
  *#entriesOf(value: Message | readonly Value[]): Indexed & Generator<readonly [string, Binary | { hash: string }]> {
    const entries = isList(value)
      ? value.map((item, i): [string, Value] => [String(i + 1), item])
      : [...value.entries()];
    const here: [string, Value][] = [];
    for (const [key, item] of entries) {
      if (item instanceof Link && item.lazy) {
        const hash = splitOf(item)?.hash ?? item.ref.slice(layout.data.length + 1);
        yield [key, { hash }];
      } else if (key !== 'commitments') here.push([key, item]);
    }
    const tabm = toTabm(messageFrom(here), 'link', this.#environment()) as Message;
    for (const [key, item] of tabm.entries()) if (key !== 'ao-types' && isBinary(item)) yield [key, item];
  }
}
