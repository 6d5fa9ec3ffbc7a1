/**
 * `profile@1.0` (spec 01 §7.11): what happens inside the node while a path is resolved.
 *
 *     GET /~profile@1.0/run?run=/~meta@1.0/build&engine=event      → {topic: {event: how often}, …}
 *
 * The one engine is `event`: the difference of the node's event counters before and after. The reference has two more that sample its
 * virtual machine; a Node process is profiled from outside (`node --cpu-prof`), where no stranger can start it.
 *
 * Option `profiling`: `false` switches the device off; a list of addresses allows only their verified signatures.
 */
import { device } from '../core/device.ts';
import { listOf, optional, text } from '../core/fields.ts';
import { messageFrom } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { isList, type Value } from '../core/value.ts';
import '../observe/events.ts';
import { plain } from './plain.ts';

export const profile = device({
  name: 'profile@1.0',
  doc: 'Counts what happens in the node while a path is resolved.',
  uses: ['environment', 'events'],
  keys: {},
  inherits: ['keys', 'set'],
  async otherKeys({ requestMessage: request, key, environment, events, ao }) {
    const allowed = (await plain(ao, environment.options, 'profiling')) ?? true;
    if (allowed === false || allowed === 'false') return failWith('Profiling is disabled.');
    if (isList(allowed)) {
      const addresses = listOf(text).read(allowed) ?? [];
      const signers = await ao.signers(request);
      if (!signers.some((signer) => addresses.includes(signer))) {
        return fail('unauthorized', 'Profiling is only for the signers that the operator lists.');
      }
    }
    const path = await plain(ao, request, key);
    if (path === undefined) return failWith(`Path key \`${key}\` not found in request.`);
    const engine = optional(text, 'event').read((await plain(ao, request, 'engine')) ?? 'event');
    if (engine !== 'event') return failWith(`Unsupported engine \`${engine}\``);
    const spelt = text.read(path);
    if (spelt === undefined) return fail('bad-type', `\`${key}\` has to be a path.`);
    const before = events.snapshot();
    await ao.resolveRequest(spelt);
    return ok(difference(before, events.snapshot()));
  },
});

type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

function difference(before: Counts, after: Counts): Value {
  const topics: [string, Value][] = [];
  for (const [topic, events] of after) {
    const changed: [string, Value][] = [];
    for (const [event, count] of events) {
      const more = count - (before.get(topic)?.get(event) ?? 0);
      if (more > 0) changed.push([event, more]);
    }
    if (changed.length > 0) topics.push([topic, messageFrom(changed)]);
  }
  return messageFrom(topics);
}

function failWith(sentence: string): Outcome {
  return fail('bad-request', sentence, { value: sentence });
}
