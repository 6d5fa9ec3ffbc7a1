/**
 * `name@1.0` (spec 01 §7.8, spec 03 §8.2): names for messages. `/~name@1.0/alice` asks the resolvers of the option `name-resolvers` in
 * turn; the first that knows the name wins.
 *
 * A resolver is a message asked for its `lookup` of the `key`; a path to one; or a plain table of names. What it answers is an id, and
 * unless `load=false` the message with that id is the result.
 */

import { humanId, isId } from '../core/bytes.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import { any, flag, listOf, text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { notFound, type Outcome, ok } from '../core/outcome.ts';
import { Link, NOT_FOUND, type Value } from '../core/value.ts';
import { plain } from './plain.ts';

export const name = device({
  name: 'name@1.0',
  doc: 'Finds messages by name, asking the resolvers that the operator lists under `name-resolvers`.',
  uses: ['cache', 'environment'],
  keys: {},
  inherits: ['keys', 'set'],
  async otherKeys(call) {
    const { environment, requestMessage: request, key, ao } = call;
    const resolvers = await plain(ao, environment.options, 'name-resolvers');
    for (const resolver of resolvers === undefined ? [] : (listOf(any).read(resolvers) ?? [])) {
      const value = await ask(call, resolver, key);
      if (value === undefined) continue;
      const load = flag.read((await plain(ao, request, 'load')) ?? true) ?? true;
      return load ? loaded(call, value) : ok(value);
    }
    return ok(NOT_FOUND);
  },
});

type NameCall = Call<Message, unknown, 'cache' | 'environment'>;

async function ask({ ao }: NameCall, resolver: Value, key: string): Promise<Value | undefined> {
  if (isMessage(resolver) && !resolver.has('device')) return plain(ao, resolver, key);
  const outcome = isMessage(resolver)
    ? await ao.resolve(resolver, message({ path: 'lookup', key }))
    : await below(ao, resolver, key);
  return outcome.status === 'ok' && outcome.value !== NOT_FOUND ? outcome.value : undefined;
}

/** The name below what a path resolves to. It is one part of a path, never syntax. */
async function below(ao: Ao, path: Value, key: string): Promise<Outcome> {
  const spelt = text.read(path);
  if (spelt === undefined) return notFound;
  const base = await ao.resolveRequest(spelt);
  return base.status === 'ok' ? ao.resolve(base.value, message({ path: [key] })) : base;
}

async function loaded({ ao, cache }: NameCall, value: Value): Promise<Outcome> {
  if (isMessage(value)) return ok(value);
  if (value instanceof Link) return ok(await ao.load(value));
  const id = isId(value) ? humanId(value) : text.read(value);
  const found = id === undefined ? undefined : await cache.read(id);
  return found === undefined ? ok(NOT_FOUND) : ok(found);
}
