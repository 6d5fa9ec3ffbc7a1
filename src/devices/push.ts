/**
 * `push@1.0` (spec 04 §3): passes on what a process sends. Pushing a slot computes it, schedules every message of its outbox on the target
 * process, and pushes the slots these got, until nothing more is sent.
 *
 *     push(slot) ─ compute/results ─ outbox ─┬─ entry 1 ─ addressed, signed, recorded ─ schedule on target ─ push(its slot)
 *                                            └─ entry 2 ─ …
 *
 * Beside messages an outbox may hold spawns (`type: Process` and no target: the new process is scheduled here, and the spawner told of it)
 * and assignments (`type: Assignment`: an existing message gets a slot of `processes`). Every entry is recorded durably before it is sent
 * ({@link Outbox}). Depth and number of messages of one push are bounded.
 */
import * as z from 'zod';
import { type Call, device } from '../core/device.ts';
import { flag, integer } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { isList, type Value } from '../core/value.ts';
import { operatorRequest } from './meta/roles.ts';
import { plain } from './plain.ts';
import { type Definition, definitionIn } from './process/definition.ts';
import type {} from './process/processes.ts';
import type { Letter, Outbox } from './push/outbox.ts';
import type { PushParts } from './push/post.ts';
import { deliver, markOf, walk } from './push/walk.ts';
import type { Trip } from './push/write.ts';
import { slotOf } from './scheduler/formats.ts';
import { asReceived, textAt } from './scheduler/target.ts';
import { fromProgram } from './scheduler.ts';

declare module '../core/device.ts' {
  interface Capabilities {
    readonly outbox: Outbox;
  }
}

export const pushOptions = z.object({
  'push-always-sign': z
    .boolean()
    .default(true)
    .describe('Sign a message with the node’s own key when none of the identities its target asks for is here.'),
  'push-max-messages': z
    .int()
    .positive()
    .default(1_000)
    .describe('Messages that one push may send in all, over all processes it reaches.'),
});

/** What push may use. */
const pushUses = ['identities', 'cache', 'environment', 'outbox', 'schedules', 'peers', 'clock', 'random'] as const;

type PushCall = Call<unknown, z.infer<typeof pushOptions>, (typeof pushUses)[number]>;

/** Letters in one answer. */
const maxListed = 1_000;

export const push = device({
  name: 'push@1.0',
  doc: 'Passes on what a process sends.',
  uses: pushUses,
  options: pushOptions,
  keys: {
    push: {
      doc: 'Pushes slot `slot` (`once`: unless that was done), or schedules the request and pushes the slot it gets.',
      run: pushKey,
    },
    outbox: {
      doc: 'For the operator: the letters on their way, and the dead ones with their reasons.',
      async run(call) {
        const { ao, environment, requestMessage, outbox } = call;
        if ((await operatorRequest(ao, environment, requestMessage, 'push@1.0')) === undefined) return notOperator;
        return ok(
          message({
            waiting: (await outbox.waiting(maxListed)).map(shown),
            dead: (await outbox.deadLetters(maxListed)).map(shown),
            'cache-control': 'no-store',
          }),
        );
      },
    },
    redeliver: {
      doc: 'For the operator: sends the dead letters of `slot` of `process` (of key `key`) once more.',
      run: redeliver,
    },
  },
});

async function pushKey(call: PushCall): Promise<Outcome> {
  const { ao, requestMessage, base, cache, environment, outbox } = call;
  if (ao.inProcess) return fromProgram;
  const given = (await isOwn(call, 'slot')) ? undefined : await plain(ao, requestMessage, 'slot');
  let slot: number;
  let definition: Definition;
  let id: string | undefined;
  if (given === undefined) {
    const scheduled = await ao.resolve(
      base.with('device', 'process@1.0'),
      requestMessage.withAll([
        ['path', 'schedule'],
        ['method', 'POST'],
      ]),
    );
    if (scheduled.status !== 'ok' || !isMessage(scheduled.value)) return scheduled;
    const assignment = scheduled.value;
    if (slotOf(assignment) < 0) return scheduled;
    const body = assignment.get('body');
    if (isMessage(body) && (await textAt(ao, body, 'type')) === 'Process') return scheduled;
    if (isMessage(body)) id = ao.id(body, 'signed');
    slot = slotOf(assignment);
    const process = await textAt(ao, assignment, 'process');
    const target = process === undefined ? undefined : await cache.read(process);
    definition = await definitionIn(ao, cache, environment, isMessage(target) ? target : base);
  } else {
    const read = integer.read(given);
    if (read === undefined || read < 0) {
      return fail('bad-request', 'A slot is a whole number, 0 or more.', { status: 400, hint: '`push&slot=7`' });
    }
    slot = read;
    definition = await definitionIn(ao, cache, environment, base);
  }
  const maxDepth = await numberAt(call, 'max-depth');
  const trip = tripOf(call, (await numberAt(call, 'result-depth')) ?? 1, maxDepth);
  const mark = markOf(call, definition.id, slot, maxDepth);
  const later = await isAsync(call);
  const held = !(later && outbox.attended);
  const once = flag.read((await plain(ao, requestMessage, 'once')) ?? false) === true;
  const accepted = withId(ok(message({ status: 200, slot, process: definition.id })), id);
  if (!once) await outbox.mark(mark, held);
  else if (!(await outbox.markOnce(mark, held))) return accepted;
  if (!later) return withId(told(await walk(call, definition, mark, trip)), id);
  if (!outbox.attended) walk(call, definition, mark, trip).catch(() => undefined);
  return accepted;
}

