/**
 * One segment of a HyperPATH (spec 01 §5.4).
 *
 *     ID · (sub/path) · name · name~device&k=v · name&k=v&flag · name=value · name+type=value
 */
import { isId } from '../bytes.ts';
import { raise } from '../errors.ts';
import { isPrivateKey } from '../message.ts';
import { Sequence, type Value } from '../value.ts';
import { unquoted } from './escapes.ts';
import type { Parsing } from './parse.ts';
import { cut, split } from './scan.ts';
import { typed } from './typed.ts';

/** A step as its own segment spells it, before the parameters of the whole request join in. */
export type Segment =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'sequence'; readonly sequence: Sequence }
  | { readonly kind: 'step'; readonly own: Map<string, Value>; readonly device: Value | undefined };

export function parseSegment(text: string, parsing: Parsing): Segment {
  parsing.countStep();
  const whole = parsing.env.dialect.idSegment === 'whole';
  if (whole && isId(text)) return { kind: 'id', id: text };
  const sequence = subpath(text, parsing);
  if (sequence !== undefined) return { kind: 'sequence', sequence };
  const { before: name, separator, after } = cut(text, '&~+ =');
  if (!whole && separator === '' && isId(text)) return { kind: 'id', id: text };
  const own = new Map<string, Value>([['path', name]]);
  switch (separator) {
    case '':
      return { kind: 'step', own, device: undefined };
    case '&':
      return { kind: 'step', own: inlines(after, own, parsing), device: undefined };
    case '=':
    case '+':
      // Short for `name&name=value`.
      return { kind: 'step', own: inlines(text, own, parsing), device: undefined };
    case '~': {
      const { before: device, after: rest } = cut(after, '&');
      return { kind: 'step', own: inlines(rest, own, parsing), device: subpath(device, parsing) ?? device };
    }
    default:
      return raise('bad-request', `There is a space in the path segment "${text}".`, 'Write it as a quoted value.');
  }
}

function inlines(text: string, own: Map<string, Value>, parsing: Parsing): Map<string, Value> {
  for (const piece of split(text, '&', parsing.env.limits.maxSegmentBytes)) {
    const { before: key, separator, after } = cut(piece, '=');
    if (separator === '') {
      if (!isPrivateKey(piece)) own.set(piece, true);
      continue;
    }
    const value = unquoted(after);
    const entry = typed(key, subpath(value, parsing) ?? value, parsing);
    // Private keys are the node's own; nobody sets them from outside (spec 01 §1.3).
    if (entry !== undefined && !isPrivateKey(entry[0])) own.set(entry[0], entry[1]);
  }
  return own;
}

/** The sequence that a text in parentheses stands for. */
function subpath(text: string, parsing: Parsing): Sequence | undefined {
  if (!text.startsWith('(') || !text.endsWith(')')) return undefined;
  return new Sequence(parsing.nested(text.slice(1, -1)));
}
