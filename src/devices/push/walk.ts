/**
 * Walking a slot's outbox (spec 04 §3.2): every entry becomes a letter, every letter that is delivered has a slot that is walked in turn.
 *
 *     mark ─ compute ─ entries ─ letters, signed ─ recorded in one batch ─┬─ deliver ─ mark of the slot it got ─ walk …
 *                                                                         └─ deliver ─ …
 *
 * What this returns is the answer of the push; what has to be done is in the {@link Outbox} at every moment.
 */
import { type AoError, AoException, type ErrorCode, errorFrom } from '../../core/errors.ts';
import { isMessage, Message, message } from '../../core/message.ts';
import { failed, type Outcome, ok } from '../../core/outcome.ts';
import { isList, type Value } from '../../core/value.ts';
import { plain } from '../plain.ts';
import { type Definition, definitionIn } from '../process/definition.ts';
import { slotOf } from '../scheduler/formats.ts';
import type { Letter, Mark } from './outbox.ts';
import { assign, assignmentIn, mayPass, type PushParts, post, processBase, type Target, targetAt } from './post.ts';
import {
  notAccessible,
  nothingToAssign,
  place,
  refused,
  sentenceOf,
  signedFor,
  type Trip,
  write,
  writtenAssignment,
  writtenLetter,
  writtenMessage,
  writtenSpawn,
} from './write.ts';

/** What a slot's program may lack today and have tomorrow. */
const missing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['necessary-message-not-found', 'not-found']);

export function markOf(parts: PushParts, process: string, slot: number, depth: number | undefined): Mark {
  return { process, slot, run: parts.random(9).toHex(), depth, tries: 0, due: parts.clock.now() };
}

/** Walks a slot whose mark the caller holds. */
export async function walk(parts: PushParts, origin: Definition, mark: Mark, trip: Trip): Promise<Outcome> {
  const { ao, outbox, clock } = parts;
  const { slot } = mark;
  const out = new Map<string, Value>();
  const letters: Letter[] = [];
  const unsent: Letter[] = [];
  const reports = new Map<string, Message[]>();
  const report = (key: string, said: Message): void => {
    reports.set(key, [...(reports.get(key) ?? []), said]);
  };
  let results = Message.empty;
  try {
    const state = await ao.resolve(processBase(origin.message), message({ path: 'compute', slot }));
    if (state.status === 'error') throw new AoException(state.error);
    const found = isMessage(state.value) ? await plain(ao, state.value, 'results') : undefined;
    results = isMessage(found) ? found : Message.empty;
    for (const [key, entry] of await entriesOf(parts, results)) {
      const written = await write(parts, { origin, mark, key, entry, trip });
      letters.push(...written.letters);
      unsent.push(...written.unsent);
      for (const said of written.reports) report(key, said);
    }
    await outbox.record(mark, letters, unsent);
  } catch (thrown) {
    const error = errorFrom(thrown);
    await noted(mayPass(error) || mayCome(error) ? outbox.postponeMark(mark, clock.now()) : outbox.record(mark, []));
    return failed(error);
  }
  for (const letter of letters) report(letter.key, await deliver(parts, letter, trip));
  for (const [key, all] of reports) out.set(key, all.length === 1 ? all[0]! : all);
  // The result's own keys win over downstream entries of the same name.
  if (trip.resultDepth > 0) for (const key of results.keys()) out.set(key, results.get(key)!);
  out.set('slot', slot);
  out.set('process', origin.id);
  return ok(new Message(out));
}

/** Whether the slot could not be computed for want of something that others may still send: a module. */
function mayCome({ code, value }: AoError): boolean {
  return missing.has(code) && isMessage(value) && value.get('phase') === 'compute';
}

async function entriesOf({ ao }: PushParts, results: Message): Promise<readonly (readonly [string, Value])[]> {
  const outbox = await plain(ao, results, 'outbox');
  if (isList(outbox)) return outbox.map((entry, i) => [String(i + 1), entry]);
  if (!isMessage(outbox)) return [];
  const keys = outbox.keys().filter((key) => key !== 'commitments' && !key.startsWith('priv'));
  const inOrder = keys.every((key) => /^\d+$/.test(key)) ? keys.toSorted((a, b) => Number(a) - Number(b)) : keys;
  return inOrder.map((key) => [key, outbox.get(key)!]);
}

