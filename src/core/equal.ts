/** Equality of values, as the protocol sees it: on bytes, types and structure, never on object identity. */
import { isBinary, sameBytes } from './bytes.ts';
import { Message } from './message.ts';
import { As, Atom, Float, isList, Link, Sequence, type Value } from './value.ts';

/** Deep equality on values; byte strings compare by bytes, links by reference, floats by bits. */
export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (isBinary(a)) return isBinary(b) && sameBytes(a, b);
  if (a instanceof Message) return b instanceof Message && equalMessages(a, b);
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]!));
  if (a instanceof Float) return b instanceof Float && Object.is(a.value, b.value);
  if (a instanceof Atom) return b instanceof Atom && a.name === b.name;
  if (a instanceof Link) return b instanceof Link && a.ref === b.ref && a.lazy === b.lazy && a.type === b.type;
  if (a instanceof Sequence) return b instanceof Sequence && equal(a.steps, b.steps);
  if (a instanceof As) return b instanceof As && equal(a.device, b.device) && equal(a.value, b.value);
  return false;
}

function equalMessages(a: Message, b: Message): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !equal(value, other)) return false;
  }
  return true;
}
