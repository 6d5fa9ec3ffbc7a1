/**
 * Where a fold gets its assignments: straight from this node's log when the process is scheduled here, a stretch at a time, else from the
 * process's scheduler device, which knows how to ask the node that schedules it.
 */
import type { Ao } from '../../core/device.ts';
import { integer } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import type { ScheduleLog } from '../scheduler/log.ts';
import type { Definition } from './definition.ts';
import { roleDevice, runAs } from './run-as.ts';

/** Assignments read ahead of a fold. */
const stretch = 64;

export class Assignments {
  readonly #log: ScheduleLog;
  readonly #ahead = new Map<string, { readonly from: number; readonly items: readonly Message[] }>();

  constructor(log: ScheduleLog) {
    this.#log = log;
  }

  /** The assignment of `slot`, or the error that says why there is none. */
  async next(ao: Ao, state: Message, definition: Definition, slot: number, target: number): Promise<Outcome> {
    const ahead = this.#ahead.get(definition.id);
    const known = ahead?.items[slot - ahead.from];
    if (known !== undefined) return ok(known);
    this.#ahead.delete(definition.id);
    if ((await roleDevice(ao, state, 'scheduler')) === 'scheduler@1.0') {
      const items = await this.#log.range(definition.id, slot, Math.min(target, slot + stretch - 1));
      if (items.length > 1) this.#ahead.set(definition.id, { from: slot, items });
      if (items[0] !== undefined) return ok(items[0]);
    }
    const outcome = await runAs(ao, 'scheduler', state, 'next');
    if (outcome.status !== 'ok') return outcome;
    const assignment = isMessage(outcome.value) ? outcome.value.get('body') : undefined;
    if (!isMessage(assignment)) return fail('peer-failed', 'The scheduler gave no assignment.');
    const value = assignment.get('slot');
    const given = value === undefined ? undefined : integer.read(value);
    if (given === slot) return ok(assignment);
    const reason =
      given === undefined
        ? 'Unprocessable slot value received in assignment.'
        : 'Received assignment slot does not match expected slot.';
    return fail('peer-failed', reason, {
      status: given === undefined ? 500 : 404,
      value: message({
        status: given === undefined ? 500 : 404,
        reason,
        ...(given === undefined ? {} : { 'unexpected-slot': given, 'expected-slot': slot }),
      }),
    });
  }

  /** Forgets what was read ahead for a process. */
  forget(process: string): void {
    this.#ahead.delete(process);
  }
}
