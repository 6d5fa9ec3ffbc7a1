/**
 * `router@1.0/preprocess` (spec 03 §5.2): a hook on requests that sends to another node what the table has a route for.
 *
 * The user's request is not forwarded as it is, or headers that proxies add on the way would become part of it. It travels inside a message
 * to `apply@1.0` on the other node, which executes it there; an unsigned one first gets an unsigned commitment that fixes what it says.
 *
 *     [{device: relay@1.0, relay-device: apply@1.0, method: POST, peer, commit-request?},
 *      {path: call, target: proxy-message,
 *       proxy-message: {device: apply@1.0, path: user-path, source: user-message, user-path, user-message}}]
 */
import type { Ao } from '../../core/device.ts';
import { flag, text } from '../../core/fields.ts';
import { isMessage, type Message, message } from '../../core/message.ts';
import { fail, type Outcome, ok } from '../../core/outcome.ts';
import { isList, type Value } from '../../core/value.ts';
import { plain } from '../plain.ts';
import { routedPath } from './match.ts';
import { targetUri } from './target.ts';

/** What becomes of a request without a route. */
export async function unrouted(ao: Ao, call: Message, options: Message): Promise<Outcome> {
  const otherwise = await plain(ao, options, 'router-preprocess-default');
  if (otherwise === undefined || text.read(otherwise) !== 'error') return ok(call);
  const refusal = message({ status: 404, message: 'No matching template found in the given routes.' });
  return ok(call.with('body', [refusal]));
}

/** The sequence that has the request executed by the target of its route. */
export async function rerouted(ao: Ao, handler: Message, call: Message, target: Value): Promise<Outcome> {
  const original = await plain(ao, call, 'request');
  if (!isMessage(original)) return fail('bad-request', 'A request hook gets the request under `request`.');
  const peer = peerOf(target);
  if (peer === undefined) return fail('bad-request', 'The route leads to no single node.');
  const commits = flag.read((await plain(ao, handler, 'commit-request')) ?? false) === true;
  const fixed = original.has('commitments') ? original : await ao.commit(original, message({ type: 'unsigned' }));
  return ok(
    call.with('body', [
      message({
        device: 'relay@1.0',
        'relay-device': 'apply@1.0',
        method: 'POST',
        peer,
        ...(commits ? { 'commit-request': true } : {}),
      }),
      message({
        path: 'call',
        target: 'proxy-message',
        'proxy-message': {
          device: 'apply@1.0',
          path: 'user-path',
          source: 'user-message',
          'user-path': await routedPath(ao, original),
          'user-message': fixed,
        },
      }),
    ]),
  );
}

/** The node of a target as a base address: what is before the path. */
function peerOf(target: Value): string | undefined {
  const nodes = isMessage(target) ? target.get('nodes') : undefined;
  const chosen = isList(nodes) ? nodes[0] : target;
  const uri = chosen === undefined ? undefined : targetUri(chosen);
  if (uri === undefined) return undefined;
  return URL.canParse(uri) && /^https?:/.test(uri) ? new URL(uri).origin : uri;
}
