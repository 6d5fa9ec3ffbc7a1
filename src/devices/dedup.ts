/**
 * `dedup@1.0` (spec 01 §7.3): lets every subject through once.
 *
 * The device stands in a stack before those that do the work. The subject (the request's `body` unless `dedup-subject` names another key,
 * or `request` for the request as a whole) is identified by its id; one that was seen before skips the rest of the stack. Only the first
 * pass looks, so that later passes over the same message still run.
 *
 * What was seen is kept in the state under `dedup`: a list of ids, newest first, in the dialects of 2025; in 2026 a `trie@1.0` from id to
 * slot, which stays small to read and to store however many messages a process has had. A state that already has one form keeps it,
 * whatever the dialect.
 *
 * Every key runs the handler, `id` and `commit` included: the reference's exclusions are misspelt, and states depend on it (spec 01 §9
 * row 29). Only `keys` and `set` are the message's own.
 */
import { andThen } from '../core/awaitable.ts';
import { isBinary, toText } from '../core/bytes.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import { anything, integer, listOf, text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { type Outcome, ok, skip } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import { firstPlain, plain } from './plain.ts';
import { trieGet, trieSet } from './trie/nodes.ts';

type DedupCall = Call<Message, unknown, 'environment'>;

export const dedup = device({
  name: 'dedup@1.0',
  doc: 'Skips the rest of the stack for a subject that was seen before.',
  uses: ['environment'],
  pure: true,
  keys: {},
  inherits: ['keys', 'set'],
  async otherKeys(call) {
    const { base, requestMessage: request, ao } = call;
    const pass = await plain(ao, base, 'pass');
    if (pass !== undefined && integer.read(pass) !== 1) return ok(base);
    const places = [
      [base, 'dedup-subject'],
      [request, 'dedup-subject'],
    ] as const;
    const key = text.read((await firstPlain(ao, places)) ?? 'body') ?? 'body';
    const subject =
      key === 'request'
        ? request
        : await firstPlain(ao, [
            [base, key],
            [request, key],
          ]);
    if (subject === undefined) return ok(base);
    const id = ao.id(subject, 'signed');
    return andThen(plain(ao, base, 'dedup'), (seen) => remember(call, id, seen));
  },
});

function remember(
  { base, requestMessage, environment, ao }: DedupCall,
  id: string,
  seen: Value | undefined,
): Outcome | Promise<Outcome> {
  const table = isMessage(seen) && seen.get('device') === 'trie@1.0' ? seen : undefined;
  if (table !== undefined || (seen === undefined && environment.dialect.dedupForm === 'trie')) {
    return rememberInTrie(ao, base, requestMessage, id, table ?? message({ device: 'trie@1.0' }));
  }
  const list = seen === undefined ? [] : (listOf(anything).read(seen) ?? []);
  if (list.some((item) => isBinary(item) && toText(item) === id)) return skip(base);
  return ok(base.with('dedup', [id, ...list]));
}

async function rememberInTrie(ao: Ao, base: Message, request: Message, id: string, seen: Message): Promise<Outcome> {
  if ((await trieGet(ao, seen, id)) !== undefined) return skip(base);
  const slot = (await plain(ao, request, 'slot')) ?? 0;
  return ok(base.with('dedup', await trieSet(ao, seen, id, slot)));
}
