/**
 * Committing (spec 01 §6.4): the message goes to its commitment device in encoded form, and the commitments that come back are laid on the
 * message as it was. Children stay where they are; signed is their id, which is the same for an inline child and for a link to it.
 */
import { type Awaitable, andThen, mapInOrder } from './awaitable.ts';
import { isBinary, toText } from './bytes.ts';
import type { CommitRequest } from './codec.ts';
import { addCommitments } from './commitments.ts';
import { codecOf, structured } from './convert.ts';
import type { Environment } from './environment.ts';
import { raise } from './errors.ts';
import { text } from './fields.ts';
import { knownHashpath } from './hashpath.ts';
import { toList } from './lists.ts';
import {
  isMessage,
  isPrivateKey,
  message as literal,
  type Message,
  Message as MessageClass,
  messageFrom,
} from './message.ts';
import { isList, Link, type Value } from './value.ts';
import type { Wallet } from './wallet.ts';

/** The message with a new commitment. `request` holds the parameters: `type`, `commitment-device`, `committed`, `bundle` … */
export function commit(
  message: Message,
  env: Environment,
  request: Message = MessageClass.empty,
  wallet?: Wallet,
): Awaitable<Message> {
  const device = request.get('commitment-device') ?? request.get('device') ?? env.options.get('commitment-device');
  const codec = codecOf(device !== undefined && isBinary(device) ? (toText(device) ?? '') : 'httpsig@1.0', env);
  const committer = codec.committer;
  if (committer === undefined) raise('bad-commitment', `${codec.name} cannot commit to messages.`);
  const bundle = request.get('bundle') === true || request.get('bundle') === 'true';
  const encoded = codecOf(structured, env).toTabm(
    message.without('priv'),
    {
      ...(bundle ? { bundle } : { links: 'discard' }),
      ...(committer.hashesLinks === true ? { linkedBytes: 'keep' } : {}),
    },
    env,
  );
  return andThen(encoded, (tabm) => {
    if (!isMessage(tabm)) raise('bad-commitment', 'Only messages can be committed to.');
    // A signature covers how the message came to be, if that is known (spec 01 §1.6).
    const path = knownHashpath(message, env);
    const tagged = path === undefined ? tabm : tabm.with('priv', literal({ hashpath: path }));
    return andThen(committer.commit(tagged, commitRequest(request, bundle, wallet), env), (committed) => {
      const commitments = committed.get('commitments');
      if (!isMessage(commitments)) raise('bad-commitment', `${codec.name} made no commitment.`);
      return committer.reshapes === true
        ? andThen(codecOf(structured, env).fromTabm(committed, {}, env), (shape) => reshaped(message, shape))
        : message.with('commitments', commitments);
    });
  });
}

/** The message in its new shape, with its private data, and its own children where the shape has links to them. */
function reshaped(message: Message, shape: Value): Message {
  if (!isMessage(shape)) raise('bad-commitment', 'Only messages can be committed to.');
  const children = new Map<string, Value>();
  const changes: [string, Value][] = [];
  for (const [key, value] of message.entries()) {
    if (isPrivateKey(key)) changes.push([key, value]);
    else if (isMessage(value) || isList(value)) children.set(key.toLowerCase(), value);
  }
  for (const [key, value] of shape.entries()) {
    const child = value instanceof Link ? children.get(key) : undefined;
    if (child !== undefined) changes.push([key, child]);
  }
  return shape.withAll(changes).withOrigin(message.origin);
}

function commitRequest(request: Message, bundle: boolean, wallet: Wallet | undefined): CommitRequest {
  const field = (key: string): string | undefined => {
    const value = request.get(key);
    return value === undefined ? undefined : text.read(value);
  };
  const committed = request.get('committed');
  const scheme = field('scheme');
  const keyid = field('keyid');
  const secret = request.get('secret');
  return {
    type: field('type') ?? 'signed',
    ...(committed === undefined ? {} : { committed: keyList(committed) }),
    ...(bundle ? { bundle } : {}),
    ...(wallet === undefined ? {} : { wallet }),
    ...(scheme === undefined ? {} : { scheme }),
    ...(keyid === undefined ? {} : { keyid }),
    ...(secret !== undefined && isBinary(secret) ? { secret } : {}),
    request,
  };
}

function keyList(committed: Value): readonly string[] {
  const items = isMessage(committed) ? toList(committed) : isList(committed) ? committed : [committed];
  return items.map((item) => text.read(item) ?? raise('bad-commitment', 'A committed key is text.'));
}

/** The message, and every message inside it, with an unsigned commitment where it has none at all (spec 01 §1.9). */
export function normalizeCommitments(value: Value, env: Environment): Awaitable<Value> {
  if (isList(value)) return mapInOrder(value, (item) => normalizeCommitments(item, env));
  if (!isMessage(value)) return value;
  const entries = [...value.entries()];
  const children = mapInOrder(entries, ([key, child]) =>
    key === 'commitments' || isPrivateKey(key) ? child : normalizeCommitments(child, env),
  );
  return andThen(children, (normal) => {
    const same = normal.every((child, i) => child === entries[i]![1]);
    const whole = same ? value : messageFrom(entries.map(([key], i) => [key, normal[i]!])).withOrigin(value.origin);
    return whole.has('commitments') ? whole : commitUnsigned(whole, env);
  });
}

const unsigned = literal({ type: 'unsigned', 'commitment-device': 'httpsig@1.0' });

function commitUnsigned(message: Message, env: Environment): Awaitable<Message> {
  // The origin is not part of an unsigned commitment.
  return andThen(commit(message.withOrigin(undefined), env, unsigned), (committed) =>
    addCommitments(message, committed.get('commitments') as Message),
  );
}
