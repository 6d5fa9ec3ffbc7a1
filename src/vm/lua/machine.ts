/**
 * One Lua state: a WebAssembly instance whose linear memory is all there is to know about it.
 *
 * A machine runs one call at a time. A call is synchronous unless a host function returns a promise; then the WebAssembly stack is
 * suspended (JS-promise integration) and the call returns a promise too. All budgets but the wall time are deterministic: the same image
 * with the same call fails at the same instruction everywhere.
 *
 * After a failure the globals may hold half-done work. Whoever needs "all or nothing" takes a {@link LuaSnapshot} before and rolls back.
 */
import { type Awaitable, andThen, isPromise } from '../../core/awaitable.ts';
import { Message } from '../../core/message.ts';
import { atom, Float, isList, type Value } from '../../core/value.ts';
import { type LuaFailure, type LuaFailureCode, type LuaFrame, statusCodes } from './failure.ts';
import { instantiate, type LuaExports, suspendable, type WasmModule } from './module.ts';
import { type LuaSnapshot, readPages, writePages } from './snapshot.ts';
import { BadValue, type LuaValue, Reader, TooManyValues, Writer } from './wire.ts';

/** `network`: the dialect that processes of the network are written against (spec 04 appendix A). `standard`: plain Lua 5.3. */
export type Dialect = 'network' | 'standard';

export interface LuaLimits {
  /** Instructions of the virtual machine per call; library work counts in proportion. */
  readonly instructions: number;
  /** Bytes the program may hold at once. */
  readonly memoryBytes: number;
  /** Wall time per call, looked at every million instructions; 0: no limit. Not deterministic: a safety net only. */
  readonly timeMs: number;
  /** Stack slots: bounds the depth of recursion (a small function takes about 5). */
  readonly stackSlots: number;
  /** Bytes of one result, encoded. */
  readonly outputBytes: number;
  /** Values in one result, those inside of tables included. */
  readonly outputValues: number;
}

export const defaultLuaLimits: LuaLimits = {
  instructions: 10_000_000_000,
  memoryBytes: 256 * 1024 * 1024,
  timeMs: 0,
  stackSlots: 1_000_000,
  outputBytes: 64 * 1024 * 1024,
  outputValues: 1_000_000,
};

/** What a host function gives back: values, a Lua error with this value, or a failure that ends the whole call. */
export type LuaReply =
  | { readonly values: readonly LuaValue[] }
  | { readonly error: LuaValue }
  | { readonly crash: string };

/** A function of the host that Lua code can call. What it throws ends the call with `lua-crash` and the exception as its cause. */
export type LuaHostFunction = (args: readonly LuaValue[]) => Awaitable<LuaReply>;

export interface LuaOptions {
  readonly dialect?: Dialect;
  readonly limits?: Partial<LuaLimits>;
  /** Host functions by name. They appear in Lua with {@link LuaMachine.bind}. */
  readonly functions?: { readonly [name: string]: LuaHostFunction };
  /** Seconds since 1970 that `os.time()` tells. Default 0: a program has no clock unless it is given one. */
  readonly time?: () => number;
  /** Seeds `math.random`. */
  readonly seed?: number;
  /** What `print` and `io.write` write. */
  readonly print?: (text: string) => void;
  /** For tests: results may contain themselves; such a part reads as nil. */
  readonly cycles?: boolean;
}

export type LuaOutcome =
  | { readonly ok: true; readonly values: readonly LuaValue[] }
  | { readonly ok: false; readonly failure: LuaFailure };

/** A place in the globals: `['os', 'time']`. */
export type LuaPath = readonly string[];

export class LuaMachine {
  readonly dialect: Dialect;
  readonly #exports: LuaExports;
  readonly #functions: readonly LuaHostFunction[];
  readonly #names: readonly string[];
  readonly #options: LuaOptions;
  readonly #version: string;
  #limits: LuaLimits;
  readonly #writer = new Writer();
  readonly #call: (request: number) => Promise<number>;
  readonly #load: (name: number, nameSize: number, source: number, size: number) => Promise<number>;
  #busy = false;
  #broken = false;
  #deadline = 0;
  #memoryReader: Reader | undefined;
  #waiting: Promise<number> | undefined;
  #hostError: { error: unknown } | undefined;

