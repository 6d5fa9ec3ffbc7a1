/**
 * Dialects (spec 07): the wire rules that differ between the states of the network. Every such rule stands in this one table. We emit the
 * node's dialect (`2025-11` unless configured) and accept all of them on input.
 */

export type DialectName = '2025-09' | '2025-11' | '2026';

export interface Dialect {
  readonly name: DialectName;
  /** Order of components in an httpsig signature base: names of the encoded message in map order, or order of `committed`. */
  readonly componentOrder: 'map' | 'committed';
  /** Keys that look like ids: gathered in an `ao-ids` header, or percent-escaped headers of their own. */
  readonly idKeys: 'ao-ids' | 'escaped';
  /** `committed` in memory: a numbered message or a list. */
  readonly committedForm: 'numbered' | 'list';
  /** Values inside `original-tags` in `signature-input`. */
  readonly originalTagValues: 'raw' | 'base64url';
  /** Children of bundles carry their unsigned commitment. */
  readonly childrenCarryCommitment: boolean;
  /** The HMAC added beside a signature inherits `bundle`. */
  readonly hmacInheritsBundle: boolean;
  /** Request key that selects commitments by id. */
  readonly selectionKey: 'commitments' | 'commitment-ids';
  /** ans104 bundle headers. */
  readonly bundleByteOrder: 'big-endian' | 'little-endian';
  /** Where `bundle-map` stands among the tags of a map bundle. */
  readonly bundleMapTag: 'last' | 'third';
  /** Bundles without `bundle-map` are numbered messages, meta tags compare case-insensitively, the anchor is a key. */
  readonly listBundles: boolean;
  readonly anchorKey: boolean;
  readonly committedKeepsLink: boolean;
  /** How the data of a layer-1 transaction is cut into chunks: all but the last full, or the last two alike if the last would be small. */
  readonly dataRootChunks: 'plain' | 'balanced';
  /** Literals are wrapped by `force-message` after every step, or once at the end. */
  readonly forceMessage: 'every-step' | 'final';
  /** What has to be as long as an id for a path segment to be one: the whole segment, or its name without modifiers. */
  readonly idSegment: 'whole' | 'name';
  /** Double quotes around a query-string value belong to it, or are removed as for inline values. */
  readonly queryQuotes: 'kept' | 'removed';
  /** `keys` lists `commitments` among the keys of a message. */
  readonly keysListCommitments: boolean;
  /** A `hashpath-alg` nobody knows: refused, or taken as the default. */
  readonly unknownHashpathAlgorithm: 'refused' | 'default';
  /** Text of an assignment's `type`. */
  readonly assignmentType: 'assignment' | 'Assignment';
  /** An assignment's `path`: the parts as a list, or text. */
  readonly assignmentPath: 'list' | 'text';
  /** `from-base` of pushed messages: the definition's unsigned id, or that of the definition without scheduler and authority. */
  readonly fromBase: 'uncommitted' | 'reduced';
  /** Field that chains the assignments of a process. */
  readonly assignmentChain: 'hash-chain' | 'base-hashpath';
  /** What `stack@1.0` leaves under `previous-device`: the atom `dev_message` or the name `message@1.0`. */
  readonly previousDevice: 'module' | 'name';
  /** What `dedup@1.0` starts under `dedup`: a list of ids, or a trie from id to slot. */
  readonly dedupForm: 'list' | 'trie';
  /** `patch@1.0` moves the `commitments` and `Tags` of a patch into the state as well. */
  readonly patchesKeepCommitments: boolean;
  /** The commitments of a message read by the id of one of them: all, or that one beside the unsigned one, which is always there. */
  readonly storedCommitments: 'all' | 'asked';
  /** Messages that are explicit parameters of a Lua function: plain tables, or tables that read and write as the message's device does. */
  readonly luaParameters: 'tables' | 'messages';
  /** `require` in the Lua sandbox: taken away, or limited to modules that the program has brought. */
  readonly sandboxedRequire: 'none' | 'limited';
  /** Status of the answer to a request for nothing. */
  readonly rootRedirect: 302 | 307;
  /** How the names of options are written in the node message that is shown. */
  readonly optionNames: 'underscores' | 'dashes';
}

const september: Dialect = {
  name: '2025-09',
  componentOrder: 'map',
  idKeys: 'ao-ids',
  committedForm: 'numbered',
  originalTagValues: 'raw',
  childrenCarryCommitment: false,
  hmacInheritsBundle: false,
  selectionKey: 'commitments',
  bundleByteOrder: 'big-endian',
  bundleMapTag: 'last',
  listBundles: false,
  anchorKey: false,
  committedKeepsLink: true,
  dataRootChunks: 'plain',
  forceMessage: 'every-step',
  idSegment: 'whole',
  queryQuotes: 'kept',
  unknownHashpathAlgorithm: 'refused',
  keysListCommitments: true,
  assignmentType: 'assignment',
  assignmentPath: 'list',
  fromBase: 'uncommitted',
  assignmentChain: 'hash-chain',
  previousDevice: 'module',
  dedupForm: 'list',
  patchesKeepCommitments: true,
  storedCommitments: 'all',
  luaParameters: 'tables',
  sandboxedRequire: 'none',
  rootRedirect: 302,
  optionNames: 'underscores',
};

const november: Dialect = {
  ...september,
  name: '2025-11',
  idKeys: 'escaped',
  committedForm: 'list',
  originalTagValues: 'base64url',
  childrenCarryCommitment: true,
  selectionKey: 'commitment-ids',
  bundleByteOrder: 'little-endian',
  bundleMapTag: 'third',
  listBundles: true,
  anchorKey: true,
  committedKeepsLink: false,
  forceMessage: 'final',
  idSegment: 'name',
  queryQuotes: 'removed',
  unknownHashpathAlgorithm: 'default',
  assignmentType: 'Assignment',
  assignmentPath: 'text',
  fromBase: 'reduced',
  patchesKeepCommitments: false,
  storedCommitments: 'asked',
};

const y2026: Dialect = {
  ...november,
  name: '2026',
  keysListCommitments: false,
  componentOrder: 'committed',
  childrenCarryCommitment: false,
  hmacInheritsBundle: true,
  assignmentChain: 'base-hashpath',
  previousDevice: 'name',
  dedupForm: 'trie',
  luaParameters: 'messages',
  sandboxedRequire: 'limited',
  rootRedirect: 307,
  optionNames: 'dashes',
  dataRootChunks: 'balanced',
};

export const dialects: { readonly [name in DialectName]: Dialect } = {
  '2025-09': september,
  '2025-11': november,
  '2026': y2026,
};

export const defaultDialect: Dialect = november;
