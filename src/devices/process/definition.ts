/**
 * What a process is: its definition, under the key `process` of every state (spec 04 §1.2). The definition never changes, and its signed id
 * is the process's id.
 */
import type { Cache } from '../../core/cache.ts';
import { withOnlyCommitted } from '../../core/commitments.ts';
import type { Ao } from '../../core/device.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { verify } from '../../core/verify.ts';
import { plain } from '../plain.ts';

export interface Definition {
  readonly id: string;
  /** Reduced to what is committed, commitments included. */
  readonly message: Message;
}

/** The definition of the process that `base` is, or is a state of. Throws `bad-signature` if its signatures don't hold. */
export async function definitionIn(ao: Ao, cache: Cache, env: Environment, base: Message): Promise<Definition> {
  const inside = await plain(ao, base, 'process');
  if (isMessage(inside)) return checked(ao, env, inside);
  if (base.has('commitments')) {
    const signed = withOnlyCommitted(base);
    if (await verify(signed, env)) return { id: ao.id(signed, 'signed'), message: signed };
    // A path that gives a process another device (`/PID~push@1.0/push`) changes what was signed, not which process is meant.
    const kept = await cache.read(ao.id(signed, 'signed'));
    return checked(ao, env, isMessage(kept) ? withOnlyCommitted(kept) : signed);
  }
  // Without signers it may be a signed definition of which only the content arrived.
  const id = ao.id(base, 'unsigned');
  const stored = await cache.read(id);
  const known = isMessage(stored) && stored.has('commitments') ? withOnlyCommitted(stored) : base;
  return checked(ao, env, known);
}

async function checked(ao: Ao, env: Environment, message: Message): Promise<Definition> {
  if (!(await verify(message, env))) {
    raise('bad-signature', 'The signatures of this process definition do not hold.', 'Ask for the process by its id.');
  }
  return { id: ao.id(message, 'signed'), message };
}

/** The state before slot 0: the definition's own keys, and the definition. */
export function firstState(definition: Message): Message {
  return definition
    .without('commitments')
    .withAll([
      ['process', definition],
      ['device', definition.get('device') ?? 'process@1.0'],
    ])
    .withOrigin(undefined);
}
