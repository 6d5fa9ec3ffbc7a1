/** A node's settings in memory, for tests of devices that read and change them. */
import { type Input, type Message, message } from '../../src/core/message.ts';
import { withoutPrivate } from '../../src/core/private.ts';
import type { NodeControl } from '../../src/devices/meta/node-control.ts';

export function testNode(options: { readonly [name: string]: Input } = {}): NodeControl {
  let current = message(options);
  const history: Message[] = [];
  const lay = (changes: Message): void => {
    current = current.withAll(changes.entries());
  };
  return {
    build: { version: '0.1.0', source: 'a'.repeat(40), builtAt: 1_700_000_000 },
    declares: () => true,
    options: () => current,
    history: () => history,
    change(changes) {
      lay(changes);
      history.push(withoutPrivate(changes) as Message);
    },
    adopt: lay,
  };
}
