/**
 * Header fields on their way between the wire and messages (spec 02 §2.5). Node hands header values over as Latin-1 strings, one
 * character per byte; a message holds bytes. Nothing here changes a byte: names are lower-cased, repeated fields are joined, and fields
 * that steer the connection rather than the message are kept apart.
 */
/** Header names in lower case → value as a Latin-1 string. */
export type HeaderMap = ReadonlyMap<string, string>;

/** The fields of a raw head, `[name, value, name, value …]` as Node gives it. HTTP/2 pseudo fields are left out. */
export function readHeaders(raw: readonly string[]): HeaderMap {
  const headers = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lowerCase(raw[i]!);
    if (name.charCodeAt(0) === 0x3a) continue;
    const before = headers.get(name);
    const value = raw[i + 1]!;
    headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`);
  }
  return headers;
}

/** Bytes of all names and values. */
export function headerBytes(raw: readonly string[]): number {
  let bytes = 0;
  for (const part of raw) bytes += part.length;
  return bytes;
}

/** Characters of a header name (RFC 9110 `token`), upper case excluded: it would not survive the way. */
const tokenCharacters = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

export function isHeaderName(name: string): boolean {
  return tokenCharacters.test(name);
}

function lowerCase(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) return name.toLowerCase();
  }
  return name;
}

/** Text that can stand in a header whatever it was: for sentences of our own that may quote a caller. */
export function headerText(value: string): string {
  return value.replace(/[^\x20-\x7e]+/g, ' ').trim();
}
