/**
 * Whose schedule is meant, and who keeps it (spec 04 §2.1, §2.2): the message to schedule, the process it goes to, that process's
 * definition, and the addresses of its schedulers.
 */
import { type Awaitable, andThen } from '../../core/awaitable.ts';
import { humanId, isBinary, isId, toText } from '../../core/bytes.ts';
import type { Cache } from '../../core/cache.ts';
import type { Ao } from '../../core/device.ts';
import type { Environment } from '../../core/environment.ts';
import { text } from '../../core/fields.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { getPrivate } from '../../core/private.ts';
import { isList, type Value } from '../../core/value.ts';
import { verify } from '../../core/verify.ts';
import { asMessage, firstPlain, plain } from '../plain.ts';

/** The message a POST asks to schedule: the one `subject` names, else the request's `body`, else the request itself. */
export async function subjectOf(ao: Ao, base: Message, request: Message): Promise<Message> {
  const subject = await textAt(ao, request, 'subject');
  if (subject === 'self') return asReceived(request);
  if (subject === 'base') return base;
  const named = asMessage(await plain(ao, request, subject ?? 'body'));
  return named ?? asReceived(request);
}

/**
 * The message that a request is: a signed one as it was received, since in a step of it `path` and `method` are those of the step; of one
 * that nobody signed what is left without these.
 */
export function asReceived(request: Message): Message {
  const received = getPrivate(request, 'request');
  if (isMessage(received)) return received;
  return request.has('commitments') ? request : request.without('path', 'method');
}

/** Whether this message defines a process. */
export function isProcess(ao: Ao, message: Message): Awaitable<boolean> {
  return andThen(textAt(ao, message, 'type'), (type) => type === 'Process');
}

/** The process a message to be scheduled goes to: itself if it is one, else its target, else what request and base are about. */
export async function processOfSubject(ao: Ao, subject: Message, base: Message, request: Message): Promise<string> {
  if (await isProcess(ao, subject)) return ao.id(subject, 'signed');
  return (await targetOf(ao, subject)) ?? (await processOfRequest(ao, base, request));
}

/** The process a read is about (spec 04 §2.1 "generic rule"). */
export async function processOfRequest(ao: Ao, base: Message, request: Message): Promise<string> {
  const target = await targetOf(ao, request);
  if (target !== undefined) return target;
  if (await isProcess(ao, request)) return ao.id(request, 'signed');
  const definition = await plain(ao, base, 'process');
  if (isMessage(definition)) return ao.id(definition, 'signed');
  if (await isProcess(ao, base)) return ao.id(base, 'signed');
  return ao.id(request, 'signed');
}

/** `target` as an id, without a hint. */
export function targetOf(ao: Ao, message: Message): Awaitable<string | undefined> {
  return andThen(plain(ao, message, 'target'), (target) => {
    if (target === undefined || !isBinary(target)) return undefined;
    if (isId(target)) return humanId(target);
    return splitHint(toText(target) ?? '').id;
  });
}

/** An address or process id, and where its owner says it can be found: `<id>?hint=<url>`. */
export interface Hinted {
  readonly id: string | undefined;
  readonly hint: string | undefined;
}

export function splitHint(value: string): Hinted {
  const at = value.search(/[?&]/);
  if (at < 0) return { id: isId(value) ? humanId(value) : undefined, hint: undefined };
  const id = value.slice(0, at);
  const hint = new URLSearchParams(value.slice(at + 1)).get('hint') ?? undefined;
  return { id: isId(id) ? humanId(id) : undefined, hint };
}

/**
 * The definition of a process: the base's, the message itself, or what the cache has under the id. What comes with a request counts only
 * if its signatures hold: an id is only as true as the commitments it is made of.
 */
export async function definitionOf(
  ao: Ao,
  cache: Cache,
  env: Environment,
  process: string,
  base: Message,
  subject?: Message,
): Promise<Message | undefined> {
  if (!isId(process)) return undefined;
  const isIt = (message: Message): Awaitable<boolean> => ao.id(message, 'signed') === process && verify(message, env);
  const inside = await plain(ao, base, 'process');
  if (isMessage(inside) && (await isIt(inside))) return inside;
  for (const candidate of subject === undefined ? [base] : [subject, base]) {
    if (candidate.has('commitments') && (await isIt(candidate))) return candidate;
  }
  // An unsigned definition is its own id.
  if ((await isProcess(ao, base)) && (await isIt(base))) return base;
  const stored = await cache.read(process);
  return isMessage(stored) ? stored : undefined;
}

/** The schedulers a process names, in its order: addresses or names of identities, with hints. */
export function schedulersOf(ao: Ao, definition: Message): Awaitable<readonly string[]> {
  const named = firstPlain(ao, [
    [definition, 'scheduler'],
    [definition, 'scheduler-location'],
  ]);
  return andThen(named, (addresses) => (addresses === undefined ? [] : addressList(addresses)));
}

/** A list of addresses in any of the forms processes use: a list, a numbered message, or comma-separated text with optional quotes. */
export function addressList(value: Value): readonly string[] {
  if (isMessage(value))
    return value.keys().flatMap((key) => (key === 'commitments' ? [] : addressList(value.get(key)!)));
  if (isList(value)) return value.flatMap(addressList);
  const spelt = text.read(value);
  if (spelt === undefined) return [];
  return spelt
    .split(',')
    .map((item) => item.trim().replace(/^"(.*)"$/, '$1'))
    .filter((item) => item !== '');
}

export function textAt(ao: Ao, message: Message, key: string): Awaitable<string | undefined> {
  return andThen(plain(ao, message, key), (value) => (value === undefined ? undefined : text.read(value)));
}
