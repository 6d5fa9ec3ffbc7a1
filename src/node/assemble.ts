/**
 * A whole node, put together in the order in which the parts need each other. The only file that knows everything; it reads like a table
 * of contents.
 *
 *     lock · wallet · store · cache · schedules · processes · outbox · capabilities · environment · hooks · HTTP
 */
import { join, relative } from 'node:path';
import { type Tracer, trace } from '@opentelemetry/api';
import { allCodecs } from '../codecs/all.ts';
import { unsignedId } from '../codecs/ids.ts';
import { parseTyped } from '../codecs/structured-types.ts';
import type { Capabilities, Clock, Device } from '../core/device.ts';
import { type DialectName, dialects } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { defaultLimits } from '../core/limits.ts';
import type { Message } from '../core/message.ts';
import type { Resolver } from '../core/resolver.ts';
import type { Value } from '../core/value.ts';
import type { Wallet } from '../core/wallet.ts';
import { sha256 } from '../crypto/hash.ts';
import { allDevices } from '../devices/all.ts';
import { Tasks } from '../devices/cron/tasks.ts';
import { InlineProcesses } from '../devices/process/processes.ts';
import { Outbox } from '../devices/push/outbox.ts';
import { Blocks } from '../devices/scheduler/blocks.ts';
import { Schedules } from '../devices/scheduler/schedules.ts';
import { defaultSequencerOptions } from '../devices/scheduler/sequencer.ts';
import { type Bundlers, Uploads } from '../devices/scheduler/uploads.ts';
import { cacheWithBlobs, temporaryBlobs, withStored } from '../http/blobs.ts';
import { createHttpServer } from '../http/server.ts';
import { HttpClient } from '../net/client.ts';
import { createEventCounters } from '../observe/events.ts';
import { createLog, type Logger } from '../observe/log.ts';
import { NodeMetrics } from '../observe/metrics.ts';
import { stepObserver } from '../observe/steps.ts';
import { MessageCache } from '../stores/message-cache.ts';
import { privateBefore } from '../stores/private.ts';
import type { Store } from '../stores/store.ts';
import { buildInfo } from './build.ts';
import { openCaches } from './caches.ts';
import type { Config } from './config.ts';
import { RunningNode } from './control.ts';
import { openCourier } from './courier.ts';
import { FreeSpace } from './free-space.ts';
import { openIdentities } from './identities.ts';
import { openWorkers, workerCount } from './lane-workers.ts';
import { collectNowAndThen, laneSettings, openLanes, openLua, restNowAndThen } from './lanes.ts';
import { lockDirectory } from './lock.ts';
import { outboundMonitor } from './monitor.ts';
import {
  directoriesOf,
  openLocal,
  openPrivate,
  privateStoresOf,
  processStoresOf,
  scheduleStoresOf,
  sourcesOf,
  storesOf,
} from './open-store.ts';
import { consolePages } from './pages.ts';
import { runStartHook } from './start-hook.ts';
import { randomBytes, systemClock } from './system.ts';
import { poolStepsBack } from './thread-priority.ts';
import { openWallet } from './wallet-file.ts';

/** What a caller may bring along instead of the node making it. */
export interface NodeParts {
  readonly wallet?: Wallet;
  readonly store?: Store;
  readonly clock?: Clock;
  readonly random?: (bytes: number) => Uint8Array;
  readonly log?: Logger;
  /** Besides those every node has. */
  readonly devices?: readonly Device[];
}

export interface Node extends AsyncDisposable {
  readonly url: string;
  readonly address: string;
  /** The wallet was made by this start. */
  readonly walletCreated: boolean;
  readonly config: Config;
  /** As it is now; it changes when the operator changes the node. */
  readonly resolver: Resolver;
  readonly store: Store;
  readonly cache: MessageCache;
  /** Stops taking requests, finishes those under way, saves and closes. */
  close(): Promise<void>;
}

