/**
 * `process@1.0` (spec 04 §1): a program with a permanent, ordered schedule. The process itself only keeps order; scheduling, executing and
 * pushing are done by the devices that play those roles.
 *
 *     /PID/schedule, /PID/slot     as scheduler
 *     /PID/compute=7/balance       the state after slot 7; computed slots are read from the store and never wait for a fold
 *     /PID/now/balance             the state after the newest slot of the schedule
 *     /PID/compute/balance         the newest state that is already computed
 *     /PID/compute=7&push=true     the same as compute=7; slots that had to be computed for it are pushed
 *     /PID/push                    as push
 *     /PID/as=execution/compute&…  a dry run on the newest state: nothing it does is kept
 */
import * as z from 'zod';
import { isPromise } from '../core/awaitable.ts';
import { type Call, device } from '../core/device.ts';
import { flag, integer } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { plain } from './plain.ts';
import { type Definition, definitionIn } from './process/definition.ts';
import { slotOutcome } from './process/failures.ts';
import { isFresh } from './process/freshness.ts';
import type {} from './process/processes.ts';
import { type Role, runAs } from './process/run-as.ts';
import { processBase } from './push/post.ts';
import { textAt } from './scheduler/target.ts';

const options = z.object({
  'process-now-from-cache': z
    .enum(['false', 'true', 'always'])
    .default('false')
    .describe('Whether `now` answers with the newest computed state instead of asking the scheduler.'),
  'process-now-max-age': z
    .union([z.int().nonnegative(), z.literal('infinity')])
    .optional()
    .describe('Seconds for which `now` answers with the newest computed state; the request’s `max-age` goes before.'),
});

type Uses = 'processes' | 'cache' | 'environment' | 'clock';
type ProcessCall = Call<unknown, z.infer<typeof options>, Uses>;

export const process = device({
  name: 'process@1.0',
  doc: 'A program with a permanent, ordered schedule.',
  uses: ['processes', 'cache', 'environment', 'clock'],
  options,
  keys: {
    schedule: { doc: 'POST: schedules a message. GET: the schedule.', run: (call) => inRole(call, 'scheduler') },
    slot: { doc: 'The newest slot of the schedule.', run: (call) => inRole(call, 'scheduler') },
    push: {
      doc: 'Schedules a message, computes its slot and delivers what that sends.',
      run: (call) => inRole(call, 'push'),
    },
    compute: { doc: 'The state after slot `compute` or `slot`; without one, the newest computed state.', run: compute },
    now: {
      doc: 'The state after the newest slot of the schedule.',
      run: (call) => now(call, call.options['process-now-from-cache']),
    },
    latest: { doc: 'The newest computed state.', run: (call) => now(call, 'always') },
    results: { doc: 'The results of the newest computed slot, or of slot `results`.', run: results },
    snapshot: {
      doc: 'What the execution device holds in memory at the newest computed slot.',
      async run(call) {
        const definition = await definitionOf(call);
        if ((await call.processes.slots.latestState(definition.id)) === undefined) {
          return fail('not-found', 'Nothing of this process has been computed yet.', {
            status: 500,
            hint: '`now` computes what is scheduled.',
          });
        }
        const request = message({ path: 'snapshot', mode: 'Map' });
        return call.processes.inspect(definition, 'execution', request, call.ao.process);
      },
    },
    as: {
      doc: 'The newest computed state in another role: `as`, else `as-device`, else `execution`.',
      async run(call) {
        const { ao, requestMessage, base } = call;
        const named = (await textAt(ao, requestMessage, 'as')) ?? (await textAt(ao, requestMessage, 'as-device'));
        const role = named ?? 'execution';
        const definition = await definitionOf(call);
        if (role === 'scheduler' || role === 'push')
          return ok(
            base.withAll([
              ['device', 'process@1.0'],
              ['process', definition.message],
            ]),
          );
        // The next key of the path runs on this: what it needs of the machines' memory is found through the process.
        const state = await now(call, 'true');
        if (state.status !== 'ok' || !isMessage(state.value)) return state;
        return ok(
          state.value.withAll([
            ['device', 'process-role@1.0'],
            ['process-role', role],
          ]),
        );
      },
    },
    'process-status': {
      doc: 'What this node is doing for the process: idle, computing, waiting or failed, and where.',
      async run(call) {
        const definition = await definitionOf(call);
        const { processes } = call;
        const doing = await processes.status(definition.id);
        if (doing !== undefined && doing.status !== 'idle') {
          // Not under `status`: in an answer, that is HTTP's.
          const { status, ...where } = doing;
          return ok(message({ process: definition.id, state: status, ...where }));
        }
        const newest = await processes.slots.latest(definition.id);
        const slot = newest?.slot ?? -1;
        const rest =
          newest !== undefined && 'failed' in newest
            ? { state: 'failed', slot, error: newest.failed.get('message') }
            : { state: 'idle', slot };
        return ok(message({ process: definition.id, ...rest }));
      },
    },
  },
});

