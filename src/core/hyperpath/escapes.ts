/** Percent-decoding of paths and query strings (spec 01 §5.2). */
import { raise } from '../errors.ts';

/** Decodes a whole path before anything is split. An escape cut off by the end stays as it is; any other malformed one is refused. */
export function decodePath(text: string): string {
  if (!text.includes('%')) return text;
  const tail = /%[0-9A-Fa-f]?$/.exec(text);
  const end = tail === null ? text.length : tail.index;
  return decode(text.slice(0, end), text) + text.slice(end);
}

/** Decodes a key or value of a query string: `+` is a space. */
export function decodeQuery(text: string): string {
  return decode(text.replaceAll('+', ' '), text);
}

function decode(escaped: string, whole: string): string {
  if (!escaped.includes('%')) return escaped;
  try {
    return decodeURIComponent(escaped);
  } catch {
    raise('bad-encoding', `The percent-escapes of "${whole.slice(0, 80)}" are not valid.`);
  }
}

/** Double quotes around a value removed: the first character, and the last if it is a quote, too. */
export function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.endsWith('"') && value.length > 1 ? value.slice(1, -1) : value.slice(1);
}

/** Every unescaped double quote removed, escaped ones unescaped: how typed values are written. */
export function withoutQuotes(value: string): string {
  return value.replace(/\\"|"/g, (found) => (found === '"' ? '' : '"'));
}
