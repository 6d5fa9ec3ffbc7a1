/**
 * Stage 1 of a step (spec 01 §2.4): links are loaded, directives carried out, lists numbered, until base and request are messages. Plain
 * messages never come here.
 *
 *     as(D, {…}) as base      the message, with device D; then its own path
 *     as(D, {…}) as request   the base, with device D; then the path, or the keys laid on it
 *     resolve[…]              its result takes its place
 */
import { type Awaitable, andThen, mapInOrder } from '../awaitable.ts';
import { type Binary, humanId, isBinary, isId, toText } from '../bytes.ts';
import { raise } from '../errors.ts';
import { load, readNecessary } from '../links.ts';
import { isMessage, Message, messageFrom, numbered } from '../message.ts';
import { notFound, type Outcome, ok } from '../outcome.ts';
import { pathParts, requestPath } from '../paths.ts';
import { As, Atom, isList, Link, Sequence, UNDEFINED, type Value } from '../value.ts';
import type { Execution } from './execution.ts';
import { lookUp } from './results.ts';
import { setAll } from './set.ts';

/** One step whose base or request isn't plain yet. */
export function normaliseStep(x: Execution, base: Value, request: Value): Awaitable<Outcome> {
  const { resolver } = x;
  if (base instanceof Link) return andThen(load(base, x.env), (loaded) => resolver.step(x, loaded, request));
  if (request instanceof Link) return andThen(load(request, x.env), (loaded) => resolver.step(x, base, loaded));
  if (base instanceof As) return onValue(baseAs(x, base), (next) => resolver.step(x, next, request));
  if (request instanceof As) return requestAs(x, base, request, Message.empty);
  if (isMessage(request)) {
    const path = requestPath(request);
    if (path instanceof Link) {
      return andThen(load(path, x.env), (loaded) => resolver.step(x, base, request.with('path', loaded)));
    }
    if (path instanceof As) return requestAs(x, base, path, request.without('path'));
  }
  if (base instanceof Sequence) {
    return onValue(resolver.runMany(x, base.steps), (next) => resolver.step(x, next, request));
  }
  if (request instanceof Sequence) {
    const quiet = x.mode.forceMessage ? x.withMode({ ...x.mode, forceMessage: false }) : x;
    return onValue(resolver.runMany(quiet, request.steps), (next) => resolver.step(x, base, next));
  }
  if (isList(base)) return resolver.step(x, numbered(base), request);
  if (isBinary(base) && isId(base)) return fromId(x, base, request);
  if (!isMessage(base)) return notFound;
  if (!isMessage(request)) return resolver.run(x, base, request);
  if (hasSequence(request)) {
    return andThen(evaluated(x, request), (plain) => (isMessage(plain) ? resolver.run(x, base, plain) : plain));
  }
  return resolver.run(x, base, request);
}

/** Whether a request has values that are to be worked out before anyone reads it. */
export function hasSequence(request: Message): boolean {
  for (const [, value] of request.entries()) if (value instanceof Sequence) return true;
  return false;
}

/** The request with its `resolve[…]` values replaced by what they give; the first that fails fails the step (spec 01 §9 row 6). */
function evaluated(x: Execution, request: Message): Awaitable<Message | Outcome> {
  let failure: Outcome | undefined;
  const entries = mapInOrder([...request.entries()], ([key, value]): Awaitable<readonly [string, Value]> => {
    if (!(value instanceof Sequence) || failure !== undefined) return [key, value];
    return andThen(x.resolver.runMany(x, value.steps), (outcome) => {
      if (outcome.status === 'ok') return [key, outcome.value];
      failure = outcome;
      return [key, value];
    });
  });
  return andThen(entries, (all) => failure ?? messageFrom(all));
}

/** A step on a stored message: its result if that was kept, else computed on the message read. */
function fromId(x: Execution, base: Binary, request: Value): Awaitable<Outcome> {
  const wanted = isMessage(request) ? request : pathParts(request)?.[0];
  if (wanted === undefined || wanted instanceof As) return notFound;
  return andThen(lookUp(x, base, wanted), (found) => {
    switch (found.kind) {
      case 'no-lookup':
        return notFound;
      case 'error':
        return found.outcome;
      case 'result':
        return ok(found.value);
      case 'base':
        return x.resolver.step(x, isList(found.value) ? numbered(found.value) : found.value, request, humanId(base));
    }
  });
}

/** A directive that is all there is: carried out on the empty message, or on the stored one it names. */
export function loneDirective(x: Execution, directive: As): Awaitable<Outcome> {
  const { device, value } = directive;
  const plain = isMessage(value) && !isId(value.get('path'));
  return plain ? subresolve(x, Message.empty, device, value) : baseAs(x, directive);
}

