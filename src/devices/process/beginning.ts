/**
 * Where a lane begins: with the newest state whose machines can be brought back from a snapshot, or else with the process's definition. And
 * what of the machines such a snapshot holds.
 */
import type { ErrorCode } from '../../core/errors.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { fail, type Outcome } from '../../core/outcome.ts';
import type { Value } from '../../core/value.ts';
import { type Definition, firstState } from './definition.ts';
import { inLane } from './execution.ts';
import type { ComputedSlot, Slots } from './slots.ts';
import { type Snapshot, Snapshots } from './snapshots.ts';

export interface Begun {
  readonly state: Message;
  readonly slot: number;
  /** Why there is no state. */
  readonly outcome: Outcome | undefined;
}

/** Runs a key of the execution device. */
type Run = (state: Message, key: string) => Promise<Outcome>;

/** A snapshot that fails to load with one of these is no snapshot. */
const unreadable: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['bad-encoding', 'device-failed', 'store-failed']);

/** The state to go on from. `newest`: the newest one that is stored. */
export async function begin(
  { slots, snapshots }: { readonly slots: Slots; readonly snapshots: Snapshots },
  definition: Definition,
  newest: ComputedSlot | undefined,
  run: Run,
): Promise<Begun> {
  const snapshot = newest && (await snapshots.latest(definition.id, newest.slot));
  if (newest !== undefined && snapshot !== undefined) {
    const { outcome, ...resumed } = await resume(slots, definition, newest, snapshot, run);
    // Without a snapshot, or with one that this program can't read, the process is computed from its beginning.
    if (outcome?.status !== 'error' || !unreadable.has(outcome.error.code)) return { ...resumed, outcome };
  }
  const outcome = await run(inLane(firstState(definition.message), definition.id), 'init');
  return begun(outcome, -1, [
    ['initialized', 'true'],
    ['at-slot', -1],
  ]);
}

async function resume(
  slots: Slots,
  { id }: Definition,
  newest: ComputedSlot,
  { slot: at, content }: Snapshot,
  run: Run,
): Promise<Begun> {
  const selfContained = Snapshots.isEmpty(content);
  const slot = selfContained ? newest.slot : at;
  const stored = slot === newest.slot ? newest : await slots.read(id, slot);
  if (stored === undefined || !('state' in stored)) {
    const outcome = fail('store-failed', `Slot ${slot} has a snapshot but no state.`, 'Run `hyperbeam store verify`.');
    return { slot, state: Message.empty, outcome };
  }
  const state = selfContained ? stored.state : stored.state.with('snapshot', content);
  return begun(await run(inLane(state, id), 'normalize'), slot, []);
}

function begun(outcome: Outcome, slot: number, keys: readonly (readonly [string, Value])[]): Begun {
  if (outcome.status !== 'ok' || !isMessage(outcome.value)) return { state: Message.empty, slot, outcome };
  const state = outcome.value
    .without('snapshot')
    .withAll([['device', 'process@1.0'], ...keys])
    .withOrigin(undefined);
  return { state, slot, outcome: undefined };
}

/** What asks a device for what it holds beside the state. */
export const snapshotRequest = message({ path: 'snapshot', mode: 'Map' });

/** What devices hold beside the state; empty for those that hold nothing, `undefined` if they could not be saved. */
export function contentOf(outcome: Outcome): Message | undefined {
  if (outcome.status === 'error') {
    const { code, status } = outcome.error;
    return code === 'not-found' && status === undefined ? Message.empty : undefined;
  }
  return isMessage(outcome.value) ? withoutEmpty(outcome.value) : Message.empty;
}

/** A stack's snapshot holds an empty message for every device that has nothing to save. */
function withoutEmpty(content: Message): Message {
  return content.filter(
    (key, value) => /^\d+$|^body$/.test(key) && !(isMessage(value) && withoutEmpty(value).size === 0),
  );
}
