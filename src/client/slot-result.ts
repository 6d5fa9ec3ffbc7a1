/**
 * What a slot left behind, for people: the text of its output, its prompt and its error, wherever the program has put them (spec 06 §2.4,
 * §7.2). The whole `results` message comes along.
 */
import { isBinary, toText } from '../core/bytes.ts';
import { isMessage, type Message } from '../core/message.ts';
import type { Value } from '../core/value.ts';

export interface SlotResult {
  readonly slot: number;
  /** What the slot shows; empty if it shows nothing. */
  readonly output: string;
  /** What a console shows before the next line. */
  readonly prompt?: string;
  readonly error?: string;
  /** The output is what the process printed over a message; it is no answer to an Eval. */
  readonly live: boolean;
  /** Everything the slot left behind. */
  readonly results: Message;
}

export function slotResult(slot: number, results: Message): SlotResult {
  const raw = messageAt(results, 'raw');
  const shown = results.get('output') ?? raw?.get('Output') ?? raw?.get('output');
  const output = isMessage(shown) ? shown : undefined;
  const data = output === undefined ? shown : (output.get('data') ?? output.get('body'));
  const nested = isMessage(data) ? data : undefined;
  const prompt = textOf(output?.get('prompt') ?? nested?.get('prompt'));
  const error = textOf(results.get('error') ?? raw?.get('Error'));
  return {
    slot,
    output: textOf(nested === undefined ? data : (nested.get('output') ?? nested.get('data'))) ?? '',
    live: textOf(output?.get('print')) === 'true',
    ...(prompt === undefined ? {} : { prompt }),
    ...(error === undefined || error === '' ? {} : { error }),
    results,
  };
}

function messageAt(message: Message, key: string): Message | undefined {
  const value = message.get(key);
  return isMessage(value) ? value : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (isBinary(value)) return toText(value);
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
