/** Every format this node reads and writes. A new codec is one line here. */
import type { Codec } from '../core/codec.ts';
import { ans104 } from './ans104/ans104.ts';
import { cookie } from './cookie.ts';
import { flat } from './flat.ts';
import { httpAuth, httpAuthCommitter } from './http-auth.ts';
import { httpsigCommitter } from './httpsig/committer.ts';
import { httpsig } from './httpsig.ts';
import { json } from './json.ts';
import { structured } from './structured.ts';
import { tx } from './tx.ts';

export const allCodecs: readonly Codec[] = [
  // What is committed with `structured@1.0` is an httpsig commitment.
  { ...structured, committer: httpsigCommitter },
  ans104,
  cookie,
  flat,
  httpAuth,
  httpsig,
  // Passwords only sign; such messages are data like any other.
  { ...structured, name: 'http-auth@1.0', committer: httpAuthCommitter },
  json,
  tx,
];
