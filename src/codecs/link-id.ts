/**
 * The id by which a parent refers to a child (spec 02 §1.3, §3): the sum of the ids of its signatures, or without one its unsigned id.
 * A child's stored unsigned commitment is taken at its word, as everywhere on the network; whether it holds is a question of verification.
 */
import { everySigner, selectCommitments } from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { sumOfIds } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { isList, type Value } from '../core/value.ts';

/** Id of a child with committer selection "all". `depth` bounds the recursion into children of children. */
export function linkId(child: Message | readonly Value[], env: Environment, depth: number): string {
  if (depth > env.limits.maxDepth) raise('limit-exceeded', `A message is nested deeper than ${env.limits.maxDepth}.`);
  if (!isList(child) && child.has('commitments')) {
    const ids = selectCommitments(child, everySigner);
    if (ids.length > 0) return sumOfIds(ids);
  }
  return env.unsignedId(child, env, depth);
}
