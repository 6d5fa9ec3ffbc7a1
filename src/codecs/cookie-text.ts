/**
 * Cookies on the wire (spec 02 §6.1): `Cookie` and `Set-Cookie` fields, and the cookie store, a message that holds them in between.
 *
 *     cookie: a=1; b="two words"              {a: "1", b: "two words"}
 *     set-cookie: k=v; Path=/; Secure         {k: {value: "v", attributes: {Path: "/"}, flags: ["Secure"]}}
 *
 * Values are percent-decoded when they are read and written as they are, always in quotes: that is how the network spells them, so a
 * value with a quote in it does not survive.
 */
import { type Binary, binary, isBinary, keyFromBytes, keyToBytes, toBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { isMessage, type Message, messageFrom } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';

/** Bounds what a stranger can make us split. */
const maxCookieBytes = 64 * 1024;

/** The cookies of `cookie` header lines. Raises `bad-encoding` for one without a name. */
export function parseCookies(lines: Value): [string, Value][] {
  const out: [string, Value][] = [];
  for (const line of textLines(lines)) {
    for (const piece of splitOutsideQuotes(line)) {
      const pair = piece.replace(/^ +/, '');
      const at = pair.indexOf('=');
      if (at < 0) raise('bad-encoding', 'A cookie has no `=` between name and value.');
      out.push([pair.slice(0, at), percentDecoded(unquoted(pair.slice(at + 1)))]);
    }
  }
  return out;
}

/** The cookies of `set-cookie` lines. Raises `bad-encoding` for one without a name. */
export function parseSetCookies(lines: Value): [string, Value][] {
  return textLines(lines).map((line) => {
    const [first = '', ...rest] = splitOutsideQuotes(line);
    const at = first.indexOf('=');
    if (at < 0) raise('bad-encoding', 'A cookie has no `=` between name and value.');
    return [first.slice(0, at), setCookie(percentDecoded(unquoted(first.slice(at + 1))), rest)];
  });
}

function setCookie(value: Binary, rest: readonly string[]): Value {
  if (rest.length === 0) return value;
  const attributes: [string, Value][] = [];
  const flags: string[] = [];
  for (const piece of rest) {
    const at = piece.indexOf('=');
    if (at < 0) flags.push(piece.trim());
    else attributes.push([piece.slice(0, at).trim(), plain(unquoted(piece.slice(at + 1).trim()))]);
  }
  const cookie: [string, Value][] = [['value', value]];
  if (attributes.length > 0) cookie.push(['attributes', messageFrom(attributes)]);
  if (flags.length > 0) cookie.push(['flags', flags.sort().map((flag) => plain(unquoted(flag)))]);
  return messageFrom(cookie);
}

/** `set-cookie` lines of a store, in the order of the names. */
export function writeSetCookies(cookies: Message): string[] {
  return cookieNames(cookies).map((name) => {
    const cookie = cookies.get(name)!;
    const pieces = [`${name}="${spelt(cookieValue(cookie))}"`];
    if (isMessage(cookie)) {
      const attributes = cookie.get('attributes');
      if (isMessage(attributes)) {
        for (const key of [...attributes.keys()].sort()) pieces.push(`${key}=${spelt(attributes.get(key))}`);
      }
      const flags = cookie.get('flags');
      if (isList(flags)) for (const flag of flags) pieces.push(spelt(flag));
    }
    return pieces.join('; ');
  });
}

/** The `cookie` header of a store. */
export function writeCookies(cookies: Message): string {
  return cookieNames(cookies)
    .map((name) => `${name}="${spelt(cookieValue(cookies.get(name)!))}"`)
    .join('; ');
}

/** The value of a cookie, with or without attributes. */
export function cookieValue(cookie: Value): Value | undefined {
  return isMessage(cookie) ? cookie.get('value') : cookie;
}

/** Keys of a request that are about the request and never become cookies. */
const requestKeys: ReadonlySet<string> = new Set(['path', 'accept-bundle', 'ao-peer', 'host', 'method', 'body']);

/** The entries of a request that `store` turns into cookies. */
export function storableCookies(request: Message): Message {
  return request.filter((key) => !requestKeys.has(key) && !key.startsWith('priv'));
}

function cookieNames(cookies: Message): string[] {
  return [...cookies.keys()].sort();
}

/** Header values are bytes; here they are text in which a bad byte stays what it was. */
function textLines(lines: Value): string[] {
  const list = isList(lines) ? lines : [lines];
  return list.map((line) => {
    if (!isBinary(line)) raise('bad-encoding', 'A cookie header is not a byte string.');
    const text = typeof line === 'string' ? line : keyFromBytes(line);
    if (text.length > maxCookieBytes)
      raise('limit-exceeded', `A cookie header is longer than ${maxCookieBytes} bytes.`);
    return text;
  });
}

function spelt(value: Value | undefined): string {
  return value !== undefined && isBinary(value) ? keyFromBytes(toBytes(value)) : '';
}

/** The pieces between semicolons that are not inside double quotes or parentheses. */
function splitOutsideQuotes(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  let quoted = false;
  let depth = 0;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === '(') depth++;
    else if (char === ')') depth = Math.max(0, depth - 1);
    else if (char === ';' && depth === 0) {
      pieces.push(line.slice(from, i));
      from = i + 1;
    }
  }
  pieces.push(line.slice(from));
  return pieces;
}

/** What is between the quotes, if the text starts with one. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  const end = text.indexOf('"', 1);
  return end < 0 ? text.slice(1) : text.slice(1, end);
}

/** `%xx` as bytes; a `%` that starts none stays. */
function percentDecoded(text: string): Binary {
  if (!text.includes('%')) return plain(text);
  const bytes = keyToBytes(text);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const digits = bytes[i] === 0x25 ? String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0) : '';
    if (/^[0-9a-fA-F]{2}$/.test(digits)) {
      out.push(Number.parseInt(digits, 16));
      i += 2;
    } else out.push(bytes[i]!);
  }
  return binary(Uint8Array.from(out));
}

function plain(text: string): Binary {
  return text.isWellFormed() ? text : binary(keyToBytes(text));
}
