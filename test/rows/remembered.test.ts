/** What is remembered or left out for speed must not be seen: parsed paths, and setting what is there already. */
import { expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { isMessage, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { UNSET } from '../../src/core/value.ts';
import { createLibrary } from '../../src/node/library.ts';

test('a path asked for twice keeps nothing of the first request', async () => {
  const library = createLibrary();
  const path = '/~message@1.0&own=1/keys';
  const keys = async (more: object): Promise<unknown> => {
    const outcome = await library.request(message({ path, ...more }));
    return outcome.status === 'ok' && [...(outcome.value as readonly string[])].sort();
  };
  expect(await keys({ first: 'x' })).toEqual(['device', 'first', 'own']);
  expect(await keys({ second: 'y' })).toEqual(['device', 'own', 'second']);
  expect(await keys({})).toEqual(['device', 'own']);
});

test('setting an equal value still asks a device that has a `set` of its own, and `unset` still removes', async () => {
  let asked = 0;
  const counting = device({
    name: 'counting@1.0',
    doc: 'Counts.',
    pure: false,
    keys: { set: { doc: 'Counts.', run: ({ base }) => ok(base.with('asked', ++asked)) } },
  });
  const library = createLibrary({ devices: [counting] });
  const base = message({ device: 'counting@1.0', a: 'x' });
  await library.ao.set(base, message({ a: 'x' }));
  expect(asked).toBe(1);
  const removed = await library.ao.set(message({ a: UNSET, b: 'y' }), message({ a: UNSET }));
  expect(isMessage(removed) && removed.has('a')).toBe(false);
});