// ---- delivery ---------------------------------------------------------------------------------------------------------------

/**
 * Delivers a letter that the caller holds, then walks the slot it got. Gives what the push answers for it. `again`: it may be there
 * already, from an earlier try.
 */
export async function deliver(parts: PushParts, given: Letter, trip: Trip, again = false): Promise<Message> {
  const { outbox } = parts;
  let letter = given;
  try {
    if (letter.draft === 'entry') {
      const origin = await originOf(parts, letter);
      const written = origin && (await writtenLetter(parts, origin, letter.message, letter));
      if (written === undefined) return await gone(parts, letter);
      await outbox.replace(letter, written);
      letter = written;
    }
    const target = letter.kind === 'spawn' ? undefined : await targetAt(parts, letter.target);
    if (letter.kind !== 'spawn' && target === undefined) return await gone(parts, letter);
    if (letter.draft !== undefined) {
      const complete = await completed(parts, letter);
      if (typeof complete === 'string') {
        await outbox.bury(letter, complete, parts.clock.now());
        return refused(letter.target, undefined, complete);
      }
      await outbox.replace(letter, complete);
      letter = complete;
    }
    if (letter.kind === 'spawn') return await deliverSpawn(parts, letter, trip, again);
    if (letter.arrived !== undefined && target!.node !== undefined) return await passedOn(parts, letter, target!, trip);
    let outcome = await handedOver(parts, letter, target!, again);
    if (statusOf(outcome) === 422 && letter.kind === 'message') {
      // The target's scheduler takes data items only (spec 04 §3.3).
      const item = await signedFor(parts, letter, 'ans104@1.0');
      await outbox.replace(letter, item);
      letter = item;
      outcome = await handedOver(parts, letter, target!, again);
    }
    if (outcome.status !== 'ok' || !isMessage(outcome.value)) return await undelivered(parts, letter, outcome);
    return await arrived(parts, letter, target!, outcome.value, trip);
  } catch (thrown) {
    return undelivered(parts, letter, failed(errorFrom(thrown)));
  }
}

/** The process that sent a letter. */
async function originOf({ ao, cache, environment }: PushParts, letter: Letter): Promise<Definition | undefined> {
  const origin = await cache.read(letter.process);
  return isMessage(origin) ? definitionIn(ao, cache, environment, origin) : undefined;
}

/** There is nobody to bring the letter to, or nobody any more who sent it. */
async function gone({ outbox, clock }: PushParts, letter: Letter): Promise<Message> {
  await outbox.bury(letter, notAccessible, clock.now());
  return refused(letter.target, 404, notAccessible);
}

/** A draft that can be sent now, or why it still can't. */
async function completed(parts: PushParts, letter: Letter): Promise<Letter | string> {
  let next = letter;
  if (letter.kind === 'message') next = await signedFor(parts, letter);
  else if (letter.kind === 'assignment') next = await writtenAssignment(parts, letter.message, letter);
  else {
    const origin = await originOf(parts, letter);
    if (origin === undefined) return notAccessible;
    next = await writtenSpawn(parts, origin, letter.message, letter);
  }
  if (next.draft === undefined) return next;
  return letter.kind === 'assignment'
    ? nothingToAssign
    : 'Application of security policy failed: No identities matching authority were found.';
}

async function handedOver(parts: PushParts, letter: Letter, target: Target, again: boolean): Promise<Outcome> {
  if (letter.kind === 'assignment') return assignmentIn(await assign(parts, target.definition, letter.message, again));
  return assignmentIn(await post(parts, target, letter.message, again));
}

async function arrived(
  parts: PushParts,
  letter: Letter,
  target: Target,
  assignment: Message,
  trip: Trip,
): Promise<Message> {
  const { ao, outbox } = parts;
  const body = assignment.get('body');
  const slot = slotOf(assignment);
  const head = { id: isMessage(body) ? ao.id(body, 'signed') : undefined, target: target.definition.id, slot };
  if (letter.depth === 0) {
    await outbox.delivered(letter);
    return message({ ...head, 'resulted-in': 'skipped' });
  }
  const next = deeper(trip, letter.depth);
  if (target.node !== undefined) {
    const there = { ...letter, arrived: slot };
    await outbox.replace(letter, there);
    return passedOn(parts, there, target, trip);
  }
  const mark = markOf(parts, target.definition.id, slot, next.maxDepth);
  await outbox.delivered(letter, { mark });
  const outcome = await walk(parts, target.definition, mark, next);
  if (outcome.status !== 'ok') return refused(target.definition.id, undefined, sentenceOf(outcome));
  return message({ ...head, 'resulted-in': outcome.value });
}

