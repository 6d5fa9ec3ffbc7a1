/**
 * Codecs (spec 02). Every format converts to and from TABM, the "type-annotated binary message": a message whose values are byte strings
 * or TABMs, with the types recorded under `ao-types`. A codec that signs also commits and verifies.
 */
import type { Awaitable } from './awaitable.ts';
import type { Binary } from './bytes.ts';
import type { Environment } from './environment.ts';
import type { Message } from './message.ts';
import type { Value } from './value.ts';
import type { Wallet } from './wallet.ts';

export type Tabm = Message | Binary;

export interface CodecParams {
  /** Children inline instead of as links. */
  readonly bundle?: boolean;
  /** What happens to a child that becomes a link: it is written to the cache (`offload`, the default), or only its id is computed. */
  readonly links?: 'offload' | 'discard';
  /** Links to bytes (`hashOfLinked`) among the message's own values stay, for a codec that can do with their hash: httpsig. */
  readonly linkedBytes?: 'keep';
  /** The encoded form is put on an HTTP connection: httpsig keeps what its header fields would spoil or can't take in the body. */
  readonly wire?: Wire;
  /** The remaining keys of the format message or request, for codecs with parameters of their own. */
  readonly request?: Message;
}

/** What an HTTP connection does to a message beyond what every connection does. */
export interface Wire {
  /** Names of header fields that it has a use of its own for. */
  readonly taken: ReadonlySet<string>;
  /** How many header fields the other side takes. */
  readonly maxFields: number;
}

export interface Codec {
  /** `httpsig@1.0` */
  readonly name: string;
  /** The content type announced over HTTP, if any. */
  readonly contentType?: string;
  /** Decodes. Throws {@link AoException} for malformed input. */
  toTabm(encoded: Value, params: CodecParams, env: Environment): Awaitable<Tabm>;
  /** Encodes. With `bundle` children that are links are loaded first. */
  fromTabm(tabm: Tabm, params: CodecParams, env: Environment): Awaitable<Value>;
  readonly committer?: Committer;
}

/** Makes and checks the commitments whose `commitment-device` is the codec's name. */
export interface Committer {
  /** Committing makes of the message what its encoded form reads as: keys come back in lower case, some are left out. */
  readonly reshapes?: true;
  /** Of a link to bytes it needs the hash alone. */
  readonly hashesLinks?: true;
  /** The TABM with the new commitments added. Throws `no-wallet`, `bad-commitment`. */
  commit(tabm: Message, request: CommitRequest, env: Environment): Awaitable<Message>;
  /**
   * Whether the commitment holds for the message as it is now: the signature matches, and id, key id and committer match the signature.
   * Never throws: whatever is malformed is not verified.
   */
  verify(tabm: Message, id: string, commitment: Message, request: VerifyRequest, env: Environment): Awaitable<boolean>;
}

export interface CommitRequest {
  /** `signed`, `unsigned`, or an algorithm of the codec. */
  readonly type: string;
  /** Exactly these keys, in this order; absent: see spec 02 §2.7. */
  readonly committed?: readonly string[];
  readonly bundle?: boolean;
  /** Overrides the environment's wallet. */
  readonly wallet?: Wallet;
  readonly scheme?: string;
  readonly keyid?: string;
  readonly secret?: Binary;
  /** The other keys of the request. */
  readonly request?: Message;
}

export interface VerifyRequest {
  readonly secret?: Binary;
  readonly request?: Message;
}
