/**
 * A pretended scheduler unit of the legacy network (spec 04 §5.1): takes data items, gives them nonces, and tells its schedules as JSON.
 * Its assignments are real data items, signed by its key.
 */
import { Item, itemName } from '../codecs/ans104/item.ts';
import { signItem, verifyItem } from '../codecs/ans104/sign-item.ts';
import { tag, tagValue } from '../codecs/ans104/tags.ts';
import { concatBytes, fromBase64, toBase64Url } from '../core/bytes.ts';
import type { Wallet } from '../core/wallet.ts';
import { arweaveAddress } from '../crypto/addresses.ts';
import { sha256 } from '../crypto/hash.ts';
import { type LocalReply, type LocalRequest, type LocalServer, localServer } from './local-server.ts';
import { testWallet } from './wallets.ts';

/** One data item as units tell it. */
export interface UnitItem {
  readonly id: string;
  readonly owner: { readonly address: string; readonly key: string };
  readonly tags: readonly { readonly name: string; readonly value: string }[];
  readonly signature: string;
  readonly anchor: string;
  readonly target: string;
  /** Not told of assignments. */
  readonly data?: string;
}

export interface UnitEdge {
  readonly node: { readonly message: UnitItem | null; readonly assignment: UnitItem };
  /** The nonce. */
  readonly cursor: string;
}

export interface FakeSchedulerUnit extends LocalServer {
  readonly address: string;
  /** Gives a data item a nonce, as a POST would; gives its id. */
  schedule(item: Uint8Array): Promise<string>;
}

export interface FakeSchedulerUnitOptions {
  /** {@link testWallet} `second` unless given. */
  readonly wallet?: Wallet;
  /** Changes what is told, for tests of those who read it. */
  readonly tell?: (edge: UnitEdge) => UnitEdge;
  /** Edges in one page: units give 100 unless asked for more, and some give fewer. */
  readonly maxEdges?: number;
}

interface Assigned {
  readonly process: string;
  readonly nonce: number;
  readonly item: Item;
  readonly assignment: Item;
  readonly chain: Uint8Array;
}

/**
 * Starts a scheduler unit.
 *
 *     await using unit = await fakeSchedulerUnit();
 *     await using router = await fakeRouter(unit);     // sends everybody on
 */
