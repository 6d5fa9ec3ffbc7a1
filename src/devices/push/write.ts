/**
 * From an entry of an outbox to letters (spec 04 §3.2, §3.3): what kind it is, whom it goes to, addressed and signed. An entry that can't be
 * sent is told of in its place, and holds no other one back.
 */
import { isId } from '../../core/bytes.ts';
import { withOnlyCommitted } from '../../core/commitments.ts';
import { errorFrom } from '../../core/errors.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { failed, type Outcome } from '../../core/outcome.ts';
import type { Value } from '../../core/value.ts';
import { plain } from '../plain.ts';
import type { Definition } from '../process/definition.ts';
import { addressList, splitHint, textAt } from '../scheduler/target.ts';
import { acceptedWallets, addressed, lowerKeys, sign, spawned } from './letter.ts';
import { hasPlace, type Letter, type LetterKind, type Mark, maxKeyBytes } from './outbox.ts';
import { mayPass, type PushParts, targetAt } from './post.ts';

/** What one push may still do, and how much of it its caller wants to see. */
export interface Trip {
  /** Levels of results in the answer. */
  readonly resultDepth: number;
  /** Hops; `undefined`: no limit. */
  readonly maxDepth: number | undefined;
  /** Shared by all levels of one push. */
  readonly allowance: { messages: number };
}

/** What has become of one entry. */
export interface Written {
  readonly letters: readonly Letter[];
  /** Those that are too many for this push, as the program wrote them. */
  readonly unsent: readonly Letter[];
  /** What is said of those that can't be sent. */
  readonly reports: readonly Message[];
}

/** An entry of the outbox of a slot. */
export interface OutboxEntry {
  readonly origin: Definition;
  readonly mark: Mark;
  readonly key: string;
  readonly entry: Value;
  readonly trip: Trip;
}

/** One entry. What is wrong with it is told in its place, and holds no other one back. */
export async function write(parts: PushParts, from: OutboxEntry): Promise<Written> {
  const { key } = from;
  if (!hasPlace(key)) {
    return unsendable(key, 400, `The key of an outbox entry may be ${maxKeyBytes} bytes long.`, {});
  }
  try {
    return await writeEntry(parts, from);
  } catch (thrown) {
    const error = errorFrom(thrown);
    if (mayPass(error)) throw thrown;
    return unsendable(key, error.status ?? 400, error.message, {});
  }
}

function unsendable(key: string, status: number, reason: string, more: { readonly message?: Message }): Written {
  return {
    letters: [],
    unsent: [],
    reports: [message({ response: 'error', status, 'outbox-index': key, reason, message: more.message })],
  };
}

async function writeEntry(parts: PushParts, { origin, mark, key, entry, trip }: OutboxEntry): Promise<Written> {
  const { ao } = parts;
  const loaded = await ao.loadAll(entry);
  const asked = isMessage(loaded) ? (lowerKeys(loaded) as Message) : Message.empty;
  const target = (await textAt(ao, asked, 'target')) ?? '';
  const type = await textAt(ao, asked, 'type');
  const kind: LetterKind | undefined =
    target !== '' ? 'message' : type === 'Process' ? 'spawn' : type === 'Assignment' ? 'assignment' : undefined;
  const copies = kind === 'assignment' ? addressList((await plain(ao, asked, 'processes')) ?? []) : [target];
  if (kind === undefined || copies.length === 0) {
    return unsendable(key, 404, 'Target process not available.', { message: asked });
  }
  if (kind === 'assignment' && !isId((await textAt(ao, asked, 'message')) ?? '')) {
    return unsendable(key, 404, nothingToAssign, { message: asked });
  }
  const letters: Letter[] = [];
  const unsent: Letter[] = [];
  const reports: Message[] = [];
  for (const address of copies) {
    if (kind === 'assignment' && splitHint(address).id === undefined) {
      reports.push(refused(address, 404, notAccessible));
      continue;
    }
    const draft = { ...place(parts, mark, key), kind, target: address, depth: trip.maxDepth };
    if (trip.allowance.messages <= 0) {
      reports.push(refused(address, 429, tooMany));
      // Copies of one entry differ in where they go.
      const id = ao.id(asked.with('target', address), 'unsigned');
      unsent.push({ ...draft, id, message: asked, draft: 'entry', error: tooMany });
      continue;
    }
    trip.allowance.messages--;
    letters.push(await writtenLetter(parts, origin, asked, draft));
  }
  return { letters, unsent, reports };
}

const tooMany = 'This push had sent as many messages as one may (`push-max-messages`).';

/** What becomes of an entry that may be sent. */
export function writtenLetter(parts: PushParts, origin: Definition, entry: Message, draft: Draft): Promise<Letter> {
  if (draft.kind === 'spawn') return writtenSpawn(parts, origin, entry, draft);
  if (draft.kind === 'assignment') return writtenAssignment(parts, entry, draft);
  return writtenMessage(parts, origin, entry, draft);
}

