import { expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import { As } from '../../src/core/value.ts';

test('messages are equal by their entries, wherever they stand', () => {
  expect(message({ a: 1, b: { c: 'd' } })).toEqual(message({ b: { c: 'd' }, a: 1 }));
  expect(message({ a: 1 })).not.toEqual(message({ a: 2 }));
  expect([new As('d', message({ a: 1 }))]).not.toEqual([new As('d', message({}))]);
  expect({ value: message({ a: 1 }) }).not.toMatchObject({ value: message({ b: 1 }) });
});
