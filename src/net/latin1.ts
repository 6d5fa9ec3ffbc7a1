/** Header values as Node hands them over and takes them: Latin-1 strings, one character per byte (spec 02 §2.5). */
import { type Binary, binary } from '../core/bytes.ts';

/** The bytes of a header value, in their in-memory form. */
export function fromLatin1(value: string): Binary {
  return isAscii(value) ? value : binary(new Uint8Array(Buffer.from(value, 'latin1')));
}

/** A header value that spells these bytes; `undefined` if they cannot stand in a header: control characters, or white space around. */
export function toLatin1(value: Binary): string | undefined {
  const text = typeof value === 'string' && isAscii(value) ? value : bytesOf(value).toString('latin1');
  if (text === '') return text;
  if (isSpace(text.charCodeAt(0)) || isSpace(text.charCodeAt(text.length - 1))) return undefined;
  return printable.test(text) ? text : undefined;
}

// An expression looks at a signature of 700 characters seven times as fast as a loop.
const printable = /^[\t\x20-\x7e\x80-\xff]*$/;

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

function bytesOf(value: Binary): Buffer {
  return typeof value === 'string'
    ? Buffer.from(value, 'utf8')
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
