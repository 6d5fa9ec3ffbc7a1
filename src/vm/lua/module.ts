/**
 * The compiled Lua module and its WebAssembly interface. The module is compiled once per thread and instantiated once per machine.
 */
import { readFile } from 'node:fs/promises';

/** Exports of `native/lua/lua.wasm`; see `native/lua/bridge.c`. */
export interface LuaExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  hb_alloc(size: number): number;
  hb_free(pointer: number): void;
  hb_memory(): number;
  hb_memlimit(bytes: number): void;
  hb_maxstack(slots: number): void;
  hb_budget(instructions: number, tick: number): void;
  hb_used(): number;
  hb_seed(seed: number): void;
  hb_out(): number;
  hb_outsize(): number;
  hb_maxoutput(bytes: number): void;
  hb_cycles(allow: number): void;
  hb_create(network: number): number;
  hb_load(name: number, nameSize: number, source: number, size: number): number;
  hb_call(request: number): number;
  hb_set(request: number, create: number): number;
  hb_get(request: number): number;
  hb_bind(request: number): number;
  hb_functions(): number;
  hb_collect(): void;
}

/** What the module asks of its host: nothing but pure functions, the host's own functions, and the time it chooses to tell. */
export interface LuaImports {
  /** Calls a host function. 0: it gave a promise, then {@link host_wait} is called at once. */
  host_call(id: number, pointer: number, size: number): number;
  host_wait(): Promise<number>;
  host_print(pointer: number, size: number): void;
  host_time(): number;
  host_tick(): number;
  host_digits(value: number, pointer: number): number;
}

/** JS-promise integration: types are not in TypeScript's library yet. */
interface PromiseIntegration {
  Suspending: new (f: (...args: never[]) => unknown) => (...args: never[]) => number;
  promising<A extends readonly number[]>(f: (...args: A) => number): (...args: A) => Promise<number>;
}

export const jspi: PromiseIntegration = WebAssembly as unknown as PromiseIntegration;

export const moduleUrl = new URL('../../../native/lua/lua.wasm', import.meta.url);

export async function compileModule(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(moduleUrl));
}

export function instantiate(module: WebAssembly.Module, imports: LuaImports): LuaExports {
  let tempRet0 = 0;
  const instance = new WebAssembly.Instance(module, {
    env: {
      ...imports,
      // Only this import suspends: calling a suspending import always does, even when its result is there already.
      host_wait: new jspi.Suspending(imports.host_wait) as never,
      getTempRet0: () => tempRet0,
      setTempRet0: (value: number) => {
        tempRet0 = value;
      },
      emscripten_notify_memory_growth: () => {},
    },
    wasi_snapshot_preview1: {
      proc_exit: () => {
        throw new Error('The Lua machine wanted to exit.');
      },
    },
  });
  return instance.exports as unknown as LuaExports;
}
