/** What is sent back: a status, headers ready for the wire, and a body that is in memory, in a blob, or absent. */
import type { Blob } from './blobs.ts';

export interface Answer {
  readonly status: number;
  /** `[name, value, …]`: lower-case names, Latin-1 values, valid on the wire. Shared between answers: never changed. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | BlobBody | undefined;
}

/** The bytes of a blob from `start` to before `end`. */
export interface BlobBody {
  readonly blob: Blob;
  readonly start: number;
  readonly end: number;
}

export function isBlobBody(body: Answer['body']): body is BlobBody {
  return body !== undefined && !(body instanceof Uint8Array);
}
