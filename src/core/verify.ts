/**
 * Verification: who really said what (spec 01 §1.9, §6.5; architecture §4 "verify before trust, once").
 *
 * A commitment counts only if its codec confirms it for the message as it is now. Whatever cannot be verified, or doesn't cover the key
 * that matters, counts as not signed. An answer is remembered on the message, which cannot change: a signature is checked once.
 */
import { type Awaitable, andThen, isPromise, mapInOrder } from './awaitable.ts';
import type { Committer, Tabm } from './codec.ts';
import {
  commitmentsOf,
  commitmentText,
  committerOf,
  everySigner,
  keepCommitments,
  keysCommittedBy,
  type Selection,
  selectCommitments,
  withoutLinkSuffix,
} from './commitments.ts';
import type { Environment } from './environment.ts';
import { equal } from './equal.ts';
import { isMessage, isPrivateKey, type Message } from './message.ts';

const verifiedSlot = Symbol('verified commitments');
const contentsSlot = Symbol('contents they were verified for');
/** Contents remembered with the same commitments. */
const maxContents = 4;

/** Whether every selected commitment holds; true if none is selected (spec 01 §6.5). */
export function verify(
  message: Message,
  env: Environment,
  selection: Selection = everySigner,
  request?: Message,
): Awaitable<boolean> {
  if (!message.has('commitments')) return true;
  const ids = selectCommitments(message, selection);
  if (ids.length > env.limits.maxCommitments) return false;
  return andThen(
    mapInOrder(ids, (id) => verifyCommitment(message, id, env, request)),
    (results) => results.every((holds) => holds),
  );
}

/**
 * Whether the commitment of this id holds for the message. False for one it doesn't have. What is committed with a
 * secret verifies only for requests that know it, so the answer isn't remembered.
 */
export function verifyCommitment(
  message: Message,
  id: string,
  env: Environment,
  request?: Message,
): Awaitable<boolean> {
  const all = message.get('commitments');
  const commitment = isMessage(all) ? all.get(id) : undefined;
  if (!isMessage(commitment)) return false;
  const whole = signedRequest(message);
  if (
    whole !== undefined &&
    whole !== message &&
    isSameCommitment(whole, id, commitment) &&
    isPartOf(message, whole, commitment)
  )
    return verifyCommitment(whole, id, env, request);
  if (commitmentText(commitment, 'keyid')?.startsWith('secret:') === true) {
    return checkCommitment(message, id, commitment, env, request);
  }
  const known = answersFor(message, all as Message);
  const before = known.get(id);
  if (before !== undefined) return before;
  const answer = checkCommitment(message, id, commitment, env, request);
  known.set(id, answer);
  if (isPromise(answer)) {
    void answer.then(
      (holds) => known.set(id, holds),
      () => known.delete(id),
    );
  }
  return answer;
}

/** What is known of the commitments of one content, by their ids. */
type Answers = Map<string, Awaitable<boolean>>;

interface Checked {
  readonly content: Message;
  readonly answers: Answers;
}

/**
 * A signed message is taken apart and put together again on its way (a request without its transport keys, a definition with a device),
 * each time a new object with the old commitments. Answers go along as long as the content is the same, which is far cheaper to see than to
 * verify: a post to a schedule verified its sender twice and the process's definition once, now the sender once.
 */
function answersFor(message: Message, commitments: Message): Answers {
  return message.derive(verifiedSlot, () => {
    const contents = commitments.derive(contentsSlot, () => [] as Checked[]);
    const content = message.filter((key) => key !== 'commitments' && !isPrivateKey(key));
    const before = contents.find((one) => equal(one.content, content));
    if (before !== undefined) return before.answers;
    const answers: Answers = new Map();
    if (contents.length >= maxContents) contents.shift();
    contents.push({ content: content.withOrigin(undefined), answers });
    return answers;
  });
}

/**
 * The signed request that a step came from. A request is taken apart into steps, each with a path of its own, so the signature over the
 * request's path can't hold for a step; the HTTP edge therefore leaves the request as it was received in `priv/request`, a place that
 * nothing from outside can reach.
 */
function signedRequest(message: Message): Message | undefined {
  const priv = message.get('priv');
  const request = isMessage(priv) ? priv.get('request') : undefined;
  return isMessage(request) ? request : undefined;
}

/** Whether the request has this very commitment: what a step says of who signed which keys is nobody's word. */
function isSameCommitment(request: Message, id: string, commitment: Message): boolean {
  const all = request.get('commitments');
  const signed = isMessage(all) ? all.get(id) : undefined;
  return signed !== undefined && equal(signed, commitment);
}

