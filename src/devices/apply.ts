/**
 * `apply@1.0` (spec 01 §7.5): executes a path that is written in a message.
 *
 *     {device: apply@1.0, body: /data/x, data: {x: DX}}  ← body            → DX      the value of `body` is a path, run on the base
 *     …                                                  ← p & source=alt  → …       the same, run on what `alt` holds
 *     …                                                  ← x & base=data & request=request:
 *                                                                          → DX      pair: one message is the base, another the request
 *
 * Where a value comes from can be said by a prefix: `base:key`, `request:key` (or `req:key`); without one the request is looked at
 * first. A prefix alone means the whole message.
 */
import { isBinary, toText } from '../core/bytes.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, type Outcome } from '../core/outcome.ts';
import { isList, type Value } from '../core/value.ts';
import { firstPlain, pathParts, plainPath } from './plain.ts';

type ApplyCall = Call<unknown, unknown, never>;

export const apply = device({
  name: 'apply@1.0',
  doc: 'Runs a path found under a key, on the base, on another message (`source`), or on a pair (`base`, `request`).',
  keys: {
    pair: {
      doc: 'Resolves the message that `request` points to on the one that `base` points to.',
      run: (call) => pair(call, undefined),
    },
  },
  inherits: ['keys', 'remove', 'set', 'set-path'],
  otherKeys(call) {
    const { requestMessage: request, key } = call;
    return request.has('base') && request.has('request') ? pair(call, key) : evaluate(call, key);
  },
});

async function evaluate({ base, requestMessage: request, ao }: ApplyCall, key: string): Promise<Outcome> {
  const source = await firstPlain(ao, [
    [request, 'source'],
    [base, 'source'],
  ]);
  const target = source === undefined ? base.without('device') : await find(ao, source, base, request);
  if (target === undefined) return sourceNotFound(pathText(source!));
  // The path belongs to what it is run on.
  const path = await find(ao, key, isMessage(target) ? target : base, request);
  if (path === undefined) {
    const sentence = `Path \`${key}\` to execute not found.`;
    return fail('not-found', sentence, { value: sentence });
  }
  const steps = pathText(path);
  if (steps === undefined) return invalidPath(path);
  return isMessage(target)
    ? ao.resolveRequest(target.without('commitments').with('path', steps))
    : ao.resolve(target, steps);
}

async function pair({ base, requestMessage: request, ao }: ApplyCall, key: string | undefined): Promise<Outcome> {
  const found: Value[] = [];
  for (const role of ['request', 'base']) {
    const path = await firstPlain(ao, [
      [request, role],
      [base, role],
    ]);
    if (path === undefined) return fail('not-found', `Path \`${role}\` to apply not found.`);
    const value = await find(ao, path, base, request);
    if (value === undefined) return sourceNotFound(pathText(path));
    found.push(value);
  }
  const [asked, target] = found as [Value, Value];
  return ao.resolve(target, key === undefined ? asked : withPath(asked, key));
}

/** What a path with an optional prefix points to. */
async function find(ao: Ao, path: Value, base: Message, request: Message): Promise<Value | undefined> {
  const text = pathText(path);
  if (text === undefined) return undefined;
  const match = /^\/*(base|request|req):(.*)$/s.exec(text);
  if (match !== null) return plainPath(ao, match[1] === 'base' ? base : request, pathParts(match[2]!));
  const parts = pathParts(text);
  if (parts.length === 0) return undefined;
  return (await plainPath(ao, request, parts)) ?? plainPath(ao, base, parts);
}

function withPath(asked: Value, key: string): Message {
  return isMessage(asked) ? asked.with('path', key) : message({ path: key });
}

/** The text of a path given as text or as a list of parts. */
function pathText(path: Value | undefined): string | undefined {
  if (isList(path)) return path.map((part) => (isBinary(part) ? toText(part) : String(part))).join('/');
  return isBinary(path) ? toText(path) : undefined;
}

function sourceNotFound(path: string | undefined): Outcome {
  if (path === undefined || path === '') return fail('bad-request', `Path \`${path || '/'}\` is invalid.`);
  return fail('not-found', `Source path \`${path}\` to apply not found.`);
}

function invalidPath(value: Value): Outcome {
  return fail('bad-type', `The path to execute has to be text${isMessage(value) ? ', not a message' : ''}.`);
}
