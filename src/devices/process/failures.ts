/** What the failure of a slot means: whether it may pass, what is stored of it, and what a stored one answers (spec 04 §1.5). */
import type { AoError, ErrorCode } from '../../core/errors.ts';
import { integer } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import { NOT_FOUND } from '../../core/value.ts';
import type { SlotResult } from './slots.ts';

/** They say nothing about the message that was computed. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'cancelled',
  'device-not-found',
  'disk-full',
  'necessary-message-not-found',
  'not-found',
  'out-of-budget',
  'peer-failed',
  'store-failed',
  'timeout',
  'unavailable',
]);

/** Whether the slot may come out otherwise when it is tried again: then its failure is not stored. */
export function mayPass(outcome: Outcome): boolean {
  return outcome.status === 'error' && passing.has(outcome.error.code) && !isNoKey(outcome.error);
}

/** Whether the state has no such key: nothing is missing that could still come. */
function isNoKey({ value }: AoError): boolean {
  return value === NOT_FOUND || (isMessage(value) && value.get('error') === NOT_FOUND);
}

/** Whether a machine was no longer there: the lane has to begin again from a snapshot. */
export function isLost(outcome: Outcome): boolean {
  return outcome.status === 'error' && outcome.error.code === 'unavailable';
}

/** Whether this cost a whole slot's budget, and would every time: it is not tried again at once. */
export function isExhausting(outcome: Outcome): boolean {
  return outcome.status === 'error' && exhausting.has(outcome.error.code);
}

const exhausting: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['out-of-budget', 'timeout']);

/** Something is not here yet: a module, a device. It may come. */
const missing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'device-not-found',
  'necessary-message-not-found',
  'not-found',
]);

/** What the slot waits for, if that is why it failed. By the sentence: `Lua module 'X' not found.`, `There is no device "X" on this node.` */
export function missingIn(outcome: Outcome): string | undefined {
  if (outcome.status !== 'error' || !missing.has(outcome.error.code) || isNoKey(outcome.error)) return undefined;
  const sentence = outcome.error.message;
  return /^There is no (device .*) on this node\.$/.exec(sentence)?.[1] ?? sentence.replace(/ not found\.$/, '');
}

/** The error of a slot, with where it happened (spec 04 §1.5). */
export function withPhase(outcome: Outcome, phase: 'compute' | 'get-schedule', slot: number): Outcome {
  const error: AoError =
    outcome.status === 'error'
      ? outcome.error
      : (fail('program-failed', 'The execution device gave something else than the next state.') as { error: AoError })
          .error;
  const said = error.value;
  const body = isMessage(said) ? said : message({ error: said ?? error.message });
  return fail(error.code, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(outcome.status === 'error' ? {} : { status: 500 }),
    cause: error.cause,
    value: body.withAll([
      ['phase', phase],
      ['attempted-slot', slot],
    ]),
  });
}

/** What is stored of an error. */
export function storedError(error: AoError): Message {
  return message({
    code: error.code,
    message: error.message,
    hint: error.hint,
    status: error.status,
    value: error.value,
  });
}

/** What a stored slot answers. */
export function slotOutcome(slot: SlotResult): Outcome {
  return 'state' in slot ? ok(slot.state) : failedSlot(slot.failed);
}

function failedSlot(stored: Message): Outcome {
  const status = stored.get('status');
  const hint = stored.get('hint');
  const value = stored.get('value');
  return fail(stored.get('code') as ErrorCode, String(stored.get('message')), {
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(status === undefined ? {} : { status: integer.read(status) ?? 500 }),
    ...(value === undefined ? {} : { value }),
  });
}
