/**
 * Messages compare by their entries. Their fields are private, so without this `toEqual` would find any two of them equal.
 */
import { expect } from 'vitest';
import { equal } from '../../src/core/equal.ts';
import { Message } from '../../src/core/message.ts';

expect.addEqualityTesters([
  (a: unknown, b: unknown) => (a instanceof Message && b instanceof Message ? equal(a, b) : undefined),
]);
