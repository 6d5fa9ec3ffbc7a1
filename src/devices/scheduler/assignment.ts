/**
 * The assignment: the message by which a scheduler gives another message its slot in a process (spec 04 §2.4, §2.5).
 *
 * Building one is pure: slot, chain and clock come in, an unsigned message goes out. The chain links every assignment to all before it:
 * `chain(n) = sha256(chain(n-1) ‖ ascii(id of the message))`, with nothing in front for slot 0.
 */
import { toBase64Url, toBytes, toText } from '../../core/bytes.ts';
import type { Dialect } from '../../core/dialect.ts';
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
  /** The chain value of this slot: `hash-chain`, or `base-hashpath` as text. */
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

/** The wire form of a chain value. */
export function chainText(chain: Uint8Array): string {
  return toBase64Url(chain);
}