  constructor(module: WasmModule, version: string, options: LuaOptions, snapshot?: LuaSnapshot) {
    this.#version = version;
    if (snapshot !== undefined) this.#check(snapshot);
    this.dialect = snapshot?.dialect ?? options.dialect ?? 'network';
    this.#options = options;
    this.#limits = { ...defaultLuaLimits, ...options.limits };
    const available = new Map(Object.entries(options.functions ?? {}));
    this.#names = snapshot?.functions ?? [...available.keys()].sort();
    this.#functions = this.#names.map((name) => available.get(name) ?? (() => ({ crash: `${name} is not available` })));
    const exports = instantiate(module, {
      host_call: (id, pointer) => {
        const reply = this.#hostCall(id, pointer);
        if (!isPromise(reply)) return reply;
        this.#waiting = reply;
        return 0;
      },
      host_wait: () => this.#wait(),
      host_print: (pointer, size) => {
        this.#options.print?.(this.#reader(0).bytes.toString('utf8', pointer, pointer + size));
      },
      host_time: () => this.#options.time?.() ?? 0,
      host_tick: () => (performance.now() > this.#deadline ? 1 : 0),
      host_digits: (value, pointer) => this.#reader(0).bytes.write(value.toExponential(), pointer, 'latin1'),
    });
    this.#exports = exports;
    this.#call = suspendable(exports.hb_call);
    this.#load = suspendable(exports.hb_load);
    if (snapshot === undefined) this.#create();
    else this.#write(snapshot);
    this.#applyLimits();
  }

  #create(): void {
    this.#exports._initialize();
    this.#applyLimits();
    if (this.#exports.hb_create(this.dialect === 'network' ? 1 : 0) !== 0) {
      throw new Error('The Lua machine could not start: too little memory.');
    }
    if (this.#options.seed !== undefined) this.#exports.hb_seed(this.#options.seed);
  }

  #applyLimits(): void {
    this.#exports.hb_memlimit(this.#limits.memoryBytes);
    this.#exports.hb_maxstack(this.#limits.stackSlots);
    this.#exports.hb_maxoutput(this.#limits.outputBytes);
    this.#exports.hb_cycles(this.#options.cycles ? 1 : 0);
  }

  /** Other limits from the next call on. */
  setLimits(limits: Partial<LuaLimits>): void {
    this.#ready();
    this.#limits = { ...this.#limits, ...limits };
    this.#applyLimits();
  }

  /** A trap left the memory in an unknown state: this machine can only be rolled back or thrown away. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Bytes the Lua heap holds. */
  get memoryBytes(): number {
    return this.#exports.hb_memory();
  }

  /** Bytes of the whole machine, free parts of its heap included. */
  get footprint(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Instructions that the last call used. */
  get instructions(): number {
    return this.#exports.hb_used();
  }

  /** Runs a chunk in the global environment. Its name appears in traces. The outcome holds what the chunk returned. */
  load(name: string, source: string | Uint8Array): Awaitable<LuaOutcome> {
    return this.loadAs(name, source, readValues);
  }

  /** Calls the function at this place in the globals. */
  call(path: LuaPath | string, args: readonly LuaValue[] = []): Awaitable<LuaOutcome> {
    return this.callAs(path, args, readValues);
  }

  /** Like {@link call}, with another way to read the results. */
  callAs<T>(
    path: LuaPath | string,
    args: readonly LuaValue[],
    read: (reader: Reader) => T,
  ): Awaitable<{ readonly ok: true; readonly values: T } | { readonly ok: false; readonly failure: LuaFailure }> {
    const writer = this.#writer.reset();
    writePath(writer, typeof path === 'string' ? [path] : path);
    writer.u32(args.length);
    for (const arg of args) writer.value(arg);
    return this.#run(typeof path === 'string' ? path : path.at(-1)!, read, () => {
      const pointer = this.#send(writer);
      return [pointer, this.#call(pointer)];
    });
  }

