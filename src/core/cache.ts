/**
 * The message cache as the core sees it (spec 05 §3): messages by any of their ids, byte strings by hash, computed results by hashpath.
 * `stores/` implements it over one or several stores.
 */
import type { Awaitable } from './awaitable.ts';
import type { Message } from './message.ts';
import type { Value } from './value.ts';

export interface Cache {
  /**
   * The value at an id, a path below an id (`<id>/<key>`) or `data/<hash>`: a message whose children are links, or a byte string.
   * `undefined` if no store has it. What comes from a remote store was verified against the id.
   */
  read(path: string): Awaitable<Value | undefined>;

  /** Whether what is at `data/<hash>` lies in a file of its own: then a link to it is better passed on than followed. */
  isFile?(path: string): Awaitable<boolean>;

  /**
   * Writes a message with all its in-memory children and commitments, or a byte string. One atomic batch.
   * Returns the path to read it by: the unsigned id, or `data/<hash>`.
   */
  write(value: Value): Awaitable<string>;

  /** Makes `name` another path of what is at `existing`. */
  link(existing: string, name: string): Awaitable<void>;

  /** The result stored for a base id and a request key or id, if any. Kept apart from the base's own keys (spec 01 §9 row 4). */
  readResult(base: string, request: string): Awaitable<Value | undefined>;
  writeResult(base: string, request: string, result: Value): Awaitable<void>;

  /** Names directly below a path, unordered; empty if there are none. */
  list(path: string): Awaitable<readonly string[]>;

  /** Unsigned ids of the messages that have all these entries. */
  match(template: Message): Awaitable<readonly string[]>;
}
