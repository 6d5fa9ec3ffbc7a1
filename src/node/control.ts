/**
 * The node message while the node runs: what `meta@1.0` reads and changes. A change makes a new environment and resolver for all requests
 * that start from then on; those under way finish with what they began with.
 */

import type { Environment } from '../core/environment.ts';
import { AoError, AoException } from '../core/errors.ts';
import { isPrivateKey, type Message, messageFrom } from '../core/message.ts';
import { Resolver } from '../core/resolver.ts';
import type { Value } from '../core/value.ts';
import type { BuildInfo, NodeControl } from '../devices/meta/node-control.ts';
import { checkOption, toAo } from './config.ts';
import { declarations } from './options.ts';

export class RunningNode implements NodeControl {
  readonly build: BuildInfo;
  #resolver: Resolver | undefined;
  #options: Message;
  #history: readonly Message[] = [];

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

  history(): readonly Message[] {
    return this.#history;
  }

  change(changes: Message): void {
    const known = declarations();
    const checked: [string, Value][] = [];
    for (const [name, value] of changes.entries()) {
      const declared = known.get(name);
      if (declared === undefined) {
        checked.push([name, value]);
        continue;
      }
      const result = checkOption(declared, value);
      if (!result.success) {
        const why = result.error.issues.map((issue) => issue.message).join('; ');
        throw new AoException(new AoError('bad-type', `\`${name}\`: ${why}.`, { hint: declared.doc }));
      }
      checked.push([name, toAo(result.data) ?? value]);
    }
    this.#history = [...this.#history, changes.filter((key) => !isPrivateKey(key))];
    this.#install(messageFrom(checked));
  }

  adopt(found: Message): void {
    this.#install(found);
  }

  #install(changes: Message): void {
    this.#options = this.#options.withAll(changes.entries());
    const before = this.resolver;
    this.#resolver = new Resolver({ ...before.env, options: this.#options }, before);
  }
}
