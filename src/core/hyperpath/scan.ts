/**
 * Splitting HyperPATH text (spec 01 §5.3). Separators count only outside of parentheses and double quotes. A quote that is never closed
 * reaches to the end, and is closed there; so does a parenthesis.
 *
 *     a/(b/c)/"d/e"   at "/"  →   a   (b/c)   "d/e"
 */
import { byteLength } from '../bytes.ts';
import { raise } from '../errors.ts';

const quote = 0x22;
const backslash = 0x5c;
const open = 0x28;
const close = 0x29;

/** Where the next separator outside of parentheses and quotes is, from `from` on; the length of the text if there is none. */
function nextSeparator(text: string, separators: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) i = endOfQuote(text, i);
    else if (code === open) depth++;
    else if (code === close) depth = Math.max(0, depth - 1);
    else if (depth === 0 && separators.includes(text[i]!)) return i;
  }
  return text.length;
}

/** The index of the quote that closes the one at `from`; the last index of the text if none does. */
function endOfQuote(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === backslash) i++;
    else if (code === quote) return i;
  }
  return text.length;
}

/** Whether a quote is left open at the end of the text. */
function withQuotesClosed(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== quote) continue;
    i = endOfQuote(text, i);
    if (i >= text.length) return `${text}"`;
  }
  return text;
}

/** The pieces between the separators, empty ones dropped. A piece longer than `maxBytes` is refused. */
export function split(text: string, separator: string, maxBytes: number): readonly string[] {
  const pieces: string[] = [];
  for (let from = 0; from <= text.length; ) {
    const to = nextSeparator(text, separator, from);
    if (to > from) {
      const piece = withQuotesClosed(text.slice(from, to));
      if (byteLength(piece) > maxBytes) {
        raise('limit-exceeded', `A part of the path is longer than ${maxBytes} bytes: ${piece.slice(0, 40)}…`);
      }
      pieces.push(piece);
    }
    from = to + 1;
  }
  return pieces;
}

export interface Cut {
  readonly before: string;
  /** The separator found, empty if none was. */
  readonly separator: string;
  readonly after: string;
}

/** The text before and after the first of the separators. */
export function cut(text: string, separators: string): Cut {
  const at = nextSeparator(text, separators, 0);
  if (at === text.length) return { before: text, separator: '', after: '' };
  return { before: text.slice(0, at), separator: text[at]!, after: text.slice(at + 1) };
}
