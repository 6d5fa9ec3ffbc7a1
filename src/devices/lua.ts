/**
 * `lua@5.3a` (spec 04 §4.5): messages whose keys are Lua functions.
 *
 *     key K of the base ─ which function, which arguments ─ its machine (found, restored or made) ─ call ─ message with the new state
 *
 * The machine is not part of the message: the message carries a private handle (lua/machines.ts). A function that returns a message gives
 * the state after the call along with it; one that returns anything else leaves the state as it was. The restricted environment stands
 * before a module's first line runs (the reference only afterwards).
 */
import type * as z from 'zod';
import { isBinary, toBytes, toText } from '../core/bytes.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import { AoException, raise } from '../core/errors.ts';
import { float } from '../core/fields.ts';
import { isNumbered } from '../core/lists.ts';
import { isMessage, isPrivateKey, Message, message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { getPrivate, setPrivate } from '../core/private.ts';
import { atom, isList, type Value } from '../core/value.ts';
import { verify } from '../core/verify.ts';
import type { LuaFailure } from '../vm/lua/failure.ts';
import type { LuaOutcome } from '../vm/lua/machine.ts';
import type { LuaSnapshot } from '../vm/lua/snapshot.ts';
import { aoLibrary } from './lua/ao-library.ts';
import { failureOutcome } from './lua/failures.ts';
import { atDeadline, dryRunLimits, guestLimits, guestOptions, inTurn, untilDeadline } from './lua/guests.ts';
import { hostFunctions, type Live, type LuaMachines } from './lua/machines.ts';
import { modulesOf } from './lua/modules.ts';
import { invoke, limited, limitedRequire, messageTables } from './lua/newer.ts';
import { snapshotBody, snapshotFrom } from './lua/snapshots.ts';
import { withoutPrivate } from './lua/values.ts';
import { firstPlain, plain } from './plain.ts';

type LuaCall = Call<Message, z.infer<typeof guestOptions>, 'lua' | 'cache' | 'environment'>;

/** What `sandbox: true` takes away. */
const sandboxed: readonly (readonly string[])[] = [
  ['io'],
  ['file'],
  ['os', 'execute'],
  ['os', 'exit'],
  ['os', 'getenv'],
  ['os', 'remove'],
  ['os', 'rename'],
  ['os', 'tmpname'],
  ['package'],
  ['loadfile'],
  ['require'],
  ['dofile'],
  ['load'],
  ['loadstring'],
];

/** The same where `require` is limited instead. */
const sandboxedButRequire = sandboxed.filter(([name]) => !limited.has(name!));

export const lua = device({
  name: 'lua@5.3a',
  doc: 'Messages whose keys are Lua functions.',
  uses: ['lua', 'cache', 'environment'],
  options: guestOptions,
  inherits: ['keys', 'set', 'encode', 'decode', 'id', 'commitments', 'committers', 'path', 'remove', 'verify'],
  keys: {
    init: {
      doc: 'Loads the modules.',
      run: inPlace(async (call) => {
        // A message to a process must not put a new machine in the place of the one that holds its memory.
        if (isPinned(call) && current(call) !== undefined) return wrong('The modules are loaded already.');
        const live = await begin(call);
        return ok(withHandle(call.base, live, call.lua));
      }),
    },
    functions: {
      doc: 'Names of the global functions.',
      run: inPlace(async (call) => {
        const live = current(call);
        if (live === undefined) return fail('not-found', 'The modules are not loaded yet.', { value: 'not_found' });
        return ok(live.machine.functions());
      }),
    },
    snapshot: {
      doc: 'The state of the machine: `{body}`.',
      run: inPlace(async (call) => {
        const live = current(call) ?? (isPinned(call) ? missing(call) : undefined);
        if (live === undefined) return fail('not-found', 'There is no machine to save.', { status: 500 });
        // No garbage is collected first: a program could see that by its weak tables, and differ from one that was never saved.
        return ok(message({ body: snapshotBody(live.machine.snapshot()) }));
      }),
    },
    normalize: {
      doc: 'The base with its machine: rebuilt from `snapshot` if it isn’t there.',
      run: inPlace(async (call) => {
        if (current(call) !== undefined) return ok(call.base.without('snapshot'));
        const live = await fromSnapshot(call);
        if (live === undefined) {
          return fail('not-found', 'There is no snapshot of the Lua state.', {
            status: 500,
            value: 'no_lua_state_snapshot_found',
          });
        }
        return ok(withHandle(call.base.without('snapshot'), live, call.lua));
      }),
    },
  },
  async otherKeys(call) {
    if (isPrivateKey(call.key)) return notFound;
    if (call.base.has(call.key)) return ok(await call.ao.load(call.base.get(call.key)!));
    return inPlace(run)(call);
  },
});

/** Where strangers' programs run outside of processes, if not in this thread. */
export interface LuaWorkers {
  readonly count: number;
  /** Runs a key in a worker, for a stranger: in `home` if the base's machine is there. Gives where it ran. */
  call(
    base: Message,
    request: Message,
    home: number | undefined,
  ): Promise<{ readonly home: number; readonly outcome: Outcome }>;
}

declare module '../core/device.ts' {
  interface Capabilities {
    readonly luaWorkers: LuaWorkers;
  }
}

/**
 * Runs a key where it belongs. A stranger's program goes to a worker, if this node has some, so that it doesn't hold up the thread that
 * answers requests; what the operator set up (hooks) runs here, so that it doesn't wait for strangers.
 */
function inPlace(work: (call: LuaCall) => Promise<Outcome>): (call: LuaCall) => Promise<Outcome> {
  return (call) => {
    const { ao, lua, options, environment, signal } = call;
    const workers = ao.isGuest ? environment.capabilities.luaWorkers : undefined;
    return inTurn(ao, lua.turns, options, { elsewhere: workers?.count, signal }, async () => {
      if (workers !== undefined) return inWorker(call, workers);
      if (ao.isGuest) ao.setDeadline(performance.now() + options['lua-guest-time-limit']);
      return work(call);
    });
  };
}

async function inWorker({ ao, base, request, key }: LuaCall, workers: LuaWorkers): Promise<Outcome> {
  const before = getPrivate(base, 'lua-worker');
  const [sentBase, sentRequest] = [await ao.loadAll(base), await ao.loadAll(request.with('path', key))];
  const { home, outcome } = await workers.call(
    sentBase as Message,
    sentRequest as Message,
    typeof before === 'number' ? before : undefined,
  );
  const stays =
    outcome.status !== 'error' && isMessage(outcome.value) && getPrivate(outcome.value, 'lua-machine') !== undefined;
  return stays ? { status: outcome.status, value: setPrivate(outcome.value as Message, 'lua-worker', home) } : outcome;
}

// ---- a call -----------------------------------------------------------------------------------------------------------------

async function run(call: LuaCall): Promise<Outcome> {
  const { ao, base, request, key, environment, lua: machines } = call;
  const folding = getPrivate(base, 'lane') === true;
  const bodyValue = await plain(ao, request, 'body');
  const places = [...(isMessage(bodyValue) ? [bodyValue] : []), request, base];
  const setting = (key: string, from: readonly Message[]) =>
    firstPlain(
      ao,
      from.map((place) => [place, key] as const),
    );
  // In a process the body is whatever a stranger sent. It may choose among the program's own functions, as its `path` may, unless the
  // definition has chosen; it never chooses the arguments, or it could put any state in the place of the process's own.
  const name = text(folding ? await setting('function', [base, ...places]) : await setting('function', places)) ?? key;
  const given = await setting('parameters', folding ? [base] : places);
  if (isMessage(given) && given.size > 0 && !isNumbered(given)) {
    return wrong('The parameters of a function are a list.');
  }
  const live =
    current(call) ?? (folding ? missing(call) : undefined) ?? (await fromSnapshot(call)) ?? (await begin(call));
  if (folding && machines.library(live.machine.dialect).has(name)) {
    return wrong(`\`${name}\` is a function of the language, not of the program.`);
  }
  // A dry run leaves the lane's machine as it was, whatever comes of it, and its result has no machine.
  const dry = folding && getPrivate(base, 'inspecting') === true;
  const before = dry ? live.machine.snapshot() : folding ? undefined : machines.hold(live);
  // From here on the machine is this call's: others on the same message find its earlier state (see `find`).
  live.busy = true;
  try {
    const args: Value[] =
      given === undefined
        ? [
            await ao.loadAll(withoutPrivate(base).without('snapshot')),
            await ao.loadAll(withoutPrivate(request)),
            Message.empty,
          ]
        : ((await ao.loadAll(asList(given))) as Value[]);

    const outcome = await within(call, live, () => {
      const slot = request.get('slot');
      const process = getPrivate(base, 'lane-process');
      // A program that a slot calls outside of the process belongs to that slot.
      if (folding && !dry) {
        machines.entered(typeof process === 'string' ? process : undefined, typeof slot === 'number' ? slot : 0);
      }
      const asMessages = given !== undefined && environment.dialect.luaParameters === 'messages';
      return asMessages ? callWithMessages(live, name, args) : live.machine.call(name, args);
    });
    if (folding && !dry) machines.entered(undefined, 0);
    const result = outcome.ok
      ? returned(outcome.values, folding && !dry)
      : failureOutcome(outcome.failure, {
          called: name,
          guest: ao.isGuest,
          dry,
          was: live.machine.broken ? undefined : live.machine.get([name]),
        });
    const state = result.status !== 'error' && isMessage(result.value) ? result.value : undefined;
    if (state !== undefined && !dry) {
      live.version++;
      const held = folding ? state : await withoutBroken(call, state);
      const kept = withHandle(keepPrivate(base, held), live, machines);
      return result.status === 'error' || result.status === 'ok' ? ok(kept) : { status: result.status, value: kept };
    }
    asBefore(machines, live, before);
    return result;
  } catch (thrown) {
    asBefore(machines, live, before);
    throw thrown;
  } finally {
    live.busy = false;
  }
}

/** Nothing keeps the machine's new state: it is as it was before the call. A lane begins again from a snapshot. */
function asBefore(machines: LuaMachines, live: Live, before: LuaSnapshot | undefined): void {
  if (before === undefined) machines.drop(live);
  else live.machine.rollback(before);
}

/** The tables are made anew for every call: a machine that was restored may never have had them. */
async function callWithMessages({ machine }: Live, name: string, args: readonly Value[]): Promise<LuaOutcome> {
  const loaded = await machine.load('ao', messageTables);
  return loaded.ok ? machine.call(invoke, [name, ...args]) : loaded;
}

/** A program that changes a signed message gives an unsigned one: signatures that no longer hold go. */
async function withoutBroken({ environment }: LuaCall, state: Message): Promise<Message> {
  if (!state.has('commitments') || (await verify(state, environment))) return state;
  return state.without('commitments');
}

/** Runs Lua code with the `ao` library acting for this call. */
async function within(call: LuaCall, live: Live, work: () => LuaOutcome | Promise<LuaOutcome>): Promise<LuaOutcome> {
  const { ao, environment, lua: machines, options } = call;
  const functions = aoLibrary(await sandboxedAo(call), (group, event) => {
    environment.capabilities.events?.count(`lua/${group}`, typeof event === 'string' ? event : 'event');
  });
  const time = await timeOf(call);
  const { deadline } = ao;
  live.context = { functions: deadline === undefined ? functions : untilDeadline(functions, deadline), time };
  const limits = ao.isGuest ? guestLimits : dryRunLimits;
  machines.limit(live, deadline === undefined ? {} : limits(options, deadline));
  try {
    const outcome = await work();
    return deadline === undefined ? outcome : atDeadline(outcome, deadline);
  } finally {
    live.context = undefined;
  }
}

/** What `os.time` tells: when the message was scheduled, in seconds. A message without a time has none. */
async function timeOf({ ao, request }: LuaCall): Promise<number> {
  const timestamp = await plain(ao, request, 'timestamp');
  const milliseconds = timestamp === undefined ? undefined : float.read(timestamp);
  return milliseconds === undefined ? 0 : milliseconds / 1000;
}

/** AO-Core limited to the devices that `device-sandbox` lists. */
async function sandboxedAo({ ao, base }: LuaCall): Promise<Ao> {
  const listed = await plain(ao, base, 'device-sandbox');
  if (listed === undefined) return ao;
  return ao.limitedTo(new Set(['message@1.0', 'structured@1.0', ...asList(listed).map((item) => text(item) ?? '')]));
}

/**
 * What a function gave back (spec 04 §4.5 "Returns"). `inSlot`: a slot that misses something waits until it is there; what a
 * program says is missing is an error of its own.
 */
function returned(values: readonly (Value | undefined)[], inSlot: boolean): Outcome {
  if (values.length === 1) {
    const [value] = values;
    return ok(value ?? nil);
  }
  const [status, value] = values;
  if (values.length !== 2) return wrong(`The function returned ${values.length} values.`);
  if (typeof status !== 'string') return wrong('The status a function returns is text.');
  if (status === 'ok') return ok(value ?? nil);
  if (status === 'skip' || status === 'pass') {
    return isMessage(value)
      ? { status, value }
      : wrong(`A function that returns \`${status}\` returns a message with it.`);
  }
  if (
    status !== 'error' &&
    status !== 'failure' &&
    status !== 'not_found' &&
    status !== 'unauthorized' &&
    status !== 'forbidden'
  ) {
    return wrong(`\`${status}\` is no status.`);
  }
  const said = isMessage(value) ? value.get('body') : value;
  const sentence = text(said) ?? 'The program reports an error.';
  const asked = isMessage(value) ? value.get('status') : undefined;
  const missing = status === 'not_found' && inSlot;
  const code =
    status === 'failure'
      ? 'program-failed'
      : status === 'error' || missing
        ? 'program-error'
        : status === 'not_found'
          ? 'not-found'
          : status;
  const usual = status === 'failure' ? 500 : missing ? 404 : undefined;
  const shown = typeof asked === 'number' ? asked : usual;
  return fail(code, sentence, {
    ...(value === undefined ? {} : { value }),
    ...(shown === undefined ? {} : { status: shown }),
  });
}

const nil: Value = atom('nil');

function wrong(sentence: string): Outcome {
  const value = message({ status: 500, body: `Erlang error while running Lua: ${sentence}`, trace: sentence });
  return fail('program-failed', sentence, {
    status: 500,
    value,
    hint: 'Return one value, or a status (`ok`, `error`, …) and a value.',
  });
}

// ---- machines ---------------------------------------------------------------------------------------------------------------

/** The machine of the base, if its handle still leads to it. */
function current({ base, lua: machines }: LuaCall): Live | undefined {
  const handle = getPrivate(base, handlePath(base));
  return typeof handle === 'string' ? machines.find(handle) : undefined;
}

/** In a lane a handle that leads nowhere means that the machine was lost: the lane has to begin again from a snapshot. */
function missing({ base }: LuaCall): undefined {
  if (getPrivate(base, handlePath(base)) === undefined) return undefined;
  return raise('unavailable', 'The Lua machine of this process is no longer in memory.', 'Ask again.');
}

/** Machines of lanes are put away by their lanes. */
function isPinned({ base }: LuaCall): boolean {
  return getPrivate(base, 'lane') === true;
}

/** A device in a stack has its own machine. */
function handlePath(base: Message): string {
  const position = base.get('device-key');
  return `lua-machine/${position === undefined ? 'self' : (text(position) ?? 'self')}`;
}

function withHandle(state: Message, live: Live, machines: LuaMachines): Message {
  return setPrivate(state, handlePath(state), machines.handle(live));
}

/** The private data of the base, on the message that a program made of it. */
function keepPrivate(base: Message, result: Message): Message {
  const own = base.get('priv');
  const position = base.get('device-key');
  const kept = own === undefined ? result.without('priv') : result.with('priv', own);
  return position !== undefined && !kept.has('device-key') ? kept.with('device-key', position) : kept;
}

/** A machine from `snapshot`, or from the entry of this position in a stack. */
async function fromSnapshot(call: LuaCall): Promise<Live | undefined> {
  const { ao, base, lua: machines } = call;
  // An image is taken as it is: one that a stranger made could hold anything. Lanes read theirs from the store.
  if (!isPinned(call) && !ao.lendsKey) return undefined;
  const snapshot = await plain(ao, base, 'snapshot');
  if (!isMessage(snapshot)) return undefined;
  const position = base.get('device-key');
  const own = position === undefined ? undefined : await plain(ao, snapshot, text(position) ?? '');
  const body = await plain(ao, isMessage(own) ? own : snapshot, 'body');
  return isBinary(body) ? machines.restore(snapshotFrom(toBytes(body)), isPinned(call)) : undefined;
}

/** A fresh machine with the modules of the base loaded. Throws what stands in the way. */
async function begin(call: LuaCall): Promise<Live> {
  const { ao, base, cache, lua: machines } = call;
  const sources = await modulesOf(ao, cache, base);
  const dialect = text(await plain(ao, base, 'lua-dialect')) === 'standard' ? 'standard' : 'network';
  const live = machines.create(dialect, 0, isPinned(call));
  const paths = await sandboxPaths(call);
  for (const path of paths) live.machine.set(path, 'sandboxed');
  if (paths === sandboxedButRequire) await live.machine.load('ao', limitedRequire);
  for (const { name, code } of sources) {
    const outcome = await within(call, live, () => live.machine.load(name, code));
    if (outcome.ok) continue;
    machines.drop(live);
    throw loadFailed(outcome.failure, name, ao.isGuest);
  }
  // A module may have put back what it was not given; an `ao` table of its own keeps what else is in it.
  for (const path of paths) live.machine.set(path, 'sandboxed');
  live.machine.bind(['ao'], Object.fromEntries(hostFunctions.map((name) => [name.slice(3), name])));
  return live;
}

function loadFailed(failure: LuaFailure, name: string, guest: boolean): AoException {
  const outcome = failureOutcome(failure, { guest, loading: name });
  return new AoException((outcome as Extract<Outcome, { status: 'error' }>).error);
}

/** Globals that are replaced by the text `sandboxed`. */
async function sandboxPaths({ ao, base, environment }: LuaCall): Promise<readonly (readonly string[])[]> {
  const value = await plain(ao, base, 'sandbox');
  if (value === undefined || value === false || value === 'false') return [];
  if (value === true || value === 'true') {
    return environment.dialect.sandboxedRequire === 'limited' ? sandboxedButRequire : sandboxed;
  }
  const paths = asList((await ao.loadAll(value)) as Value).map((path) => asList(path).map((part) => text(part) ?? ''));
  return paths.filter((path) => path.length > 0);
}

function asList(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (!isMessage(value)) return [value];
  const keys = value
    .keys()
    .filter((key) => /^\d+$/.test(key))
    .toSorted((a, b) => Number(a) - Number(b));
  return keys.map((key) => value.get(key)!);
}

function text(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (isBinary(value)) return toText(value);
  return typeof value === 'number' ? String(value) : undefined;
}
