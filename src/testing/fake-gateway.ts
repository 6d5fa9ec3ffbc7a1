/**
 * A pretended Arweave gateway with what a test puts into it: GraphQL by ids, tags and owners, `/raw/<id>`, `/tx/<id>`, `/info`.
 *
 * GraphQL here is the query of transactions with variables or literal arguments, the way nodes and clients ask; it answers with every field
 * that is usually asked for, whatever the selection says.
 */
import { Item, itemName } from '../codecs/ans104/item.ts';
import { readTransaction, type Transaction, writeTransaction } from '../codecs/tx/transaction.ts';
import { toBase64Url, toText } from '../core/bytes.ts';
import { defaultLimits } from '../core/limits.ts';
import { arweaveAddress } from '../crypto/addresses.ts';
import { sha256 } from '../crypto/hash.ts';
import { type LocalReply, type LocalRequest, type LocalServer, localServer } from './local-server.ts';

export interface FakeGateway extends LocalServer {
  /** Puts a signed data item on the gateway; gives its id. */
  addItem(bytes: Uint8Array): string;
  /** Puts a signed transaction on the gateway, as its JSON with the data in it; gives its id. */
  addTransaction(json: string): string;
  /** Height of the newest block, as `/info` and `/block/current` tell it. */
  height: number;
}

interface Entry {
  readonly id: string;
  readonly data: Uint8Array;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  readonly owner: string;
  readonly node: object;
  /** Only transactions of the first layer have one. */
  readonly transaction?: string;
}

/**
 * Starts a gateway.
 *
 *     await using gateway = await fakeGateway();
 *     const id = gateway.addItem(item.bytes);
 *     await using node = await startNode({ options: { gateway: gateway.url, 'gateway-reads': true } });
 */
export async function fakeGateway(): Promise<FakeGateway> {
  const entries = new Map<string, Entry>();
  const gateway = { height: 1_000_000 };
  const server = await localServer((request) => answer(request, entries, gateway.height));
  const add = (entry: Entry): string => {
    entries.set(entry.id, entry);
    return entry.id;
  };
  return Object.assign(gateway, server, {
    addItem: (bytes: Uint8Array) => add(itemEntry(new Item(bytes))),
    addTransaction: (json: string) => add(transactionEntry(readTransaction(json, defaultLimits.maxKeys))),
  });
}

function answer(request: LocalRequest, entries: ReadonlyMap<string, Entry>, height: number): LocalReply {
  const { path } = request;
  if (path === '/graphql') return json(search(request, [...entries.values()]));
  if (path === '/block/current') {
    return json({ height, timestamp: 1_700_000_000, indep_hash: 'B'.repeat(64) });
  }
  if (path === '/info') return json({ network: 'arweave.TEST', height, blocks: height + 1 });
  const [, kind, id] = /^\/(raw|tx)\/([A-Za-z0-9_-]{43})$/.exec(path) ?? [];
  const entry = id === undefined ? undefined : entries.get(id);
  if (entry === undefined) return { status: 404, body: 'Not Found' };
  if (kind === 'raw') return { status: 200, contentType: 'application/octet-stream', body: entry.data };
  return entry.transaction === undefined
    ? { status: 404, body: 'Not Found' }
    : { status: 200, contentType: 'application/json', body: entry.transaction };
}

function json(value: unknown): LocalReply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) };
}

function search({ body }: LocalRequest, entries: readonly Entry[]): object {
  const { query = '', variables = {} } = JSON.parse(toText(body) ?? '{}') as {
    query?: string;
    variables?: { readonly [name: string]: unknown };
  };
  const ids = named(query, variables, 'ids');
  const owners = named(query, variables, 'owners');
  const wanted = tagFilters(query, variables);
  const found = entries.filter(
    (entry) =>
      (ids === undefined || ids.includes(entry.id)) &&
      (owners === undefined || owners.includes(entry.owner)) &&
      wanted.every(({ name, values }) => entry.tags.some((tag) => tag.name === name && values.includes(tag.value))),
  );
  const edges = found.map(({ id, node }) => ({ cursor: id, node }));
  return { data: { transactions: { edges, pageInfo: { hasNextPage: false } } } };
}

/** The texts of an argument, given as a list, as one text, or by a variable. */
function named(query: string, variables: { readonly [name: string]: unknown }, argument: string): string[] | undefined {
  const [, written] = new RegExp(`\\b${argument}\\s*:\\s*(\\$\\w+|\\[[^\\]]*\\]|"[^"]*")`).exec(query) ?? [];
  if (written === undefined) return undefined;
  const value: unknown = written.startsWith('$') ? variables[written.slice(1)] : JSON.parse(written);
  return value === undefined || value === null ? undefined : [value].flat().map(String);
}

function tagFilters(
  query: string,
  variables: { readonly [name: string]: unknown },
): { name: string; values: string[] }[] {
  const [, variable] = /\btags\s*:\s*\$(\w+)/.exec(query) ?? [];
  if (variable !== undefined) return (variables[variable] as { name: string; values: string[] }[] | undefined) ?? [];
  return [...query.matchAll(/\{\s*name\s*:\s*("(?:[^"\\]|\\.)*")\s*,?\s*values\s*:\s*(\[[^\]]*\])/g)].map(
    ([, name, values]) => ({ name: JSON.parse(name!) as string, values: JSON.parse(values!) as string[] }),
  );
}

function itemEntry(item: Item): Entry {
  const tags = item.tags.map(({ name, value }) => ({ name, value: new TextDecoder().decode(value) }));
  const owner = arweaveAddress(item.owner);
  const id = itemName(item);
  return { id, data: item.data, tags, owner, node: nodeOf(id, partsOf(item), tags, owner) };
}

function partsOf({ anchor, signature, target, owner, data }: Item): NodeParts {
  return { anchor, signature, target, owner, size: data.length };
}

interface NodeParts {
  readonly anchor: Uint8Array;
  readonly signature: Uint8Array;
  readonly target: Uint8Array;
  readonly owner: Uint8Array;
  readonly size: number;
}

function transactionEntry(tx: Transaction): Entry {
  const tags = tx.tags.map(({ name, value }) => ({ name, value: new TextDecoder().decode(value) }));
  const owner = arweaveAddress(tx.owner);
  const id = toBase64Url(sha256(tx.signature));
  const { anchor, signature, target, data } = tx;
  const node = nodeOf(id, { anchor, signature, target, owner: tx.owner, size: data.length }, tags, owner);
  const { data: _, ...rest } = JSON.parse(writeTransaction(tx)) as { [field: string]: unknown };
  return { id, data, tags, owner, node, transaction: JSON.stringify({ ...rest, id, data: '' }) };
}

function nodeOf(id: string, parts: NodeParts, tags: Entry['tags'], address: string): object {
  return {
    id,
    anchor: toBase64Url(parts.anchor),
    signature: toBase64Url(parts.signature),
    recipient: toBase64Url(parts.target),
    owner: { key: toBase64Url(parts.owner), address },
    fee: { winston: '0' },
    quantity: { winston: '0' },
    tags,
    data: { size: String(parts.size) },
    block: null,
  };
}
