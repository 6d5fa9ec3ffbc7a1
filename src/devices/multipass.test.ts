import { describe, expect, test } from 'vitest';
import { asValue, world } from '../../test/support/world.ts';

const { resolve } = world();

describe('multipass@1.0', () => {
  test('[row SD01, SDX01x] asks for another pass until `passes` is reached', async () => {
    const on = (more: object) => ({ device: 'multipass@1.0', ...more });
    expect(await resolve(on({ passes: 2, pass: 1 }), 'Compute')).toMatchObject({ status: 'pass' });
    expect(await resolve(on({ passes: 2, pass: 2 }), 'Compute')).toMatchObject({ status: 'ok' });
    expect(await resolve(on({ passes: 3, pass: 1 }), 'x')).toEqual({
      status: 'pass',
      value: asValue(on({ passes: 3, pass: 1 })),
    });
    expect(await resolve(on({ passes: 3, pass: 3 }), 'x')).toMatchObject({ status: 'ok' });
    expect(await resolve(on({}), 'x')).toEqual({ status: 'ok', value: asValue(on({})) });
  });

  test('numbers may be text, as in a query', async () => {
    expect(await resolve({ device: 'multipass@1.0', passes: '2' }, 'x')).toMatchObject({ status: 'pass' });
  });
});
