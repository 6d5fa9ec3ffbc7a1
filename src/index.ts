/**
 * `hyperbeam-ts`: AO-Core as a library, and nodes.
 *
 *     import { createLibrary } from 'hyperbeam-ts';
 *
 *     const ao = createLibrary();
 *     await ao.request('/~message@1.0&greeting="Hello"&count+integer=42/count');   // { status: 'ok', value: 42 }
 *
 * Devices are written with `hyperbeam-ts/device`, nodes are asked with `hyperbeam-ts/client`, tests use `hyperbeam-ts/testing`.
 */
export type { Awaitable } from './core/awaitable.ts';
export type { Binary } from './core/bytes.ts';
export type { Format, IdKind } from './core/convert.ts';
export { type DialectName, dialects } from './core/dialect.ts';
export { AoError, AoException, type ErrorCode, errorCodes } from './core/errors.ts';
export { type Input, isMessage, Message, message, messageFrom } from './core/message.ts';
export { fail, notFound, type Outcome, ok } from './core/outcome.ts';
export { Atom, atom, Float, isAtom, isInteger, isList, Link, type Value } from './core/value.ts';
export type { Wallet } from './core/wallet.ts';
export { generateWallet, type Jwk, walletFromJwk, walletToJwk } from './crypto/wallet.ts';
export { type Node, type NodeParts, startNode } from './node/assemble.ts';
export { type Config, type ConfigSources, configFrom, loadConfig } from './node/config.ts';
export { createLibrary, type Library, type LibraryOptions } from './node/library.ts';
export { openFs } from './stores/fs.ts';
export { openLmdb } from './stores/lmdb.ts';
export { memoryStore } from './stores/memory.ts';
export type { Store } from './stores/store.ts';
