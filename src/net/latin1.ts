/** Header values as Node hands them over and takes them: Latin-1 strings, one character per byte (spec 02 §2.5). */
import { type Binary, binary } from '../core/bytes.ts';

/** The bytes of a header value, in their in-memory form. */
export function fromLatin1(value: string): Binary {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return binary(new Uint8Array(Buffer.from(value, 'latin1')));
  }
  return value;
}

/** A header value that spells these bytes; `undefined` if they cannot stand in a header: control characters, or white space around. */
export function toLatin1(value: Binary): string | undefined {
  const text = typeof value === 'string' && isAscii(value) ? value : bytesOf(value).toString('latin1');
  if (text === '') return text;
  const last = text.charCodeAt(text.length - 1);
  if (isSpace(text.charCodeAt(0)) || isSpace(last)) return undefined;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return undefined;
  }
  return text;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function bytesOf(value: Binary): Buffer {
  return typeof value === 'string'
    ? Buffer.from(value, 'utf8')
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
