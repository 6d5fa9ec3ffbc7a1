/**
 * `scheduler@1.0` (spec 04 §2): gives every message of a process a slot of its own, forever.
 *
 *     POST schedule ─ which message, which process ─ is it signed, by whom ─ who schedules this process ─┬─ we: sequencer → log
 *                                                                                                        └─ another node: proxy
 *     GET  schedule ─ which process, which slots ─ read the log, or ask the other node ─ default message or legacy JSON
 *
 * An assignment is on disk before its caller hears of it. Only what verified signatures cover is scheduled. The same message may be
 * scheduled twice: it gets two slots, as on every node of the network.
 */
import * as z from 'zod';
import { commitmentsOf, committerOf, withOnlyCommitted } from '../core/commitments.ts';
import { type Call, device } from '../core/device.ts';
import type { Environment } from '../core/environment.ts';
import { AoException } from '../core/errors.ts';
import { flag, integer } from '../core/fields.ts';
import { type Message, message } from '../core/message.ts';
import { fail, failed, type Outcome, ok } from '../core/outcome.ts';
import { getPrivate } from '../core/private.ts';
import type { Value } from '../core/value.ts';
import { verify } from '../core/verify.ts';
import type { Wallet } from '../core/wallet.ts';
import { plain } from './plain.ts';
import { baseHashpath, buildAssignment, chainText } from './scheduler/assignment.ts';
import { notYet, type Page, scheduleJson, scheduleMessage, slotOf } from './scheduler/formats.ts';
import { locationKey } from './scheduler/location.ts';
import type { ScheduleLog } from './scheduler/log.ts';
import { type RemoteScheduler, remoteFor, remotePart } from './scheduler/remote.ts';
import type { Schedules } from './scheduler/schedules.ts';
import type { Sign } from './scheduler/sequencer.ts';
import {
  definitionOf,
  isProcess,
  processOfRequest,
  processOfSubject,
  schedulersOf,
  splitHint,
  subjectOf,
  targetOf,
  textAt,
} from './scheduler/target.ts';

declare module '../core/device.ts' {
  interface Capabilities {
    readonly schedules: Schedules;
    /** The wallets this node may act with, by address and by the names the operator gave them. */
    readonly identities: ReadonlyMap<string, Wallet>;
  }
}

export const schedulerOptions = z.object({
  'verify-assignments': z
    .enum(['true', 'accept-unsigned', 'false'])
    .default('true')
    .describe(
      'Whether a message needs a valid signature to be scheduled; `accept-unsigned` checks only what is there.',
    ),
  'scheduler-follow-redirects': z
    .boolean()
    .default(true)
    .describe('Forward requests for processes of other schedulers; otherwise answer with a redirect.'),
  'scheduler-follow-hints': z
    .boolean()
    .default(true)
    .describe('Follow `?hint=URL` in process ids and scheduler addresses.'),
  'trusted-legacy-schedulers': z
    .array(z.string())
    .default([])
    .describe(
      'Addresses of schedulers of the legacy network whose word is taken for assignments and messages that cannot be verified.',
    ),
  'scheduling-mode': z
    .enum(['local-confirmation', 'aggressive', 'remote-confirmation', 'disabled'])
    .default('local-confirmation')
    .describe(
      '`disabled` refuses to schedule. In every other mode an assignment is on disk before it is answered; with `remote-confirmation` its bundler has it as well.',
    ),
  'scheduler-location-ttl': z
    .int()
    .positive()
    .default(604_800_000)
    .describe('How long a location record of this scheduler is valid, in milliseconds.'),
});

export type SchedulerOptions = z.infer<typeof schedulerOptions>;
export type SchedulerUses = 'schedules' | 'identities' | 'cache' | 'clock' | 'environment' | 'peers';
export type SchedulerCall = Call<unknown, SchedulerOptions, SchedulerUses>;

/** Slots in one answer; a reader pages on from the last one (spec 04 §2.7). */
const maxSlotsPerPage = 1_000;
const maxProcessesPerPage = 1_000;

export const scheduler = device({
  name: 'scheduler@1.0',
  doc: 'Gives every message of a process its slot.',
  uses: ['schedules', 'identities', 'cache', 'clock', 'environment', 'peers'],
  options: schedulerOptions,
  inherits: ['keys', 'set'],
  keys: {
    schedule: {
      doc: 'POST: schedules a message (`once`: unless it has a slot). GET: the assignments of slots `from`…`to` of process `target`.',
      run: schedule,
    },
    slot: {
      doc: 'The newest slot of process `target`: `{process, current, addresses …}`; `current` is -1 when there is none.',
      run: newestSlot,
    },
    status: {
      doc: 'The address of this scheduler and processes it knows; `next` says where to go on with `from` if there are more.',
      run: status,
    },
    location: locationKey,
    next: { doc: 'The assignment after `at-slot` of the base: `{body, state}`.', run: next },
    init: { doc: 'The base, as it is.', run: ({ base }) => ok(base) },
    checkpoint: { doc: 'The base, as it is.', run: ({ base }) => ok(base) },
  },
  otherKeys: schedule,
});

