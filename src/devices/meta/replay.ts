/**
 * A signature works once. Whoever may change the node signs the change; anyone who has seen that message could send it again later. So
 * the ids of the signatures that were acted on are kept in the store, and refused when they come back.
 */
import type { Cache } from '../../core/cache.ts';
import { commitmentsOf, committerOf } from '../../core/commitments.ts';
import type { Message } from '../../core/message.ts';

const used = 'meta@1.0/applied';

/**
 * Takes the signatures of this address on the message. False if one of them was taken before: then nothing may be done. To be called in a
 * lane, or two requests could both be first.
 */
export async function takeSignatures(cache: Cache, request: Message, address: string): Promise<boolean> {
  const ids = commitmentsOf(request)
    .filter(([, commitment]) => committerOf(commitment) === address)
    .map(([id]) => id);
  for (const id of ids) if ((await cache.read(`${used}/${id}`)) !== undefined) return false;
  for (const id of ids) await cache.link(await cache.write('applied'), `${used}/${id}`);
  return true;
}
