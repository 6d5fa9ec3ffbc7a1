/**
 * Stores as an operator describes them (spec 05 §1.1, §1.7): a list of small objects under the node option `store`.
 *
 *     [{ kind: 'lmdb', name: 'data/store' },
 *      { kind: 'gateway', node: 'https://arweave.net', access: ['read'] }]
 *
 * The reference's names are understood as well: `store-module: hb_store_lmdb` is `kind: 'lmdb'`.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { raise } from '../core/errors.ts';
import { isMessage, type Message } from '../core/message.ts';
import { Atom, isList, type Value } from '../core/value.ts';
import { openFs } from './fs.ts';
import { type Listed, storeList } from './list.ts';
import { lruStore } from './lru.ts';
import { memoryStore, type VolatileLimits } from './memory.ts';
import { openDisk } from './open.ts';
import { ReopeningStore } from './reopening.ts';
import type { Store } from './store.ts';

const common = {
  access: z
    .array(z.string())
    .optional()
    .describe('Which operations it is asked for: `read`, `write`, `admin`. All if absent.'),
  scope: z.string().optional().describe('`local`, `remote` or a tag of your own.'),
  'max-retries': z
    .int()
    .nonnegative()
    .optional()
    .describe('How often a failing call is repeated after opening the store again.'),
};

/** The Erlang node lists stores here; what is read here is kept in the first local one. */
const keeps = z
  .union([z.boolean(), z.array(z.unknown()).transform(() => true)])
  .default(true)
  .describe('Keeps what was read in the first local store.');

const disk = {
  ...common,
  name: z.string().describe('The directory.'),
  'read-only': z.boolean().optional().describe('Opens it for reading only.'),
};

/** 24 days: no timer of the runtime lasts longer. */
const maxTimerMs = 0x7fff_ffff;

export const storeConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('lmdb'),
    ...disk,
    capacity: z.int().positive().optional().describe('Bytes the database may grow to.'),
  }),
  z.strictObject({ kind: z.literal('fs'), ...disk }),
  z.strictObject({
    kind: z.literal('memory'),
    ...common,
    name: z.string().default('memory'),
    'max-ttl': z
      .int()
      .positive()
      .max(Math.floor(maxTimerMs / 1_000))
      .optional()
      .describe('Seconds after the first write at which everything is forgotten.'),
    'max-ttl-ms': z.int().positive().max(maxTimerMs).optional().describe('The same in milliseconds; before `max-ttl`.'),
    'max-size': z.int().positive().optional().describe('Entries; the write that makes it more empties the store.'),
  }),
  z.strictObject({
    kind: z.literal('lru'),
    ...common,
    name: z.string().default('lru'),
    capacity: z
      .int()
      .positive()
      .default(256 * 1024 * 1024)
      .describe('Bytes of values kept in memory.'),
  }),
  z.strictObject({
    kind: z.literal('gateway'),
    ...common,
    name: z.string().default('gateway'),
    node: z.url().default('https://arweave.net').describe('Answers `/graphql` and `/raw/<id>`.'),
    graphql: z.url().optional().describe('Another address for queries.'),
    subindex: z
      .array(z.strictObject({ name: z.string(), value: z.string() }))
      .default([])
      .describe('Tags that gateways with a partial index need in a query.'),
    'trust-graphql': z
      .boolean()
      .default(false)
      .describe('Takes items whose signature cannot be checked at the word of the gateway.'),
    'local-store': keeps,
    store: z.array(z.unknown()).optional().describe('Of the Erlang node; without effect.'),
  }),
  z.strictObject({
    kind: z.literal('remote-node'),
    ...common,
    name: z.string().default('remote-node'),
    node: z.url().describe('Address of the other node.'),
    'local-store': keeps,
  }),
]);

export type StoreConfig = z.infer<typeof storeConfig>;
export type LocalConfig = Extract<StoreConfig, { kind: 'lmdb' | 'fs' | 'memory' | 'lru' }>;
export type RemoteConfig = Extract<StoreConfig, { kind: 'gateway' | 'remote-node' }>;

export function isLocal(config: StoreConfig): config is LocalConfig {
  return config.kind !== 'gateway' && config.kind !== 'remote-node';
}