export async function fakeSchedulerUnit(options: FakeSchedulerUnitOptions = {}): Promise<FakeSchedulerUnit> {
  const { wallet = testWallet('second'), tell = (edge) => edge, maxEdges = Number.POSITIVE_INFINITY } = options;
  const schedules = new Map<string, Assigned[]>();
  const known = new Map<string, Assigned>();
  let turns: Promise<unknown> = Promise.resolve();

  const assign = async (bytes: Uint8Array): Promise<Assigned | string> => {
    const item = readItem(bytes);
    if (item === undefined || !(await verifyItem(item))) return 'invalid signature';
    const id = itemName(item);
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
    if (known.has(id)) return 'message already exists';
    const isProcess = tagValue(item.tags, 'type') === 'Process';
    const process = isProcess ? id : toBase64Url(item.target);
    const schedule = isProcess ? [] : schedules.get(process);
    if (schedule === undefined) return 'process not found';
    const before = schedule.at(-1);
    const chain = sha256(
      before === undefined ? fromBase64(process)! : concatBytes(fromBase64(itemName(before.assignment))!, before.chain),
    );
    const nonce = schedule.length;
    const tags = [
      tag('Process', process),
      tag('Epoch', '0'),
      tag('Nonce', String(nonce)),
      tag('Hash-Chain', toBase64Url(chain)),
      tag('Block-Height', '000001331218'),
      tag('Timestamp', String(Date.now())),
      tag('Data-Protocol', 'ao'),
      tag('Type', 'Assignment'),
      tag('Variant', 'ao.TN.1'),
      ...(isProcess ? [] : [tag('Message', id)]),
    ];
    const assignment = await signItem({ tags, data: new Uint8Array(0) }, wallet);
    const assigned: Assigned = { process, nonce, item, assignment, chain };
    schedules.set(process, [...schedule, assigned]);
    known.set(id, assigned);
    known.set(itemName(assignment), assigned);
    return assigned;
  };
  /** One after another: a nonce is given once. */
  const inTurn = (bytes: Uint8Array): Promise<Assigned | string> => {
    const done = turns.then(() => assign(bytes));
    turns = done.catch(() => undefined);
    return done;
  };

  const read = (path: string, query: URLSearchParams): LocalReply => {
    if (path === '/') return json({ timestamp: String(Date.now()), address: wallet.address });
    if (path === '/timestamp') return json({ timestamp: String(Date.now()), block_height: '000001331218' });
    const [, id = '', latest] = /^\/([A-Za-z0-9_-]{43})(\/latest)?$/.exec(path) ?? [];
    const schedule = schedules.get(id);
    if (latest !== undefined) {
      const newest = schedule?.at(-1);
      return newest === undefined ? notFound : json(tell(edgeOf(newest)).node);
    }
    if (!query.has('process-id')) return { status: 400, body: '{"error":"process-id is required"}' };
    if (schedule === undefined) {
      const one = known.get(id);
      return one === undefined ? notFound : json(tell(edgeOf(one)).node);
    }
    const after = Number(query.get('from-nonce') ?? -1);
    const last = Number(query.get('to-nonce') ?? Number.POSITIVE_INFINITY);
    const wanted = schedule.filter(({ nonce }) => nonce > after && nonce <= last);
    const page = wanted.slice(0, Math.min(Number(query.get('limit') ?? 100), maxEdges));
    return json({
      page_info: { has_next_page: page.length < wanted.length },
      edges: page.map((one) => tell(edgeOf(one))),
    });
  };

  const server = await localServer(async ({ method, path, query, body }: LocalRequest): Promise<LocalReply> => {
    if (method === 'GET') return read(path, query);
    if (method !== 'POST' || path !== '/') return notFound;
    const assigned = await inTurn(body);
    return typeof assigned === 'string'
      ? { status: 400, contentType: 'application/json', body: JSON.stringify({ error: assigned }) }
      : json({ timestamp: Date.now(), id: itemName(assigned.item) });
  });
  return Object.assign(server, {
    address: wallet.address,
    async schedule(item: Uint8Array) {
      const assigned = await inTurn(item);
      if (typeof assigned === 'string') throw new Error(assigned);
      return itemName(assigned.item);
    },
  });
}

/** Starts a router of scheduler units: it sends every request on to this one. */
export function fakeRouter(unit: LocalServer): Promise<LocalServer> {
  return localServer(({ path, query }) => {
    const asked = query.size === 0 ? path : `${path}?${query}`;
    return { status: 307, location: unit.url + asked };
  });
}

const notFound: LocalReply = { status: 404, body: '{"error":"not found"}' };

function json(value: unknown): LocalReply {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) };
}

function readItem(bytes: Uint8Array): Item | undefined {
  try {
    return new Item(bytes);
  } catch {
    return undefined;
  }
}

/** What a unit has against an item. */
function problemOf({ tags }: Item): string | undefined {
  const text = new TextDecoder();
  if (tags.some(({ name, value }) => name.endsWith('+link') || text.decode(value).endsWith('+link'))) {
    return 'links are not accepted';
  }
  if (tagValue(tags, 'data-protocol') !== 'ao') return 'Data-Protocol tag not present';
  const type = tagValue(tags, 'type');
  if (type === 'Message') return undefined;
  if (type !== 'Process') return 'Type tag not present';
  const complete = tagValue(tags, 'module') !== undefined && tagValue(tags, 'scheduler') !== undefined;
  return complete ? undefined : 'a process needs Module and Scheduler';
}

function edgeOf({ item, assignment, nonce }: Assigned): UnitEdge {
  const message = { ...told(item), data: new TextDecoder().decode(item.data) };
  return { node: { message, assignment: told(assignment) }, cursor: String(nonce) };
}

function told(item: Item): UnitItem {
  const text = new TextDecoder();
  return {
    id: itemName(item),
    owner: { address: arweaveAddress(item.owner), key: toBase64Url(item.owner) },
    tags: item.tags.map(({ name, value }) => ({ name, value: text.decode(value) })),
    signature: toBase64Url(item.signature),
    anchor: toBase64Url(item.anchor),
    target: toBase64Url(item.target),
  };
}
