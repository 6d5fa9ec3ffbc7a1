/**
 * Takes messages apart for writing: one batch of entries for a message, its children at any depth and all their commitments.
 *
 * Before anything is hashed the message is made ready: private keys go, lazy links are replaced by what they stand for, and a message
 * with commitments is reduced to the keys that all of them cover (spec 05 §3.2). Children that are stored already cost one lookup.
 *
 * A commitment's id is made to lead to the message only if the commitment holds: otherwise whoever knows a signature could make its id
 * lead to another message. What cannot be verified here is kept beside the message all the same, a few of it, until something better
 * comes under the same id; readers get only what leads to the message, and what claims nobody.
 */

import { linkId } from '../codecs/link-id.ts';
import { type Awaitable, andThen, mapInOrder } from '../core/awaitable.ts';
import { isBinary, sameBytes, toBytes, toText } from '../core/bytes.ts';
import { commitmentsOf, everySigner, selectCommitments } from '../core/commitments.ts';
import { decode, encode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { sumOfIds } from '../core/ids.ts';
import { loadAll } from '../core/links.ts';
import { isMessage, type Message } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { verifyCommitment } from '../core/verify.ts';
import { canBeHeld, heldCell, type Place, placeIn, readHeld, unsignedIdAt } from './held-message.ts';
import { aliases, commitments, messages } from './layout.ts';
import { makeMessageCell, type Split, storedPart, unsignedIdentity } from './message-cell.ts';
import { type Entry, put, type Store } from './store.ts';

/** Commitments of a message beyond which none is kept that cannot be checked. */
const maxUnchecked = 32;

type Whole = Message | readonly Value[];

export class MessageWriter {
  readonly entries: Entry[] = [];
  /** Unsigned ids of messages that were not stored before. */
  readonly fresh: string[] = [];
  /** Unsigned ids of messages that got commitments. */
  readonly touched: string[] = [];
  /** Every message with commitments in it, as it is stored, with its unsigned id. */
  readonly committed: (readonly [Message, string])[] = [];
  readonly #cache: { readonly store: Store; read(path: string): Awaitable<Value | undefined> };
  readonly #env: Environment;
  /** Ids that somebody else has checked. */
  readonly #checked: readonly string[];
  readonly #done = new Set<string>();
  /** Messages that are stored in another entry, by their unsigned ids. */
  readonly #held = new Map<string, Message>();

  constructor(
    cache: { readonly store: Store; read(path: string): Awaitable<Value | undefined> },
    env: Environment,
    checked: readonly string[] = [],
  ) {
    this.#cache = cache;
    this.#env = env;
    this.#checked = checked;
  }

  /** Adds a message or list with everything in it; gives its unsigned id. */
  add(value: Whole, depth = 0): Awaitable<string> {
    if (depth > this.#env.limits.maxDepth) {
      raise('limit-exceeded', `A message is nested deeper than ${this.#env.limits.maxDepth}.`);
    }
    if (isMessage(value) && isMessage(value.get('device'))) {
      raise('bad-request', 'A message whose device is a message cannot be stored.', 'Name the device instead.');
    }
    return andThen(this.#ready(value), (ready) => this.#addReady(ready, value, depth));
  }

  /**
   * As {@link add}, for a message that stands whole at `place`: then its cell and those of its children only say so. What cannot be held
   * or is stored already is added as usual.
   */
  hold(message: Message, place: Place): Awaitable<string> {
    return canBeHeld(message) ? this.#hold(message, place) : this.add(message);
  }

  #hold(message: Message, place: Place): Awaitable<string> {
    const { id } = unsignedIdentity(message, this.#env);
    const all = commitmentsOf(message);
    // Readers are given every commitment that stands there: all have to hold.
    const held = mapInOrder(all, ([one, commitment]) => this.#holds(one, commitment, message));
    return andThen(held, (holds): Awaitable<string> => {
      if (!holds.every(Boolean)) return this.add(message);
      // What the caller has just signed was never stored.
      const isFresh = all.length > 0 && all.every(([one]) => this.#checked.includes(one));
      return andThen(isFresh || this.#isNew(id), (isNew): Awaitable<string> => {
        if (!isNew) return this.add(message);
        const cell = heldCell(place);
        this.entries.push(put(`${messages}/${id}`, cell));
        this.fresh.push(id);
        if (all.length > 0) this.committed.push([message, id]);
        for (const [one] of all) if (one !== id) this.#alias(one, cell);
        const signatures = selectCommitments(message, everySigner);
        if (signatures.length > 1) this.#alias(sumOfIds(signatures), cell);
        const children = [...message.entries()].filter(
          (entry): entry is [string, Message] => entry[0] !== 'commitments' && isMessage(entry[1]),
        );
        return andThen(
          mapInOrder(children, ([key, child]) => this.#hold(child, [...place, key])),
          () => id,
        );
      });
    });
  }

  #addReady(ready: Whole, original: Whole, depth: number): Awaitable<string> {
    const children: Whole[] = [];
    const shallow = makeMessageCell(
      ready,
      isMessage(original) ? original : undefined,
      (child) => {
        children.push(child);
        return linkId(child, this.#env, depth + 1);
      },
      this.#env,
    );
    return andThen(this.#isNew(shallow.id), (isNew) => {
      if (isNew) {
        for (const { path, bytes } of shallow.splits) this.entries.push(put(path, bytes));
        this.entries.push(put(`${messages}/${shallow.id}`, shallow.cell));
        this.fresh.push(shallow.id);
      }
      const whole = isNew || !this.#cache.store.forgets ? undefined : this.#restore(shallow.splits);
      return andThen(whole, () =>
        andThen(
          mapInOrder(children, (child) => this.add(child, depth + 1)),
          () =>
            andThen(isMessage(ready) ? this.#addCommitments(shallow.id, ready, isNew) : undefined, () => shallow.id),
        ),
      );
    });
  }

  /** Literals of a message that is stored, where they may have been lost without it. */
  #restore(splits: readonly Split[]): Awaitable<void> {
    const added = mapInOrder(splits, ({ path, bytes }) =>
      andThen(this.#cache.store.type(path), (type) => {
        if (type === undefined) this.entries.push(put(path, bytes));
      }),
    );
    return andThen(added, () => undefined);
  }

  #isNew(id: string): Awaitable<boolean> {
    if (this.#done.has(id)) return false;
    this.#done.add(id);
    return andThen(this.#cache.store.read(`${messages}/${id}`), (cell): Awaitable<boolean> => {
      const place = cell && placeIn(decode(cell));
      if (place === undefined) return cell === undefined;
      return andThen(readHeld(this.#cache.store, place), (held) => {
        if (held !== undefined) this.#held.set(id, held);
        return held === undefined;
      });
    });
  }

  #addCommitments(unsigned: string, message: Message, isNew: boolean): Awaitable<void> {
    const all = commitmentsOf(message);
    if (all.length === 0) return;
    this.committed.push([message, unsigned]);
    return andThen(
      mapInOrder(all, ([id, commitment]) =>
        isNew
          ? this.#addTo(unsigned, id, commitment, message, undefined, undefined)
          : this.#addCommitment(unsigned, id, commitment, message),
      ),
      (leads) => {
        const signatures = selectCommitments(message, everySigner);
        // The sum of all signatures is how parents refer to a message with several.
        if (signatures.length > 1 && leads.every(Boolean)) this.#alias(sumOfIds(signatures), toBytes(unsigned));
      },
    );
  }

  /** Adds a commitment of a message that is stored; whether its id leads to the message from now on. */
  #addCommitment(unsigned: string, id: string, commitment: Message, message: Message): Awaitable<boolean> {
    const beside = this.#held.get(unsigned);
    const held = beside && commitmentsOf(beside).find(([one]) => one === id)?.[1];
    const stored = held === undefined ? this.#cache.store.read(`${commitments}/${unsigned}/${id}`) : encode(held);
    return andThen(stored, (known) =>
      andThen(this.#cache.store.read(`${aliases}/${id}`), (alias) =>
        andThen(alias && unsignedIdAt(alias, this.#cache.store, this.#env), (leadsTo) =>
          this.#addTo(unsigned, id, commitment, message, known, leadsTo),
        ),
      ),
    );
  }

  /** As {@link #addCommitment}. `known` is what is stored of the commitment, `leadsTo` the message its id leads to: nothing, if the message is new. */
  #addTo(
    unsigned: string,
    id: string,
    commitment: Message,
    message: Message,
    known: Uint8Array | undefined,
    leadsTo: string | undefined,
  ): Awaitable<boolean> {
    const path = `${commitments}/${unsigned}/${id}`;
    const cell = encode(commitment);
    const isKnown = known !== undefined && sameBytes(known, cell);
    const leads = id === unsigned || leadsTo === unsigned;
    if (isKnown && (leads || leadsTo !== undefined)) return leads;
    return andThen(this.#holds(id, commitment, message), (holds) => {
      if (holds) {
        if (!leads) this.#alias(id, toBytes(unsigned));
        if (!isKnown) this.#keep(path, unsigned, cell);
      } else if (known === undefined) {
        return andThen(this.#hasRoom(unsigned), (room) => {
          if (room) this.#keep(path, unsigned, cell);
          return leads;
        });
      }
      return holds || leads;
    });
  }

  #keep(path: string, unsigned: string, cell: Uint8Array): void {
    this.touched.push(unsigned);
    this.entries.push(put(path, cell));
  }

  /** Strangers may hang claims that can't be checked on any message they know; a few are kept. */
  #hasRoom(unsigned: string): Awaitable<boolean> {
    const rows = this.#cache.store.scan(`${commitments}/${unsigned}`, { limit: maxUnchecked });
    return andThen(rows, (found) => found.length < maxUnchecked);
  }

  #holds(id: string, commitment: Message, message: Message): Awaitable<boolean> {
    if (this.#checked.includes(id)) return true;
    return andThen(verifyCommitment(message, id, this.#env), (holds): Awaitable<boolean> => {
      // A signature over children inline can only be checked with them inline.
      if (holds || commitment.get('bundle') === undefined || !hasLinks(message)) return holds;
      return this.#holdsWhole(id, message);
    });
  }

  async #holdsWhole(id: string, message: Message): Promise<boolean> {
    try {
      const whole = await loadAll(message, this.#env);
      return isMessage(whole) && (await verifyCommitment(whole, id, this.#env));
    } catch {
      // A child that isn't here: then nobody can tell.
      return false;
    }
  }

  #alias(id: string, lead: Uint8Array): void {
    this.entries.push(put(`${aliases}/${id}`, lead));
  }

  /** The value as it is stored: no private keys, no lazy links, only what is committed. */
  #ready(value: Whole): Awaitable<Whole> {
    if (isList(value)) {
      if (!value.some((item) => item instanceof Link && item.lazy)) return value;
      return mapInOrder(value, (item) => this.#loaded(item));
    }
    const ready = storedPart(value);
    const lazy = [...ready.entries()].filter(([, item]) => item instanceof Link && item.lazy);
    if (lazy.length === 0) return ready;
    const loaded = mapInOrder(lazy, ([key, item]) =>
      andThen(this.#loaded(item), (found): readonly [string, Value] => [key, found]),
    );
    return andThen(loaded, (entries) => ready.withAll(entries));
  }

  /** What a lazy link stands for: a literal, or a link to the message whose id the cell holds. */
  #loaded(item: Value): Awaitable<Value> {
    if (!(item instanceof Link) || !item.lazy) return item;
    return andThen(this.#cache.read(item.ref), (found): Value => {
      if (found === undefined) {
        raise('necessary-message-not-found', `A link leads to \`${item.ref}\`, which is nowhere to be found.`);
      }
      if (!isBinary(found) || item.type === undefined) return found;
      const text = toText(found) ?? '';
      return item.type === 'link' ? new Link(text) : (this.#env.parseTyped(item.type, text) ?? found);
    });
  }
}

function hasLinks(message: Message): boolean {
  for (const [, value] of message.entries()) if (value instanceof Link) return true;
  return false;
}
