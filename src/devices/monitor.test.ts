import { expect, test } from 'vitest';
import { asValue, world } from '../../test/support/world.ts';
import { atom } from '../core/value.ts';
import { monitor } from './monitor.ts';

test('[row SDX27x] monitor@1.0 uses everything and changes nothing', async () => {
  const { value } = world({ devices: [monitor] });
  const base = { device: 'monitor@1.0', a: 1 };
  expect(await value(base, 'uses')).toBe(atom('all'));
  for (const key of ['init', 'execute', 'end_of_schedule']) expect(await value(base, key)).toEqual(asValue(base));
});