async function status({ ao, requestMessage, schedules, environment }: SchedulerCall): Promise<Outcome> {
  const from = await textAt(ao, requestMessage, 'from');
  const limit = maxProcessesPerPage + 1;
  const found = await schedules.log.processes({ limit, ...(from === undefined ? {} : { from }) });
  const next = found[maxProcessesPerPage];
  return ok(
    message({
      address: environment.wallet?.address ?? '',
      processes: found.slice(0, maxProcessesPerPage),
      'cache-control': 'no-store',
      ...(next === undefined ? {} : { next }),
    }),
  );
}

async function schedule(call: SchedulerCall): Promise<Outcome> {
  const method = await textAt(call.ao, call.requestMessage, 'method');
  return method?.toUpperCase() === 'POST' ? post(call) : read(call);
}

// ---- POST -------------------------------------------------------------------------------------------------------------------

async function post(call: SchedulerCall): Promise<Outcome> {
  const { ao, base, requestMessage, options, cache, schedules, environment } = call;
  if (ao.inProcess) return fromProgram;
  if (schedules.poster !== undefined) return schedules.poster(base, requestMessage);
  if (options['scheduling-mode'] === 'disabled') {
    return fail(
      'unavailable',
      'This node does not schedule messages at the moment.',
      'Send it to another scheduler of the process.',
    );
  }
  const asked = await subjectOf(ao, base, requestMessage);
  let subject: Message;
  try {
    subject = (await ao.loadAll(withOnlyCommitted(asked))) as Message;
  } catch (error) {
    if (error instanceof AoException && error.code === 'necessary-message-not-found') {
      return refusal(
        404,
        'Cannot fully load message to schedule.',
        'Send the message with its children, or as one data item.',
      );
    }
    if (error instanceof AoException) return invalid('Committed components cannot be validated.');
    throw error;
  }
  if (!(await acceptable(call, subject))) return invalid('Given message is invalid.');

  const assigned = getPrivate(requestMessage, 'assign-to');
  const process = typeof assigned === 'string' ? assigned : await processOfSubject(ao, subject, base, requestMessage);
  if (assigned === process && !(await assignable(call, process, subject))) {
    return fail('forbidden', 'The process takes only messages that were meant for it.', {
      hint: 'A definition with `assignable: true` lets other processes assign any message.',
    });
  }
  const where = await schedulersFor(call, process, subject);
  if ('answer' in where) return where.answer;
  const once = flag.read((await plain(ao, requestMessage, 'once')) ?? false) === true;
  if ('remote' in where) return where.remote.post(process, subject, once);

  if (await isProcess(ao, subject)) await cache.write(subject);
  const messageId = ao.id(subject, 'signed');
  const { identities, definition } = where;
  const spec = (await textAt(ao, definition, 'scheduler-commitment-spec')) ?? 'httpsig@1.0';
  const { uploads } = schedules;
  const isConfirmed = options['scheduling-mode'] === 'remote-confirmation';
  if (isConfirmed && uploads?.takes(spec) !== true) return noBundler(spec);
  const block = await schedules.block();
  const sign: Sign = async (slot, chain, previous) => {
    const link =
      environment.dialect.assignmentChain === 'hash-chain'
        ? chainText(chain)
        : await baseHashpath(
            process,
            await previous(),
            () => slotsBefore(schedules.log, process, slot),
            definition.get('hashpath-alg'),
            environment,
          );
    const unsigned = buildAssignment(
      { process, slot, chain: link, body: subject, timestamp: call.clock.now(), block },
      environment.dialect,
    );
    let signed = unsigned;
    for (const wallet of identities.toReversed()) {
      signed = await ao.commit(signed, message({ 'commitment-device': spec }), wallet);
    }
    return signed;
  };
  const assignment = await schedules.schedule(process, messageId, sign, once);
  if (isConfirmed) await uploads?.confirm(process, slotOf(assignment));
  else uploads?.wake();
  return ok(assignment);
}

async function* slotsBefore(log: ScheduleLog, process: string, end: number): AsyncGenerator<Message> {
  for (let from = 0; from < end; from += maxSlotsPerPage) {
    yield* await log.range(process, from, Math.min(end, from + maxSlotsPerPage) - 1);
  }
}

