/**
 * `meta@1.0` (spec 03 §4): the node about itself, and the way its operator changes it while it runs.
 *
 *     GET  /~meta@1.0/info             every option that isn't private
 *     POST /~meta@1.0/info             signed by the operator: the signed keys become options
 *     GET  /~meta@1.0/build            what this node is
 *
 * A change has to be signed by the operator (`meta/roles.ts` says who that is); only what the signature covers is taken; a signature works
 * once, so that nobody can replay an old change; and `initialized: permanent` is the last change ever.
 *
 * The reference answers all refusals with status 400, and writes the keys of the request itself (`path`, `method`, headers) into the node
 * message. We don't copy the latter.
 */

import { device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { Float, type Value } from '../core/value.ts';
import type {} from './meta/node-control.ts';
import { publicNodeMessage } from './meta/node-message.ts';
import { isTransportKey } from './meta/option-names.ts';
import { takeSignatures } from './meta/replay.ts';
import { isOperator, operatorAddress, operatorRequest } from './meta/roles.ts';
import { plain } from './plain.ts';

export const meta = device({
  name: 'meta@1.0',
  doc: 'What this node is and how it is configured; its operator changes it here.',
  uses: ['cache', 'environment', 'node'],
  // Two changes at the same time would both find their signature unused.
  lane: ({ key, request }) => (key === 'info' && isChange(request) ? 'meta@1.0/info' : undefined),
  keys: {
    info: {
      doc: 'The public node message; posted with the operator’s signature, changes to it.',
      async run(call) {
        const { requestMessage: request, environment, node, cache, ao } = call;
        if (!isChange(request)) return ok(publicNodeMessage(node, environment));
        const current = { ...environment, options: node.options() };
        const initialized = await plain(ao, current.options, 'initialized');
        if (initialized !== undefined && text.read(initialized) === 'permanent') return permanent;
        const signed = await operatorRequest(ao, current, request, 'meta@1.0');
        if (signed === undefined) return unauthorized;
        const operator = (await operatorAddress(ao, current)) ?? '';
        if (!(await takeSignatures(cache, request, operator))) return replayed;
        // A header that anybody's client sends is an option only if it was signed.
        const unsigned = (await ao.signers(request)).length === 0;
        const changes = signed.filter((key) => !isTransportKey(key) && !(unsigned && key === 'host'));
        await node.change(changes);
        const count = node.history().length;
        return ok(message({ body: `Node message updated. History: ${count} updates.`, 'history-length': count }));
      },
    },
    build: {
      doc: 'Which program this is, in which version, built when.',
      run({ node, environment }) {
        const { version, source, builtAt } = node.build;
        return ok(
          message({
            node: 'HyperBEAM',
            version: environment.dialect.name === '2026' ? '0.9' : new Float(0.9),
            implementation: 'hyperbeam-ts',
            'implementation-version': version,
            source,
            'source-short': source.slice(0, 7),
            'build-time': builtAt,
          }),
        );
      },
    },
    'is-operator': {
      doc: 'Whether the request’s `body`, or the request itself, is signed by the operator.',
      async run({ requestMessage: request, environment, node, ao }): Promise<Outcome> {
        const body: Value | undefined = await plain(ao, request, 'body');
        const subject: Message = isMessage(body) ? body : request;
        return ok(await isOperator(ao, { ...environment, options: node.options() }, subject));
      },
    },
  },
});

function isChange(request: Message): boolean {
  const method = request.get('method');
  return method !== undefined && text.read(method)?.toUpperCase() === 'POST';
}

const permanent = fail('forbidden', 'The node message of this machine is already permanent. It cannot be changed.', {
  status: 400,
  hint: 'Start the node anew with another configuration.',
});

const unauthorized = fail('unauthorized', 'Unauthorized', {
  status: 400,
  hint: 'Sign the new options with the key of the node, or the one named by the option `operator`.',
});

const replayed = fail('conflict', 'This change was made already.', {
  status: 409,
  hint: 'A signature works once. Sign the change again.',
});
