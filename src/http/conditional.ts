/** Answers that depend on what the caller has: 304 for the content it knows, 206 for the range it lacks (RFC 9110 §13, §14). */
import { type Answer, isBlobBody } from './answer.ts';
import type { HeaderMap } from './headers.ts';

/** Headers that speak of the whole body, and so not of a range of it. */
const wholeOnly: ReadonlySet<string> = new Set([
  'signature',
  'signature-input',
  'content-digest',
  'status',
  'ao-types',
]);
/** Headers a 304 carries; the caller has the others. */
const revalidating: ReadonlySet<string> = new Set(['etag', 'vary', 'cache-control', 'expires']);

/** `answer`, or the shorter one that serves the same. `ranges`: the body may be cut. */
export function conditional(answer: Answer, etag: string | undefined, ranges: boolean, headers: HeaderMap): Answer {
  if (answer.status !== 200) return answer;
  const known = headers.get('if-none-match');
  if (known !== undefined && etag !== undefined && matches(known, etag)) {
    return {
      status: 304,
      headers: pick(answer.headers, (name) => revalidating.has(name) || isCors(name)),
      body: undefined,
    };
  }
  const range = ranges ? headers.get('range') : undefined;
  if (range === undefined || answer.body === undefined) return answer;
  const condition = headers.get('if-range');
  return condition !== undefined && condition !== etag ? answer : cut(answer, range);
}

function matches(known: string, etag: string): boolean {
  if (known.trim() === '*') return true;
  return known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}

/** One range; anything else is answered with the whole, as the RFC allows. */
function cut(answer: Answer, range: string): Answer {
  const { body } = answer;
  if (body === undefined) return answer;
  const size = isBlobBody(body) ? body.end - body.start : body.length;
  const match = /^bytes=(\d*)-(\d*)$/.exec(range.trim());
  if (match === null || (match[1] === '' && match[2] === '')) return answer;
  const [, first, last] = match as unknown as [string, string, string];
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  if (start >= size || end <= start) {
    const headers = pick(answer.headers, isCors);
    headers.push('content-range', `bytes */${size}`);
    return { status: 416, headers, body: undefined };
  }
  const headers = pick(answer.headers, (name) => !wholeOnly.has(name));
  headers.push('content-range', `bytes ${start}-${end - 1}/${size}`);
  const part = isBlobBody(body)
    ? { blob: body.blob, start: body.start + start, end: body.start + end }
    : body.subarray(start, end);
  return { status: 206, headers, body: part };
}

function pick(headers: readonly string[], keep: (name: string) => boolean): string[] {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (keep(headers[i]!)) out.push(headers[i]!, headers[i + 1]!);
  return out;
}

function isCors(name: string): boolean {
  return name.startsWith('access-control-');
}
