/**
 * Commitments as data (spec 01 §1.7, §1.8): which a message has, which of them a request means, which keys they cover. Nothing here is
 * verified; whoever needs to know *who* says so asks verify.ts.
 *
 *     {…, commitments: {<id>: {commitment-device, type, keyid, committer?, committed, signature, …}}}
 *
 * A commitment without a committer is the message's unsigned identity (an HMAC with a constant key), not a signature.
 */
import { type Binary, isBinary, sameKeys, toText } from './bytes.ts';
import { raise } from './errors.ts';
import { isMessage, type Message, messageFrom } from './message.ts';
import { isList, type Value } from './value.ts';

/** What a request selects: commitments by address of their committer, and by their own id. */
export interface Selection {
  readonly committers: 'none' | 'all' | readonly string[];
  readonly ids: 'none' | 'all' | readonly string[];
}

export const linkSuffix = '+link';

/** `a+link` → `a`. */
export function withoutLinkSuffix(key: string): string {
  return key.length >= linkSuffix.length && key.endsWith(linkSuffix) ? key.slice(0, -linkSuffix.length) : key;
}

const pairsSlot = Symbol('commitments in order');

/** The commitments of a message by id, in the order of the map. */
export function commitmentsOf(message: Message): readonly (readonly [string, Message])[] {
  const all = message.get('commitments');
  // Asked for dozens of times on the way of a message; copies of a message share their commitments, and so the answer.
  return isMessage(all) ? all.derive(pairsSlot, () => pairsOf(all)) : [];
}

function pairsOf(all: Message): readonly (readonly [string, Message])[] {
  const out: (readonly [string, Message])[] = [];
  for (const id of all.keys()) {
    const commitment = all.get(id);
    if (isMessage(commitment)) out.push([id, commitment]);
  }
  return out;
}

/** The text of a field of a commitment. */
export function commitmentText(commitment: Message, field: string): string | undefined {
  const value = commitment.get(field);
  return value !== undefined && isBinary(value) ? toText(value) : undefined;
}

/** The address a commitment claims to be by; `undefined` for the unsigned one. */
export function committerOf(commitment: Message): string | undefined {
  return commitmentText(commitment, 'committer');
}

/** Ids of the selected commitments; if that is none, of every httpsig commitment without a committer (spec 01 §1.8). */
export function selectCommitments(message: Message, selection: Selection): readonly string[] {
  return derived(message, selection, 'ids', () => select(commitmentsOf(message), selection));
}

function select(all: readonly (readonly [string, Message])[], selection: Selection): readonly string[] {
  const chosen = new Set<string>(
    selection.ids === 'none' ? [] : selection.ids === 'all' ? all.map(([id]) => id) : selection.ids,
  );
  if (selection.committers === 'all') for (const [id, one] of all) if (committerOf(one) !== undefined) chosen.add(id);
  if (typeof selection.committers !== 'string') {
    for (const address of selection.committers) {
      const by = all.filter(([, one]) => committerOf(one) === address);
      if (by.length === 0) raise('bad-commitment', `The message has no commitment by ${address}.`);
      for (const [id] of by) chosen.add(id);
    }
  }
  if (chosen.size > 0) return [...chosen];
  return all.filter(([, one]) => isUnsigned(one)).map(([id]) => id);
}

/** What follows from the commitments of a message alone. For the usual selections it is worked out once for all copies of the message. */
function derived<T>(message: Message, selection: Selection, what: keyof Slots, make: () => T): T {
  const all = message.get('commitments');
  const slots = usual.get(selection);
  return slots === undefined || !isMessage(all) ? make() : all.derive(slots[what], make);
}

function isUnsigned(commitment: Message): boolean {
  return committerOf(commitment) === undefined && commitmentText(commitment, 'commitment-device') === 'httpsig@1.0';
}

const keysSlot = Symbol('committed keys');
const rawKeysSlot = Symbol('committed keys as spelt');

/** The keys one commitment covers, in its order, without `+link`. */
export function keysCommittedBy(commitment: Message): readonly string[] {
  return commitment.derive(keysSlot, () => rawKeysCommittedBy(commitment).map(withoutLinkSuffix));
}

/** As {@link keysCommittedBy}, with `+link` where the commitment spells it. */
export function rawKeysCommittedBy(commitment: Message): readonly string[] {
  return commitment.derive(rawKeysSlot, () => {
    const committed = commitment.get('committed');
    const items = isList(committed) ? committed : isMessage(committed) ? numberedValues(committed) : [];
    return items.filter(isBinary).map((key: Binary) => toText(key) ?? '');
  });
}

