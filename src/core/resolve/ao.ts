/** The toolbox of a device call: AO-Core itself, resolving with internal options in the context of that call ({@link Ao}). */
import { type Awaitable, andThen } from '../awaitable.ts';
import { commit } from '../commit.ts';
import { convert, type Format, type IdKind } from '../convert.ts';
import type { Ao } from '../device.ts';
import { raise } from '../errors.ts';
import { id } from '../ids.ts';
import { load, loadAll } from '../links.ts';
import { isMessage, type Message, normalizeKey } from '../message.ts';
import type { Outcome } from '../outcome.ts';
import { As, isList, NOT_FOUND, type Value } from '../value.ts';
import { signers } from '../verify.ts';
import type { Wallet } from '../wallet.ts';
import type { Execution } from './execution.ts';
import { expectOk, setAll } from './set.ts';

export class Toolbox implements Ao {
  readonly #context: Execution | (() => Execution);

  /** The context of the device call, or how to begin one: then every use of the toolbox is a request of its own. */
  constructor(context: Execution | (() => Execution)) {
    this.#context = context;
  }

  get #x(): Execution {
    return typeof this.#context === 'function' ? this.#context() : this.#context;
  }

  resolve(base: Value, request: Value): Awaitable<Outcome> {
    const x = this.#x;
    return x.resolver.guarded(x, base, request);
  }

  resolveMany(steps: readonly Value[]): Awaitable<Outcome> {
    const x = this.#x;
    return x.resolver.guardedMany(x, steps);
  }

  resolveRequest(request: Message | string): Awaitable<Outcome> {
    const x = this.#x;
    return x.resolver.guardedRequest(x, request);
  }

  raw(device: string, base: Message, request: Message): Awaitable<Outcome> {
    const x = this.#x;
    return x.resolver.guardedRaw(x, device, base, request);
  }

  get(base: Value, path: string): Awaitable<Value | undefined> {
    const dressed = base instanceof As && isMessage(base.value) ? base.value.with('device', base.device) : base;
    return andThen(this.resolve(dressed, path), (outcome) => {
      if (outcome.status === 'error') return undefined;
      return outcome.value === NOT_FOUND ? undefined : outcome.value;
    });
  }

  set(base: Message, changes: Message): Awaitable<Message> {
    return setAll(this.#x, base, changes);
  }

  keys(base: Value): Awaitable<readonly string[]> {
    return andThen(this.resolve(base, 'keys'), (outcome) => {
      const keys = expectOk(outcome);
      if (!isList(keys)) raise('bad-type', 'The keys are not a list.');
      return keys.map((key) => normalizeKey(key) ?? raise('bad-key', 'A key is not text.'));
    });
  }

  load(value: Value): Awaitable<Value> {
    return load(value, this.#x.env);
  }

  loadAll(value: Value): Awaitable<Value> {
    return loadAll(value, this.#x.env);
  }

  id(value: Value, which: IdKind = 'unsigned'): string {
    return id(value, which, this.#x.env);
  }

  signers(message: Message, covering?: readonly string[]): Awaitable<readonly string[]> {
    return signers(message, this.#x.env, covering);
  }

  convert(value: Value, target: Format, source?: Format): Awaitable<Value> {
    return convert(value, target, source, this.#x.env);
  }

  get process(): string | undefined {
    return this.#x.session.process;
  }

  get inProcess(): boolean {
    return this.#x.session.process !== undefined;
  }

  get lendsKey(): boolean {
    return this.#x.session.lendsKey;
  }

  get isGuest(): boolean {
    const { lendsKey, process } = this.#x.session;
    return !lendsKey && process === undefined;
  }

  get deadline(): number | undefined {
    return this.#x.session.deadline;
  }

  setDeadline(at: number): void {
    this.#x.session.deadline ??= at;
  }

  limitedTo(devices: ReadonlySet<string>): Ao {
    const x = this.#x;
    return new Toolbox(x.by(x.resolver.limitedTo(devices)));
  }

  commit(message: Message, request?: Message, wallet?: Wallet): Awaitable<Message> {
    // A signature is never the same twice, and needs a key.
    const x = this.#x;
    x.markImpure();
    return commit(message, x.env, request, wallet);
  }
}
