/** A pretended bundler: takes signed data items, checks them, and keeps them. */
import { Item, itemName } from '../codecs/ans104/item.ts';
import { verifyItem } from '../codecs/ans104/sign-item.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { type LocalReply, type LocalRequest, type LocalServer, localServer } from './local-server.ts';

export interface FakeBundler extends LocalServer {
  /** What was uploaded, oldest first. */
  readonly items: readonly Item[];
}

export interface FakeBundlerOptions {
  /** Has the items at once, as if they were mined. */
  readonly gateway?: FakeGateway;
}

/**
 * Starts a bundler: `POST /tx`, `/tx/arweave` and `/v1/tx` take an item, 400 for one whose signature does not hold.
 *
 *     await using gateway = await fakeGateway();
 *     await using bundler = await fakeBundler({ gateway });
 */
export async function fakeBundler({ gateway }: FakeBundlerOptions = {}): Promise<FakeBundler> {
  const items: Item[] = [];
  const take = async ({ method, path, body }: LocalRequest): Promise<LocalReply> => {
    if (method !== 'POST' || !/^\/(v1\/)?tx(\/\w+)?$/.test(path)) return { status: 404, body: 'Not Found' };
    const item = readItem(body);
    if (item === undefined || !(await verifyItem(item))) return { status: 400, body: 'Invalid data item' };
    items.push(item);
    gateway?.addItem(item.bytes);
    const receipt = { id: itemName(item), timestamp: 0, winc: '0', dataCaches: [], fastFinalityIndexes: [] };
    return { status: 200, contentType: 'application/json', body: JSON.stringify(receipt) };
  };
  const server = await localServer(take);
  return { ...server, items };
}

function readItem(bytes: Uint8Array): Item | undefined {
  try {
    return new Item(bytes);
  } catch {
    return undefined;
  }
}