function numberedValues(message: Message): readonly Value[] {
  return [...message.keys()]
    .filter((key) => /^\d+$/.test(key))
    .sort((a, b) => Number(a) - Number(b))
    .map((key) => message.get(key)!);
}

/** The keys that every selected commitment covers, in order of their last appearance. */
export function committedKeys(message: Message, selection: Selection, raw: boolean = false): readonly string[] {
  return derived(message, selection, raw ? 'rawKeys' : 'keys', () => commonKeys(message, selection, raw));
}

function commonKeys(message: Message, selection: Selection, raw: boolean): readonly string[] {
  const lists: (readonly string[])[] = [];
  const all = message.get('commitments');
  for (const id of selectCommitments(message, selection)) {
    const commitment = isMessage(all) ? all.get(id) : undefined;
    if (!isMessage(commitment)) raise('bad-commitment', `The message has no commitment ${id}.`);
    lists.push(raw ? rawKeysCommittedBy(commitment) : keysCommittedBy(commitment));
  }
  const [first] = lists;
  if (first !== undefined && lists.every((list) => sameKeys(list, first)) && new Set(first).size === first.length) {
    return first;
  }
  const counts = new Map<string, number>();
  for (const list of lists) {
    for (const key of [...new Set(list.toReversed())].toReversed()) {
      const before = counts.get(key) ?? 0;
      counts.delete(key);
      counts.set(key, before + 1);
    }
  }
  return [...counts].filter(([, count]) => count === lists.length).map(([key]) => key);
}

export const everySigner: Selection = { committers: 'all', ids: 'none' };
export const everyCommitment: Selection = { committers: 'none', ids: 'all' };
export const unsignedOnly: Selection = { committers: 'none', ids: 'none' };

/** Where the answers about a selection are remembered. */
interface Slots {
  readonly ids: symbol;
  readonly keys: symbol;
  readonly rawKeys: symbol;
}

const usual: ReadonlyMap<Selection, Slots> = new Map(
  [everySigner, everyCommitment, unsignedOnly].map((selection) => [
    selection,
    { ids: Symbol('ids'), keys: Symbol('keys'), rawKeys: Symbol('raw keys') },
  ]),
);

/** Whether every signature (or, without one, the unsigned commitment) claims to cover the key. */
export function isCommittedKey(key: string, message: Message): boolean {
  return committedKeys(message, everySigner).includes(key);
}

/** The message without those of `keys` that its commitments don't cover. */
export function withoutUnlessCommitted(keys: readonly string[], message: Message): Message {
  const covered = new Set(committedKeys(message, everySigner));
  return message.without(...keys.filter((key) => !covered.has(key)));
}

const onlyCommittedSlot = Symbol('only what is committed');

/** The message reduced to the keys that all its commitments cover. Without commitments it stays as it is. */
export function withOnlyCommitted(message: Message): Message {
  if (!message.has('commitments')) return message;
  // A post asks for this five times on its way. The origin is no part of the entries, so it is put back.
  const kept = message.derive(onlyCommittedSlot, () => {
    const covered = new Set(committedKeys(message, everyCommitment));
    const filtered = message.filter((key) => key === 'commitments' || covered.has(withoutLinkSuffix(key)));
    return filtered.size === message.size ? 'everything' : filtered.withOrigin(undefined);
  });
  return kept === 'everything' ? message : kept.withOrigin(message.origin);
}

/** The message with only the commitments by these addresses. */
export function withOnlyCommitters(message: Message, addresses: readonly string[]): Message {
  return keepCommitments(message, (_, commitment) => addresses.includes(committerOf(commitment) ?? ''));
}

/** The message without its commitments. */
export function uncommitted(message: Message): Message {
  return message.without('commitments');
}

/** The message with only those commitments for which `keep` holds. */
export function keepCommitments(message: Message, keep: (id: string, commitment: Message) => boolean): Message {
  const all = message.get('commitments');
  if (!isMessage(all)) return message;
  const kept = all.filter((id, commitment) => isMessage(commitment) && keep(id, commitment));
  return kept === all ? message : kept.size === 0 ? message.without('commitments') : message.with('commitments', kept);
}

/** The message with this commitment besides those it has. */
export function addCommitments(message: Message, added: Message): Message {
  const all = message.get('commitments');
  const entries = isMessage(all) ? [...all.entries(), ...added.entries()] : added.entries();
  return message.with('commitments', messageFrom(entries));
}
