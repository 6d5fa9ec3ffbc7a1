/** Ids of values (spec 01 §1.8, spec 02 §3): what they are made of, and sums of them. */
import { isBinary, nativeId, toBase64Url, toBytes } from './bytes.ts';
import { everyCommitment, everySigner, type Selection, selectCommitments, unsignedOnly } from './commitments.ts';
import type { IdKind } from './convert.ts';
import type { Environment } from './environment.ts';
import { raise } from './errors.ts';
import { isMessage, type Message } from './message.ts';
import { isList, type Value } from './value.ts';

const unsignedSlot = Symbol('unsigned id');

/**
 * The id of a value, 43 characters. Of a message: the sum of the ids of the commitments that `which` selects; if it selects none, the id
 * of its unsigned content. Commitments are taken at their word here.
 */
export function id(value: Value, which: IdKind, env: Environment): string {
  if (isBinary(value)) return toBase64Url(env.sha256(toBytes(value)));
  if (isList(value)) return env.unsignedId(value, env);
  if (!isMessage(value)) raise('bad-type', 'Only messages, lists and byte strings have an id.');
  return selectedId(value, idSelection(which), env);
}

/** The id of a message over the commitments that a selection means. */
export function selectedId(message: Message, selection: Selection, env: Environment): string {
  if (message.has('commitments')) {
    const ids = selectCommitments(message, selection);
    if (ids.length > 0) return sumOfIds(ids);
  }
  const known = message.derive(unsignedSlot, () => new Map<string, string>());
  let found = known.get(env.dialect.name);
  if (found === undefined) {
    found = env.unsignedId(message, env);
    known.set(env.dialect.name, found);
  }
  return found;
}

function idSelection(which: IdKind): Selection {
  if (which === 'unsigned') return unsignedOnly;
  if (which === 'signed') return everySigner;
  return which === 'all-commitments' ? everyCommitment : { committers: which, ids: 'none' };
}

/** The sum of ids modulo 2^256, in human form. One id is itself. */
export function sumOfIds(ids: readonly string[]): string {
  if (ids.length === 1) return ids[0]!;
  let sum: Uint8Array = new Uint8Array(32);
  for (const one of ids) {
    const native = nativeId(one);
    if (native === undefined || native.length !== 32)
      raise('bad-commitment', `"${one}" is not the id of a commitment.`);
    sum = addIds(sum, native);
  }
  return toBase64Url(sum);
}

/** Two 32-byte big-endian integers added modulo 2^256. */
export function addIds(a: Uint8Array, b: Uint8Array): Uint8Array {
  const sum = new Uint8Array(32);
  let carry = 0;
  for (let i = 31; i >= 0; i--) {
    const digit = a[i]! + b[i]! + carry;
    sum[i] = digit & 0xff;
    carry = digit >> 8;
  }
  return sum;
}