/** Opens the local stores of a list, as one. The one that takes writes is opened at once, the others when they are needed. */
export async function openStores(configs: readonly LocalConfig[]): Promise<Store> {
  const listed: Listed[] = [];
  for (const config of configs) {
    const store = await openStore(config);
    listed.push(config.access === undefined ? { store } : { store, access: config.access });
  }
  const [only] = listed;
  return listed.length === 1 && only?.access === undefined ? only!.store : storeList(listed);
}

async function openStore(config: LocalConfig): Promise<Store> {
  const scope = config.scope === undefined ? {} : { scope: config.scope };
  if (config.kind === 'memory') return memoryStore({ name: config.name, ...scope, ...volatileLimits(config) });
  if (config.kind === 'lru') return lruStore({ capacity: config.capacity, name: config.name, ...scope });
  const directory = { directory: config.name, readOnly: config['read-only'] ?? false, ...scope };
  const capacity = config.kind === 'lmdb' && config.capacity !== undefined ? { capacity: config.capacity } : {};
  const open = () => (config.kind === 'fs' ? openFs(directory) : openDisk({ ...directory, ...capacity }));
  if (config['max-retries'] === undefined) return open();
  return new ReopeningStore({
    name: `${config.kind} ${config.name}`,
    open,
    readOnly: directory.readOnly,
    shareable: config.kind === 'lmdb',
    maxRetries: config['max-retries'],
    ...scope,
  });
}

function volatileLimits(config: Extract<StoreConfig, { kind: 'memory' }>): VolatileLimits {
  const seconds = config['max-ttl'];
  const maxTtlMs = config['max-ttl-ms'] ?? (seconds === undefined ? undefined : seconds * 1_000);
  const maxSize = config['max-size'];
  return { ...(maxTtlMs === undefined ? {} : { maxTtlMs }), ...(maxSize === undefined ? {} : { maxSize }) };
}

/**
 * Lays the defaults for its kind (`{lmdb: {capacity: 5000}}`) under each store, and under stores nested in `store` (spec 05 §1.7),
 * whichever of its two names the kind goes by.
 */
export function withDefaults(stores: readonly Message[], defaults: Message): readonly Message[] {
  return stores.map((store) => {
    const kind = store.get('kind') ?? store.get('store-module');
    const spelt = kind instanceof Atom ? kind.name : String(kind);
    const below = defaults.get(spelt.replace(/^hb_store_/, ''));
    const whole = isMessage(below) ? below.withAll(store.entries()) : store;
    const nested = whole.get('store');
    return isList(nested) ? whole.with('store', withDefaults(nested.filter(isMessage), defaults)) : whole;
  });
}

/** The stores with their directories below another one, as for an encrypted volume. Nothing is copied (spec 05 §7.4). */
export function underDirectory(stores: readonly StoreConfig[], directory: string): StoreConfig[] {
  return stores.map((store) =>
    store.kind === 'lmdb' || store.kind === 'fs' ? { ...store, name: join(directory, store.name) } : store,
  );
}

const modules: ReadonlyMap<string, string> = new Map([
  ['hb_store_lmdb', 'lmdb'],
  ['hb_store_fs', 'fs'],
  ['hb_store_rocksdb', 'lmdb'],
  ['hb_store_lru', 'lru'],
  ['hb_store_volatile', 'memory'],
  ['hb_store_gateway', 'gateway'],
  ['hb_store_remote_node', 'remote-node'],
]);

/** A store as a node message describes it, with the reference's names translated. Throws `bad-request` with a sentence. */
export function readStoreMessage(message: Message): StoreConfig {
  const plain = plainObject(message);
  const named = plain['store-module'];
  const { 'store-module': _, ...rest } = plain;
  const config = typeof named === 'string' ? { kind: modules.get(named) ?? named, ...rest } : rest;
  const parsed = storeConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  return raise('bad-request', `A store is not described rightly: ${z.prettifyError(parsed.error)}`);
}

/** Null prototype: keys come from outside. */
function plainObject(message: Message): { [key: string]: unknown } {
  const out = Object.create(null) as { [key: string]: unknown };
  for (const [key, value] of message.entries()) out[key] = plainValue(value);
  return out;
}

function plainValue(value: Value): unknown {
  if (isMessage(value)) return plainObject(value);
  if (value instanceof Atom) return value.name;
  return isList(value) ? value.map(plainValue) : value;
}
