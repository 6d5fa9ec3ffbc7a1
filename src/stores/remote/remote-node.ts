/**
 * Another node's cache as a source (spec 05 §2.7), and as a place to write to.
 *
 * Only what can be checked is read: bytes by their hash, messages by an id that proves to be theirs. Names on other nodes (schedules,
 * results) prove nothing and are not asked for.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import { isBinary, toBytes } from '../../core/bytes.ts';
import { commit } from '../../core/commit.ts';
import {
  commitmentsOf,
  everySigner,
  keepCommitments,
  keysCommittedBy,
  selectCommitments,
  uncommitted,
} from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { sumOfIds } from '../../core/ids.ts';
import { isMessage, message as literal, type Message, messageFrom } from '../../core/message.ts';
import type { Peers } from '../../core/peers.ts';
import { Link, type Value } from '../../core/value.ts';
import { verifyCommitment } from '../../core/verify.ts';
import { data, hashOf, isIdText } from '../layout.ts';
import type { Source, Sourced } from './source.ts';

export interface RemoteNodeOptions {
  readonly url: string;
  readonly peers: Peers;
  readonly environment: () => Environment;
  readonly keeps?: boolean;
}

export function remoteNodeSource(options: RemoteNodeOptions): Source {
  return {
    name: `node ${options.url}`,
    keeps: options.keeps ?? true,
    async read(path, signal) {
      if (!isIdText(path) && !path.startsWith(`${data}/`)) return undefined;
      const env = options.environment();
      // Links first: most children are never looked at. A signature over children inline needs them inline.
      for (const bundle of [false, true]) {
        const answer = await ask(options, path, bundle, signal);
        if (answer === undefined) return undefined;
        const checked = await check(path, answer, env);
        if (checked !== undefined) return checked;
        if (!isMessage(answer) || !hasLinks(answer)) break;
      }
      return raise('peer-failed', `What ${options.url} has at ${path} is something else.`);
    },
  };
}

/** Writes to another node, signed with this node's key, which has to be one of that node's `cache-writers`. */
export class RemoteWriter {
  readonly #options: RemoteNodeOptions;

  constructor(options: RemoteNodeOptions) {
    this.#options = options;
  }

  /** The path under which the other node has it. */
  async write(value: Value): Promise<string> {
    const body = { type: isBinary(value) ? 'single' : 'message', body: value };
    const answer = await this.#post('/~cache@1.0/write', messageFrom(Object.entries(body)));
    const path = isMessage(answer) ? answer.get('path') : undefined;
    return typeof path === 'string' ? path : raise('peer-failed', `${this.#options.url} did not say where it put it.`);
  }

  async link(existing: string, name: string): Promise<void> {
    await this.#post('/~cache@1.0/link', literal({ source: existing, destination: name }));
  }

  async #post(path: string, request: Message): Promise<Value> {
    const { peers, url, environment } = this.#options;
    // The path is not signed: on the way through the other node's resolver it becomes another one.
    const signed = await commit(request, environment());
    const outcome = await peers.request(url, signed.with('path', path).with('method', 'POST'));
    if (outcome.status === 'ok') return outcome.value;
    return raise('peer-failed', outcome.status === 'error' ? outcome.error.message : 'The other node gave no answer.');
  }
}

async function ask(
  { peers, url }: RemoteNodeOptions,
  target: string,
  bundle: boolean,
  signal: AbortSignal | undefined,
): Promise<Value | undefined> {
  const request = literal({
    path: `/~cache@1.0/read?target=${encodeURIComponent(target)}`,
    method: 'GET',
    ...(bundle ? { 'accept-bundle': true } : {}),
  });
  const outcome = await peers.request(url, request, signal === undefined ? {} : { signal });
  if (outcome.status === 'ok') return outcome.value;
  if (outcome.status === 'error' && (outcome.error.code === 'not-found' || outcome.error.status === 404))
    return undefined;
  return raise('peer-failed', outcome.status === 'error' ? outcome.error.message : 'The other node gave no answer.');
}

/** The part of an answer that proves to belong to the path; `undefined` if none does. */
async function check(path: string, answer: Value, env: Environment): Promise<Sourced | undefined> {
  if (path.startsWith(`${data}/`)) {
    const bytes = isMessage(answer) ? answer.get('body') : answer;
    if (bytes === undefined || !isBinary(bytes)) return undefined;
    return hashOf(toBytes(bytes)) === path.slice(data.length + 1) ? { value: bytes, ids: [] } : undefined;
  }
  if (!isMessage(answer)) return undefined;
  return (
    (await byCommitment(path, answer, env)) ?? (await bySignatures(path, answer, env)) ?? byContent(path, answer, env)
  );
}

/** Reduced to what the commitment of this id covers, it verifies. */
function byCommitment(id: string, answer: Message, env: Environment): Awaitable<Sourced | undefined> {
  const commitment = commitmentsOf(answer).find(([one]) => one === id)?.[1];
  if (commitment === undefined) return undefined;
  const covered = new Set(keysCommittedBy(commitment));
  const value = keepCommitments(
    answer.filter((key) => key === 'commitments' || covered.has(key)),
    (one) => one === id,
  );
  return andThen(verifyCommitment(value, id, env), (holds) => (holds ? { value, ids: [id] } : undefined));
}

/** The id is the sum of its signatures, all of which hold. */
async function bySignatures(id: string, answer: Message, env: Environment): Promise<Sourced | undefined> {
  const ids = selectCommitments(answer, everySigner);
  if (ids.length < 2 || !ids.every(isIdText) || sumOfIds(ids) !== id) return undefined;
  const covered = commitmentsOf(answer)
    .filter(([one]) => ids.includes(one))
    .map(([, one]) => new Set(keysCommittedBy(one)));
  const value = keepCommitments(
    answer.filter((key) => key === 'commitments' || covered.every((keys) => keys.has(key))),
    (one) => ids.includes(one),
  );
  for (const one of ids) if (!(await verifyCommitment(value, one, env))) return undefined;
  return { value, ids };
}

/** Its content has this unsigned id, with or without what HTTP adds. */
function byContent(id: string, answer: Message, env: Environment): Sourced | undefined {
  const content = uncommitted(answer);
  for (const value of [content, content.without('status'), content.without(...added)]) {
    if (env.unsignedId(value, env) === id) return { value, ids: [] };
  }
  return undefined;
}

const added: readonly string[] = [
  'status',
  'date',
  'server',
  'vary',
  'etag',
  'cache-control',
  'content-type',
  'content-length',
];

function hasLinks(message: Message): boolean {
  for (const [, value] of message.entries()) if (value instanceof Link) return true;
  return false;
}