/**
 * A state in the role of its execution device: every key of it is asked of that device, on a copy of the process's machines. What
 * `as=execution` gives.
 */
export const processRole = device({
  name: 'process-role@1.0',
  doc: 'The newest state of a process, in the role of one of its devices.',
  uses: ['processes', 'cache', 'environment'],
  keys: {},
  inherits: ['id', 'set', 'keys', 'committers', 'commitments', 'verify'],
  async otherKeys(call) {
    const { ao, cache, environment, base, request } = call;
    const definition = await definitionIn(ao, cache, environment, base);
    const role = (await textAt(ao, base, 'process-role')) ?? 'execution';
    return call.processes.inspect(definition, role, request, ao.process);
  },
});

async function inRole(call: ProcessCall, role: Role): Promise<Outcome> {
  const { ao, base, requestMessage } = call;
  // A message of nobody's process (an envelope around one) has no definition of its own.
  const known = base.has('process') || (await textAt(ao, base, 'type')) !== 'Process';
  const acting = known ? base : base.with('process', (await definitionOf(call)).message);
  return runAs(ao, role, acting, requestMessage);
}

function definitionOf({ ao, cache, environment, base }: ProcessCall): Promise<Definition> {
  return definitionIn(ao, cache, environment, base);
}

async function compute(call: ProcessCall): Promise<Outcome> {
  const { ao, requestMessage } = call;
  const asked = (await plain(ao, requestMessage, 'compute')) ?? (await plain(ao, requestMessage, 'slot'));
  if (asked === undefined) {
    const begin = (await textAt(ao, requestMessage, 'init')) ?? 'now';
    return begin === 'now' ? now(call, 'true') : notComputed;
  }
  const slot = integer.read(asked);
  return slot === undefined ? badSlot(asked) : stateAt(call, await definitionOf(call), slot);
}

/** What a caller gets who wants nothing computed that was not asked for by its slot. */
const notComputed = fail('not-found', 'No slot was asked for, and nothing is to be computed.', {
  status: 404,
  hint: '`compute=7`, or `init=now` for the newest state.',
});

async function stateAt(call: ProcessCall, definition: Definition, slot: number): Promise<Outcome> {
  if (slot < 0) return noSuchSlot;
  const { processes } = call;
  const found = processes.slots.read(definition.id, slot);
  const stored = isPromise(found) ? await found : found;
  if (stored !== undefined) return slotOutcome(stored);
  const wanted = await pushWanted(call);
  if (wanted === undefined) return processes.compute(definition, slot, call.ao.process);
  const before = (await processes.slots.latest(definition.id))?.slot ?? -1;
  const outcome = await processes.compute(definition, slot, call.ao.process);
  const after = (await processes.slots.latestState(definition.id, slot))?.slot ?? -1;
  for (let fresh = before + 1; fresh <= after; fresh++) await pushComputed(call, definition, fresh, wanted.depth);
  return outcome;
}

