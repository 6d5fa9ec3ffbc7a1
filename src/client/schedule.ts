/** Messages of a schedule as `application/aos-2` lists them (spec 06 §6.5). */
import * as z from 'zod';
import { raise } from '../core/errors.ts';

/** A message in its slot. */
export interface Scheduled {
  readonly slot: number;
  readonly id: string;
  /** The process that sent it, else the wallet that signed it. */
  readonly from: string;
  readonly action: string | undefined;
  readonly data: string;
  /** In the order of the message. */
  readonly tags: readonly { readonly name: string; readonly value: string }[];
}

const tag = z.object({ name: z.string(), value: z.coerce.string() });
const part = z.object({
  Id: z.string().default(''),
  Owner: z.string().default(''),
  From: z.string().optional(),
  Data: z.unknown().optional(),
  Tags: z.array(tag).default([]),
});
const page = z.object({
  edges: z.array(z.object({ cursor: z.coerce.number(), node: z.object({ message: part }) })),
});

export function scheduledFrom(text: string): readonly Scheduled[] {
  let parsed: z.infer<typeof page>;
  try {
    parsed = page.parse(JSON.parse(text));
  } catch {
    return raise('peer-failed', 'The schedule is not what `application/aos-2` means.');
  }
  return parsed.edges.map(({ cursor, node: { message } }) => {
    const value = (name: string): string | undefined =>
      message.Tags.find((one) => one.name.toLowerCase() === name)?.value;
    return {
      slot: cursor,
      id: message.Id,
      from: value('from-process') ?? message.From ?? message.Owner,
      action: value('action'),
      data: typeof message.Data === 'string' ? message.Data : '',
      tags: message.Tags,
    };
  });
}
