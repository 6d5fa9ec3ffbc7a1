/**
 * How old a computed state may be to be the answer of `now` (spec 04 §1.4): then the scheduler isn't asked. The age of a process is the time
 * since results of it were written last.
 *
 *     /PID/now&max-age=60/balance      seconds, or `infinity`
 *     process-now-max-age              the same, for requests that don't say
 */
import { integer, text } from '../../core/fields.ts';
import type { Message } from '../../core/message.ts';
import { cacheWords } from '../../core/resolve/cache-control.ts';
import type { Value } from '../../core/value.ts';

/** Whether a state written at `refreshedAt` will do at `now`, both in milliseconds; `fallback` is the node's own limit. */
export function isFresh(
  request: Message,
  fallback: Value | undefined,
  refreshedAt: number | undefined,
  now: number,
): boolean {
  if (refreshedAt === undefined) return false;
  if (cacheWords(request).includes('only-if-cached')) return true;
  const limit = request.get('max-age') ?? fallback;
  if (limit === undefined) return false;
  if (text.read(limit)?.toLowerCase() === 'infinity') return true;
  const seconds = integer.read(limit);
  return seconds !== undefined && now - refreshedAt <= seconds * 1_000;
}
