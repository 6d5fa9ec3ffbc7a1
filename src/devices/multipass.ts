/**
 * `multipass@1.0` (spec 01 §7.2): makes a stack run several times.
 *
 * Placed in a `stack@1.0`, it asks for another pass over the whole stack as long as the base's `pass` is below its `passes`. Outside of a
 * stack it does nothing. Devices that do their work in a certain pass only (`dedup@1.0` in the first one, a VM in the last …) compare
 * `pass` themselves.
 */
import { andThen } from '../core/awaitable.ts';
import { device } from '../core/device.ts';
import { integer } from '../core/fields.ts';
import { ok, pass } from '../core/outcome.ts';
import { plain } from './plain.ts';

export const multipass = device({
  name: 'multipass@1.0',
  doc: 'Runs the stack it is part of again until `pass` reaches `passes`.',
  keys: {},
  inherits: ['keys', 'set'],
  otherKeys: ({ base, ao }) =>
    andThen(plain(ao, base, 'passes'), (passes) =>
      andThen(plain(ao, base, 'pass'), (current) => {
        const done = integer.read(current ?? 1) ?? 1;
        return done < (integer.read(passes ?? 1) ?? 1) ? pass(base) : ok(base);
      }),
    ),
});
