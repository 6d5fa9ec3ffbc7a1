/**
 * A node's processes without HTTP: real store, cache, schedules and lanes in one thread, with the network's test keys.
 */
import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Clock, Device } from '../../src/core/device.ts';
import type { DialectName } from '../../src/core/dialect.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Peers } from '../../src/core/peers.ts';
import type { Value } from '../../src/core/value.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { type Jwk, walletFromJwk } from '../../src/crypto/wallet.ts';
import { Assignments } from '../../src/devices/process/assignments.ts';
import { defaultLaneOptions, type LaneOptions } from '../../src/devices/process/lane.ts';
import { defaultInlineOptions, InlineProcesses } from '../../src/devices/process/processes.ts';
import { Slots } from '../../src/devices/process/slots.ts';
import { Snapshots } from '../../src/devices/process/snapshots.ts';
import { process, processRole } from '../../src/devices/process.ts';
import type { Courier } from '../../src/devices/push/courier.ts';
import { Outbox } from '../../src/devices/push/outbox.ts';
import { push } from '../../src/devices/push.ts';
import { Schedules } from '../../src/devices/scheduler/schedules.ts';
import { StoreLog } from '../../src/devices/scheduler/store-log.ts';
import { scheduler } from '../../src/devices/scheduler.ts';
import { openCourier } from '../../src/node/courier.ts';
import { createLibrary, type Library } from '../../src/node/library.ts';
import { systemClock } from '../../src/node/system.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { MessageCache } from '../../src/stores/message-cache.ts';
import type { Store } from '../../src/stores/store.ts';

export function testWallet(file: string): Wallet {
  return walletFromJwk(JSON.parse(readFileSync(new URL(`../vectors/keys/${file}`, import.meta.url), 'utf8')) as Jwk);
}

export interface ProcessWorld {
  readonly library: Library;
  readonly store: Store;
  readonly cache: MessageCache;
  readonly wallet: Wallet;
  readonly processes: InlineProcesses;
  readonly outbox: Outbox;
  /** A signed message. */
  sign(literal: { readonly [key: string]: Input }, wallet?: Wallet): Promise<Message>;
  /** Signs a process definition with this node as scheduler and posts it; gives its id. */
  spawn(literal: { readonly [key: string]: Input }): Promise<string>;
  /** Signs a message to a process and posts it; gives its slot. */
  post(process: string, literal: { readonly [key: string]: Input }): Promise<number>;
  /** `/<path>` as a request would resolve it. */
  get(path: string): Promise<Outcome>;
}

export interface ProcessWorldOptions {
  readonly store?: Store;
  readonly dialect?: DialectName;
  readonly devices?: readonly Device[];
  readonly lane?: Partial<LaneOptions>;
  readonly maxWarm?: number;
  readonly clock?: Clock;
  readonly peers?: Peers;
  /** The node's own key. */
  readonly wallet?: Wallet;
  /** More keys this node acts with. */
  readonly identities?: readonly Wallet[];
  readonly options?: Message;
  readonly capabilities?: { readonly [name: string]: unknown };
}

export function processWorld(given: ProcessWorldOptions = {}): ProcessWorld {
  const store = given.store ?? memoryStore();
  const wallet = given.wallet ?? testWallet('rsa4096-1.json');
  let library: Library;
  const cache = new MessageCache({ store, environment: () => library.env });
  const log = new StoreLog(cache, () => library.env);
  const processes = new InlineProcesses(
    {
      slots: new Slots(store, given.clock ?? systemClock),
      snapshots: new Snapshots(store, sha256),
      assignments: new Assignments(log),
      clock: systemClock,
      toolbox: (process, signal, deadline) => library.resolver.ao({ signal, deadline, process }),
      breathe: () => setImmediate(),
      machineBytes: () => library.env.capabilities.lua?.bytes ?? 0,
      dispose: (state) => library.env.capabilities.lua?.release(state),
    },
    {
      ...defaultInlineOptions,
      lane: { ...defaultLaneOptions, ...given.lane },
      ...(given.maxWarm === undefined ? {} : { maxWarm: given.maxWarm }),
    },
  );
  const outbox = new Outbox(store);
  library = createLibrary({
    cache,
    wallet,
    ...(given.dialect === undefined ? {} : { dialect: given.dialect }),
    ...(given.options === undefined ? {} : { options: given.options }),
    devices: [scheduler, process, processRole, push, ...(given.devices ?? [])],
    capabilities: {
      ...(given.clock === undefined ? {} : { clock: given.clock }),
      cache,
      schedules: new Schedules(log, sha256),
      identities: new Map([wallet, ...(given.identities ?? [])].map((one) => [one.address, one])),
      processes,
      outbox,
      peers: given.peers ?? { request: () => Promise.reject(new Error('no peers in this test')) },
      ...given.capabilities,
    },
  });
  const sign = async (literal: { readonly [key: string]: Input }, by = wallet): Promise<Message> =>
    library.commit(message(literal), message({}), by);
  const postTo = async (base: Value, body: Message): Promise<Message> => {
    const outcome = await library.resolve(base, message({ path: 'schedule', method: 'POST', body }));
    if (outcome.status !== 'ok' || !isMessage(outcome.value)) {
      throw new Error(
        outcome.status === 'error'
          ? `${outcome.error.code}: ${outcome.error.message} ${String(outcome.error.cause ?? '')}`
          : 'no assignment',
      );
    }
    return outcome.value;
  };
  return {
    library,
    store,
    cache,
    wallet,
    processes,
    outbox,
    sign,
    async spawn(literal) {
      const body = await sign({
        device: 'process@1.0',
        type: 'Process',
        scheduler: wallet.address,
        authority: wallet.address,
        ...literal,
      });
      const assignment = await postTo(body, body);
      return assignment.get('process') as string;
    },
    async post(target, literal) {
      const body = await sign({ type: 'Message', target, ...literal });
      const definition = await cache.read(target);
      return (await postTo(definition!, body)).get('slot') as number;
    },
    get: async (path) => library.request(path, { cacheControl: ['always'] }),
  };
}

/** Delivers what processes of this world send, until it is disposed of. What fails in it is thrown. */
export function courierOf({ outbox, library }: ProcessWorld): Courier {
  return openCourier({
    outbox,
    resolver: () => library.resolver,
    failed: (error) => {
      throw error;
    },
  });
}
