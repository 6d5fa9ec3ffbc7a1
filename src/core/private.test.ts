import { expect, test } from 'vitest';
import { message } from './message.ts';
import { withoutPrivate } from './private.ts';

test('private keys are left out at any depth, in lists, too', () => {
  const given = message({
    a: 1,
    priv: { x: 1 },
    child: { 'priv-key': 'y', b: 2 },
    list: [message({ priv_c: 'z', d: 3 })],
  });
  expect(withoutPrivate(given)).toEqual(message({ a: 1, child: { b: 2 }, list: [message({ d: 3 })] }));
});

test('what has none stays the same object, with all that is remembered of it', () => {
  const commitments = message({ id: { committed: ['a', 'b'], signature: 's' } });
  const child = message({ list: ['x', ['y', message({ deep: 1 })]], commitments });
  expect(withoutPrivate(child)).toBe(child);
  const kept = withoutPrivate(message({ priv: 'p', child }));
  expect(kept).toEqual(message({ child }));
  expect((kept as typeof child).get('child')).toBe(child);
});
