/**
 * The node's stores: the one of its data directory, or those that the option `store` lists, in order. The local ones become one store, the
 * others places where messages are looked for that are not here; what comes from there is verified against the id that was asked for.
 */
import { mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Binary, isBinary } from '../core/bytes.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { isMessage, Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';
import type { HttpClient } from '../net/client.ts';
import { isLocal, openStores, readStoreMessage, type StoreConfig, withDefaults } from '../stores/config.ts';
import { openFs } from '../stores/fs.ts';
import { memoryStore } from '../stores/memory.ts';
import type { MessageCache } from '../stores/message-cache.ts';
import { openDisk } from '../stores/open.ts';
import { openSources } from '../stores/remote/open.ts';
import type { Source } from '../stores/remote/source.ts';
import { ReopeningStore } from '../stores/reopening.ts';
import type { Store } from '../stores/store.ts';
import type { Config } from './config.ts';

export type StoreKind = 'lmdb' | 'fs' | 'memory';

/** One store by its kind. Where LMDB has no prebuilt binary for the platform, a new directory gets files. */
export async function openStore(kind: StoreKind, directory: string, readOnly = false): Promise<Store> {
  if (kind === 'memory') return memoryStore();
  return kind === 'fs' ? openFs({ directory, readOnly }) : openDisk({ directory, readOnly });
}

/** The stores that a configuration describes. Relative directories are below the data directory. */
export function storesOf(config: Config): readonly StoreConfig[] {
  return listed(config, 'store') ?? [besideKind(config, 'store')];
}

/** The stores of what must stay in this node. */
export function privateStoresOf(config: Config): readonly StoreConfig[] {
  const { name, kind } = besideKind(config, 'private');
  return listed(config, 'priv-store') ?? [{ name, kind: kind === 'memory' ? kind : 'fs' }];
}

/** The stores of schedules, if they are kept apart. */
export function scheduleStoresOf(config: Config): readonly StoreConfig[] | undefined {
  return listed(config, 'scheduler-store');
}

/** The stores of what processes were after each slot, if they are kept apart. */
export function processStoresOf(config: Config): readonly StoreConfig[] | undefined {
  return listed(config, 'process-store');
}

function besideKind(config: Config, name: string): { readonly kind: StoreKind; readonly name: string } {
  const option = (of: string): unknown => config.settings.get(of)?.value;
  const kind = option('store-kind') as StoreKind;
  return { kind, name: kind === 'memory' ? kind : join(option('data-dir') as string, name) };
}

/** The stores that an option lists, if it is set. */
function listed(
  config: Config,
  name: 'store' | 'priv-store' | 'scheduler-store' | 'process-store',
): readonly StoreConfig[] | undefined {
  const option = (of: string): unknown => config.settings.get(of)?.value;
  const directory = option('data-dir') as string;
  const given = option(name) as readonly Value[] | Message | undefined;
  if (given === undefined) return undefined;
  const items = isList(given) ? given : [...given.entries()].map(([, item]) => item);
  if (!items.every(isMessage)) {
    raise('bad-request', `A store in \`${name}\` is not a message.`, 'Write `{"kind": "lmdb", …}`.');
  }
  const defaults = (option('store-defaults') as Message | undefined) ?? Message.empty;
  const configs = withDefaults(items, defaults).map(readStoreMessage);
  if (!configs.some(isLocal)) {
    raise(
      'bad-request',
      `None of the stores in \`${name}\` keeps anything here.`,
      'Add one of kind `lmdb`, `fs` or `memory`.',
    );
  }
  return configs.map((one) =>
    (one.kind === 'lmdb' || one.kind === 'fs') && !isAbsolute(one.name)
      ? { ...one, name: join(directory, one.name) }
      : one,
  );
}

/** A cache of this node as a place where another one of its caches looks. */
export function cacheAsSource(name: string, cache: MessageCache): Source {
  return {
    name,
    keeps: false,
    async read(path) {
      const value = await cache.readLocal(path);
      return isMessage(value) || isBinary(value ?? 0) ? { value: value as Message | Binary, ids: [] } : undefined;
    },
  };
}

/** Opens the local ones, as one store. */
export function openLocal(configs: readonly StoreConfig[]): Promise<Store> {
  return openStores(configs.filter(isLocal));
}

/** The private store, in directories that only their owner may look into. Most nodes never need it: it is opened when somebody does. */
export function openPrivate(configs: readonly StoreConfig[]): Store {
  const open = (): Promise<Store> => {
    for (const directory of directoriesOf(configs)) mkdirSync(directory, { recursive: true, mode: 0o700 });
    return openLocal(configs);
  };
  return new ReopeningStore({ name: 'private store', open });
}

/** The directories that no other node may work in. */
export function directoriesOf(configs: readonly StoreConfig[]): readonly string[] {
  return configs.flatMap((one) =>
    (one.kind === 'lmdb' || one.kind === 'fs') && one['read-only'] !== true ? [one.name] : [],
  );
}

/** Where messages are looked for that are not here: the options `peers` and `gateway-reads`, and remote stores of the list. */
export function sourcesOf(
  config: Config,
  configs: readonly StoreConfig[],
  client: HttpClient,
  environment: () => Environment,
): readonly Source[] {
  const peers = config.settings.get('peers')?.value as readonly string[];
  const named: StoreConfig[] = peers.map((node) => ({ kind: 'remote-node', name: node, node, 'local-store': true }));
  if (config.settings.get('gateway-reads')?.value === true) {
    const node = config.settings.get('gateway')?.value as string;
    const rest = { subindex: [], 'trust-graphql': false, 'local-store': true };
    named.push({ kind: 'gateway', name: 'gateway', node, ...rest });
  }
  const remote = [...named, ...configs].filter((one) => !isLocal(one));
  return openSources(remote, { fetch: (request) => client.fetch(request), peers: client, environment });
}
