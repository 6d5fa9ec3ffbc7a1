/**
 * Packed records as `bits@1.0` describes them (spec 02 §5.3):
 *
 *     a:4+integer,_:4,kind:8+enum(low,high),rest:16          24 bits before `rest`, contiguous, most significant bit first
 *     repeat(x:8+integer,y:8+integer)                        as many records as the bytes hold
 *
 * Sizes are in bits and have to add up to exactly the bytes given. `_` is padding. Without a type a field is its bits: whole bytes as
 * they are, anything else padded with zero bits at the end.
 */
import { type Binary, binary, toText } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { type Message, messageFrom } from '../../core/message.ts';
import { atom, Float, integer, type Value } from '../../core/value.ts';

type BitField = {
  readonly name: string;
  readonly bits: number;
  readonly type: 'bits' | 'integer' | 'float' | 'atom' | { readonly choices: readonly string[] };
};

export interface BitFormat {
  readonly fields: readonly BitField[];
  readonly repeated: boolean;
}

const maxFieldBits = 1 << 20;
const maxRecords = 100_000;

/** Reads a format. Throws `bad-request`. */
export function parseFormat(text: string): BitFormat {
  const repeat = /^repeat\((.*)\)$/s.exec(text.trim());
  const fields = splitOutside(repeat?.[1] ?? text).map(parseField);
  if (fields.length === 0) raise('bad-request', 'A format of bits needs at least one field.');
  return { fields, repeated: repeat !== null };
}

function parseField(text: string): BitField {
  const match = /^([^:+()]+):(\d{1,7})(?:\+(.+))?$/s.exec(text.trim());
  if (match === null)
    raise('bad-request', `\`${text}\` is not a field of bits.`, 'Fields are `name:size` or `name:size+type`.');
  const [, name, size, type] = match as unknown as [string, string, string, string | undefined];
  const bits = Number(size);
  if (bits > maxFieldBits) raise('limit-exceeded', `\`${name}\` has more than ${maxFieldBits} bits.`);
  return { name, bits, type: parseType(name, bits, type) };
}

function parseType(name: string, bits: number, type: string | undefined): BitField['type'] {
  if (type === undefined) return 'bits';
  if (type === 'integer') return type;
  if (type === 'float') {
    if (bits === 16 || bits === 32 || bits === 64) return type;
    raise('bad-request', `\`${name}\`: floats have 16, 32 or 64 bits.`);
  }
  if (type === 'atom') {
    if (bits % 8 === 0) return type;
    raise('bad-request', `\`${name}\`: atoms are whole bytes.`);
  }
  const choices = /^enum\((.*)\)$/s.exec(type)?.[1];
  if (choices === undefined) raise('bad-request', `\`${name}\`: there is no type \`${type}\`.`);
  return { choices: choices.split(',').map((choice) => choice.trim()) };
}

/** Splits at commas outside of parentheses. */
function splitOutside(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '(') depth++;
    else if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  if (part.trim() !== '') parts.push(part);
  return parts;
}

/** The record, or the list of records, in these bytes. Throws `bad-encoding` when the sizes don't match. */
export function decodeBits(format: BitFormat, bytes: Uint8Array): Value {
  const size = format.fields.reduce((sum, field) => sum + field.bits, 0);
  const total = bytes.length * 8;
  if (!format.repeated) {
    if (size !== total) raise('bad-encoding', `The fields have ${size} bits, the body ${total}.`);
    return decodeRecord(format.fields, bytes, 0);
  }
  if (total === 0) return [];
  if (size === 0 || total % size !== 0) {
    raise('bad-encoding', `The body has ${total} bits, not a multiple of the record's ${size}.`);
  }
  if (total / size > maxRecords) raise('limit-exceeded', `The body has more than ${maxRecords} records.`);
  const records: Value[] = [];
  for (let at = 0; at < total; at += size) records.push(decodeRecord(format.fields, bytes, at));
  return records;
}

function decodeRecord(fields: readonly BitField[], bytes: Uint8Array, at: number): Message {
  const entries: [string, Value][] = [];
  for (const field of fields) {
    if (field.name !== '_') entries.push([field.name, decodeField(field, takeBits(bytes, at, field.bits))]);
    at += field.bits;
  }
  return messageFrom(entries);
}

function decodeField({ name, bits, type }: BitField, raw: Uint8Array): Value {
  if (type === 'bits') return binary(raw);
  if (type === 'atom') return atom(toText(raw) ?? raise('bad-encoding', `\`${name}\` is not the name of an atom.`));
  if (type === 'float') return new Float(decodeFloat(raw));
  const number = (raw.length === 0 ? 0n : BigInt(`0x${raw.toHex()}`)) >> BigInt(raw.length * 8 - bits);
  if (type === 'integer') return integer(number);
  return (
    type.choices[Number(number)] ?? raise('bad-encoding', `\`${name}\` is ${number}, which is none of its choices.`)
  );
}

function decodeFloat(raw: Uint8Array): number {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const value = raw.length === 8 ? view.getFloat64(0) : raw.length === 4 ? view.getFloat32(0) : view.getFloat16(0);
  return Number.isFinite(value) ? value : raise('bad-encoding', 'A float has to be finite.');
}

/** `count` bits from bit `at` on, left-aligned in bytes. */
export function takeBits(bytes: Uint8Array, at: number, count: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(count / 8));
  const shift = at % 8;
  const from = (at - shift) / 8;
  for (let i = 0; i < out.length; i++) {
    out[i] =
      shift === 0
        ? bytes[from + i]!
        : ((bytes[from + i]! << shift) | ((bytes[from + i + 1] ?? 0) >> (8 - shift))) & 0xff;
  }
  const spare = out.length * 8 - count;
  if (spare > 0) out[out.length - 1]! &= 0xff << spare;
  return out;
}

/** Bits as a byte string. */
export function firstBits(bytes: Uint8Array, count: number): Binary {
  if (count > bytes.length * 8) raise('bad-request', `The body has only ${bytes.length * 8} bits.`);
  return binary(takeBits(bytes, 0, count));
}
