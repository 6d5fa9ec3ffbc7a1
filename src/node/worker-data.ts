/** What a lane worker is told when it starts: the node's configuration as plain data, and its keys. */
import { encode } from '../core/encode.ts';
import type { Wallet } from '../core/wallet.ts';
import { type Jwk, walletToJwk } from '../crypto/wallet.ts';
import type { ClientOptions } from '../net/options.ts';
import type { StoreConfig } from '../stores/config.ts';
import type { Config } from './config.ts';
import { type LaneSettings, laneSettings, shareOf } from './lanes.ts';

/** The stores of the node; schedules and states stand among the messages unless they have their own. */
export interface WorkerStores {
  readonly messages: readonly StoreConfig[];
  readonly schedules: readonly StoreConfig[] | undefined;
  readonly processes: readonly StoreConfig[] | undefined;
}

export interface WorkerData {
  readonly index: number;
  readonly count: number;
  readonly stores: WorkerStores;
  /** Settings that are text, numbers and the like. */
  readonly settings: readonly (readonly [name: string, value: unknown])[];
  /** The node message, encoded. */
  readonly options: Uint8Array;
  readonly lanes: LaneSettings;
  readonly cacheMemoryBytes: number;
  readonly client: Partial<ClientOptions>;
  readonly wallet: Jwk;
  readonly identities: readonly (readonly [name: string, key: Jwk])[];
  /** Where the worker says which slot it is in. */
  readonly position: SharedArrayBuffer;
}

export function workerData(
  config: Config,
  keys: { readonly wallet: Wallet; readonly identities: ReadonlyMap<string, Wallet> },
  place: Pick<WorkerData, 'index' | 'count' | 'stores' | 'position'>,
): WorkerData {
  const option = <T>(name: string): T => config.settings.get(name)?.value as T;
  return {
    ...place,
    settings: [...config.settings].flatMap(([name, { value }]) => (isPlainData(value) ? [[name, value] as const] : [])),
    options: encode(config.message),
    lanes: shareOf(laneSettings(config), place.count),
    cacheMemoryBytes: Math.floor(option<number>('cache-memory-bytes') / 4),
    client: config.client,
    wallet: walletToJwk(keys.wallet),
    identities: [...keys.identities].map(([name, wallet]) => [name, walletToJwk(wallet)] as const),
  };
}

function isPlainData(value: unknown): boolean {
  return Array.isArray(value) ? value.every(isPlainData) : ['string', 'number', 'boolean'].includes(typeof value);
}

/** The configuration as far as a worker needs it. */
export function workerConfig(data: WorkerData, message: Config['message']): Config {
  const settings = data.settings.map(([name, value]) => [name, { name, value, source: 'node' }] as const);
  return { settings: new Map(settings), ignored: [], message, listener: {}, client: data.client };
}
