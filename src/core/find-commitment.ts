/** Finding one commitment of a message (spec 01 §1.9): by its id, by the address of its committer, or by what is in it. */
import { commitmentsOf, committerOf, keepCommitments } from './commitments.ts';
import { equal } from './equal.ts';
import { isMessage, type Message } from './message.ts';

export type Search =
  | { readonly kind: 'found'; readonly id: string; readonly commitment: Message }
  | { readonly kind: 'none' }
  | { readonly kind: 'several' };

/** The one commitment that `wanted` names: an id, an address, or entries that it has. */
export function findCommitment(message: Message, wanted: string | Message): Search {
  const all = commitmentsOf(message);
  const byId = all.find(([id]) => id === wanted);
  const found = byId !== undefined ? [byId] : all.filter(([, commitment]) => fits(commitment, wanted));
  const [first] = found;
  if (first === undefined) return { kind: 'none' };
  return found.length > 1 ? { kind: 'several' } : { kind: 'found', id: first[0], commitment: first[1] };
}

/** The message with only the commitments that `wanted` names. */
export function withCommitments(message: Message, wanted: Wanted): Message {
  return keepCommitments(message, (id, commitment) => isWanted(id, commitment, wanted));
}

/** The message without the commitments that `wanted` names. */
export function withoutCommitments(message: Message, wanted: Wanted): Message {
  return keepCommitments(message, (id, commitment) => !isWanted(id, commitment, wanted));
}

/** An id, several ids, or entries that a commitment has. */
export type Wanted = string | readonly string[] | Message;

function isWanted(id: string, commitment: Message, wanted: Wanted): boolean {
  if (isMessage(wanted)) return fits(commitment, wanted);
  return typeof wanted === 'string' ? id === wanted : wanted.includes(id);
}

function fits(commitment: Message, wanted: string | Message): boolean {
  if (typeof wanted === 'string') return committerOf(commitment) === wanted;
  for (const [key, value] of wanted.entries()) {
    const own = commitment.get(key);
    if (own === undefined || !equal(own, value)) return false;
  }
  return true;
}
