import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal } from '../../core/equal.ts';
import { message, messageFrom } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { applyDifference, difference } from './difference.ts';

const key = fc.constantFrom('a', 'b', 'c', 'set', 'unset', 'inside');
const state = fc.letrec<{ value: Value; message: ReturnType<typeof messageFrom> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.integer()),
    tie('message'),
  ),
  message: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(messageFrom),
})).message;

describe('difference of states', () => {
  test('applied to the earlier state it gives the later one', () => {
    fc.assert(
      fc.property(state, state, (before, after) => {
        const change = difference(before, after);
        const result = change === undefined ? before : applyDifference(before, change);
        expect(equal(result, after)).toBe(true);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  test('equal states have none, and unchanged children stay the same objects', () => {
    const before = message({ big: { a: 1 }, n: 1 });
    expect(difference(before, message({ big: { a: 1 }, n: 1 }))).toBeUndefined();
    const change = difference(before, message({ big: { a: 1 }, n: 2 }))!;
    expect(change.keys()).toEqual(['set']);
    expect(applyDifference(before, change).get('big')).toBe(before.get('big'));
  });
});
