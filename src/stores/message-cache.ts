/**
 * The message cache (spec 05 §3): messages by any of their ids, byte strings by hash, results, names and queries, over one store and any
 * number of remote sources. layout.ts says where things are, message-cell.ts what a message looks like there.
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

import { received, remember } from '../codecs/spelling.ts';
import { toTabm } from '../codecs/structured.ts';
import { type Awaitable, andThen, isPromise, mapInOrder } from '../core/awaitable.ts';
import { type Binary, binary, isBinary, toBytes, toText } from '../core/bytes.ts';
import type { Cache } from '../core/cache.ts';
import { commitmentsOf, committerOf } from '../core/commitments.ts';
import { decode, encode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { raise } from '../core/errors.ts';
import { isMessage, type Message, messageFrom } from '../core/message.ts';
import { Recent } from '../core/recent.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { blobThreshold } from './blob-files.ts';
import { heldBody, leadOf, type Place, placeIn, readHeld, unsignedIdAt } from './held-message.ts';
import * as layout from './layout.ts';
import { type Indexed, MatchIndex } from './match-index.ts';
import {
  type Body,
  readMessageCell,
  splitOf,
  storedPart,
  storedUnsignedCommitment,
  unsignedIdentity,
} from './message-cell.ts';
import { MessageWriter } from './message-writer.ts';
import type { Source, Sourced } from './remote/source.ts';
import { Sources } from './remote/sources.ts';
import { type Bounds, type Entry, put, type Store } from './store.ts';
import { WeightedLru } from './weighted-lru.ts';

export interface MessageCacheOptions {
  readonly store: Store;
  /** The environment the cache is part of. A function, because each needs the other. */
  readonly environment: () => Environment;
  readonly sources?: readonly Source[];
  /** Bytes of decoded messages that are kept in memory. */
  readonly memoryBytes?: number;
  /** Longer literals are given as lazy links. */
  readonly maxInlineBytes?: number;
  /** Told when a source cannot be asked, or gives what cannot be verified. To the reader it is as if it had nothing. */
  readonly onSourceFailure?: (source: Source, error: unknown) => void;
}

const defaultMemoryBytes = 64 * 1024 * 1024;
/** Names and links followed for one read. */
const maxHops = 64;
/** Parts of a path: more than any name or nesting has. */
const maxParts = 128;
/** Names that a listing of everything gives. */
const maxListed = 10_000;
const maxKeptAliases = 20_000;
/** What a message is taken to weigh that stands in another entry, in bytes of its encoding. */
const heldWeight = 4096;

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

