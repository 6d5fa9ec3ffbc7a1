/** Every format this node reads and writes. A new codec is one line here. */
import type { Codec } from '../core/codec.ts';
import { httpsigCommitter } from './httpsig/committer.ts';
import { httpsig } from './httpsig.ts';
import { structured } from './structured.ts';

export const allCodecs: readonly Codec[] = [
  // What is committed with `structured@1.0` is an httpsig commitment.
  { ...structured, committer: httpsigCommitter },
  httpsig,
];
