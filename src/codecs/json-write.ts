/**
 * Values as JSON text (spec 02 §5.1), to the byte as the reference writes it: no white space, keys in fold order, floats with a point.
 *
 * JSON has no atoms, so they are strings that the object's `ao-types` names; a list with atoms among its elements is written as a numbered
 * object. A child is written where it stands, or as `"key+link": "<id>"`; the caller decides by handing over links.
 */
import { keyToBytes, toText } from '../core/bytes.ts';
import { linkSuffix } from '../core/commitments.ts';
import { raise } from '../core/errors.ts';
import { isMessage, isPrivateKey, type Message } from '../core/message.ts';
import { foldOrder } from '../core/order.ts';
import { atomName, Float, isAtom, isInteger, isList, Link, type Value } from '../core/value.ts';
import { writeTypes } from './structured-types.ts';

/** Raises `bad-encoding` for bytes that are not text, `limit-exceeded`. */
export function writeJson(value: Value, maxDepth: number): string {
  if (maxDepth < 0) raise('limit-exceeded', 'A message is nested too deep for JSON.');
  if (isMessage(value)) return writeObject(objectEntries(value), [], maxDepth);
  if (isList(value)) return writeList(value, maxDepth);
  if (value instanceof Float) return floatJson(value.value);
  if (isInteger(value)) return String(value);
  if (typeof value === 'string' || value instanceof Uint8Array) return writeString(value);
  return raise('bad-type', 'A link, an atom or a directive cannot stand alone in JSON.');
}

function objectEntries(message: Message): [string, Value][] {
  const out: [string, Value][] = [];
  for (const [key, value] of message.entries()) {
    if (!isPrivateKey(key) && key !== 'unsigned_id' && key !== 'content-digest') out.push([key, value]);
  }
  return out;
}

function writeList(list: readonly Value[], maxDepth: number): string {
  if (list.some((item) => isAtom(item) || item instanceof Link)) {
    const entries = list.map((item, i): [string, Value] => [String(i + 1), item]);
    return writeObject(entries, [['.', 'list']], maxDepth);
  }
  return `[${list.map((item) => writeJson(item, maxDepth - 1)).join(',')}]`;
}

/** An object of these entries; `types` are those it has beside its atoms. */
function writeObject(entries: readonly [string, Value][], types: [string, string][], maxDepth: number): string {
  const members = new Map<string, string>();
  for (const [key, value] of entries) {
    if (isAtom(value)) {
      types.push([key, 'atom']);
      members.set(key, writeString(atomName(value)));
    } else if (value instanceof Link) members.set(key + linkSuffix, writeString(value.ref));
    else members.set(key, writeJson(value, maxDepth - 1));
  }
  if (types.length > 0 && !members.has('ao-types')) members.set('ao-types', writeString(writeTypes(types)));
  return `{${foldOrder([...members.keys()])
    .map((key) => `${writeString(key)}:${members.get(key)}`)
    .join(',')}}`;
}

const control = /[\x00-\x1f]/;

function writeString(value: string | Uint8Array): string {
  const text = typeof value === 'string' && value.isWellFormed() ? value : wellFormed(value);
  if (!control.test(text)) return JSON.stringify(text);
  let out = '"';
  for (const char of text) out += escapes.get(char) ?? (char < ' ' ? unicodeEscape(char) : char);
  return `${out}"`;
}

function wellFormed(value: string | Uint8Array): string {
  const text = toText(typeof value === 'string' ? keyToBytes(value) : value);
  return text ?? raise('bad-encoding', 'Bytes that are not UTF-8 cannot be written in JSON.', 'Use another format.');
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\f', '\\f'],
  ['\r', '\\r'],
]);

/**
 * The shortest digits that read back as the same float, in whichever of `12.5` and `1.25e1` is shorter, the first if both are equally
 * long; from 2^53 on always the second.
 */
export function floatJson(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const size = Math.abs(value);
  const [mantissa, power] = size.toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  const scientific = `${digits[0]}.${digits.slice(1) || '0'}e${exponent}`;
  const decimal = decimalForm(digits, exponent);
  return sign + (scientific.length < decimal.length || size >= 2 ** 53 ? scientific : decimal);
}

function decimalForm(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, '0');
  return `${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1) || '0'}`;
}
