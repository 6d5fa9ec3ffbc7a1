/**
 * `whois@1.0` (spec 03 §4.5): which address is asking, and which address this node has.
 *
 * A node behind a router doesn't know how the world reaches it. If `host` isn't configured it asks the node in `host-bootstrap-node` for
 * the address its requests come from, and keeps the answer.
 */
import { device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { isMessage, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import type {} from './meta/node-control.ts';
import { plain } from './plain.ts';
import type {} from './scheduler/remote.ts';

export const whois = device({
  name: 'whois@1.0',
  doc: 'Addresses: of whoever asks, and of this node.',
  uses: ['environment', 'node'],
  keys: {
    echo: {
      doc: 'The address that the request came from.',
      run: async ({ requestMessage, ao }) => ok((await plain(ao, requestMessage, 'ao-peer')) ?? 'unknown'),
    },
    node: {
      doc: 'The address of this node.',
      async run({ node, environment, ao, signal }) {
        const host = await plain(ao, node.options(), 'host');
        if (host !== undefined) return ok(host);
        const bootstrap = await plain(ao, node.options(), 'host-bootstrap-node');
        const peer = bootstrap === undefined || bootstrap === false ? undefined : text.read(bootstrap);
        if (peer === undefined) return noBootstrap;
        const { peers } = environment.capabilities;
        if (peers === undefined) return fail('unavailable', 'This node does not ask others.');
        const answer = await peers.request(peer, message({ path: '/~whois@1.0/echo', method: 'GET' }), { signal });
        if (answer.status !== 'ok') return answer;
        const body = isMessage(answer.value) ? await plain(ao, answer.value, 'body') : answer.value;
        const found = body === undefined ? undefined : text.read(body);
        if (found === undefined || found === 'unknown' || found === '') {
          return fail('peer-failed', `${peer} did not say which address we have.`);
        }
        await node.adopt(message({ host: found }));
        return ok(found);
      },
    },
  },
});

const noBootstrap: Outcome = fail('unavailable', 'No bootstrap node configured.', {
  value: 'No bootstrap node configured.',
  hint: 'Set `host`, or `host-bootstrap-node` to a node that can tell.',
});