function noBundler(spec: string): Outcome {
  return fail('unavailable', `This node schedules only what it can upload, and has no bundler for ${spec}.`, {
    hint: 'Its operator sets `bundler-ans104` or `bundler-httpsig`, or another `scheduling-mode`.',
  });
}

/** What a program does while a slot is computed is done again whenever the slot is: on a restart, on other nodes. */
export const fromProgram: Outcome = fail('forbidden', 'A process cannot schedule messages while it computes a slot.', {
  hint: 'Put them into the outbox: they are sent once, when the slot is pushed.',
  status: 501,
});

/**
 * Whether push may give this message a slot of a process that its signer did not name: a message for nobody yes, one for another process
 * only if the definition allows it. Programs may rely on that what they get was meant for them.
 */
async function assignable(call: SchedulerCall, process: string, subject: Message): Promise<boolean> {
  const { ao, cache, base } = call;
  const target = await targetOf(ao, subject);
  if (target === undefined || target === process) return true;
  const definition = await definitionOf(ao, cache, call.environment, process, base);
  const allowed = definition && (await plain(ao, definition, 'assignable'));
  return allowed === true || allowed === 'true';
}

/** Whether the signatures on a message are good enough to schedule it. */
async function acceptable({ options, ao, environment }: SchedulerCall, subject: Message): Promise<boolean> {
  if (options['verify-assignments'] === 'false') return true;
  if (!(await verify(subject, environment)) || isAnswer(subject, environment)) return false;
  return options['verify-assignments'] === 'accept-unsigned' || (await ao.signers(subject)).length > 0;
}

/** Whether this is an answer of this node: signed by its key, but what strangers made it say. Letters have a sender. */
function isAnswer(subject: Message, env: Environment): boolean {
  if (!subject.has('status') || subject.has('from-process')) return false;
  return commitmentsOf(subject).some(
    ([, one]) => committerOf(one) !== undefined && committerOf(one) === env.wallet?.address,
  );
}

function invalid(reason: string): Outcome {
  return fail('bad-signature', 'Message is not valid.', {
    hint: 'Sign the whole message, and send it as it was signed.',
    status: 400,
    value: message({ status: 400, body: 'Message is not valid.', reason }),
  });
}

function refusal(status: number, sentence: string, hint: string): Outcome {
  const code = status === 404 ? 'not-found' : 'bad-request';
  return fail(code, sentence, { hint, status, value: message({ status, body: sentence }) });
}

// ---- who schedules ----------------------------------------------------------------------------------------------------------

type Where =
  | { readonly identities: readonly Wallet[]; readonly definition: Message }
  | { readonly remote: RemoteScheduler }
  /** Neither: why not, or where to go. */
  | { readonly answer: Outcome };

/** This node, with the identities it schedules the process as, or the node that does. */
async function schedulersFor(call: SchedulerCall, process: string, subject?: Message): Promise<Where> {
  const { ao, base, cache, identities } = call;
  const definition = await definitionOf(ao, cache, call.environment, process, base, subject);
  if (definition === undefined) {
    return {
      answer: fail('not-found', `Process ${process} is not available on this node.`, {
        hint: 'Spawn it here, or ask its scheduler.',
        status: 404,
        value: message({ status: 404, body: 'Process not available.', process }),
      }),
    };
  }
  const named = await schedulersOf(ao, definition);
  if (named.length === 0) {
    return {
      answer: fail('bad-request', 'No scheduler information provided.', 'Give the process a `scheduler` key.'),
    };
  }
  const local = named.flatMap((name) => identities.get(splitHint(name).id ?? name) ?? []);
  if (local.length > 0) return { identities: [...new Set(local)], definition };
  const remote = await remoteFor(call, named);
  if (remote.status === 'found') return { remote: remote.scheduler };
  return { answer: remote.status === 'elsewhere' ? remote.redirect : failed(remote.error) };
}

/** The same for reads; a process whose log is here needs no definition. */
async function keeperOf(
  call: SchedulerCall,
  process: string,
): Promise<Exclude<Where, { identities: unknown }> | 'here'> {
  if ((await call.schedules.log.head(process)) !== undefined) return 'here';
  const where = await schedulersFor(call, process);
  return 'identities' in where ? 'here' : where;
}

// ---- GET --------------------------------------------------------------------------------------------------------------------