/** The message a base directive stands for. */
function baseAs(x: Execution, directive: As): Awaitable<Outcome> {
  const { value } = directive;
  if (value instanceof Link)
    return andThen(load(value, x.env), (loaded) => baseAs(x, new As(directive.device, loaded)));
  if (isId(value)) return storedAs(x, directive.device, idText(value as string | Uint8Array), Message.empty);
  const message = isMessage(value)
    ? value
    : isBinary(value)
      ? messageFrom([['path', value]])
      : raise('bad-request', notAMessage);
  const path = message.get('path');
  if (path !== undefined && isId(path)) {
    return storedAs(x, directive.device, idText(path as string | Uint8Array), message.without('path'));
  }
  return subresolve(x, isMessage(value) ? message : Message.empty, directive.device, message);
}

const notAMessage = '`as` needs a message, an id or a path.';

function idText(id: string | Uint8Array): string {
  return humanId(id) ?? raise('bad-request', 'The id is not text.');
}

function storedAs(x: Execution, device: Value, id: string, extra: Message): Awaitable<Outcome> {
  return andThen(readNecessary(id, x.env), (stored) => {
    const base = isList(stored) ? numbered(stored) : stored;
    if (!isMessage(base)) return notFound;
    return andThen(deviceName(x, device), (name) => ok(withDevice(base.withAll(extra.entries()), name)));
  });
}

/** A request directive: the base is treated as having the device, the message inside is laid over the rest of the request. */
function requestAs(x: Execution, base: Value, directive: As, outer: Message): Awaitable<Outcome> {
  const { value } = directive;
  if (value instanceof Link || isId(value)) {
    const stored =
      value instanceof Link ? load(value, x.env) : readNecessary(idText(value as string | Uint8Array), x.env);
    return andThen(stored, (loaded) => requestAs(x, base, new As(directive.device, loaded), outer));
  }
  if (value instanceof As) return raise('bad-request', 'A directive inside a directive has no meaning.');
  const inner = isMessage(value) ? value : messageFrom(isBinary(value) && value === '' ? [] : [['path', value]]);
  const path = inner.get('path');
  if (path !== undefined && isId(path)) {
    const stored = readNecessary(idText(path as string | Uint8Array), x.env);
    return andThen(stored, (loaded) =>
      requestAs(x, base, new As(directive.device, isMessage(loaded) ? merge(loaded, inner) : loaded), outer),
    );
  }
  return subresolve(x, base, directive.device, outer.withAll(inner.entries()));
}

function merge(stored: Message, inner: Message): Message {
  return stored.withAll(inner.without('path').entries());
}

/** Spec 01 §2.9: `base` with the device; then the request's path on it, or its keys set. */
function subresolve(x: Execution, base: Value, device: Value, request: Message): Awaitable<Outcome> {
  if (base instanceof Link) return andThen(load(base, x.env), (loaded) => subresolve(x, loaded, device, request));
  if (base instanceof As) return onValue(baseAs(x, base), (next) => subresolve(x, next, device, request));
  if (base instanceof Sequence) {
    return onValue(x.resolver.runMany(x, base.steps), (next) => subresolve(x, next, device, request));
  }
  if (isBinary(base) && isId(base)) {
    return andThen(readNecessary(idText(base), x.env), (stored) => subresolve(x, stored, device, request));
  }
  const target = isList(base) ? numbered(base) : base;
  if (!isMessage(target)) return notFound;
  return andThen(deviceName(x, device), (name) => {
    const dressed = withDevice(target, name);
    const path = requestPath(request);
    if (path !== undefined && path !== '' && !(isList(path) && path.length === 0)) {
      return x.resolver.run(x, dressed, request);
    }
    const changes = request.without('path', 'Path');
    return changes.size === 0 ? ok(dressed) : andThen(setAll(x, dressed, changes), ok);
  });
}

/** A device written as a sub-path is worked out first (spec 01 §9 row 8). */
function deviceName(x: Execution, device: Value): Awaitable<Value> {
  if (!(device instanceof Sequence)) return device;
  return andThen(x.resolver.runMany(x, device.steps), (outcome) => {
    const name = outcome.status === 'ok' && isBinary(outcome.value) ? toText(outcome.value) : undefined;
    return name ?? raise('device-not-found', 'The sub-path in place of a device does not give the name of one.');
  });
}

function withDevice(base: Message, device: Value): Message {
  if (device === UNDEFINED) return base;
  return base.with('device', device instanceof Atom ? device.name : device);
}

function onValue(outcome: Awaitable<Outcome>, next: (value: Value) => Awaitable<Outcome>): Awaitable<Outcome> {
  return andThen(outcome, (result) => (result.status === 'ok' ? next(result.value) : result));
}