  /** {@link load} with another way to read the results. */
  loadAs<T>(
    name: string,
    source: string | Uint8Array,
    read: (reader: Reader) => T,
  ): Awaitable<{ readonly ok: true; readonly values: T } | { readonly ok: false; readonly failure: LuaFailure }> {
    const chunk = Buffer.from(`=${name}`);
    const code = typeof source === 'string' ? Buffer.from(source) : source;
    return this.#run('', read, () => {
      const pointer = this.#exports.hb_alloc(chunk.length + code.length + 1);
      const memory = this.#reader(0).bytes;
      memory.set(chunk, pointer);
      memory.set(code, pointer + chunk.length);
      return [pointer, this.#load(pointer, chunk.length, pointer + chunk.length, code.length)];
    });
  }

  /** The value at this place in the globals; `undefined` for nil, functions and what no message can have. No metamethod runs. */
  get(path: LuaPath): LuaValue {
    const writer = this.#writer.reset();
    writePath(writer, path);
    try {
      return this.#quick(writer, (pointer) => this.#exports.hb_get(pointer))[0];
    } catch (error) {
      if (error instanceof BadValue) return undefined;
      throw error;
    }
  }

  /** Puts a value (`undefined`: nil) there. Does nothing when its table does not exist, unless `create`. No metamethod runs. */
  set(path: LuaPath, value: LuaValue, create = false): void {
    const writer = this.#writer.reset();
    writePath(writer, path);
    writer.value(value);
    this.#quick(writer, (pointer) => this.#exports.hb_set(pointer, create ? 1 : 0));
  }

  /** Puts host functions into the table at this place, keeping what else is in it: `bind(['ao'], { resolve: 'ao.resolve' })`. */
  bind(path: LuaPath, functions: { readonly [field: string]: string }): void {
    const writer = this.#writer.reset();
    writePath(writer, path);
    const entries = Object.entries(functions);
    writer.u32(entries.length);
    for (const [field, name] of entries) {
      const id = this.#names.indexOf(name);
      if (id < 0) throw new TypeError(`There is no host function ${name}.`);
      writer.text(field);
      writer.integer(id);
    }
    this.#quick(writer, (pointer) => this.#exports.hb_bind(pointer));
  }

  /** Names of the global functions, library functions included, sorted. */
  functions(): string[] {
    const list = this.#quick(undefined, () => this.#exports.hb_functions())[0];
    return Array.isArray(list) ? (list as string[]).sort() : [];
  }

  /** Collects all garbage: makes the next snapshot smaller. */
  collect(): void {
    this.#ready();
    this.#exports.hb_collect();
  }

  /** The state now. Pages that are the same as in `previous` are the same objects. */
  snapshot(previous?: LuaSnapshot): LuaSnapshot {
    this.#ready();
    return {
      version: this.#version,
      dialect: this.dialect,
      functions: this.#names,
      pages: readPages(this.#exports.memory.buffer, previous?.pages),
    };
  }

  /** Back to a snapshot of this machine. */
  rollback(snapshot: LuaSnapshot): void {
    if (this.#busy) throw new Error('The Lua machine is running.');
    this.#check(snapshot);
    this.#broken = false;
    this.#write(snapshot);
    this.#applyLimits();
  }

  #check(snapshot: LuaSnapshot): void {
    if (snapshot.version !== this.#version) {
      throw new Error('This snapshot was made by another build of the Lua machine: recompute instead.');
    }
  }

  #write(snapshot: LuaSnapshot): void {
    const memory = this.#exports.memory;
    const need = snapshot.pages.length * (snapshot.pages[0]?.length ?? 0) - memory.buffer.byteLength;
    if (need > 0) memory.grow(Math.ceil(need / 65536));
    writePages(memory.buffer, snapshot.pages);
  }

  #ready(): void {
    if (this.#busy) throw new Error('The Lua machine is running.');
    if (this.#broken) throw new Error('The Lua machine is broken by a trap: roll it back.');
  }

  #send(writer: Writer): number {
    const pointer = this.#exports.hb_alloc(writer.length);
    this.#reader(0).bytes.set(writer.bytes.subarray(0, writer.length), pointer);
    return pointer;
  }

  /** A reader of the memory at `pointer`; the one object is reused until the memory grows. */
  #reader(pointer: number): Reader {
    const { buffer } = this.#exports.memory;
    let reader = this.#memoryReader;
    if (reader === undefined || reader.bytes.buffer !== buffer) reader = this.#memoryReader = new Reader(buffer, 0);
    reader.at = pointer;
    reader.allowance = Number.POSITIVE_INFINITY;
    return reader;
  }

  /** A request that runs no Lua code. */
  #quick(writer: Writer | undefined, request: (pointer: number) => number): readonly LuaValue[] {
    this.#ready();
    const pointer = writer === undefined ? 0 : this.#send(writer);
    this.#exports.hb_budget(1_000_000_000, 0);
    const status = request(pointer);
    if (pointer !== 0) this.#exports.hb_free(pointer);
    if (status !== 0) throw new Error(`Lua: ${this.#failure().message}`);
    return readValues(this.#reader(this.#exports.hb_out() + 1));
  }

  #run<T>(
    name: string,
    read: (reader: Reader) => T,
    start: () => [pointer: number, running: Promise<number>],
  ): Awaitable<{ readonly ok: true; readonly values: T } | { readonly ok: false; readonly failure: LuaFailure }> {
    this.#ready();
    const { instructions, timeMs } = this.#limits;
    if (timeMs > 0) this.#deadline = performance.now() + timeMs;
    this.#exports.hb_budget(instructions, timeMs > 0 ? 1 : 0);
    this.#hostError = undefined;
    this.#busy = true;
    const [pointer, running] = start();
    // `promising` runs the call at once and always gives a promise. When nothing suspended, the call is over by now, and its answer can
    // be read without waiting for the promise.
    if (this.#exports.hb_running() === 0) {
      running.catch(() => {});
      return this.#finish(pointer, name, read);
    }
    return running.then(
      () => this.#finish(pointer, name, read),
      (error: unknown) => this.#trapped(error),
    );
  }

  #finish<T>(
    pointer: number,
    name: string,
    read: (reader: Reader) => T,
  ): { readonly ok: true; readonly values: T } | { readonly ok: false; readonly failure: LuaFailure } {
    this.#busy = false;
    this.#exports.hb_free(pointer);
    const reader = this.#reader(this.#exports.hb_out());
    if (reader.u8() !== 0) return { ok: false, failure: this.#failure(name) };
    reader.allowance = this.#limits.outputValues;
    try {
      return { ok: true, values: read(reader) };
    } catch (error) {
      if (error instanceof TooManyValues) {
        return { ok: false, failure: simpleFailure('lua-output-limit', 'output', 'output limit reached') };
      }
      if (!(error instanceof BadValue)) throw error;
      return { ok: false, failure: simpleFailure('lua-crash', 'badarg', error.message) };
    }
  }

  #trapped(error: unknown): { readonly ok: false; readonly failure: LuaFailure } {
    this.#busy = false;
    this.#broken = true;
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, failure: { ...simpleFailure('lua-trap', 'trap', message), cause: error } };
  }

  /** What the output buffer says. `called`: the name of the function that the host called, which Lua itself doesn't know. */
  #failure(called = ''): LuaFailure {
    const reader = this.#reader(this.#exports.hb_out());
    const code = statusCodes[reader.u8()] ?? 'lua-error';
    const kind = reader.utf8();
    const message = reader.utf8();
    let value: Value | undefined;
    const start = reader.at;
    reader.allowance = this.#limits.outputValues;
    try {
      value = reader.value();
    } catch (error) {
      if (!(error instanceof BadValue || error instanceof TooManyValues)) throw error;
      reader.at = start;
      skip(reader);
    }
    reader.allowance = Number.POSITIVE_INFINITY;
    const frames: LuaFrame[] = [];
    for (let count = reader.u32(); count > 0; count--) {
      const name = reader.utf8();
      const native = reader.utf8() === 'C';
      const chunk = reader.utf8();
      const line = reader.i32();
      const args: LuaValue[] = [];
      for (let i = reader.u32(); i > 0; i--) args.push(readArgument(reader));
      frames.push({ name, chunk, line: line > 0 ? line : undefined, native, args });
    }
    const innermost = frames[0];
    if (innermost?.native === true && innermost.name === 'error' && kind === 'error') {
      frames[0] = { ...innermost, args: [value instanceof Message || isList(value) ? atom('table') : value] };
    }
    const outermost = frames.at(-1);
    if (outermost?.name === '') frames[frames.length - 1] = { ...outermost, name: called };
    const failure = { code, kind, message, value, frames };
    return this.#hostError === undefined ? failure : { ...failure, cause: this.#hostError.error };
  }

  /** The time a host function takes is not the program's. */
  async #wait(): Promise<number> {
    const start = performance.now();
    const reply = await this.#waiting!;
    this.#waiting = undefined;
    this.#deadline += performance.now() - start;
    return reply;
  }

  #hostCall(id: number, pointer: number): Awaitable<number> {
    let reply: Awaitable<LuaReply>;
    try {
      const reader = this.#reader(pointer);
      reader.allowance = this.#limits.outputValues;
      reply = this.#functions[id]!(readValues(reader));
    } catch (error) {
      return this.#reply(this.#hostFailure(error));
    }
    if (!isPromise(reply)) return this.#reply(reply);
    return andThen(
      reply.catch((error: unknown) => this.#hostFailure(error)),
      (given) => this.#reply(given),
    );
  }

  #hostFailure(error: unknown): LuaReply {
    if (error instanceof BadValue) return { crash: 'badarg' };
    if (error instanceof TooManyValues) return { crash: 'output limit reached' };
    this.#hostError = { error };
    return { crash: error instanceof Error ? error.message : String(error) };
  }

  #reply(reply: LuaReply): number {
    const writer = new Writer();
    try {
      if ('values' in reply) {
        writer.u8(0);
        writer.u32(reply.values.length);
        for (const value of reply.values) writer.value(value);
      } else {
        writer.u8('error' in reply ? 1 : 2);
        writer.u32(1);
        if ('error' in reply) writer.value(reply.error);
        else writer.text(reply.crash);
      }
    } catch (error) {
      // Thrown into the machine it would be a trap.
      return this.#reply(this.#hostFailure(error));
    }
    return this.#send(writer);
  }
}