export const notAccessible = 'Could not access target process!';
export const nothingToAssign = 'The message to assign is not available.';

/** A letter without its content. */
export type Draft = Omit<Letter, 'id' | 'message' | 'draft'>;

/** Where a letter lies that was not tried yet. */
export function place(
  parts: PushParts,
  { process, slot }: Mark,
  key: string,
): Omit<Draft, 'kind' | 'target' | 'depth'> {
  return { process, slot, key, arrived: undefined, tries: 0, due: parts.clock.now(), error: undefined };
}

/** A message, or what its `resolve` gives. */
export async function writtenMessage(
  parts: PushParts,
  origin: Definition,
  entry: Message,
  draft: Draft,
): Promise<Letter> {
  const { ao, environment } = parts;
  const path = await textAt(ao, entry, 'resolve');
  const content = path === undefined ? entry : await oracle(parts, origin, entry, path, draft);
  const target = (await textAt(ao, content, 'target')) ?? draft.target;
  const unsigned = await addressed(ao, content, origin, environment.dialect);
  return signedFor(parts, { ...draft, target, id: ao.id(unsigned, 'unsigned'), message: unsigned, draft: 'unsigned' });
}

/** Signs a draft for its target if that is known by now; else it stays one. */
export async function signedFor(parts: PushParts, letter: Letter, codec = 'httpsig@1.0'): Promise<Letter> {
  const { ao } = parts;
  // A node that can't be asked now is asked again when the letter is delivered.
  const target = await targetAt(parts, letter.target).catch(() => undefined);
  const wallets = target === undefined ? [] : await walletsFor(parts, target.definition.message);
  if (wallets.length === 0) return letter;
  const signed = await sign(ao, letter.message.without('commitments'), wallets, codec);
  return { ...letter, id: ao.id(signed, 'signed'), message: signed, draft: undefined };
}

/** The definition of a new process, completed and signed. */
export async function writtenSpawn(
  parts: PushParts,
  origin: Definition,
  entry: Message,
  draft: Draft,
): Promise<Letter> {
  const { ao, environment } = parts;
  const definition = await spawned(ao, entry, origin, environment.dialect);
  const wallets = await walletsFor(parts, origin.message);
  if (wallets.length === 0) {
    return { ...draft, id: ao.id(definition, 'unsigned'), message: definition, draft: 'unsigned' };
  }
  const signed = await sign(ao, definition, wallets, 'httpsig@1.0');
  const id = ao.id(signed, 'signed');
  return { ...draft, target: id, id, message: signed, draft: undefined };
}

/** The message is named by its id; its letter carries it as it was signed. */
export async function writtenAssignment({ ao, cache }: PushParts, entry: Message, draft: Draft): Promise<Letter> {
  const named = (await textAt(ao, entry, 'message')) ?? '';
  const stored = named === '' ? undefined : await cache.read(named);
  const body = isMessage(stored) ? withOnlyCommitted((await ao.loadAll(stored)) as Message) : undefined;
  // Told apart by target: the same message goes to several processes.
  const id = `${named}~${splitHint(draft.target).id ?? ''}`;
  return {
    ...draft,
    id,
    message: body ?? message({ message: named }),
    draft: body === undefined ? 'unsigned' : undefined,
  };
}

async function walletsFor({ ao, identities, environment, options }: PushParts, target: Message) {
  const accepted = await acceptedWallets(ao, target, identities);
  if (accepted.length > 0) return accepted;
  return options['push-always-sign'] && environment.wallet !== undefined ? [environment.wallet] : [];
}

/** An entry with `resolve` sends the result of that path instead of itself; what fails is reported to the process that asked. */
async function oracle(
  { ao }: PushParts,
  origin: Definition,
  entry: Message,
  path: string,
  { key, target }: Draft,
): Promise<Message> {
  let outcome: Outcome;
  try {
    outcome = await ao.resolveRequest(entry.without('target', 'resolve').with('path', path));
  } catch (thrown) {
    outcome = failed(errorFrom(thrown));
  }
  if (outcome.status === 'ok') {
    const value = isMessage(outcome.value) ? outcome.value : message({ body: outcome.value });
    const whole = (await ao.loadAll(value)) as Message;
    return whole.without('commitments').with('target', target);
  }
  const reason = sentenceOf(outcome);
  return message({
    resolve: 'error',
    target: origin.id,
    status: 400,
    'outbox-index': key,
    reason,
    source: entry,
  });
}

/** What a push says of a message that did not get to its target. */
export function refused(target: string, status: number | undefined, reason: string): Message {
  return message({ response: 'error', target, status, reason });
}

/** Why this is no assignment. */
export function sentenceOf(outcome: Outcome): string {
  return outcome.status === 'error' ? outcome.error.message : 'The answer was not a message.';
}
