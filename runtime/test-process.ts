/**
 * A process for tests of the runtime: the built module on a real Lua machine, with the assignments that a scheduler would issue. Nothing
 * between them: the devices have their own tests.
 */
import { readFileSync } from 'node:fs';
import { isMessage, Message } from '../src/core/message.ts';
import type { Value } from '../src/core/value.ts';
import { compileLua, type LuaEngine } from '../src/vm/lua/engine.ts';
import type { Dialect, LuaMachine } from '../src/vm/lua/machine.ts';
import { fromNotation, type Json, toNotation } from '../test/support/notation.ts';
import { runtimeFile } from './build.ts';

export const dialects: readonly Dialect[] = ['network', 'standard'];

/** Keys of a message to deliver. */
export interface Deliver {
  readonly [key: string]: Json;
}

export interface Sender {
  readonly signer: string;
  /** Keys that the signature covers; all of them unless given. */
  readonly committed?: readonly string[];
}

export interface Results {
  readonly info: string;
  readonly output: { readonly data: string; readonly prompt: string; readonly print?: boolean };
  readonly outbox: { readonly [key: string]: Json };
  readonly raw: {
    readonly Output: Json;
    readonly Messages?: Json;
    readonly Spawns?: Json;
    readonly Assignments?: Json;
    readonly Error?: string;
  };
  readonly error?: string;
}

export interface StartOptions {
  readonly dialect: Dialect;
  readonly owner: string;
  readonly definition: Readonly<Record<string, string>>;
}

const source = readFileSync(runtimeFile, 'utf8');
let engine: Promise<LuaEngine> | undefined;

export class TestProcess {
  readonly id = 'process-id';
  readonly #engine: LuaEngine;
  readonly #owner: string;
  readonly #definition: Deliver;
  #machine: LuaMachine | undefined;
  #base: Message;
  #slot = 0;

  private constructor(engine: LuaEngine, machine: LuaMachine, owner: string, definition: Deliver) {
    this.#engine = engine;
    this.#machine = machine;
    this.#owner = owner;
    this.#definition = definition;
    this.#base = fromNotation({ ...definition, device: 'process@1.0', process: this.#signedDefinition() }) as Message;
  }

  /** A process whose definition was never delivered: the first message is slot 0. */
  static async start({ dialect, owner, definition }: StartOptions): Promise<TestProcess> {
    engine ??= compileLua();
    const machine = (await engine).create({ dialect });
    const loaded = await machine.load('runtime', source);
    if (!loaded.ok) throw new Error(`${loaded.failure.message} ${JSON.stringify(loaded.failure.frames)}`);
    const stack = definition['device-stack']?.split(',');
    return new TestProcess(await engine, machine, owner, {
      type: 'Process',
      device: 'process@1.0',
      ...definition,
      ...(stack && { 'device-stack': stack }),
    });
  }

  get machine(): LuaMachine {
    if (this.#machine === undefined) throw new Error('This process is closed.');
    return this.#machine;
  }

  /** Lets go of the machine's memory. */
  close(): void {
    this.#machine = undefined;
  }

  #signedDefinition(): Json {
    const commitment = { type: 'rsa-pss-sha512', committer: this.#owner, committed: Object.keys(this.#definition) };
    return { ...this.#definition, commitments: { [this.id]: commitment } };
  }

  /** Schedules a signed message and computes its slot. */
  deliver(message: Deliver, { signer, committed }: Sender): Promise<Results> {
    const commitment = { type: 'rsa-pss-sha512', committer: signer, committed: committed ?? Object.keys(message) };
    const content = { type: 'hmac-sha256', committed: Object.keys(message) };
    const id = `message-${this.#slot}`;
    return this.#compute({ ...message, commitments: { [id]: commitment, 'content-id': content } });
  }

  eval(code: string, { signer }: Sender = { signer: this.#owner }): Promise<Results> {
    return this.deliver({ action: 'Eval', type: 'Message', target: this.id, data: code }, { signer });
  }

  /** Delivers the definition itself, as a normal spawn does. */
  boot(): Promise<Results> {
    return this.#compute(this.#signedDefinition());
  }

  async #compute(body: Json): Promise<Results> {
    const slot = this.#slot++;
    const assignment = {
      type: 'assignment',
      process: this.id,
      path: 'compute',
      slot,
      epoch: '0',
      timestamp: 1_700_000_000_000 + slot,
      'block-height': 100 + slot,
      'hash-chain': `chain-${slot}`,
      body,
    };
    this.#base = await this.#call(this.#base, assignment);
    return this.#results(this.#base);
  }

  /** A message asked of the current state; the state stays as it is. */
  async dryRun(message: Deliver): Promise<Results> {
    const before = this.machine.snapshot();
    const state = await this.#call(this.#base, message);
    this.machine.rollback(before);
    return this.#results(state);
  }

  async #call(base: Message, request: Json): Promise<Message> {
    const outcome = await this.machine.call('compute', [base, fromNotation(request), Message.empty]);
    if (!outcome.ok) {
      throw new Error(`${outcome.failure.code}: ${outcome.failure.message} ${JSON.stringify(outcome.failure.frames)}`);
    }
    const [state] = outcome.values;
    if (outcome.values.length !== 1 || !isMessage(state as Value)) throw new Error('compute gave no state');
    return state as Message;
  }

  #results(state: Message): Results {
    const results = toNotation(state.get('results')!) as unknown as Results;
    // Keys "1" to "n" come out of Lua as a list, as everywhere in AO-Core.
    if (!Array.isArray(results.outbox)) return results;
    return { ...results, outbox: Object.fromEntries(results.outbox.map((entry: Json, i) => [String(i + 1), entry])) };
  }

  /** A key of the state. */
  state(key: string): Json | undefined {
    const value = this.#base.get(key);
    return value === undefined ? undefined : toNotation(value);
  }

  /** Bytes that the program holds, garbage left out. */
  memory(): number {
    this.machine.collect();
    return this.machine.memoryBytes;
  }

  /** Goes on in a new machine made from a snapshot of this one. */
  restore(): void {
    this.#machine = this.#engine.restore(this.machine.snapshot());
  }
}
