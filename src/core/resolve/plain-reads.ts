/**
 * The commonest case without any context: reading data of messages that name no device. It allocates nothing but its outcome (and, for a
 * message, a copy that remembers where it came from), and is tried before everything else.
 */
import { type Device, foldKey } from '../device.ts';
import type { Environment } from '../environment.ts';
import { stepOrigin } from '../hashpath.ts';
import { Message } from '../message.ts';
import { notFound, type Outcome, ok } from '../outcome.ts';
import type { PathPart } from '../paths.ts';
import { As, Link, Sequence } from '../value.ts';
import { readKey } from './read.ts';

export class PlainReader {
  readonly #env: Environment;
  readonly #functions: Device['keys'];

  /** `messages` is `message@1.0`: what it answers by a function is no data. */
  constructor(env: Environment, messages: Device) {
    this.#env = env;
    this.#functions = messages.keys;
  }

  /** The outcome of one key; `undefined` if it takes more than a look into the message. */
  key(base: Message, key: string, remember: boolean): Outcome | undefined {
    if (base.has('device') || this.#functions.has(foldKey(key))) return undefined;
    const value = readKey(base, key);
    if (value === undefined) return notFound;
    if (typeof value !== 'object') return ok(value);
    if (value instanceof Message) return ok(remember ? value.withOrigin(stepOrigin(base, key, this.#env)) : value);
    return value instanceof Link || value instanceof Sequence || value instanceof As ? undefined : ok(value);
  }

  /** The outcome of a path, every part of which has to be such a key. */
  path(base: Message, parts: readonly PathPart[], remember: boolean): Outcome | undefined {
    let at = base;
    for (let i = 0; ; i++) {
      const outcome = this.key(at, parts[i] as string, remember);
      if (outcome === undefined || outcome.status !== 'ok' || i === parts.length - 1) return outcome;
      if (!(outcome.value instanceof Message)) return undefined;
      at = outcome.value;
    }
  }
}
