/**
 * The compiled Lua module and its WebAssembly interface. The module is compiled once per thread and instantiated once per machine.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What is used of the WebAssembly API: TypeScript only has its types with those of a browser. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Instance: new (module: WasmModule, imports: object) => { readonly exports: unknown };
  Module: { imports(module: WasmModule): { readonly module: string; readonly name: string }[] };
  /** JS-promise integration: an import that suspends the WebAssembly stack until its promise is kept. */
  readonly Suspending?: new (
    f: () => Promise<number>,
  ) => () => number;
  /** JS-promise integration: an export whose stack may be suspended. Runs at once and gives a promise of its result. */
  promising?<A extends readonly number[]>(f: (...args: A) => number): (...args: A) => Promise<number>;
};

/** A compiled module. */
export interface WasmModule {
  readonly '~module': never;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Exports of `native/lua/lua.wasm`; see `native/lua/bridge.c`. */
export interface LuaExports {
  readonly memory: WasmMemory;
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
  hb_running(): number;
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

export const moduleUrl = new URL('../../../native/lua/lua.wasm', import.meta.url);

/** The compiled module and the SHA-256 of its bytes: a memory image means something only to the module that made it. */
export async function compileModule(): Promise<{ readonly module: WasmModule; readonly version: string }> {
  const bytes = await readFile(moduleUrl);
  return { module: await WebAssembly.compile(bytes), version: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * An export whose stack a host function may suspend. Without JS-promise integration (before Node 25) it runs all the same; only a host
 * function that gives a promise fails then.
 */
export function suspendable<A extends readonly number[]>(f: (...args: A) => number): (...args: A) => Promise<number> {
  return WebAssembly.promising?.(f) ?? (async (...args: A) => f(...args));
}

/** Names of the imports, for the test that keeps the module away from the outside world. */
export function importNames(module: WasmModule): string[] {
  return WebAssembly.Module.imports(module).map((item) => `${item.module}.${item.name}`);
}

export function instantiate(module: WasmModule, imports: LuaImports): LuaExports {
  let tempRet0 = 0;
  const instance = new WebAssembly.Instance(module, {
    env: {
      ...imports,
      // Only this import suspends: calling a suspending import always does, even when its result is there already.
      host_wait:
        WebAssembly.Suspending === undefined
          ? () => {
              throw new Error('This version of Node cannot suspend Lua: host functions must not give promises.');
            }
          : new WebAssembly.Suspending(imports.host_wait),
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
  return instance.exports as LuaExports;
}
