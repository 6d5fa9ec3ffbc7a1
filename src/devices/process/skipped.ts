/** A slot that failed in a process that goes on behind it (`on-failure: skip`): the state before, with the error for its results. */
import type { AoError } from '../../core/errors.ts';
import { textIn } from '../../core/fields.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';

/** The state after a slot whose message did nothing but leave these results. Private handles stay: machines are as they were. */
export function skippedState(before: Message, slot: number, results: Value): Message {
  return before.withAll([
    ['at-slot', slot],
    ['results', results],
  ]);
}

/** An error in the form in which clients read results (spec 06 §2.4, §7.2). */
export function failureResults({ code, message: sentence, hint, value }: AoError): Message {
  const said = isMessage(value) ? value : Message.empty;
  const trace = said.get('trace');
  const frames = isList(trace ?? '') ? (trace as readonly Value[]) : [];
  const lines = frames.map((frame) => (isMessage(frame) ? textIn(frame, 'line') : undefined));
  const place = lines.find((line) => line !== undefined && !line.startsWith('-no-file-'));
  const placed = place === undefined || sentence.includes(place) ? sentence : `${place}: ${sentence}`;
  const told = hint === undefined ? placed : `${placed}\n${hint}`;
  const output = message({ data: told });
  return message({
    info: 'hyper-aos',
    code,
    error: told,
    trace,
    outbox: Message.empty,
    output,
    raw: message({ Output: output, Error: told }),
  });
}
