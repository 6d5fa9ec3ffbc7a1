import { expect, test } from 'vitest';
import { workedMs } from '../../test/support/cpu.ts';
import { messageFrom } from './message.ts';

test('many keys are removed from many in little time', () => {
  const whole = messageFrom(Array.from({ length: 100_000 }, (_, i) => [`key-${i}`, '1']));
  const removed = whole.keys().slice(1);
  const before = workedMs();
  expect(whole.without(...removed).keys()).toEqual(whole.keys().slice(0, 1));
  expect(workedMs() - before).toBeLessThan(2_000);
});
