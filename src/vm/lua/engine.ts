/**
 * Lua machines of one thread: the module is compiled once, each machine is an instance of it.
 *
 *     const engine = await compileLua();
 *     const vm = engine.create({ functions: { 'ao.event': () => ({ values: ['ok'] }) } });
 *     vm.load('counter', 'N = 0 function add(by) N = N + by return N end');
 *     vm.call('add', [2]); // { ok: true, values: [2] }
 */
import { LuaMachine, type LuaOptions } from './machine.ts';
import { compileModule } from './module.ts';
import type { LuaSnapshot } from './snapshot.ts';

export interface LuaEngine {
  /** Which Lua module this is. Snapshots can only be restored by the version that made them. */
  readonly version: string;
  /** A fresh machine. The same options and calls always give the same memory, byte for byte. */
  create(options?: LuaOptions): LuaMachine;
  /** A machine in the state of a snapshot; its dialect is the snapshot's. */
  restore(snapshot: LuaSnapshot, options?: LuaOptions): LuaMachine;
}

export async function compileLua(): Promise<LuaEngine> {
  const { module, version } = await compileModule();
  return {
    version,
    create: (options = {}) => new LuaMachine(module, version, options),
    restore: (snapshot, options = {}) => new LuaMachine(module, version, options, snapshot),
  };
}