/** A stored message with the forms in which it was asked for. */
interface Stored {
  readonly body: Body;
  readonly forms: Map<string, Message>;
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
  readonly #memory: WeightedLru<Stored>;
  readonly #aliases = new Recent<string, string>(maxKeptAliases);
  readonly #index: MatchIndex;
  readonly #maxInlineBytes: number;
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
    this.#memory = new WeightedLru(options.memoryBytes ?? defaultMemoryBytes);
    this.#maxInlineBytes = options.maxInlineBytes ?? blobThreshold;
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
    return andThen(this.#unsignedIdOf(id), (unsigned) =>
      unsigned === undefined ? undefined : this.#message(unsigned, id, true),
    );
  }

  #readPath(parts: readonly string[], hops: number, remote: boolean): Awaitable<Value | undefined> {
    const [first, second] = parts;
    if (first === undefined || parts.length > maxParts) return undefined;
    if (first === layout.data && second !== undefined) {
      return parts.length > 2 ? undefined : this.#readData(second, remote);
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
    return andThen(this.#unsignedIdOf(id), (unsigned): Awaitable<Value | undefined> => {
      if (unsigned !== undefined) return this.#message(unsigned, id);
      return remote ? this.#sources.ask(id) : undefined;
    });
  }

  /** The unsigned id of the message that `id` belongs to, if it is stored here. */
  #unsignedIdOf(id: string): Awaitable<string | undefined> {
    if (this.#memory.get(id) !== undefined) return id;
    const known = this.#aliases.get(id);
    if (known !== undefined) return known;
    return andThen(this.store.read(`${layout.aliases}/${id}`), (alias): Awaitable<string | undefined> => {
      if (alias === undefined) return andThen(this.#stored(id), (stored) => (stored === undefined ? undefined : id));
      return andThen(this.#ledTo(leadOf(alias)), (unsigned) => {
        if (unsigned !== undefined) this.#aliases.set(id, unsigned);
        return unsigned;
      });
    });
  }

  /** The unsigned id of the message at the end of an alias. One that stands in another entry is kept, since it is asked for next. */
  #ledTo(lead: string | Place): Awaitable<string | undefined> {
    if (typeof lead === 'string') return lead;
    return andThen(readHeld(this.store, lead), (message) => {
      if (message === undefined) return undefined;
      const { id } = unsignedIdentity(message, this.#environment());
      if (this.#memory.get(id) === undefined) this.#remember(id, heldBody(message, this.#environment()), heldWeight);
      return id;
    });
  }

  #remember(unsigned: string, body: Body, bytes: number): Stored {
    const stored: Stored = { body, forms: new Map() };
    // Decoded values take several times the room of their encoding.
    this.#memory.set(unsigned, stored, bytes * 4 + 500);
    return stored;
  }

  #stored(unsigned: string): Awaitable<Stored | undefined> {
    const kept = this.#memory.get(unsigned);
    if (kept !== undefined) return kept;
    return andThen(this.store.read(`${layout.messages}/${unsigned}`), (cell): Awaitable<Stored | undefined> => {
      if (cell === undefined) return undefined;
      const parts = decode(cell);
      const place = placeIn(parts);
      const read = place === undefined ? this.#body(parts) : this.#heldBody(place);
      return andThen(
        read,
        (body) => body && this.#remember(unsigned, body, place === undefined ? cell.length : heldWeight),
      );
    });
  }

  #heldBody(place: Place): Awaitable<Body | undefined> {
    return andThen(readHeld(this.store, place), (message) => message && heldBody(message, this.#environment()));
  }

  /** Reads a cell with its split literals. They are synchronous reads of a local store, or all of them are promises. */
  #body(parts: Value): Awaitable<Body> {
    const waiting: Promise<unknown>[] = [];
    const literals = new Map<string, Binary>();
    const collect = (path: string, length: number): Binary | undefined => {
      const ready = literals.get(path);
      if (ready !== undefined || length > this.#maxInlineBytes) return ready;
      const bytes = this.store.read(path);
      if (isPromise(bytes)) {
        waiting.push(bytes.then((found) => found !== undefined && literals.set(path, binary(found))));
        return undefined;
      }
      return bytes === undefined ? undefined : binary(bytes);
    };
    const body = readMessageCell(parts, collect);
    return waiting.length === 0
      ? body
      : Promise.all(waiting).then(() => readMessageCell(parts, (path) => literals.get(path)));
  }

  /** A stored message as `id` asks for it: with which of its commitments is the dialect's to say. */
  #message(unsigned: string, id: string, every = false): Awaitable<Value | undefined> {
    return andThen(this.#stored(unsigned), (stored): Awaitable<Value | undefined> => {
      if (stored === undefined || !isMessage(stored.body.value)) return stored?.body.value;
      const form = every ? `${id}/every` : id;
      const ready = stored.forms.get(form);
      if (ready !== undefined) return ready;
      const env = this.#environment();
      const body = stored.body.value;
      const finish = (found: readonly (readonly [string, Message])[]): Message => {
        const all = [...found];
        const { covered } = stored.body;
        const lacksUnsigned = !all.some(([, commitment]) => committerOf(commitment) === undefined);
        if (env.dialect.storedCommitments === 'asked' && covered !== undefined && lacksUnsigned) {
          all.push([unsigned, storedUnsignedCommitment(unsigned, covered, env)]);
        }
        const whole = all.length === 0 ? body : withCommitments(body, all);
        stored.forms.set(form, whole);
        return whole;
      };
      const all = (): Awaitable<Message> =>
        andThen(this.#commitments(unsigned, stored.body, every), (found) => {
          if (id === unsigned || found.some(([one]) => one === id)) return finish(found);
          return andThen(this.#commitmentAt(id), (one) =>
            // An id that is no commitment's is the sum of all signatures.
            finish(one === undefined ? found : [...found, [id, one]]),
          );
        });
      if (every || id === unsigned || env.dialect.storedCommitments === 'all') return all();
      return andThen(this.#commitment(unsigned, stored.body, id), (one) =>
        one === undefined ? all() : finish([[id, one]]),
      );
    });
  }

  #commitment(unsigned: string, body: Body, id: string): Awaitable<Message | undefined> {
    const held = body.commitments.find(([one]) => one === id);
    if (held !== undefined) return held[1];
    return andThen(this.store.read(`${layout.commitments}/${unsigned}/${id}`), (cell) => {
      const commitment = cell && decode(cell);
      return isMessage(commitment) ? commitment : this.#commitmentAt(id);
    });
  }

  /** A commitment that stands in another place than the one which the message's cell names. */
  #commitmentAt(id: string): Awaitable<Message | undefined> {
    return andThen(this.store.read(`${layout.aliases}/${id}`), (alias) => {
      const lead = alias && leadOf(alias);
      if (lead === undefined || typeof lead === 'string') return undefined;
      return andThen(
        readHeld(this.store, lead),
        (message) => message && commitmentsOf(message).find(([one]) => one === id)?.[1],
      );
    });
  }

  /** Without `every` those that claim somebody only if they were found to hold: anybody can hang a claim on a message they know. */
  #commitments(unsigned: string, body: Body, every: boolean): Awaitable<readonly (readonly [string, Message])[]> {
    return andThen(this.store.scan(`${layout.commitments}/${unsigned}`), (rows) => {
      const all = rows.flatMap((row): (readonly [string, Message])[] => {
        const commitment = decode(row.value);
        return isMessage(commitment) ? [[row.path, commitment]] : [];
      });
      if (every) return [...body.commitments, ...all];
      const leading = mapInOrder(all, ([id, commitment]): Awaitable<boolean> => {
        if (committerOf(commitment) === undefined) return true;
        const alias = this.store.read(`${layout.aliases}/${id}`);
        const leadsTo = andThen(alias, (found) => found && unsignedIdAt(found, this.store, this.#environment()));
        return andThen(leadsTo, (one) => one === unsigned);
      });
      return andThen(leading, (leads) => [...body.commitments, ...all.filter((_, i) => leads[i])]);
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
    if (before === undefined) return this.#write(value, options);
    if (!this.store.forgets) return before;
    return andThen(this.store.read(`${layout.messages}/${before}`), (cell) =>
      cell === undefined ? this.#write(value, options) : before,
    );
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
        for (const id of touched) this.#memory.delete(id);
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
      const body = place === undefined ? readMessageCell(parts, () => undefined) : this.#heldBody(place);
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

function withCommitments(body: Message, all: readonly (readonly [string, Message])[]): Message {
  const whole = body.with('commitments', messageFrom(all));
  // The spelling belongs to the message that is verified.
  const spelling = received(body);
  if (spelling !== undefined) remember(whole, spelling);
  return whole;
}
