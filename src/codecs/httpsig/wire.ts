/**
 * What survives as an HTTP header field (spec 02 §2.5). The codec writes any key and value as a field; an HTTP connection lower-cases
 * names, trims values and refuses control characters. On the wire such an entry travels as a part of the body instead, which decodes to the
 * same message; signature bases are not affected, they are made from the message.
 */
import { type Binary, toBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';

const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Whether the entry arrives as it was sent when it is a header field. */
export function survivesAsField(name: string, value: Binary): boolean {
  return fieldName.test(name) && survivesAsValue(value);
}

function survivesAsValue(value: Binary): boolean {
  const n = value.length;
  if (n === 0) return true;
  if (typeof value === 'string') {
    if (isSpace(value.charCodeAt(0)) || isSpace(value.charCodeAt(n - 1))) return false;
    return !/[\x00-\x08\x0a-\x1f\x7f]/.test(value);
  }
  const bytes = toBytes(value);
  if (isSpace(bytes[0]!) || isSpace(bytes[n - 1]!)) return false;
  for (const byte of bytes) if (isControl(byte)) return false;
  return true;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09) || code === 0x7f;
}

/** Refuses a key that cannot even name a part. */
export function checkPartName(name: string): void {
  if (/["\\\x00-\x1f\x7f]/.test(name)) {
    raise(
      'bad-key',
      'A key of this message cannot be sent as a header or as a part of a body.',
      'Ask for `accept: application/json`.',
    );
  }
}