function simpleFailure(code: LuaFailureCode, kind: string, message: string): LuaFailure {
  return { code, kind, message, value: undefined, frames: [] };
}

function writePath(writer: Writer, path: LuaPath): void {
  if (path.length === 0) throw new TypeError('A path in the globals needs at least one name.');
  writer.u32(path.length);
  for (const name of path) writer.text(name);
}

function readValues(reader: Reader): readonly LuaValue[] {
  const values: LuaValue[] = [];
  for (let count = reader.u32(); count > 0; count--) values.push(reader.value());
  return values;
}

/** An argument in a trace. */
function readArgument(reader: Reader): LuaValue {
  switch (reader.bytes[reader.at]) {
    case 5: {
      reader.at++;
      const value = reader.f64();
      // The words of Lua; an error that happened has to be told.
      return Number.isFinite(value) ? new Float(value) : atom(String(value).toLowerCase().replace('infinity', 'inf'));
    }
    case 8:
      reader.at++;
      return atom(reader.utf8());
    default:
      return reader.value();
  }
}

/** Passes over a value without making anything of it. */
function skip(reader: Reader): void {
  switch (reader.u8()) {
    case 3:
    case 5:
      reader.at += 8;
      break;
    case 4:
      reader.big();
      break;
    case 6:
    case 8:
      reader.utf8();
      break;
    case 7: {
      const items = reader.u32();
      const count = items + 2 * reader.u32();
      for (let i = 0; i < count; i++) skip(reader);
      break;
    }
  }
}
