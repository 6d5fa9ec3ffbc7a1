/**
 * The node message while the node runs: what `meta@1.0` reads and changes. A change makes a new environment and resolver for all requests
 * that start from then on; those under way finish with what they began with.
 */

import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { raise } from '../core/errors.ts';
import { isPrivateKey, type Message } from '../core/message.ts';
import { Resolver } from '../core/resolver.ts';
import type { Value } from '../core/value.ts';
import type { BuildInfo, NodeControl } from '../devices/meta/node-control.ts';
import { canonicalName } from './config.ts';
import { checkOption, complaintOf, toAo } from './option-value.ts';
import { declarations } from './options.ts';

/** The history is part of the node message; on an unclaimed node everybody can add to it. */
const maxChanges = 1_000;

export class RunningNode implements NodeControl {
  readonly build: BuildInfo;
  #resolver: Resolver | undefined;
  #options: Message;
  #history: readonly Message[] = [];
  readonly #declared = declarations();
  #listener: ((options: Message) => void) | undefined;

  constructor(options: Message, build: BuildInfo) {
    this.#options = options;
    this.build = build;
  }

  /** Completes the node with its first environment. */
  begin(env: Environment): void {
    this.#resolver = new Resolver(env);
  }

  get resolver(): Resolver {
    if (this.#resolver === undefined) throw new Error('the node has not begun yet');
    return this.#resolver;
  }

  options(): Message {
    return this.#options;
  }

  /** Calls back with the node message whenever it changed. */
  onChange(listener: (options: Message) => void): void {
    this.#listener = listener;
  }

  declares(name: string): boolean {
    return this.#declared.has(name);
  }

  history(): readonly Message[] {
    return this.#history;
  }

  change(changes: Message): void {
    if (this.#history.length >= maxChanges) {
      raise('limit-exceeded', `This node was changed ${maxChanges} times since it started.`, 'Start it anew.');
    }
    const checked: [string, Value][] = [];
    const fixed: string[] = [];
    for (const [key, value] of changes.entries()) {
      const name = canonicalName(key);
      const declared = this.#declared.get(name);
      if (declared === undefined) {
        checked.push([key, value]);
        continue;
      }
      const result = checkOption(declared, value);
      if (!result.success) {
        raise('bad-type', `\`${name}\`: ${complaintOf(result)}.`, declared.doc);
      }
      const typed = toAo(result.data) ?? value;
      const before = this.#options.get(name);
      if (!declared.live && (before === undefined || !equal(before, typed))) fixed.push(name);
      checked.push([name, typed]);
    }
    if (fixed.length > 0) {
      raise(
        'bad-request',
        `Read only when a node starts, and not changed now: ${fixed.join(', ')}.`,
        'Set them in the configuration file and start the node anew. Nothing of this change was applied.',
      );
    }
    this.#history = [...this.#history, changes.filter((key) => !isPrivateKey(key))];
    this.#install(checked);
  }

  adopt(found: Message): void {
    this.#install(found.entries());
  }

  /** {@link adopt}, from values in code. */
  found(values: { readonly [name: string]: Value }): void {
    this.#install(Object.entries(values));
  }

  #install(changes: Iterable<readonly [string, Value]>): void {
    this.#options = this.#options.withAll(changes);
    this.#listener?.(this.#options);
    const before = this.#resolver;
    if (before === undefined) return;
    this.#resolver = new Resolver({ ...before.env, options: this.#options }, before);
  }
}
