/**
 * A schedule as its readers want it (spec 04 §2.7): the default message with one assignment per key, or the legacy JSON list that
 * `application/aos-2` asks for.
 */
import type { Ao } from '../../core/device.ts';
import type { Dialect } from '../../core/dialect.ts';
import { integer } from '../../core/fields.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { fail, type Outcome } from '../../core/outcome.ts';
import type { Value } from '../../core/value.ts';
import { legacyMessage } from '../json-iface/legacy.ts';
import type { Block } from './assignment.ts';

export interface Page {
  readonly process: string;
  readonly assignments: readonly Message[];
  /** There are later slots than the last one here; `undefined` if that isn't known. */
  readonly continues: boolean | undefined;
  /** Milliseconds. */
  readonly timestamp: number;
  readonly block: Block;
}

export function scheduleMessage(page: Page): Message {
  const assignments = new Map<string, Value>();
  for (const assignment of page.assignments) assignments.set(String(slotOf(assignment)), assignment);
  return message({
    type: 'schedule',
    process: page.process,
    continues: page.continues,
    timestamp: page.timestamp,
    'block-height': page.block.height,
    'block-hash': page.block.hash,
    assignments: new Message(assignments),
  });
}

/** The `application/aos-2` answer: `{content-type, body}` with JSON text. */
export async function scheduleJson(page: Page, ao: Ao, dialect: Dialect): Promise<Message> {
  const edges: unknown[] = [];
  for (const assignment of page.assignments) {
    const body = assignment.get('body');
    edges.push({
      cursor: slotOf(assignment),
      node: {
        message: isMessage(body) ? await legacyMessage(ao, body, dialect) : null,
        assignment: await legacyAssignment(ao, assignment, dialect),
      },
    });
  }
  const body = JSON.stringify({
    page_info: {
      process: page.process,
      has_next_page: page.continues ?? false,
      timestamp: String(page.timestamp),
      'block-height': String(page.block.height),
      'block-hash': page.block.hash,
    },
    edges,
  });
  return message({ 'content-type': 'application/json', body });
}

/** The assignment itself; the message it carries stands beside it and is no tag. */
async function legacyAssignment(ao: Ao, assignment: Message, dialect: Dialect): Promise<unknown> {
  const legacy = await legacyMessage(ao, assignment, dialect);
  return { ...legacy, Tags: legacy.Tags.filter((tag) => tag.name.toLowerCase() !== 'body+link') };
}

export function slotOf(assignment: Message): number {
  const slot = assignment.get('slot');
  return (slot === undefined ? undefined : integer.read(slot)) ?? -1;
}

/** There is no such slot yet (spec 04 §1.5). */
export const notYet: Outcome = fail('not-found', 'Requested slot not yet available in schedule.', {
  status: 404,
  value: message({ status: 404, reason: 'Requested slot not yet available in schedule.' }),
});
