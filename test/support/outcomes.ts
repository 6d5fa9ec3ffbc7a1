/** Short ways to look at outcomes in tests. */
import { expect } from 'vitest';
import type { Awaitable } from '../../src/core/awaitable.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { isMessage, type Message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Value } from '../../src/core/value.ts';
import { type Json, toNotation } from './notation.ts';

/** The value of an outcome that has to be ok. */
export async function okValue(outcome: Awaitable<Outcome>): Promise<Value> {
  const result = await outcome;
  if (result.status === 'error')
    throw new Error(`${result.error.code}: ${result.error.message}`, { cause: result.error });
  expect(result.status).toBe('ok');
  return result.value;
}

/** The value of an outcome in notation, private keys left out. */
export async function notationOf(outcome: Awaitable<Outcome>): Promise<Json> {
  return toNotation(await okValue(outcome));
}

export async function messageOf(outcome: Awaitable<Outcome>): Promise<Message> {
  const value = await okValue(outcome);
  if (!isMessage(value)) throw new Error(`not a message: ${JSON.stringify(toNotation(value))}`);
  return value;
}

/** Expects an error of this code, and returns its value in notation. */
export async function expectError(outcome: Awaitable<Outcome>, code: ErrorCode): Promise<Json | undefined> {
  const result = await outcome;
  expect(result.status === 'error' ? result.error.code : result).toBe(code);
  if (result.status !== 'error') throw new Error('unreachable');
  return result.error.value === undefined ? undefined : toNotation(result.error.value);
}

/** Expects a thrown error of this code. */
export async function expectThrown(run: () => unknown, code: ErrorCode): Promise<void> {
  await expect((async () => run())()).rejects.toMatchObject({ code });
}
