/**
 * Device-aware setting (spec 01 §2.10). A path is set from the inside out: every message on the way is asked, through its own device, to
 * take the changed child. Setting one key resolves `set` (or `set_path`) on the message, so a device may refuse or do more.
 */
import { type Awaitable, andThen } from '../awaitable.ts';
import { AoException, raise } from '../errors.ts';
import { load } from '../links.ts';
import { isMessage, isPrivateKey, type Message, messageFrom, numbered } from '../message.ts';
import type { Outcome } from '../outcome.ts';
import { pathParts } from '../paths.ts';
import { isList, Sequence, UNSET, type Value } from '../value.ts';
import type { Execution } from './execution.ts';

/** Every change applied in turn. `changes` that name a device are read through it; values that are sequences are worked out. */
export function setAll(x: Execution, base: Message, changes: Message): Awaitable<Message> {
  return andThen(changesOf(x, changes), (entries) => setFrom(x, base, entries, 0));
}

function setFrom(
  x: Execution,
  base: Message,
  entries: readonly (readonly [string, Value])[],
  from: number,
): Awaitable<Message> {
  let current = base;
  for (let i = from; i < entries.length; i++) {
    const [key, value] = entries[i]!;
    if (isThere(current, key, value)) continue;
    const next = setPath(x, current, key, value);
    if (next instanceof Promise) return next.then((done) => setFrom(x, asBase(done), entries, i + 1));
    current = asBase(next);
  }
  return current;
}

/** Setting what is there already changes nothing, unless a device of its own has a say in it. */
function isThere(base: Message, key: string, value: Value): boolean {
  if (base.get(key) !== value || value === UNSET) return false;
  const device = base.get('device');
  return device === undefined || device === 'message@1.0';
}

function asBase(value: Value): Message {
  return isMessage(value) ? value : raise('bad-request', 'Setting the root to a literal leaves no message.');
}

/** The entries to set: private keys and `hashpath` left out, sequences resolved. */
function changesOf(x: Execution, changes: Message): Awaitable<readonly (readonly [string, Value])[]> {
  const keys = changes.has('device') ? deviceKeys(x, changes) : changes.keys();
  return andThen(keys, (all) => {
    const entries: (readonly [string, Value])[] = [];
    const wanted = all.filter((key) => key !== 'hashpath' && !isPrivateKey(key));
    return collect(x, changes, wanted, 0, entries);
  });
}

function collect(
  x: Execution,
  changes: Message,
  keys: readonly string[],
  from: number,
  entries: (readonly [string, Value])[],
): Awaitable<readonly (readonly [string, Value])[]> {
  for (let i = from; i < keys.length; i++) {
    const key = keys[i]!;
    const value = changedValue(x, changes, key);
    if (value instanceof Promise) {
      return value.then((found) => {
        if (found !== undefined) entries.push([key, found]);
        return collect(x, changes, keys, i + 1, entries);
      });
    }
    if (value !== undefined) entries.push([key, value]);
  }
  return entries;
}

function changedValue(x: Execution, changes: Message, key: string): Awaitable<Value | undefined> {
  const raw = changes.get(key);
  if (raw instanceof Sequence) {
    return andThen(x.resolver.runMany(x.inside(undefined), raw.steps), (outcome) => expectOk(outcome));
  }
  if (raw !== undefined && key !== 'device' && changes.has('device')) {
    const resolved = x.resolver.run(x.inside(undefined), changes, key);
    return andThen(resolved, (outcome) => (outcome.status === 'ok' ? outcome.value : raw));
  }
  return raw;
}

function deviceKeys(x: Execution, changes: Message): Awaitable<readonly string[]> {
  return andThen(x.resolver.run(x.inside(undefined), changes, 'keys'), (outcome) => {
    const keys = expectOk(outcome);
    if (!isList(keys)) raise('bad-type', 'The keys of the changes are not a list.');
    return keys.filter((key) => typeof key === 'string');
  });
}

/** The base with `value` at `path`. A path of nothing but `/` is the root. */
export function setPath(x: Execution, base: Value, path: Value, value: Value): Awaitable<Value> {
  const parts = path === '' ? [''] : pathParts(path);
  if (parts === undefined) raise('bad-request', 'The path to set is empty.');
  const keys = parts.map((part) => (typeof part === 'string' ? part : raise('bad-key', 'A directive is not a key.')));
  return setParts(x, base, keys, value);
}

function setParts(x: Execution, base: Value, keys: readonly string[], value: Value): Awaitable<Value> {
  const [key, ...rest] = keys;
  if (key === undefined) {
    if (!isMessage(base) && !isList(base)) return value;
    return isMessage(value)
      ? deviceSet(x, base, value)
      : raise('bad-request', 'The root can only be set to a message.');
  }
  if (rest.length === 0) return setKey(x, base, key, value, false);
  return andThen(x.resolver.run(x.inside(undefined), base, messageFrom([['path', key]])), (outcome) => {
    if (outcome.status !== 'ok') return setKey(x, base, key, fresh(rest, value), true);
    return andThen(load(outcome.value, x.env), (child) => {
      if (!isMessage(child) && !isList(child)) raise('bad-key', `There is nothing to set below "${key}", a literal.`);
      return andThen(setParts(x, child, rest, value), (changed) => setKey(x, base, key, changed, true));
    });
  });
}

function fresh(keys: readonly string[], value: Value): Value {
  return keys.reduceRight((inside: Value, key) => messageFrom([[key, inside]]), value);
}

function setKey(x: Execution, base: Value, key: string, value: Value, explicit: boolean): Awaitable<Value> {
  if (key === 'path') return deviceSet(x, base, messageFrom([['value', value]]), 'set_path');
  const change = messageFrom([[key, value]]);
  return deviceSet(x, base, explicit ? change.with('set-mode', 'explicit') : change);
}

function deviceSet(x: Execution, base: Value, change: Message, path: string = 'set'): Awaitable<Value> {
  const target = isList(base) ? numbered(base) : base;
  const inside = x.inside(undefined);
  return andThen(x.resolver.run(inside, target, change.with('path', path)), expectOk);
}

/** The value of an outcome; an error is thrown. */
export function expectOk(outcome: Outcome): Value {
  if (outcome.status === 'error') throw new AoException(outcome.error);
  return outcome.value;
}
