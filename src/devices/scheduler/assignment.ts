/**
 * The assignment: the message by which a scheduler gives another message its slot in a process (spec 04 §2.4, §2.5).
 *
 * Building one is pure: slot, chain and clock come in, an unsigned message goes out. The chain links every assignment to all before it:
 * `chain(n) = sha256(chain(n-1) ‖ ascii(id of the message))`, with nothing in front for slot 0. In the dialect of 2026 the hashpath of the
 * state does so instead: it holds the ids of assignments, so that each has to be signed before the next.
 */
import { isBinary, toBase64Url, toBytes, toText } from '../../core/bytes.ts';
import type { Dialect } from '../../core/dialect.ts';
import type { Environment } from '../../core/environment.ts';
import { extend } from '../../core/hashpath.ts';
import { id } from '../../core/ids.ts';
import { Message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';

/** What the scheduler knows of the Arweave chain when it assigns. */
export interface Block {
  readonly height: number;
  /** 43 characters. */
  readonly hash: string;
  /** Seconds. */
  readonly timestamp: number;
}

/** A node without Arweave access says this (spec 04 §2.4). */
export const unknownBlock: Block = { height: 0, hash: 'A'.repeat(43), timestamp: 0 };

export interface AssignmentFacts {
  readonly process: string;
  readonly slot: number;
  /** What ties this slot to those before it: `hash-chain` or `base-hashpath`. */
  readonly chain: string;
  /** The message that gets the slot, reduced to what is committed, commitments included. */
  readonly body: Message;
  /** Milliseconds. */
  readonly timestamp: number;
  readonly block: Block;
}

export function buildAssignment(facts: AssignmentFacts, dialect: Dialect): Message {
  const { process, slot, chain, body, timestamp, block } = facts;
  return new Message(
    new Map<string, Value>([
      ['path', assignmentPath(body.get('path'), dialect)],
      ['data-protocol', 'ao'],
      ['variant', 'ao.N.1'],
      ['process', process],
      ['epoch', '0'],
      ['slot', slot],
      ['block-height', block.height],
      ['block-hash', block.hash],
      ['block-timestamp', block.timestamp],
      ['timestamp', timestamp],
      [dialect.assignmentChain, chain],
      ['body', body],
      ['type', dialect.assignmentType],
    ]),
  );
}

/** The key that the process runs for this slot: the message's own path, else `compute`. */
function assignmentPath(path: Value | undefined, dialect: Dialect): Value {
  if (path === undefined) return 'compute';
  const parts = isList(path)
    ? path.map((part) => toText(part as string) ?? '')
    : (toText(path as string) ?? '').split('/');
  const names = parts.filter((part) => part !== '');
  if (names.length === 0) return 'compute';
  return dialect.assignmentPath === 'list' ? names : names.join('/');
}

/** The next link of the hash chain, as raw bytes. `previous` is empty for slot 0. */
export function nextChain(
  previous: Uint8Array,
  messageId: string,
  sha256: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const id = toBytes(messageId);
  const joined = new Uint8Array(previous.length + id.length);
  joined.set(previous);
  joined.set(id, previous.length);
  return sha256(joined);
}

/**
 * The hashpath of the state that a slot is applied to (dialect 2026): the process, and every assignment so far. `earlier`: the assignments from
 * slot 0 on; of one that tells its own, nothing before it is looked at.
 */
export async function baseHashpath(
  process: string,
  previous: Message | undefined,
  earlier: () => AsyncIterable<Message>,
  algorithm: Value | undefined,
  env: Environment,
): Promise<string> {
  if (previous === undefined) return process;
  const after = (base: string, assignment: Message): string =>
    extend(base, id(assignment, 'signed', env), algorithm, env);
  const told = previous.get('base-hashpath');
  if (told !== undefined && isBinary(told)) return after(toText(told) ?? '', previous);
  // It was scheduled under the rules of an earlier state.
  let base = process;
  for await (const assignment of earlier()) base = after(base, assignment);
  return base;
}

/** The wire form of a link of the hash chain. */
export function chainText(chain: Uint8Array): string {
  return toBase64Url(chain);
}