/** Whether everything the commitment covers is still as in the request, but for the path. */
function isPartOf(step: Message, request: Message, commitment: Message): boolean {
  return keysCommittedBy(commitment).every((key) => {
    if (key === 'path' || key === 'ao-types') return true;
    const value = step.get(key);
    // A key for one step only, or one with a type in its name, stands under another name in the step: there it counts as not covered.
    if (value === undefined) return true;
    // A key that the request doesn't have came from its path, whatever the commitment says it covers.
    const signed = request.get(key);
    return signed !== undefined && equal(value, signed);
  });
}

function checkCommitment(
  message: Message,
  id: string,
  commitment: Message,
  env: Environment,
  request: Message | undefined,
): Awaitable<boolean> {
  const codec = env.codecs.get(commitmentText(commitment, 'commitment-device') ?? 'httpsig@1.0');
  const committer: Committer | undefined = codec?.committer;
  if (committer === undefined) return false;
  const secret = request?.get('secret');
  const details = {
    ...(secret !== undefined && (typeof secret === 'string' || secret instanceof Uint8Array) ? { secret } : {}),
    ...(request === undefined ? {} : { request }),
  };
  const check = (tabm: Tabm): Awaitable<boolean> =>
    isMessage(tabm) ? committer.verify(tabm, id, commitment, details, env) : false;
  try {
    const params = isBundle(commitment) ? { bundle: true } : { links: 'discard' as const };
    const holdsFor = (form: Message): Awaitable<boolean> => andThen(structured(env).toTabm(form, params, env), check);
    const answer = andThen(holdsFor(message), (holds) =>
      // Beside a signature over another spelling stands the unsigned commitment that a store made over ours, which is how a message
      // without commitments is spelt.
      holds || committerOf(commitment) !== undefined ? holds : holdsFor(message.without('commitments')),
    );
    return isPromise(answer) ? answer.catch(() => false) : answer;
  } catch {
    // A message that has no encoded form can't be what was signed.
    return false;
  }
}

function isBundle(commitment: Message): boolean {
  const bundle = commitment.get('bundle');
  return bundle === true || bundle === 'true';
}

function structured(env: Environment) {
  const codec = env.codecs.get('structured@1.0');
  if (codec === undefined) throw new Error('structured@1.0 is missing from the codecs');
  return codec;
}

/** Ids of the commitments that hold. */
export function verifiedCommitments(message: Message, env: Environment): Awaitable<readonly string[]> {
  const ids = commitmentsOf(message)
    .map(([id]) => id)
    .slice(0, env.limits.maxCommitments);
  return andThen(
    mapInOrder(ids, (id) => verifyCommitment(message, id, env)),
    (results) => ids.filter((_, i) => results[i]),
  );
}

/** Addresses whose signature on the message holds and covers all of `covering`; each once, in the order of the commitments. */
export function signers(
  message: Message,
  env: Environment,
  covering: readonly string[] = [],
): Awaitable<readonly string[]> {
  const claims = commitmentsOf(message)
    .filter(([, commitment]) => committerOf(commitment) !== undefined && covers(commitment, covering))
    .slice(0, env.limits.maxCommitments);
  return andThen(
    mapInOrder(claims, ([id]) => verifyCommitment(message, id, env)),
    (results) => [...new Set(claims.filter((_, i) => results[i]).map(([, commitment]) => committerOf(commitment)!))],
  );
}

function covers(commitment: Message, keys: readonly string[]): boolean {
  if (keys.length === 0) return true;
  const covered = new Set(keysCommittedBy(commitment));
  return keys.every((key) => covered.has(key));
}

/**
 * What of a message may be trusted: only commitments that hold, and, if there are signatures among them, only the keys that all of them
 * cover. A message that nobody signed keeps all its keys; they are nobody's.
 */
export function onlyVerified(message: Message, env: Environment): Awaitable<Message> {
  if (!message.has('commitments')) return message;
  return andThen(verifiedCommitments(message, env), (ids) => {
    const kept = keepCommitments(message, (id) => ids.includes(id));
    const signed = commitmentsOf(kept).filter(([, commitment]) => committerOf(commitment) !== undefined);
    if (signed.length === 0) return kept;
    const covered = signed.map(([, commitment]) => new Set(keysCommittedBy(commitment)));
    return kept.filter((key) => key === 'commitments' || covered.every((keys) => keys.has(withoutLinkSuffix(key))));
  });
}
