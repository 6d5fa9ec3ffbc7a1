/** Bounds on what one message, path or computation may be. Safe for a stranger on the internet; every one is an option of the node. */
export interface Limits {
  /** Nesting of messages, lists, sub-paths, bundles and link chains. */
  readonly maxDepth: number;
  /** Keys of one message, members of one list, items of one bundle, entries of one structured field. */
  readonly maxKeys: number;
  /** Linked messages that are loaded to show or encode one message whole. */
  readonly maxLinkedMessages: number;
  /** Commitments of one message that are verified; further ones count as not signed. */
  readonly maxCommitments: number;
  /** Bytes of one encoded message. */
  readonly maxMessageBytes: number;
  /** Bytes of one request path. */
  readonly maxPathBytes: number;
  /** Bytes of one path segment or inline parameter (spec 01 §5.3). */
  readonly maxSegmentBytes: number;
  /** Steps of one request, sub-paths included. */
  readonly maxSteps: number;
  /** Device calls inside of device calls. */
  readonly maxCallDepth: number;
  /** Steps that one request may cause in all, those of the devices it calls included. */
  readonly maxResolutions: number;
}

export const defaultLimits: Limits = {
  maxDepth: 64,
  maxKeys: 100_000,
  maxLinkedMessages: 50_000,
  maxCommitments: 100,
  maxMessageBytes: 100 * 1024 * 1024,
  maxPathBytes: 16 * 1024,
  maxSegmentBytes: 512,
  maxSteps: 1_000,
  maxCallDepth: 200,
  maxResolutions: 1_000_000,
};
