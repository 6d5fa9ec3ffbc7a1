/** What a request to `message@1.0` is about (spec 01 §1.8, §1.9 `find_target`): which message, and which of its commitments. */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import type { Selection } from '../../core/commitments.ts';
import type { Ao } from '../../core/device.ts';
import { text } from '../../core/fields.ts';
import { toList } from '../../core/lists.ts';
import { isMessage, type Message, numbered } from '../../core/message.ts';
import { isList, type Value } from '../../core/value.ts';

/**
 * The base itself, unless the request's `target` names a key of the request that holds another; its `body` stands in for a key it doesn't
 * have. `undefined` if there is neither.
 */
export function findTarget(base: Message, request: Message, ao: Ao): Awaitable<Message | undefined> {
  const target = request.get('target');
  const name = target === undefined ? 'self' : text.read(target);
  if (name === undefined) return undefined;
  if (name === 'self') return base;
  const named = request.get(name) ?? request.get('body');
  if (named === undefined) return undefined;
  return andThen(ao.load(named), (value) => (isList(value) ? numbered(value) : isMessage(value) ? value : undefined));
}

/**
 * The commitments a request selects by `committers` and `commitment-ids` (`commitments` in the older dialect; a message there is the
 * request's own commitments). `undefined` if it says nothing.
 */
export function requestSelection(request: Message): Selection | undefined {
  const ids = request.get('commitment-ids') ?? request.get('commitments');
  const byId = ids === undefined || (isMessage(ids) && !ids.has('1')) ? undefined : choice(ids);
  const committers = request.get('committers');
  if (byId === undefined && committers === undefined) return undefined;
  return { committers: committers === undefined ? 'none' : choice(committers), ids: byId ?? 'none' };
}

function choice(value: Value): 'none' | 'all' | readonly string[] {
  if (isMessage(value) || isList(value)) {
    return (isMessage(value) ? toList(value) : value).map((item) => text.read(item) ?? '');
  }
  const word = text.read(value) ?? 'none';
  return word === 'none' || word === 'all' ? word : [word];
}