/** Whether this key belongs to a signed message that the request is, and says nothing about what to do with it. */
async function isOwn({ ao, requestMessage }: PushCall, key: string): Promise<boolean> {
  const received = asReceived(requestMessage);
  if (!received.has('commitments') || !received.has(key)) return false;
  const type = await textAt(ao, received, 'type');
  return type === 'Message' || type === 'Process';
}

/** The answer with the id of the message that the request had scheduled, under the name that entries of an answer have theirs. */
function withId(answer: Outcome, id: string | undefined): Outcome {
  const named = id !== undefined && answer.status === 'ok' && isMessage(answer.value);
  return named ? ok(answer.value.with('id', id)) : answer;
}

/** Hops that an answer tells of: a message nested deeper could not be sent. What comes after them is done like the rest. */
const maxTold = 20;

function told(answer: Outcome): Outcome {
  return answer.status === 'ok' && isMessage(answer.value) ? ok(toldOf(answer.value, maxTold)) : answer;
}

/** What came of each message of a slot, over so many hops. */
function toldOf(walked: Message, hops: number): Message {
  let out = walked;
  for (const [key, value] of walked.entries()) {
    const reports = isList(value) ? value : [value];
    const cut = reports.map((report) => cutOff(report, hops));
    if (cut.some((report, i) => report !== reports[i])) out = out.with(key, isList(value) ? cut : cut[0]!);
  }
  return out;
}

/** A report without what lies further ahead than these hops. */
function cutOff(report: Value, hops: number): Value {
  const next = isMessage(report) ? report.get('resulted-in') : undefined;
  if (!isMessage(report) || !isMessage(next)) return report;
  const shown = hops === 0 ? 'not-shown' : toldOf(next, hops - 1);
  return shown === next ? report : report.with('resulted-in', shown);
}

function tripOf({ options }: PushParts, resultDepth: number, maxDepth: number | undefined): Trip {
  return { resultDepth, maxDepth, allowance: { messages: options['push-max-messages'] } };
}

async function isAsync({ ao, requestMessage, base }: PushCall): Promise<boolean> {
  const wanted = await plain(ao, requestMessage, 'async');
  if (wanted !== undefined) return flag.read(wanted) === true;
  const mode = (await textAt(ao, requestMessage, 'push-mode')) ?? (await textAt(ao, base, 'push-mode'));
  return mode === 'async';
}

async function numberAt({ ao, requestMessage }: PushCall, key: string): Promise<number | undefined> {
  const value = await plain(ao, requestMessage, key);
  const number = value === undefined || typeof value === 'boolean' ? undefined : integer.read(value);
  return number !== undefined && number >= 0 ? number : undefined;
}

// ---- for the operator -------------------------------------------------------------------------------------------------------

const notOperator = fail('forbidden', 'Only the operator of this node may do this.', {
  status: 403,
  hint: 'Sign the request with the operator’s key.',
});

async function redeliver(call: PushCall): Promise<Outcome> {
  const { ao, environment, requestMessage, outbox } = call;
  const asked = await operatorRequest(ao, environment, requestMessage, 'push@1.0');
  if (asked === undefined) return notOperator;
  const process = await textAt(ao, asked, 'process');
  const slot = integer.read((await plain(ao, asked, 'slot')) ?? '');
  if (process === undefined || process.includes('/') || slot === undefined || slot < 0) {
    return fail('bad-request', 'Name the `process` and the `slot` of the dead letters.', { status: 400 });
  }
  const letters = await outbox.revive(process, slot, await textAt(ao, asked, 'key'));
  if (letters.length === 0) return fail('not-found', 'There is no such dead letter.', { status: 404 });
  const reports: Message[] = [];
  for (const letter of letters) {
    const report = await deliver(call, letter, tripOf(call, 0, letter.depth), true);
    reports.push(cutOff(report, maxTold) as Message);
  }
  return ok(message({ status: 200, delivered: reports, 'cache-control': 'no-store' }));
}

function shown({ process, slot, key, kind, target, message: carried, tries, due, error }: Letter): Message {
  return message({ process, slot, key, kind, target, message: carried, tries, due, error });
}
