/**
 * Stored messages by any of their ids, with the commitments that the dialect gives them, and what of it is kept in memory. Where they stand
 * and what they look like there: layout.ts, message-cell.ts, held-message.ts.
 */
import { received, remember } from '../codecs/spelling.ts';
import { type Awaitable, andThen, isPromise, mapInOrder } from '../core/awaitable.ts';
import { type Binary, binary } from '../core/bytes.ts';
import { commitmentsOf, committerOf } from '../core/commitments.ts';
import { decode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { isMessage, type Message, messageFrom } from '../core/message.ts';
import { Recent } from '../core/recent.ts';
import type { Value } from '../core/value.ts';
import { blobThreshold } from './blob-files.ts';
import { heldBody, leadOf, type Place, placeIn, readHeld, unsignedIdAt } from './held-message.ts';
import * as layout from './layout.ts';
import { type Body, readMessageCell, storedUnsignedCommitment, unsignedIdentity } from './message-cell.ts';
import type { Store } from './store.ts';
import { WeightedLru } from './weighted-lru.ts';

export interface StoredMessagesOptions {
  readonly store: Store;
  /** The environment that all this is part of. A function, because each needs the other. */
  readonly environment: () => Environment;
  /** Bytes of decoded messages that are kept in memory. */
  readonly memoryBytes?: number;
  /** Longer literals are given as lazy links. */
  readonly maxInlineBytes?: number;
}

const defaultMemoryBytes = 64 * 1024 * 1024;
const maxKeptAliases = 20_000;
/** What a message is taken to weigh that stands in another entry, in bytes of its encoding. */
const heldWeight = 4096;

/** A stored message with the forms in which it was asked for. */
interface Stored {
  readonly body: Body;
  readonly forms: Map<string, Message>;
}

export class StoredMessages {
  readonly #store: Store;
  readonly #environment: () => Environment;
  readonly #memory: WeightedLru<Stored>;
  readonly #aliases = new Recent<string, string>(maxKeptAliases);
  readonly #maxInlineBytes: number;

  constructor({ store, environment, memoryBytes, maxInlineBytes }: StoredMessagesOptions) {
    this.#store = store;
    this.#environment = environment;
    this.#memory = new WeightedLru(memoryBytes ?? defaultMemoryBytes);
    this.#maxInlineBytes = maxInlineBytes ?? blobThreshold;
  }

  /** There is more of a message than what is kept. */
  forget(unsigned: string): void {
    this.#memory.delete(unsigned);
  }

  /** The unsigned id of the message that `id` belongs to, if it is stored here. */
  unsignedIdOf(id: string): Awaitable<string | undefined> {
    if (this.#memory.get(id) !== undefined) return id;
    const known = this.#aliases.get(id);
    if (known !== undefined) return known;
    return andThen(this.#store.read(`${layout.aliases}/${id}`), (alias): Awaitable<string | undefined> => {
      if (alias === undefined) return andThen(this.#find(id), (stored) => (stored === undefined ? undefined : id));
      return andThen(this.#ledTo(leadOf(alias)), (unsigned) => {
        if (unsigned !== undefined) this.#aliases.set(id, unsigned);
        return unsigned;
      });
    });
  }

  /** The unsigned id of the message at the end of an alias. One that stands in another entry is kept, since it is asked for next. */
  #ledTo(lead: string | Place): Awaitable<string | undefined> {
    if (typeof lead === 'string') return lead;
    return andThen(readHeld(this.#store, lead), (message) => {
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

  #find(unsigned: string): Awaitable<Stored | undefined> {
    const kept = this.#memory.get(unsigned);
    if (kept !== undefined) return kept;
    return andThen(this.#store.read(`${layout.messages}/${unsigned}`), (cell): Awaitable<Stored | undefined> => {
      if (cell === undefined) return undefined;
      const parts = decode(cell);
      const place = placeIn(parts);
      const read = place === undefined ? this.#body(parts) : this.heldBody(place);
      return andThen(
        read,
        (body) => body && this.#remember(unsigned, body, place === undefined ? cell.length : heldWeight),
      );
    });
  }

  heldBody(place: Place): Awaitable<Body | undefined> {
    return andThen(readHeld(this.#store, place), (message) => message && heldBody(message, this.#environment()));
  }

  /** Reads a cell with its split literals. They are synchronous reads of a local store, or all of them are promises. */
  #body(parts: Value): Awaitable<Body> {
    const waiting: Promise<unknown>[] = [];
    const literals = new Map<string, Binary>();
    const collect = (path: string, length: number): Binary | undefined => {
      const ready = literals.get(path);
      if (ready !== undefined || length > this.#maxInlineBytes) return ready;
      const bytes = this.#store.read(path);
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
  read(unsigned: string, id: string, every = false): Awaitable<Value | undefined> {
    return andThen(this.#find(unsigned), (stored): Awaitable<Value | undefined> => {
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
    return andThen(this.#store.read(`${layout.commitments}/${unsigned}/${id}`), (cell) => {
      const commitment = cell && decode(cell);
      return isMessage(commitment) ? commitment : this.#commitmentAt(id);
    });
  }

  /** A commitment that stands in another place than the one which the message's cell names. */
  #commitmentAt(id: string): Awaitable<Message | undefined> {
    return andThen(this.#store.read(`${layout.aliases}/${id}`), (alias) => {
      const lead = alias && leadOf(alias);
      if (lead === undefined || typeof lead === 'string') return undefined;
      return andThen(
        readHeld(this.#store, lead),
        (message) => message && commitmentsOf(message).find(([one]) => one === id)?.[1],
      );
    });
  }

  /** Without `every` those that claim somebody only if they were found to hold: anybody can hang a claim on a message they know. */
  #commitments(unsigned: string, body: Body, every: boolean): Awaitable<readonly (readonly [string, Message])[]> {
    return andThen(this.#store.scan(`${layout.commitments}/${unsigned}`), (rows) => {
      const all = rows.flatMap((row): (readonly [string, Message])[] => {
        const commitment = decode(row.value);
        return isMessage(commitment) ? [[row.path, commitment]] : [];
      });
      if (every) return [...body.commitments, ...all];
      const leading = mapInOrder(all, ([id, commitment]): Awaitable<boolean> => {
        if (committerOf(commitment) === undefined) return true;
        const alias = this.#store.read(`${layout.aliases}/${id}`);
        const leadsTo = andThen(alias, (found) => found && unsignedIdAt(found, this.#store, this.#environment()));
        return andThen(leadsTo, (one) => one === unsigned);
      });
      return andThen(leading, (leads) => [...body.commitments, ...all.filter((_, i) => leads[i])]);
    });
  }
}

function withCommitments(body: Message, all: readonly (readonly [string, Message])[]): Message {
  const whole = body.with('commitments', messageFrom(all));
  // The spelling belongs to the message that is verified.
  const spelling = received(body);
  if (spelling !== undefined) remember(whole, spelling);
  return whole;
}
