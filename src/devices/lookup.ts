/**
 * `lookup@1.0` (spec 01 §7.6): reads from the node's cache by id or path.
 *
 * With `accept: application/aos-2` the message comes in the JSON of legacy ao clients (spec 04 §4.4), fully loaded, so that
 * a client that knows nothing of links can read it.
 */
import { device } from '../core/device.ts';
import { optional, text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { notFound, ok } from '../core/outcome.ts';
import { legacyMessage } from './json-iface/legacy.ts';

export const lookup = device({
  name: 'lookup@1.0',
  doc: 'Reads messages and byte strings from the cache of the node.',
  uses: ['cache', 'environment'],
  keys: {
    read: {
      doc: 'What is stored under `target`, an id or a path below one.',
      request: { target: text, accept: optional(text) },
      async run({ request, cache, environment, ao }) {
        const found = await cache.read(request.target);
        if (found === undefined) return notFound;
        if (request.accept !== 'application/aos-2' || !isMessage(found)) return ok(found);
        const whole = await ao.loadAll(found);
        const body = JSON.stringify(await legacyMessage(ao, whole as Message, environment.dialect));
        return ok(message({ body, 'content-type': 'application/aos-2' }));
      },
    },
  },
});
