/**
 * `hyperbeam-ts/client`: talks to AO-Core nodes.
 *
 *     import { NodeClient } from 'hyperbeam-ts/client';
 *
 *     using client = new NodeClient({ url: 'http://localhost:8734' });
 *     console.log(await client.read('/~meta@1.0/info/address'));
 */
export {
  NodeClient,
  type NodeClientOptions,
  type ProcessStatus,
  type SendOptions,
  type SpawnOptions,
  type Tags,
  type WatchedSlot,
  type WatchOptions,
} from './client/node-client.ts';
export type { Scheduled } from './client/schedule.ts';
export type { Content, Signing } from './client/signed-request.ts';
export type { SlotResult } from './client/slot-result.ts';
export { AoError, AoException, type ErrorCode } from './core/errors.ts';
export { isMessage, Message, message } from './core/message.ts';
export { Atom, Float, Link, type Value } from './core/value.ts';
export type { Wallet } from './core/wallet.ts';
export { generateWallet, type Jwk, walletFromJwk, walletToJwk } from './crypto/wallet.ts';
