/**
 * Sources of messages beyond the local stores: gateways and other nodes. A source answers by id only, and every answer has been checked
 * against the id before anyone sees it.
 */
import type { Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';

export interface Source {
  /** For messages: `gateway arweave.net`. */
  readonly name: string;
  /** What is at an id or `data/<hash>`; `undefined` if the source hasn't got it. Throws `peer-failed` if it can't be asked. */
  read(path: string, signal?: AbortSignal): Promise<Sourced | undefined>;
  /** Whether what it gives is kept in the local store. */
  readonly keeps: boolean;
}

export interface Sourced {
  readonly value: Message | string | Uint8Array | readonly Value[];
  /** Ids besides the unsigned one that were checked to belong to the value. */
  readonly ids: readonly string[];
}

/** The part of `fetch` that sources need. The one that is injected decides about routes, limits and addresses that may be reached. */
export type Fetch = (request: FetchRequest) => Promise<FetchResponse>;

export interface FetchRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Answers longer than this are refused. */
  readonly maxBytes?: number;
}

export interface FetchResponse {
  readonly status: number;
  readonly body: Uint8Array;
}
