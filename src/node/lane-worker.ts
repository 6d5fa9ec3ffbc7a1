/**
 * A lane worker: a whole resolver in a thread of its own, on the same store, with the lanes of the processes that live here. It computes
 * what it is asked for and knows the outside only by the store, its own client, and messages to the node.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort, workerData as received } from 'node:worker_threads';
import { allCodecs } from '../codecs/all.ts';
import { unsignedId } from '../codecs/ids.ts';
import { parseTyped } from '../codecs/structured-types.ts';
import { type DialectName, dialects } from '../core/dialect.ts';
import { decode, encode } from '../core/encode.ts';
import type { Environment } from '../core/environment.ts';
import { errorFrom, raise } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';
import type { Message } from '../core/message.ts';
import { failed, type Outcome } from '../core/outcome.ts';
import { sha256 } from '../crypto/hash.ts';
import { walletFromJwk } from '../crypto/wallet.ts';
import { allDevices } from '../devices/all.ts';
import type { Definition } from '../devices/process/definition.ts';
import type { Processes } from '../devices/process/processes.ts';
import {
  type FromWorker,
  maxLaneNumbers,
  type Need,
  type Question,
  receiveDefinition,
  receiveOutcome,
  sendDefinition,
  sendOutcome,
  type ToWorker,
} from '../devices/process/worker-protocol.ts';
import { Outbox } from '../devices/push/outbox.ts';
import { Schedules } from '../devices/scheduler/schedules.ts';
import { defaultSequencerOptions } from '../devices/scheduler/sequencer.ts';
import { HttpClient } from '../net/client.ts';
import { createEventCounters } from '../observe/events.ts';
import { buildInfo } from './build.ts';
import { openCaches } from './caches.ts';
import { RunningNode } from './control.ts';
import { openLanes, openLua } from './lanes.ts';
import { openLocal, sourcesOf } from './open-store.ts';
import { randomBytes, systemClock } from './system.ts';
import { stepBack } from './thread-priority.ts';
import { type WorkerData, workerConfig } from './worker-data.ts';

stepBack();
const port = parentPort ?? raise('internal', 'A lane worker is started by its node.');
const data = received as WorkerData;
const tell = (what: FromWorker): void => port.postMessage(what);

const { messages, schedules, processes: states } = data.stores;
const store = await openLocal(messages);
const scheduleStore = schedules === undefined ? store : await openLocal(schedules);
const processStore = states === undefined ? store : await openLocal(states);
const options = decode(data.options) as Message;
const config = workerConfig(data, options);
const running = new RunningNode(options, buildInfo());
const environment = (): Environment => running.resolver.env;
const client = new HttpClient(data.client, { environment });
const { cache, schedule } = openCaches({
  store,
  scheduleStore,
  environment,
  memoryBytes: data.cacheMemoryBytes,
  sources: sourcesOf(config, messages, client, environment),
});
/** Numbers of lanes, as the node has them. Only those of processes that compute are asked for. */
const lanes = new Map<string, number>();
const position = new Int32Array(data.position);
const lua = await openLua(data.lanes, (process, slot) => {
  Atomics.store(position, 1, slot);
  Atomics.store(position, 0, process === undefined ? 0 : (lanes.get(process) ?? 0));
});
const own = openLanes(
  { store: processStore, schedule, clock: systemClock, lua, resolver: () => running.resolver },
  data.lanes,
);
const resting = setInterval(() => void own.rest().catch(() => undefined), 5_000);

/** What programs need of processes, and messages to schedule, are asked of the node: it knows who waits for whom. */
const asked = new Map<number, (outcome: Outcome) => void>();
let next = 1;
const processes: Processes = {
  slots: own.slots,
  async compute(definition: Definition, slot: number, by?: string) {
    const computed = await own.computed(definition.id, slot);
    return computed ?? ask({ kind: 'compute', definition: sendDefinition(definition), slot }, by);
  },
  inspect: (definition, role, request, by) =>
    ask({ kind: 'inspect', definition: sendDefinition(definition), role, request: encode(request) }, by),
  status: (process) => own.status(process),
};

function ask(need: Need, by: string | undefined): Promise<Outcome> {
  return new Promise((answer) => {
    const id = next++;
    asked.set(id, answer);
    tell({ kind: 'ask', id, need, by });
  });
}

/** Slots are given by the node's main thread alone. */
function post(base: Message, request: Message): Promise<Outcome> {
  return new Promise((answer) => {
    const id = next++;
    asked.set(id, answer);
    tell({ kind: 'post', id, base: encode(base), request: encode(request) });
  });
}

const wallet = walletFromJwk(data.wallet);
running.begin({
  dialect: dialects[config.settings.get('dialect')?.value as DialectName],
  limits: defaultLimits,
  sha256,
  codecs: new Map(allCodecs.map((codec) => [codec.name, codec])),
  devices: new Map(allDevices.map((device) => [device.name, device])),
  cache,
  wallet,
  unsignedId,
  parseTyped,
  options: running.options(),
  capabilities: {
    clock: systemClock,
    random: randomBytes,
    cache,
    wallet,
    node: running,
    schedules: new Schedules(schedule, sha256, { ...defaultSequencerOptions, poster: post }),
    identities: new Map(data.identities.map(([name, jwk]) => [name, walletFromJwk(jwk)])),
    processes,
    outbox: new Outbox(store),
    peers: client,
    lua,
    events: createEventCounters(),
  },
});

async function answer(question: Exclude<Question, { kind: 'status' }>): Promise<Outcome> {
  if (question.kind === 'call') {
    const base = decode(question.base) as Message;
    return running.resolver.ao({ lendsKey: false }).raw('lua@5.3a', base, decode(question.request) as Message);
  }
  const definition = receiveDefinition(question.definition);
  if (question.kind === 'inspect') return own.inspect(definition, question.role, decode(question.request) as Message);
  // The node begins its list anew as well.
  if (lanes.size > maxLaneNumbers) lanes.clear();
  lanes.set(question.definition.id, question.lane);
  const outcome = await own.compute(definition, question.slot);
  if (outcome.status !== 'error' || outcome.error.code !== 'not-found') return outcome;
  // What the node has just written can be seen from the next turn on.
  await setImmediate();
  return own.compute(definition, question.slot);
}

port.on('message', (said: ToWorker) => {
  if (said.kind === 'ping') tell({ kind: 'pong' });
  else if (said.kind === 'options') running.adopt(decode(said.options) as Message);
  else if (said.kind === 'close') void close();
  else if (said.kind === 'answer') {
    asked.get(said.id)?.(receiveOutcome(said.outcome));
    asked.delete(said.id);
  } else {
    const { id, question } = said;
    if (question.kind === 'status') tell({ kind: 'status', id, status: own.status(question.process) });
    else {
      answer(question)
        .catch((thrown: unknown) => failed(errorFrom(thrown)))
        .then((outcome) => tell({ kind: 'answer', id, outcome: sendOutcome(outcome) }))
        .catch((thrown: unknown) => tell({ kind: 'answer', id, outcome: sendOutcome(failed(errorFrom(thrown))) }));
    }
  }
});

async function close(): Promise<void> {
  clearInterval(resting);
  await own[Symbol.asyncDispose]();
  client.close();
  for (const one of new Set([store, scheduleStore, processStore])) await one[Symbol.asyncDispose]();
  tell({ kind: 'closed' });
}

tell({ kind: 'ready' });
