/** Other nodes, as devices see them. `net/` implements it over HTTP, with its limits and guards. */
import type { Message } from './message.ts';
import type { Outcome } from './outcome.ts';

export interface Peers {
  /**
   * Resolves a request on another node. `node` is its base URL; the request carries `path`, `method` and whatever else it has to say.
   * The answer's value is what the node said, signatures included but not checked; an answer with an error status is an error that
   * carries it. A redirect is an error with code `redirect` status 3xx and the message with `location` as its value.
   */
  request(node: string, request: Message, options?: PeerOptions): Promise<Outcome>;
}

export interface PeerOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; the node's own limit if absent. */
  readonly timeoutMs?: number;
}
