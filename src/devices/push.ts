/**
 * `push@1.0` (spec 04 §3): passes on what a process sends. Pushing a slot computes it, schedules every message of its outbox on the target
 * process, and pushes the slots these got, until nothing more is sent.
 *
 *     push(slot) ─ compute/results ─ outbox ─┬─ entry 1 ─ addressed, signed, recorded ─ schedule on target ─ push(its slot)
 *                                            └─ entry 2 ─ …
 *
 * Every entry is recorded durably before it is sent ({@link Outbox}). Depth and number of messages of one push are bounded.
 */
import * as z from 'zod';
import { type Call, device } from '../core/device.ts';
import { errorFrom } from '../core/errors.ts';
import { flag, integer } from '../core/fields.ts';
import { isMessage, Message, message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { isList, type Value } from '../core/value.ts';
import { plain } from './plain.ts';
import { type Definition, definitionIn } from './process/definition.ts';
import type {} from './process/processes.ts';
import { acceptedWallets, addressed, lowerKeys, sign } from './push/letter.ts';
import type { Letter, Outbox } from './push/outbox.ts';
import { slotOf } from './scheduler/formats.ts';
import { splitHint, textAt } from './scheduler/target.ts';
import type {} from './scheduler.ts';

declare module '../core/device.ts' {
  interface Capabilities {
    readonly outbox: Outbox;
  }
}

const options = z.object({
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

type Uses = 'identities' | 'cache' | 'environment' | 'outbox';
type PushCall = Call<unknown, z.infer<typeof options>, Uses>;

/** What one push may still do. */
interface Allowance {
  messages: number;
}

export const push = device({
  name: 'push@1.0',
  doc: 'Passes on what a process sends.',
  uses: ['identities', 'cache', 'environment', 'outbox'],
  options,
  keys: {
    push: { doc: 'Pushes slot `slot`, or schedules the request and pushes the slot it gets.', run: pushKey },
  },
});

async function pushKey(call: PushCall): Promise<Outcome> {
  const { ao, requestMessage, base, cache, environment } = call;
  const given = await plain(ao, requestMessage, 'slot');
  let slot: number;
  let definition: Definition;
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
    slot = slotOf(assignment);
    const process = await textAt(ao, assignment, 'process');
    const target = process === undefined ? undefined : await cache.read(process);
    definition = await definitionIn(ao, cache, environment, isMessage(target) ? target : base);
  } else {
    const read = integer.read(given);
    if (read === undefined)
      return fail('bad-request', 'A slot is a whole number.', { status: 400, hint: '`push&slot=7`' });
    slot = read;
    definition = await definitionIn(ao, cache, environment, base);
  }
  const resultDepth = await numberAt(call, 'result-depth');
  const maxDepth = await numberAt(call, 'max-depth');
  const work = pushSlot(call, definition, slot, resultDepth ?? 1, maxDepth, {
    messages: call.options['push-max-messages'],
  });
  if (!(await isAsync(call))) return work;
  // The letters are recorded before they are sent, so nothing is lost when nobody waits for the answer.
  work.catch(() => undefined);
  return ok(message({ status: 200, slot, process: definition.id }));
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

async function pushSlot(
  call: PushCall,
  origin: Definition,
  slot: number,
  resultDepth: number,
  maxDepth: number | undefined,
  allowance: Allowance,
): Promise<Outcome> {
  const { ao } = call;
  const state = await ao.resolve(processBase(origin.message), message({ path: 'compute', slot }));
  if (state.status !== 'ok') return state;
  const found = isMessage(state.value) ? await plain(ao, state.value, 'results') : undefined;
  const results = isMessage(found) ? found : Message.empty;
  const out = new Map<string, Value>();
  for (const [key, entry] of await outboxEntries(call, results)) {
    out.set(key, await pushOne(call, origin, slot, key, entry, resultDepth, maxDepth, allowance));
  }
  // The result's own keys win over downstream entries of the same name.
  if (resultDepth > 0) for (const key of results.keys()) out.set(key, results.get(key)!);
  out.set('slot', slot);
  out.set('process', origin.id);
  return ok(new Message(out));
}

async function outboxEntries({ ao }: PushCall, results: Message): Promise<readonly (readonly [string, Value])[]> {
  const outbox = await plain(ao, results, 'outbox');
  if (isList(outbox)) return outbox.map((entry, i) => [String(i + 1), entry]);
  if (!isMessage(outbox)) return [];
  const keys = outbox.keys().filter((key) => key !== 'commitments' && !key.startsWith('priv'));
  const inOrder = keys.every((key) => /^\d+$/.test(key)) ? keys.toSorted((a, b) => Number(a) - Number(b)) : keys;
  return inOrder.map((key) => [key, outbox.get(key)!]);
}

async function pushOne(
  call: PushCall,
  origin: Definition,
  slot: number,
  key: string,
  entry: Value,
  resultDepth: number,
  maxDepth: number | undefined,
  allowance: Allowance,
): Promise<Message> {
  const { ao, environment } = call;
  const loaded = await ao.loadAll(entry);
  let letter = isMessage(loaded) ? (lowerKeys(loaded) as Message) : Message.empty;
  const named = await textAt(ao, letter, 'target');
  if (named === undefined || named === '') {
    return message({
      response: 'error',
      status: 404,
      'outbox-index': key,
      reason: 'Target process not available.',
      message: letter,
    });
  }
  if (allowance.messages <= 0) return refused(named, 429, 'This push has sent as many messages as one may.');
  allowance.messages--;
  const resolve = await textAt(ao, letter, 'resolve');
  if (resolve !== undefined) letter = await oracle(call, origin, letter, resolve, key, named);

  const address = (await textAt(ao, letter, 'target')) ?? named;
  const target = await targetProcess(call, address);
  if (target === undefined) return refused(address, 404, 'Could not access target process!');
  const unsigned = await addressed(ao, letter, origin, environment.dialect);
  const sent = await send(call, { process: origin.id, slot, key }, address, target, unsigned);
  if (sent.status !== 'ok' || !isMessage(sent.value)) return refused(address, undefined, sentenceOf(sent));

  const assignment = sent.value;
  const body = assignment.get('body');
  const head = {
    id: isMessage(body) ? ao.id(body, 'signed') : undefined,
    target: target.id,
    slot: slotOf(assignment),
  };
  if (maxDepth === 0) return message({ ...head, 'resulted-in': 'skipped' });
  const deeper = await pushSlot(
    call,
    target,
    head.slot,
    resultDepth - 1,
    maxDepth === undefined ? undefined : maxDepth - 1,
    allowance,
  );
  if (deeper.status !== 'ok') return refused(target.id, undefined, sentenceOf(deeper));
  return message({ ...head, 'resulted-in': deeper.value });
}

/** Signs, records and schedules a letter. A target that demands data items gets one (spec 04 §3.3). */
async function send(
  call: PushCall,
  from: Pick<Letter, 'process' | 'slot' | 'key'>,
  address: string,
  target: Definition,
  unsigned: Message,
): Promise<Outcome> {
  const { ao, identities, environment, options, outbox } = call;
  const accepted = await acceptedWallets(ao, target.message, identities);
  const own = options['push-always-sign'] && environment.wallet !== undefined ? [environment.wallet] : [];
  const wallets = accepted.length > 0 ? accepted : own;
  if (wallets.length === 0) {
    return fail('no-wallet', 'Application of security policy failed: No identities matching authority were found.');
  }
  for (const codec of ['httpsig@1.0', 'ans104@1.0']) {
    const signed = await sign(ao, unsigned, wallets, codec);
    const letter: Letter = { ...from, target: address, message: signed, tries: 0, error: undefined };
    await outbox.record(letter);
    const outcome = await deliver(call, target, letter);
    const status = outcome.status === 'error' ? outcome.error.status : undefined;
    if (status === 422 && codec === 'httpsig@1.0') {
      await outbox.strike(letter);
      continue;
    }
    return outcome;
  }
  return fail('bad-request', 'The target process accepts neither form of the message.', { status: 422 });
}

/** Schedules a recorded letter on its target. */
async function deliver(call: PushCall, target: Definition, letter: Letter): Promise<Outcome> {
  const { ao, outbox } = call;
  const request = message({ path: 'schedule', method: 'POST', body: letter.message });
  const outcome = await ao.resolve(processBase(target.message), request);
  if (outcome.status === 'ok') await outbox.strike(letter);
  else await outbox.bury(letter, sentenceOf(outcome));
  return outcome;
}

/** An entry with `resolve` sends the result of that path instead of itself; what fails is reported to the process that asked. */
async function oracle(
  { ao }: PushCall,
  origin: Definition,
  letter: Message,
  path: string,
  key: string,
  target: string,
): Promise<Message> {
  const asked = letter.without('target', 'resolve').with('path', path);
  let outcome: Outcome;
  try {
    outcome = await ao.resolveRequest(asked);
  } catch (thrown) {
    outcome = { status: 'error', error: errorFrom(thrown) };
  }
  if (outcome.status === 'ok') {
    const value = isMessage(outcome.value) ? outcome.value : message({ body: outcome.value });
    return value.without('commitments').with('target', target);
  }
  return message({
    resolve: 'error',
    target: origin.id,
    status: 400,
    'outbox-index': key,
    reason: sentenceOf(outcome),
    source: letter,
  });
}

async function targetProcess({ ao, cache, environment }: PushCall, address: string): Promise<Definition | undefined> {
  const { id } = splitHint(address);
  if (id === undefined) return undefined;
  const found = await cache.read(id);
  return isMessage(found) ? definitionIn(ao, cache, environment, found) : undefined;
}

/** The definition as a base on which `process@1.0` answers, whatever device it names. */
function processBase(definition: Message): Message {
  return definition.withAll([
    ['device', 'process@1.0'],
    ['process', definition],
  ]);
}

function refused(target: string, status: number | undefined, reason: string): Message {
  return message({ response: 'error', target, status, reason });
}

function sentenceOf(outcome: Outcome): string {
  return outcome.status === 'error' ? outcome.error.message : 'The answer was not a message.';
}