async function read(call: SchedulerCall): Promise<Outcome> {
  const { ao, base, requestMessage, clock, environment } = call;
  const process = await processOfRequest(ao, base, requestMessage);
  const keeper = await keeperOf(call, process);
  if (keeper !== 'here' && 'answer' in keeper) return keeper.answer;
  const asked = await rangeOf(call);
  if ('refusal' in asked) return asked.refusal;
  const part = await slotsOf(call, keeper, process, asked);
  const page: Page = { process, ...part, timestamp: clock.now(), block: await call.schedules.block() };
  const accept = await textAt(ao, requestMessage, 'accept');
  return ok(
    decodeURIComponentSafely(accept) === 'application/aos-2'
      ? await scheduleJson(page, ao, environment.dialect)
      : scheduleMessage(page),
  );
}

async function slotsOf(
  call: SchedulerCall,
  keeper: { readonly remote: RemoteScheduler } | 'here',
  process: string,
  { from, to }: Range,
): Promise<Pick<Page, 'assignments' | 'continues'>> {
  const { log } = call.schedules;
  if (to !== undefined && to < from) return { assignments: [], continues: false };
  const furthest = from + maxSlotsPerPage;
  if (keeper !== 'here') {
    const part = await remotePart(call, keeper.remote, process, from, Math.min(to ?? furthest, furthest));
    const full = part.assignments.length > maxSlotsPerPage;
    return full && to !== furthest ? { ...part, continues: true } : part;
  }
  const newest = (await log.head(process))?.slot ?? -1;
  const asked = Math.min(to ?? newest, newest);
  const last = Math.min(asked, furthest);
  return { assignments: from > last ? [] : await log.range(process, from, last), continues: last < asked };
}

/** Slots asked for, both ends included. Without `to`: all there are. */
interface Range {
  readonly from: number;
  readonly to: number | undefined;
}

/** A negative integer as `from` is slot 0, a negative number as text asks for nothing (spec 04 §2.7). */
async function rangeOf(call: SchedulerCall): Promise<Range | { readonly refusal: Outcome }> {
  const { ao, requestMessage } = call;
  const [first, last] = [await plain(ao, requestMessage, 'from'), await plain(ao, requestMessage, 'to')];
  const [from, to] = [slotIn(first), slotIn(last)];
  if (from === 'none') return { refusal: noSlot('from') };
  if (to === 'none') return { refusal: noSlot('to') };
  if (from !== undefined && from < 0) return { from: 0, to: typeof first === 'number' ? to : -1 };
  return { from: from ?? 0, to };
}

/** The last slot that has a number here. */
const farSlot = 999_999_999_999_999;

/** `undefined`: nothing was said, as by other nodes that ask with an empty `from` first. Text may spell a slot that nobody will reach. */
function slotIn(value: Value | undefined): number | undefined | 'none' {
  if (value === undefined || value === '') return undefined;
  const slot = integer.read(value);
  if (slot !== undefined) return slot;
  if (typeof value === 'bigint' || (typeof value === 'string' && /^-?\d+$/.test(value))) {
    return String(value).startsWith('-') ? -1 : farSlot;
  }
  return 'none';
}

function noSlot(key: string): Outcome {
  return fail('bad-request', `\`${key}\` is a slot: a whole number.`, {
    status: 400,
    hint: '`schedule?from=0&to=99`',
  });
}

function decodeURIComponentSafely(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return value;
  }
}

async function newestSlot(call: SchedulerCall): Promise<Outcome> {
  const { ao, base, requestMessage, schedules, clock, cache } = call;
  const process = await processOfRequest(ao, base, requestMessage);
  const keeper = await keeperOf(call, process);
  if (keeper !== 'here') return 'remote' in keeper ? keeper.remote.slot(process) : keeper.answer;
  const definition = await definitionOf(ao, cache, call.environment, process, base);
  const block = await schedules.block();
  return ok(
    message({
      process,
      current: (await schedules.log.head(process))?.slot ?? -1,
      timestamp: clock.now(),
      'block-height': block.height,
      'block-hash': block.hash,
      'cache-control': 'no-store',
      addresses: definition === undefined ? [] : [...(await schedulersOf(ao, definition))],
    }),
  );
}

/** The assignment that follows the state's slot, for the fold of `process@1.0` (spec 04 §2.11). */
async function next(call: SchedulerCall): Promise<Outcome> {
  const { ao, base, requestMessage, schedules } = call;
  const process = await processOfRequest(ao, base, requestMessage);
  const at = await plain(ao, base, 'at-slot');
  const slot = (at === undefined ? -1 : (integer.read(at) ?? -1)) + 1;
  const keeper = await keeperOf(call, process);
  if (keeper !== 'here' && 'answer' in keeper) return keeper.answer;
  const assignment =
    keeper === 'here'
      ? await schedules.log.read(process, slot)
      : (await remotePart(call, keeper.remote, process, slot, slot)).assignments[0];
  return assignment === undefined ? notYet : ok(message({ body: assignment, state: base }));
}
