/**
 * What the operator's devices may do with the node they run in: read its settings as they are now, change them, look at what was changed.
 * `node/` implements it.
 *
 * `environment.options` is the node message as it was when the request began; `node.options()` is what it is now.
 */
import type { Awaitable } from '../../core/awaitable.ts';
import type { Message } from '../../core/message.ts';

declare module '../../core/device.ts' {
  interface Capabilities {
    readonly node: NodeControl;
  }
}

export interface NodeControl {
  readonly build: BuildInfo;
  /** Whether this is the dashed name of an option of this node. Others are the operator's own and stay as they are spelt. */
  declares(name: string): boolean;
  /** The node message: every declared option by its dashed name, private ones included. */
  options(): Message;
  /** The changes made so far, oldest first, without private keys. */
  history(): readonly Message[];
  /**
   * Lays these options over the node message for all requests that start from now on, the declared ones under their dashed names and
   * converted to their types, and adds them to the history. Throws `bad-type` for a value that doesn't fit, `bad-request` for a new value of
   * an option that is read only when a node starts; then nothing is changed. Whoever calls this has checked that the caller may.
   */
  change(changes: Message): Awaitable<void>;
  /** Sets what the node found out by itself (its own address …). Not a change by anybody, so not in the history. */
  adopt(found: Message): Awaitable<void>;
}

export interface BuildInfo {
  /** Version of this package. */
  readonly version: string;
  /** Commit it was built from. */
  readonly source: string;
  /** Seconds since 1970. */
  readonly builtAt: number;
}