/** Parameter `push`: whether slots that are computed now are to be pushed, and over how many hops. */
async function pushWanted({ ao, requestMessage }: ProcessCall): Promise<{ depth: number | undefined } | undefined> {
  const asked = await plain(ao, requestMessage, 'push');
  if (asked === undefined) return undefined;
  const depth = typeof asked === 'boolean' ? undefined : integer.read(asked);
  if (depth !== undefined) return depth < 0 ? undefined : { depth };
  return flag.read(asked) === true ? { depth: undefined } : undefined;
}

/** Has the courier push a slot, once, however many callers had it computed. */
async function pushComputed(call: ProcessCall, definition: Definition, slot: number, depth: number | undefined) {
  const request = message({ path: 'push', slot, 'max-depth': depth, async: true, once: true });
  return runAs(call.ao, 'push', processBase(definition.message), request);
}

/** `false`: the newest slot of the schedule. `true`: the newest computed one, if any. `always`: that or nothing. */
async function now(call: ProcessCall, fromCache: 'false' | 'true' | 'always'): Promise<Outcome> {
  const definition = await definitionOf(call);
  if (fromCache !== 'false') {
    const newest = await call.processes.slots.latestState(definition.id);
    if (newest !== undefined) return ok(newest.state);
    if (fromCache === 'always') {
      return fail('not-cached', 'No cached state available.', {
        status: 500,
        value: message({ body: 'No cached state available.' }),
      });
    }
  }
  const fresh = await freshState(call, definition);
  if (fresh !== undefined) return ok(fresh);
  const { ao } = call;
  const current = await ao.resolve(call.base.with('process', definition.message), 'slot/current');
  if (current.status !== 'ok') return current;
  const slot = integer.read(current.value);
  if (slot === undefined) return badSlot(current.value);
  if (slot < 0) {
    return fail('not-found', 'The schedule of this process is empty.', {
      status: 404,
      hint: 'Post the process or a message to its schedule.',
    });
  }
  return stateAt(call, definition, slot);
}

/** The newest computed state, if the caller or the operator says that it is new enough. */
async function freshState(call: ProcessCall, { id }: Definition): Promise<Message | undefined> {
  const { processes, requestMessage, options, clock } = call;
  const limit = options['process-now-max-age'];
  if (limit === undefined && !requestMessage.has('max-age') && !requestMessage.has('cache-control')) return undefined;
  if (!isFresh(requestMessage, limit, await processes.slots.refreshedAt(id), clock.now())) return undefined;
  return (await processes.slots.latestState(id))?.state;
}

/** Newer clients ask for `compute/results=<slot>`; the parameter names the slot (spec 06 §2.5). */
async function results(call: ProcessCall): Promise<Outcome> {
  const { ao, requestMessage, base } = call;
  const asked = await plain(ao, requestMessage, 'results');
  const slot = asked === undefined ? undefined : integer.read(asked);
  if (slot === undefined) {
    const own = await plain(ao, base, 'results');
    return own === undefined ? noResults : ok(own);
  }
  const state = await stateAt(call, await definitionOf(call), slot);
  if (state.status !== 'ok' || !isMessage(state.value)) return state;
  const found = await plain(ao, state.value, 'results');
  return found === undefined ? noResults : ok(found);
}

const noResults = fail(
  'not-found',
  'This state has no results.',
  'A slot has results after it was computed: `compute=<slot>/results`.',
);

const noSuchSlot = fail('not-found', 'There is no such slot: the first one is 0.', {
  status: 404,
  hint: '`compute=0`',
  value: message({ status: 404, reason: 'There is no such slot: the first one is 0.' }),
});

function badSlot(value: Value): Outcome {
  const sentence = 'A slot is a whole number.';
  return fail('bad-request', sentence, {
    status: 500,
    hint: '`compute=7`',
    value: message({ status: 500, body: sentence, slot: value }),
  });
}
