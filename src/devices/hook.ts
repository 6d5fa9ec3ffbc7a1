/**
 * `hook@1.0` (spec 01 §7.9): shows which handlers the operator has configured for a hook. Running hooks is not something a request can
 * ask for; it is in `core/hooks.ts`, called by the resolver (`step`) and the node (`start`, `request`, `response`).
 */
import { device } from '../core/device.ts';
import { text } from '../core/fields.ts';
import { hookHandlers } from '../core/hooks.ts';
import { isMessage, type Message } from '../core/message.ts';
import { notFound, ok } from '../core/outcome.ts';
import { isList, type Value } from '../core/value.ts';
import { plain } from './plain.ts';

export { runHook } from '../core/hooks.ts';

/** The steps of a request, if that is what a device is called with as a request hook. */
export function hookedSteps(request: Message): readonly Value[] | undefined {
  const steps = request.get('body');
  return isMessage(request.get('request')) && isList(steps) ? steps : undefined;
}

export const hook = device({
  name: 'hook@1.0',
  doc: 'The hooks of this node.',
  uses: ['environment'],
  keys: {
    find: {
      doc: 'The handlers of the hook that is named by `body`, or by the key that `target` names.',
      async run({ requestMessage: request, environment, ao }) {
        const target = text.read((await plain(ao, request, 'target')) ?? 'body');
        const name = target === undefined ? undefined : await plain(ao, request, target);
        const spelt = name === undefined ? undefined : text.read(name);
        if (spelt === undefined) return notFound;
        return ok(await hookHandlers(spelt, await plain(ao, environment.options, 'on'), ao));
      },
    },
  },
});
