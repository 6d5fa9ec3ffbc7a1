/**
 * A node in this process, for tests: on a free loopback port, in memory, silent, with a key from this package. As many in one test as needed.
 */

import { NodeClient } from '../client/node-client.ts';
import type { Clock, Device } from '../core/device.ts';
import type { Wallet } from '../core/wallet.ts';
import { startNode as assemble, type Node, type NodeParts } from '../node/assemble.ts';
import { configFrom } from '../node/config.ts';
import type { Store } from '../stores/store.ts';
import { testWallet } from './wallets.ts';

export interface TestNodeOptions {
  /** The node's key; {@link testWallet} `first` unless given. */
  readonly wallet?: Wallet;
  /** A store of the test's own. Without one, and without `data-dir` in `options`, everything is in memory. */
  readonly store?: Store;
  readonly clock?: Clock;
  readonly random?: (bytes: number) => Uint8Array;
  /** Besides those every node has. */
  readonly devices?: readonly Device[];
  /** Options of the node by their dashed names, as in a configuration file: `{ 'gateway-reads': true }`. */
  readonly options?: { readonly [name: string]: unknown };
}

export interface TestNode extends Node {
  /** A client of this node; signs with the node's own key unless given another. Closed with the node. */
  client(wallet?: Wallet): NodeClient;
}

/**
 * Starts a node; resolves when it answers requests.
 *
 *     await using node = await startNode();
 *     const reply = await fetch(`${node.url}/~message@1.0&greeting=hello/greeting`);
 *     await reply.text();   // 'hello'
 */
export async function startNode(given: TestNodeOptions = {}): Promise<TestNode> {
  const { options = {}, wallet = testWallet(), ...parts } = given;
  const config = configFrom(
    {
      bind: '127.0.0.1',
      port: 0,
      'log-level': 'silent',
      'peer-allow-private': true,
      ...('data-dir' in options ? {} : { 'store-kind': 'memory' }),
      ...options,
    },
    parts.devices,
  );
  const node = await assemble(config, { wallet, ...parts } satisfies NodeParts);
  const clients: NodeClient[] = [];
  const close = async (): Promise<void> => {
    for (const client of clients.splice(0)) client[Symbol.dispose]();
    await node.close();
  };
  return {
    url: node.url,
    address: node.address,
    walletCreated: node.walletCreated,
    config: node.config,
    store: node.store,
    cache: node.cache,
    get resolver() {
      return node.resolver;
    },
    client(signer = wallet) {
      const client = new NodeClient({ url: node.url, wallet: signer });
      clients.push(client);
      return client;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
