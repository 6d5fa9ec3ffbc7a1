/**
 * One request and its answer, whatever version of HTTP carries them. The listener makes exchanges; nothing above it knows about sockets.
 *
 * An exchange is answered exactly once, by `respond` (whole) or `stream` (piece by piece). An answer to a caller that is gone does nothing.
 */
import type { Readable } from 'node:stream';
import type { HeaderMap } from './headers.ts';

export interface Exchange {
  readonly method: string;
  /** Path and query as they were sent, Latin-1, without scheme and authority. */
  readonly target: string;
  readonly headers: HeaderMap;
  /** The raw fields, to measure them. */
  readonly rawHeaders: readonly string[];
  /** `Host` or `:authority`. */
  readonly authority: string | undefined;
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly version: '1.0' | '1.1' | '2';
  /** The body as it comes in; `undefined` if none was announced. */
  readonly body: Readable | undefined;
  /** Runs when the caller goes away before it has its answer; at once if it is gone already. */
  onGone(listener: () => void): void;
  readonly answered: boolean;
  /** `headers` are `[name, value, …]`, values Latin-1. `body` is left out for HEAD, but its length is announced. */
  respond(status: number, headers: readonly string[], body: Uint8Array | undefined): void;
  /** Sends pieces as they come, waiting for the caller to take them. `length` is announced if known. */
  stream(
    status: number,
    headers: readonly string[],
    pieces: AsyncIterable<Uint8Array>,
    length: number | undefined,
  ): Promise<void>;
  /** Cuts the connection, for an answer that broke in the middle. */
  destroy(): void;
  /** Runs once when the exchange is over: answered and flushed, or broken off. */
  onEnd(listener: () => void): void;
}

/** Why an answer stopped half-way. */
export class CallerGone extends Error {
  override readonly name: string = 'CallerGone';
  constructor() {
    super('The caller went away.');
  }
}
