/**
 * `message@1.0` (spec 01 §6): what the keys of every message mean unless its device says otherwise. A message is data; on top of it stand
 * a few keys that identify, sign, check, list and change it.
 *
 * Differences to the reference, all on the safe side (spec 01 §9): `committers` names only whoever signed verifiably; `verify` without
 * parameters checks every commitment; a signed request may ask for `id` or `verify`; `get` as a key answers for the key it is given.
 */
import { type Awaitable, andThen } from '../core/awaitable.ts';
import { committedKeys, everyCommitment, everySigner, unsignedOnly } from '../core/commitments.ts';
import { type Device, device } from '../core/device.ts';
import type { Environment } from '../core/environment.ts';
import { text } from '../core/fields.ts';
import { selectedId } from '../core/ids.ts';
import { toList } from '../core/lists.ts';
import { isMessage, isPrivateKey, message as literal, type Message, normalizeKey } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { readKey } from '../core/resolve/read.ts';
import { As, isList, Link, UNSET, type Value } from '../core/value.ts';
import { verify as verifyMessage } from '../core/verify.ts';
import { setEntries, withValidCommitments } from './message/set.ts';
import { findTarget, requestSelection } from './message/target.ts';

const noTarget = fail('not-found', 'The request names a target that it does not have.');

export const messageDevice: Device = device({
  name: 'message@1.0',
  doc: 'Plain data: every key is answered with what is stored under it, in any case of letters. The device of messages without one.',
  uses: ['environment'],
  pure: true,
  keys: {
    id: {
      doc: 'The id: of the unsigned content, or over the commitments chosen by `committers` and `commitment-ids`.',
      run: ({ base, requestMessage, environment }) =>
        ok(selectedId(base, requestSelection(requestMessage) ?? unsignedOnly, environment)),
    },
    commit: {
      doc: 'The message with a new commitment by `commitment-device`: `type` is `signed` (default), `unsigned` or an algorithm.',
      pure: false,
      run: ({ base, requestMessage, ao }) =>
        andThen(findTarget(base, requestMessage, ao), (target) =>
          target === undefined
            ? noTarget
            : ao.lendsKey || isKeyless(requestMessage)
              ? andThen(ao.commit(target, requestMessage.without('path')), ok)
              : keyNotLent,
        ),
    },
    verify: {
      doc: 'Whether the commitments hold: every one, or those chosen by `committers` and `commitment-ids`.',
      run: ({ base, requestMessage, ao, environment }) =>
        andThen(findTarget(base, requestMessage, ao), (target) => {
          if (target === undefined) return noTarget;
          const selection = requestSelection(requestMessage) ?? everyCommitment;
          return andThen(verifyMessage(target, environment, selection, requestMessage), ok);
        }),
    },
    committed: {
      doc: 'The keys that all chosen commitments cover; with `raw`, spelt as they spell them.',
      run: ({ base, requestMessage, ao }) =>
        andThen(findTarget(base, requestMessage, ao), (target) => {
          if (target === undefined) return noTarget;
          const selection = requestSelection(requestMessage) ?? everySigner;
          return ok(committedKeys(target, selection, requestMessage.get('raw') === true));
        }),
    },
    committers: {
      doc: 'Addresses of everyone whose signature on the message holds.',
      run: ({ base, ao }) => andThen(ao.signers(base), ok),
    },
    keys: {
      doc: 'The public keys, in the order of the protocol.',
      run: ({ base, environment }) => ok(publicKeys(base, environment)),
    },
    get: {
      doc: 'The value under `key`.',
      run({ base, requestMessage, ao }) {
        const key = requestMessage.get('key');
        const name = key === undefined ? undefined : normalizeKey(key);
        return name === undefined ? notFound : loaded(readKey(base, name), ao.load.bind(ao));
      },
    },
    set: {
      doc: 'The message with the keys of the request set. Keys may be paths; `unset` removes; `set-mode: explicit` replaces whole values.',
      run({ base, requestMessage, ao }) {
        const mode = requestMessage.get('set-mode');
        const explicit = mode !== undefined && text.read(mode) === 'explicit';
        return andThen(setEntries(base, requestMessage, explicit, ao), ok);
      },
    },
    'set-path': {
      doc: 'The message with `path` set to `value`: `set` cannot, since `path` says what to do.',
      run({ base, requestMessage, ao }) {
        const value = requestMessage.get('value');
        if (value === undefined) return fail('bad-request', 'The request needs the `value` of the new path.');
        if (isMessage(value)) return fail('bad-request', 'A path cannot be a message.');
        const changed = value === UNSET ? base.without('path') : base.with('path', value);
        return ok(withValidCommitments(base, changed, ao));
      },
    },
    remove: {
      doc: 'The message without the key `item`, or without all `items`. Commitments stay, whether they still hold or not.',
      run({ base, requestMessage }) {
        const item = requestMessage.get('item');
        const items = requestMessage.get('items');
        const all = item !== undefined ? [item] : isList(items) ? items : isMessage(items) ? toList(items) : undefined;
        if (all === undefined) return fail('bad-request', 'The request needs the `item`, or the `items`, to remove.');
        const keys = all.map(normalizeKey).filter((key) => key !== undefined && !isPrivateKey(key));
        return ok(base.without(...(keys as string[])));
      },
    },
    index: {
      doc: 'What a browser is shown for a message without a page of its own: the index message of the node.',
      pure: false,
      run: ({ base, requestMessage, environment, resolve }) => index(base, requestMessage, environment, resolve),
    },
    info: {
      doc: 'Name and keys of this device.',
      run: () =>
        ok(literal({ name: messageDevice.name, doc: messageDevice.doc, keys: [...messageDevice.keys.keys()] })),
    },
  },
});

/** Whether a commitment needs no key of the node: it says what the message is, or that somebody knows a secret. */
function isKeyless(request: Message): boolean {
  const type = request.get('type');
  const name = type === undefined ? undefined : text.read(type);
  return name === 'unsigned' || name === 'unsigned-sha256' || name === 'hmac-sha256';
}

const keyNotLent = fail('forbidden', 'This node signs with its key only what it says itself.', {
  status: 403,
  hint: 'Sign with a key of your own, or ask for a commitment of type `unsigned`.',
});

function publicKeys(base: Message, env: Environment): readonly string[] {
  const hidden = env.dialect.keysListCommitments ? undefined : 'commitments';
  return base.keys().filter((key) => !isPrivateKey(key) && key !== hidden);
}

function loaded(value: Value | undefined, load: (value: Value) => Awaitable<Value>): Awaitable<Outcome> {
  if (value === undefined) return notFound;
  return value instanceof Link ? andThen(load(value), ok) : ok(value);
}

function index(
  base: Message,
  request: Message,
  env: Environment,
  resolve: (base: Value, request: Value) => Awaitable<Outcome>,
): Awaitable<Outcome> {
  const chosen = env.options.get('default-index');
  if (chosen === undefined)
    return fail('not-found', 'No default index message set.', { value: 'No default index message set.' });
  const own = isMessage(chosen) ? chosen.get('path') : undefined;
  const path = own ?? env.options.get('default-index-path') ?? 'index';
  const target = isMessage(chosen)
    ? base.withAll(chosen.without('path').entries())
    : new As(chosen, base.without('path'));
  return resolve(target, request.with('path', path));
}
