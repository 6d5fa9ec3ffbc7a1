/**
 * Role switching (spec 04 §1.3): a process does none of its work itself. To schedule, to execute or to push it takes on the device of that
 * role, resolves the request, and puts its own device back.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import type { Ao } from '../../core/device.ts';
import { equal } from '../../core/equal.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { type Outcome, ok } from '../../core/outcome.ts';
import type { Value } from '../../core/value.ts';
import { plain } from '../plain.ts';

export type Role = 'scheduler' | 'execution' | 'push';

const defaults: { readonly [role: string]: string } = {
  scheduler: 'scheduler@1.0',
  execution: 'genesis-wasm@1.0',
  push: 'push@1.0',
};

/** The device that plays a role for this process. */
export function roleDevice(ao: Ao, base: Message, role: string): Awaitable<Value> {
  return andThen(plain(ao, base, `${role}-device`), (named) => named ?? defaults[role] ?? role);
}

/** The base dressed for a role. */
export async function dressed(ao: Ao, base: Message, role: string): Promise<Message> {
  const prefixes = await plain(ao, base, `${role}-output-prefixes`);
  return base.withAll([
    ['device', await roleDevice(ao, base, role)],
    ['input-prefix', base.get('input-prefix') ?? 'process'],
    ...(prefixes === undefined ? [] : [['output-prefixes', prefixes] as const]),
  ]);
}

/** Resolves a request on the base in a role. A resulting message that still plays the role gets the base's own device back. */
export async function runAs(ao: Ao, role: Role, base: Message, request: Value): Promise<Outcome> {
  const acting = await dressed(ao, base, role);
  const outcome = await ao.resolve(acting, request);
  if (outcome.status !== 'ok' || !isMessage(outcome.value)) return outcome;
  const device = outcome.value.get('device');
  if (device === undefined || !equal(device, acting.get('device')!)) return outcome;
  return ok(outcome.value.with('device', base.get('device') ?? 'process@1.0'));
}
