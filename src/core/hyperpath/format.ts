/**
 * From a sequence back to one message (spec 01 §5.9), the partial inverse of parsing: `[{}, {path: "a"}, {path: "b", k: 1}]` →
 * `{path: "/a/b", "2.k+integer": "1"}`. A key that several messages have stays unscoped, with the last value.
 */
import { humanId, isBinary, isId } from '../bytes.ts';
import { raise } from '../errors.ts';
import { isMessage, Message } from '../message.ts';
import { joinPath } from '../paths.ts';
import { isInteger, Sequence, type Value } from '../value.ts';

interface Seen {
  readonly value: Value;
  readonly position: number;
  readonly times: number;
}

/** The singleton message of a sequence. Throws `bad-request` for a directive, which has no such form. */
export function formatRequest(steps: readonly Value[]): Message {
  let path = '';
  let method: Value | undefined;
  const keys = new Map<string, Seen>();
  steps.forEach((step, position) => {
    if (isBinary(step) && isId(step)) path += `/${humanId(step)}`;
    else if (step instanceof Sequence) path += `/(${sequencePath(step).slice(1)})`;
    else if (isMessage(step)) {
      for (const [key, value] of step.entries()) {
        if (key === 'path') path += `/${joinPath(value)}`;
        else if (key === 'method') method = value;
        else {
          const spelt = value instanceof Sequence ? `${key}+resolve` : key;
          const times = (keys.get(spelt)?.times ?? 0) + 1;
          keys.set(spelt, { value: value instanceof Sequence ? sequencePath(value) : value, position, times });
        }
      }
    } else raise('bad-request', 'Only messages, ids and sub-paths have a form as a path.');
  });
  const out = new Map<string, Value>();
  if (path !== '') out.set('path', path);
  if (method !== undefined) out.set('method', method);
  for (const [key, { value, position, times }] of keys) {
    if (times > 1) out.set(key, value);
    else if (isInteger(value)) out.set(`${position}.${key}+integer`, String(value));
    else out.set(`${position}.${key}`, value);
  }
  return new Message(out);
}

function sequencePath(sequence: Sequence): string {
  const path = formatRequest(sequence.steps).get('path');
  return typeof path === 'string' ? path : '/';
}
