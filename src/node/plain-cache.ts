/** A message cache in one map, for tests and for the library without a store. Children are kept apart and come back as links. */

import { isBinary, isId, sameBytes } from '../core/bytes.ts';
import type { Cache } from '../core/cache.ts';
import { commitmentsOf } from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { raise } from '../core/errors.ts';
import { id, sumOfIds } from '../core/ids.ts';
import { isMessage, isPrivateKey, type Message, messageFrom } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';

export class PlainCache implements Cache {
  readonly #values = new Map<string, Value>();
  readonly #links = new Map<string, string>();
  readonly #results = new Map<string, Value>();
  #env: Environment | undefined;

  /** The environment it computes ids with: the one it is part of. */
  attach(env: Environment): void {
    this.#env = env;
  }

  read(path: string): Value | undefined {
    const target = this.#links.get(path) ?? path;
    const found = this.#values.get(target);
    if (found !== undefined) return found;
    const slash = target.indexOf('/');
    const parent = slash > 0 ? this.read(target.slice(0, slash)) : undefined;
    const child = isMessage(parent) ? parent.get(target.slice(slash + 1)) : undefined;
    return child instanceof Link ? this.read(child.ref) : child;
  }

  write(value: Value): string {
    const env = this.#env ?? raise('internal', 'The cache belongs to no environment.');
    if (isBinary(value)) {
      const path = `data/${id(value, 'unsigned', env)}`;
      this.#values.set(path, value);
      return path;
    }
    if (!isMessage(value) && !isList(value)) raise('bad-type', 'Only messages, lists and byte strings are stored.');
    const stored = isList(value) ? value.map((item) => this.#child(item, env)) : this.#message(value, env);
    const path = id(isMessage(value) ? value.without('commitments') : value, 'unsigned', env);
    this.#values.set(path, stored);
    const ids = isMessage(value) ? commitmentsOf(value).map(([one]) => one) : [];
    for (const one of ids) this.#values.set(one, stored);
    if (ids.length > 1) this.#values.set(sumOfIds(ids), stored);
    if (isMessage(value)) this.#values.set(id(value, 'signed', env), stored);
    return path;
  }

  #message(message: Message, env: Environment): Message {
    const entries: [string, Value][] = [];
    for (const [key, child] of message.entries()) {
      if (!isPrivateKey(key)) entries.push([key, key === 'commitments' ? child : this.#child(child, env)]);
    }
    return messageFrom(entries);
  }

  #child(value: Value, env: Environment): Value {
    if (!isMessage(value) && !isList(value)) return value;
    this.write(value);
    return new Link(id(value, 'signed', env));
  }

  link(existing: string, name: string): void {
    this.#links.set(name, existing);
  }

  readResult(base: string, request: string): Value | undefined {
    return this.#results.get(`${base}/${request}`);
  }

  writeResult(base: string, request: string, result: Value): void {
    this.#results.set(`${base}/${request}`, result);
  }

  list(path: string): readonly string[] {
    const found = this.read(path);
    return isMessage(found) ? found.keys() : [];
  }

  match(template: Message): readonly string[] {
    const out: string[] = [];
    for (const [path, value] of this.#values) {
      if (isId(path) && isMessage(value) && hasAll(value, template)) out.push(path);
    }
    return out;
  }
}

function hasAll(message: Message, template: Message): boolean {
  for (const [key, wanted] of template.entries()) {
    const value = message.get(key);
    const same =
      value !== undefined && (isBinary(value) && isBinary(wanted) ? sameBytes(value, wanted) : equal(value, wanted));
    if (!same) return false;
  }
  return true;
}