function deeper({ resultDepth, allowance }: Trip, depth: number | undefined): Trip {
  return { resultDepth: resultDepth - 1, maxDepth: depth === undefined ? undefined : depth - 1, allowance };
}

/** The node that schedules the target pushes on from there; once, if it knows the word. It is told until it answers. */
async function passedOn(parts: PushParts, letter: Letter, target: Target, trip: Trip): Promise<Message> {
  const slot = letter.arrived!;
  const outcome = await pushedThere(parts, target, slot, deeper(trip, letter.depth));
  if (outcome.status === 'error' && outcome.error.status === undefined) return undelivered(parts, letter, outcome);
  await parts.outbox.delivered(letter);
  if (outcome.status !== 'ok') return refused(target.definition.id, undefined, sentenceOf(outcome));
  return message({ id: letter.id, target: target.definition.id, slot, 'resulted-in': outcome.value });
}

function pushedThere({ peers, signal }: PushParts, target: Target, slot: number, trip: Trip): Promise<Outcome> {
  const request = message({
    path: `/${target.definition.id}/push`,
    method: 'POST',
    slot,
    once: 'true',
    'result-depth': Math.max(0, trip.resultDepth),
    'max-depth': trip.maxDepth,
  });
  return peers.request(target.node!, request, { signal });
}

/** Schedules a new process, then tells the spawner of it. */
async function deliverSpawn(parts: PushParts, letter: Letter, trip: Trip, again: boolean): Promise<Message> {
  const { outbox } = parts;
  const spawner = await originOf(parts, letter);
  if (spawner === undefined) return gone(parts, letter);
  const definition: Definition = { id: letter.id, message: letter.message };
  const outcome = assignmentIn(await post(parts, { definition, node: undefined }, letter.message, again));
  if (outcome.status !== 'ok' || !isMessage(outcome.value)) return undelivered(parts, letter, outcome);
  const slot = slotOf(outcome.value);
  const news = message({
    action: 'Spawned',
    process: letter.id,
    reference: letter.message.get('reference'),
    target: spawner.id,
  });
  const announcement = await writtenMessage(parts, spawner, news, {
    ...place(parts, { ...letter, run: '' }, letter.key),
    kind: 'message',
    target: spawner.id,
    depth: letter.depth,
  });
  const head = { id: letter.id, target: letter.id, process: letter.id, slot };
  const next = deeper(trip, letter.depth);
  const mark = letter.depth === 0 ? undefined : markOf(parts, letter.id, slot, next.maxDepth);
  await outbox.delivered(letter, { mark, letter: announcement });
  let resulted: Value = 'skipped';
  if (mark !== undefined) {
    const walked = await walk(parts, definition, mark, next);
    resulted = walked.status === 'ok' ? walked.value : refused(letter.id, undefined, sentenceOf(walked));
  }
  const told = await deliver(parts, announcement, trip);
  return message({ ...head, 'resulted-in': resulted, spawned: told });
}

/**
 * Waits until the outbox knows. One that can't write tries again by itself; the other letters of the slot are not held up by that, nor is the
 * answer, which says what went wrong first.
 */
async function noted(said: Promise<unknown>): Promise<void> {
  await said.catch(() => undefined);
}

/** Keeps a letter for later, or gives it up. */
async function undelivered(parts: PushParts, letter: Letter, outcome: Outcome): Promise<Message> {
  const reason = sentenceOf(outcome);
  const { outbox, clock } = parts;
  const later = outcome.status === 'error' && mayPass(outcome.error);
  await noted(later ? outbox.postpone(letter, reason, clock.now()) : outbox.bury(letter, reason, clock.now()));
  return refused(letter.target, undefined, reason);
}

function statusOf(outcome: Outcome): number | undefined {
  if (outcome.status === 'error') return outcome.error.status;
  const status = isMessage(outcome.value) ? outcome.value.get('status') : undefined;
  return typeof status === 'number' ? status : undefined;
}
