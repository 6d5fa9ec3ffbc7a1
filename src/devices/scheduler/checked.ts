/**
 * Assignments from another node, checked (docs/threats.md): whoever delivers them, the slot, the process and the message have to be under the
 * signature of a scheduler that the process names, and the message's own signatures have to hold. What no scheduler signed is left out.
 */
import { committerOf, keepCommitments, withOnlyCommitted } from '../../core/commitments.ts';
import type { Ao } from '../../core/device.ts';
import type { Environment } from '../../core/environment.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { verifiedCommitments, verify } from '../../core/verify.ts';
import { slotOf } from './formats.ts';
import { splitHint, textAt } from './target.ts';

export interface Expected {
  readonly process: string;
  /** Who may assign: the schedulers that the process names, hints included. */
  readonly schedulers: readonly string[];
  readonly slot: number;
  /** Who delivers it, for the sentence of an error. */
  readonly node: string;
}

/** What has to be signed for an assignment to be one. */
const covered = ['process', 'slot', 'body'];

/** The assignment without what nobody has signed. Throws `peer-failed`. */
export async function checkedAssignment(
  ao: Ao,
  env: Environment,
  given: Value | undefined,
  { process, schedulers, slot, node }: Expected,
): Promise<Message> {
  const refuse = (reason: string): never =>
    raise('peer-failed', `${node} gave a slot ${slot} of ${process} that ${reason}.`, {
      hint: 'Ask its operator, or name another scheduler location.',
      status: 502,
    });
  if (!isMessage(given)) return refuse('is no assignment');
  const addresses = new Set(schedulers.map((named) => splitHint(named).id));
  const holding = await verifiedCommitments(given, env);
  const assignment = withOnlyCommitted(
    keepCommitments(given, (id, one) => {
      const committer = committerOf(one);
      return holding.includes(id) && (committer === undefined || addresses.has(committer));
    }),
  );
  if ((await ao.signers(assignment, covered)).length === 0) return refuse('none of its schedulers has signed');
  if ((await textAt(ao, assignment, 'process')) !== process) return refuse('belongs to another process');
  if (slotOf(assignment) !== slot) return refuse(`is slot ${slotOf(assignment)}`);
  const body = assignment.get('body');
  if (!isMessage(body) || !(await verify(body, env))) return refuse('carries a message whose signatures do not hold');
  return assignment.with('body', withOnlyCommitted(body));
}
