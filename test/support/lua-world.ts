/** A process world whose processes are Lua programs. */
import { message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Value } from '../../src/core/value.ts';
import { LuaMachines, type LuaMachinesOptions } from '../../src/devices/lua/machines.ts';
import { lua } from '../../src/devices/lua.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type Entry, group, link, put, type Store } from '../../src/stores/store.ts';
import { type ProcessWorld, type ProcessWorldOptions, processWorld } from './process-world.ts';

export interface LuaWorld extends ProcessWorld {
  readonly machines: LuaMachines;
  /** Spawns a process with this code; gives its id. */
  program(code: string, extra?: Parameters<ProcessWorld['spawn']>[0]): Promise<string>;
}

export async function luaWorld(
  given: ProcessWorldOptions & { readonly machines?: LuaMachinesOptions } = {},
): Promise<LuaWorld> {
  const { machines: options, ...rest } = given;
  const machines = await LuaMachines.open(options);
  const world = processWorld({
    ...rest,
    devices: [lua, ...(given.devices ?? [])],
    capabilities: { lua: machines, ...given.capabilities },
  });
  return {
    ...world,
    machines,
    program: (code, extra = {}) =>
      world.spawn({
        'execution-device': 'lua@5.3a',
        module: message({ 'content-type': 'application/lua', body: code }),
        ...extra,
      }),
  };
}

/** A store with the messages and schedules of another, and nothing that was computed. */
export async function sameSchedule(store: Store, copy: Store = memoryStore()): Promise<Store> {
  const entries: Entry[] = [];
  for (const { path, kind, value } of await store.scan('')) {
    if (/^(computed|computed-at|snapshots|pages|outbox|pushing)\//.test(path)) continue;
    if (kind === 'value') entries.push(put(path, value));
    else entries.push(kind === 'group' ? group(path) : link(new TextDecoder().decode(value), path));
  }
  await copy.write(entries);
  return copy;
}

/** The value of an outcome that has to be ok. */
export function value(outcome: Outcome): Value {
  if (outcome.status === 'ok') return outcome.value;
  if (outcome.status !== 'error') throw new Error(`the outcome is ${outcome.status}`);
  const { code, message: sentence, cause } = outcome.error;
  throw new Error(`${code}: ${sentence} ${cause === undefined ? '' : String(cause)}`);
}

/** A counter: every message adds one to `count`, and to a number that only the machine knows. */
export const counter = `
hidden = 0
function compute(state, message)
  hidden = hidden + 1
  state.count = (state.count or 0) + 1
  state.hidden = hidden
  return state
end`;