/** Starts a node. Resolves when it answers requests. */
export async function startNode(config: Config, parts: NodeParts = {}): Promise<Node> {
  const option = <T>(name: string): T => config.settings.get(name)?.value as T;
  const cleanup = new AsyncDisposableStack();
  try {
    const directory = option<string>('data-dir');
    const log = parts.log ?? createLog(option<string>('log-level'));
    const stores = storesOf(config);
    const privateStores = privateStoresOf(config);
    const scheduleStores = scheduleStoresOf(config);
    const processStores = processStoresOf(config);
    const directories = directoriesOf([
      ...(parts.store === undefined ? [...stores, ...privateStores] : []),
      ...(scheduleStores ?? []),
      ...(processStores ?? []),
    ]);
    if (directories.length > 0) cleanup.defer(lockDirectory(directory));
    for (const elsewhere of directories.filter((one) => !isWithin(one, directory))) {
      cleanup.defer(lockDirectory(elsewhere));
    }

    const walletPath = option<string | undefined>('priv-key-location') ?? join(directory, 'hyperbeam-key.json');
    const opened =
      parts.wallet === undefined ? await openWallet(walletPath, true) : { wallet: parts.wallet, created: false };
    const { wallet } = opened;
    const identities = await openIdentities(option<Message | undefined>('identities'), wallet);

    const store = parts.store ?? cleanup.use(await openLocal(stores));
    const scheduleStore = scheduleStores === undefined ? store : cleanup.use(await openLocal(scheduleStores));
    const processStore = processStores === undefined ? store : cleanup.use(await openLocal(processStores));
    const clock = parts.clock ?? systemClock;
    const events = createEventCounters();
    const metrics = option<boolean>('prometheus') ? new NodeMetrics(events) : undefined;
    const tracer = tracerIfHeard();
    const running = new RunningNode(config.message, buildInfo());
    running.found({ address: wallet.address, 'cache-writers': cacheWriters(config, wallet) });
    const environment = (): Environment => running.resolver.env;
    const monitor = outboundMonitor(running, log);
    const client = new HttpClient(config.client, {
      environment,
      port: () => portOf(running.options()),
      observe(completed) {
        metrics?.requested(completed);
        monitor(completed);
      },
    });
    cleanup.defer(() => client.close());
    metrics?.watchConnections(() => client.connections);
    const bundlers: Bundlers = {
      'ans104@1.0': option<string | undefined>('bundler-ans104'),
      'httpsig@1.0': option<string | undefined>('bundler-httpsig'),
    };
    const uploading = Object.values(bundlers).some((url) => url !== undefined);
    const { cache, schedule } = openCaches({
      store,
      scheduleStore,
      uploads: uploading,
      environment,
      memoryBytes: option<number>('cache-memory-bytes'),
      sources: sourcesOf(config, stores, client, environment),
    });

    const secrets = cleanup.use(openPrivate(privateStores));
    const privateCache = new MessageCache({ store: privateBefore(secrets, store), environment, memoryBytes: 0 });

    const lua = await openLua(laneSettings(config));
    // Devices that were brought along exist in this thread only, as does a store that cannot be opened twice.
    const shareable = parts.store === undefined && [store, scheduleStore, processStore].every((one) => one.shareable);
    const count = parts.devices === undefined && shareable ? workerCount(config) : 0;
    const post = async (base: Message, request: Message) =>
      running.resolver.ao({ lendsKey: false }).resolve(base, request);
    const workers =
      count === 0
        ? undefined
        : openWorkers(config, {
            store: processStore,
            stores: { messages: stores, schedules: scheduleStores, processes: processStores },
            clock,
            wallet,
            identities,
            log,
            count,
            post,
          });
    const processes = cleanup.use(
      workers ??
        openLanes(
          { store: processStore, schedule, clock, lua, resolver: () => running.resolver },
          laneSettings(config),
        ),
    );
    if (processes instanceof InlineProcesses) cleanup.use(restNowAndThen(processes, log));
    cleanup.use(collectNowAndThen(processStore, log));
    running.onChange((options) => workers?.changed(options));

    const space = new FreeSpace({
      directories,
      reserveBytes: option<number>('disk-reserve-bytes'),
      changed(isShort) {
        if (isShort) log.warn('The disk is nearly full: what strangers leave behind is no longer kept.');
        else log.info('There is room on the disk again.');
      },
    });
    const outbox = new Outbox(store);
    const uploads = uploading
      ? cleanup.use(
          new Uploads({
            store: scheduleStore,
            log: schedule,
            bundlers,
            peers: client,
            clock,
            ao: (signal) => running.resolver.ao({ signal, lendsKey: false }),
            failed: (err, process, slot) => log.warn({ err, process, slot }, 'A slot could not be uploaded.'),
          }),
        )
      : undefined;
    const blocks = option<boolean>('gateway-blocks')
      ? new Blocks({
          gateway: option<string>('gateway'),
          peers: client,
          clock,
          failed: (err) => log.warn({ err }, 'The gateway did not say which block is the newest.'),
        })
      : undefined;
    const tasks = new Tasks({
      store,
      clock,
      run: async ({ request, lendsKey }, signal) => running.resolver.ao({ signal, lendsKey }).resolveRequest(request),
    });
    cleanup.use(tasks);
    const capabilities: Partial<Capabilities> = {
      clock,
      random: parts.random ?? randomBytes,
      cache,
      privateCache,
      wallet,
      node: running,
      schedules: new Schedules(schedule, sha256, { ...defaultSequencerOptions, uploads, blocks }),
      identities,
      processes,
      outbox,
      tasks,
      peers: client,
      lua,
      ...(workers === undefined ? {} : { luaWorkers: workers }),
      events,
      pages: consolePages(),
      space,
      ...(metrics === undefined ? {} : { metrics }),
    };
    const devices = [...allDevices, ...(parts.devices ?? [])];
    // Bodies too large for memory; a link to one can be followed for as long as its request lasts.
    const blobs = cleanup.use(temporaryBlobs(config.listener.spoolDirectory));
    running.begin({
      dialect: dialects[option<DialectName>('dialect')],
      limits: defaultLimits,
      sha256,
      codecs: new Map(allCodecs.map((codec) => [codec.name, codec])),
      devices: new Map(devices.map((device) => [device.name, device])),
      cache: cacheWithBlobs(cache, blobs, defaultLimits.maxMessageBytes),
      wallet,
      unsignedId,
      parseTyped,
      options: running.options(),
      capabilities,
      observer: stepObserver(events, tracer),
    });
    for (const problem of running.resolver.problems()) log.warn({ code: problem.code }, problem.message);
    await runStartHook(running);
    const courier = cleanup.use(
      openCourier({
        outbox,
        resolver: () => running.resolver,
        failed: (err) => log.error({ err }, 'A message of a process could not be delivered.'),
      }),
    );
    courier.start();
    uploads?.start();
    await tasks.resume();

    const server = createHttpServer(config.listener, {
      node: () => running.resolver,
      blobs: withStored(blobs, store),
      log,
      ...(metrics === undefined ? {} : { metrics }),
      ...(tracer === undefined ? {} : { tracer }),
    });
    await server.listen();
    poolStepsBack();
    cleanup.defer(() => server.close());
    running.found({ port: server.port });
    log.info({ url: server.url, operator: wallet.address }, 'The node is live.');
    // Not before the node answers, and not for a node without processes: each takes its share of memory.
    const warm = async (): Promise<void> => {
      if (workers !== undefined && (await schedule.processes({ limit: 1 })).length > 0) await workers.warm();
    };
    const warming = setTimeout(() => {
      warm().catch((err: unknown) => log.error({ err }, 'The lane workers could not be started.'));
    }, 1_000).unref();
    cleanup.defer(() => clearTimeout(warming));

    const closing = cleanup.move();
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= closing.disposeAsync());
    return {
      url: server.url,
      address: wallet.address,
      walletCreated: opened.created,
      config,
      get resolver() {
        return running.resolver;
      },
      store,
      cache,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await cleanup.disposeAsync();
    throw error;
  }
}

/** The addresses that may write to the cache: the node's own unless the operator lists some. */
function cacheWriters(config: Config, wallet: Wallet): Value {
  return (config.message.get('cache-writers') as Value | undefined) ?? [wallet.address];
}

/** The port that other nodes are told. */
function portOf(options: Message): number | undefined {
  const port = options.get('port-external') ?? options.get('port');
  return typeof port === 'number' && port > 0 ? port : undefined;
}

function isWithin(path: string, directory: string): boolean {
  return !relative(directory, path).startsWith('..');
}

/**
 * A tracer only if an SDK listens (it has to be set up before the node starts): otherwise spans would cost something for nobody. The span
 * that finds out is never ended, so nobody gets to see it.
 */
function tracerIfHeard(): Tracer | undefined {
  const tracer = trace.getTracer('hyperbeam-ts');
  return tracer.startSpan('probe').isRecording() ? tracer : undefined;
}
