/**
 * `name@1.0` (spec 01 §7.8, spec 03 §8.2): names for messages. `/~name@1.0/alice` asks the resolvers of the option `name-resolvers` in
 * turn; the first that knows the name wins.
 *
 * A resolver is a message asked for its `lookup` of the `key`; a path to one; or a plain table of names. What it answers is an id, and
 * unless `load=false` the message with that id is the result.
 *
 * As a request hook it reads names out of hosts: on the node `example.org`, `http://alice.example.org/page` is `/<what alice is>/page`.
 */
import * as z from 'zod';

import { humanId, isId } from '../core/bytes.ts';
import { type Ao, type Call, device } from '../core/device.ts';
import { anything, flag, listOf, text } from '../core/fields.ts';
import { isMessage, type Message, message } from '../core/message.ts';
import { fail, notFound, type Outcome, ok } from '../core/outcome.ts';
import { Link, NOT_FOUND, type Value } from '../core/value.ts';
import { hookedSteps } from './hook.ts';
import { plain } from './plain.ts';

const options = z.object({
  'name-reserved-host-labels': z.array(z.string()).default([]).describe('Labels of hosts that are no names.'),
});

export const name = device({
  name: 'name@1.0',
  doc: 'Finds messages by name, asking the resolvers that the operator lists under `name-resolvers`.',
  uses: ['cache', 'environment'],
  options,
  keys: {},
  inherits: ['keys', 'set'],
  async otherKeys(call) {
    const { requestMessage: request, key, ao } = call;
    const steps = key === 'request' ? hookedSteps(request) : undefined;
    if (steps !== undefined) return byHost(call, steps);
    const value = await find(call, key);
    if (value === undefined) return ok(NOT_FOUND);
    const load = flag.read((await plain(ao, request, 'load')) ?? true) ?? true;
    return load ? loaded(call, value) : ok(value);
  },
});

type NameCall = Call<Message, z.infer<typeof options>, 'cache' | 'environment'>;

/** What the first resolver that knows the name says. */
async function find(call: NameCall, key: string): Promise<Value | undefined> {
  const resolvers = await plain(call.ao, call.environment.options, 'name-resolvers');
  for (const resolver of resolvers === undefined ? [] : (listOf(anything).read(resolvers) ?? [])) {
    const value = await ask(call, resolver, key);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The request with what its host names before its steps; unchanged if the host is the node's own. */
async function byHost(call: NameCall, steps: readonly Value[]): Promise<Outcome> {
  const { requestMessage: request, ao, environment } = call;
  const asked = await plain(ao, request.get('request') as Message, 'host');
  const own = await plain(ao, environment.options, 'host');
  const label = labelOf(textOf(asked), textOf(own));
  if (label === undefined || call.options['name-reserved-host-labels'].includes(label)) return ok(request);
  const value = await find(call, label);
  if (value === undefined) return steps.length === 0 ? nobody : ok(request);
  const base = (isId(value) ? humanId(value) : undefined) ?? value;
  const [first] = steps;
  if (first === base) return ok(request);
  // A path of keys alone begins with a base that nobody named.
  const rest = isMessage(first) && !first.has('path') && !first.has('device') ? steps.slice(1) : steps;
  return ok(request.with('body', [base, ...rest]));
}

function textOf(value: Value | undefined): string | undefined {
  return value === undefined ? undefined : text.read(value);
}

/** The first label of a host below the node's own: `alice` of `alice.example.org:8734` on `https://example.org`. */
function labelOf(asked: string | undefined, own: string | undefined): string | undefined {
  const [host, below] = [asked, own].map((address) =>
    address
      ?.toLowerCase()
      .replace(/^[a-z]+:\/\//, '')
      .replace(/[:/].*$/, ''),
  );
  if (host === undefined || below === undefined || below === '' || !host.endsWith(`.${below}`)) return undefined;
  if (/^[\d.]+$/.test(host)) return undefined;
  const label = host.split('.', 1)[0];
  return label === '' ? undefined : label;
}

const nobody = fail('not-found', 'Not Found', { status: 404, hint: 'No resolver of this node knows that name.' });

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
