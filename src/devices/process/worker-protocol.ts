/**
 * What a node and its lane workers say to each other. Values travel in the internal encoding; what is not a value is plain data.
 *
 *     node → worker    compute, inspect, status, call: each is answered · answer · options · ping · close
 *     worker → node    answer, status · ask (a slot or a dry run that one of its processes needs) · post (a message to schedule) · pong · ready · closed
 *
 * Which slot it is in a worker says in shared memory, readable while it is stuck: `[lane, slot]`, lane 0 when it is in none. The numbers of
 * lanes are the node's.
 */
import { decode, encode } from '../../core/encode.ts';
import { AoError, type ErrorCode } from '../../core/errors.ts';
import { type Message, message } from '../../core/message.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Value } from '../../core/value.ts';
import type { Definition } from './definition.ts';
import type { LaneStatus } from './lane.ts';

/** Numbers of lanes that are remembered; a longer list is begun anew. */
export const maxLaneNumbers = 100_000;

export interface SentDefinition {
  readonly id: string;
  readonly message: Uint8Array;
}

export type Question =
  | { readonly kind: 'compute'; readonly definition: SentDefinition; readonly lane: number; readonly slot: number }
  | {
      readonly kind: 'inspect';
      readonly definition: SentDefinition;
      readonly role: string;
      readonly request: Uint8Array;
    }
  | { readonly kind: 'status'; readonly process: string }
  /** A key of a stranger's Lua message, outside of processes. */
  | { readonly kind: 'call'; readonly base: Uint8Array; readonly request: Uint8Array };

export type ToWorker =
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: SentOutcome }
  | { readonly kind: 'options'; readonly options: Uint8Array }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: SentOutcome }
  | { readonly kind: 'status'; readonly id: number; readonly status: LaneStatus | undefined }
  | { readonly kind: 'post'; readonly id: number; readonly base: Uint8Array; readonly request: Uint8Array }
  | { readonly kind: 'ask'; readonly id: number; readonly need: Need; readonly by: string | undefined };

/** What a program of a process needs of another one. */
export type Need =
  | { readonly kind: 'compute'; readonly definition: SentDefinition; readonly slot: number }
  | {
      readonly kind: 'inspect';
      readonly definition: SentDefinition;
      readonly role: string;
      readonly request: Uint8Array;
    };

export type SentOutcome =
  | { readonly status: 'ok' | 'skip' | 'pass'; readonly value: Uint8Array }
  | { readonly status: 'error'; readonly error: Uint8Array; readonly cause: string | undefined };

export function sendDefinition({ id, message: definition }: Definition): SentDefinition {
  return { id, message: encode(definition) };
}

export function receiveDefinition({ id, message: bytes }: SentDefinition): Definition {
  return { id, message: decode(bytes) as Message };
}

export function sendOutcome(outcome: Outcome): SentOutcome {
  if (outcome.status !== 'error') return { status: outcome.status, value: encode(outcome.value) };
  const { code, message: sentence, hint, status, value, cause } = outcome.error;
  const error = encode(message({ code, message: sentence, hint, status, value }));
  return { status: 'error', error, cause: cause === undefined ? undefined : String(cause) };
}

export function receiveOutcome(sent: SentOutcome): Outcome {
  if (sent.status !== 'error') return { status: sent.status, value: decode(sent.value) } as Outcome;
  const cell = decode(sent.error) as Message;
  const hint = cell.get('hint');
  const error = new AoError(cell.get('code') as ErrorCode, cell.get('message') as string, {
    hint: typeof hint === 'string' ? hint : undefined,
    status: cell.get('status') as number | undefined,
    value: cell.get('value') as Value | undefined,
    cause: sent.cause,
  });
  return { status: 'error', error };
}

/** Which of `count` workers a process lives in: rendezvous hashing, so that another number of workers moves few processes. */
export function homeOf(process: string, count: number): number {
  let best = 0;
  let highest = -1;
  for (let worker = 0; worker < count; worker++) {
    const score = hash(`${worker}/${process}`);
    if (score > highest) [best, highest] = [worker, score];
  }
  return best;
}

/** FNV-1a, finished so that neighbouring inputs are far apart. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
