/**
 * Loading a message whole, as bundles need it (spec 02 §1.2): every link followed, every child as the store would give it back. So a child
 * that was committed comes with its committed keys only, and (in the dialect of 2025-11, `childrenCarryCommitment`) every child that is
 * neither empty nor a list carries at least its unsigned commitment.
 *
 * Synchronous unless something has to be read. The value itself is taken as it is; only its children are completed.
 */
import { type Awaitable, andThen, mapInOrder } from '../core/awaitable.ts';
import {
  addCommitments,
  commitmentsOf,
  committerOf,
  everySigner,
  keepCommitments,
  selectCommitments,
  withOnlyCommitted,
} from '../core/commitments.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { LoadBudget, load } from '../core/links.ts';
import { isMessage, isPrivateKey, type Message } from '../core/message.ts';
import { isList, Link, type Value } from '../core/value.ts';
import { unsignedCommitment } from './ids.ts';

/** How children appear: as the store of 2025-11 gives them (`completed`), as they are, or without what that store would add. */
export type ChildForm = 'completed' | 'given' | 'bare';

export function childForm(env: Environment): ChildForm {
  return env.dialect.childrenCarryCommitment ? 'completed' : 'given';
}

/** The value with all its children loaded. Raises `necessary-message-not-found`. */
export function loadAll(value: Value, env: Environment): Awaitable<Value> {
  return loadChildren(value, env, childForm(env), 0, new LoadBudget(env));
}

/** A child as a bundle carries it: loaded, and reduced to what its commitments cover. */
export function loadChild(
  value: Value,
  env: Environment,
  form: ChildForm,
  depth: number,
  budget: LoadBudget,
): Awaitable<Value> {
  if (depth > env.limits.maxDepth) raise('limit-exceeded', `A message is nested deeper than ${env.limits.maxDepth}.`);
  if (value instanceof Link) {
    budget.spend();
    return andThen(load(value, env), (found) => loadChild(found, env, form, depth + 1, budget));
  }
  if (isList(value)) return loadChildren(value, env, form, depth, budget);
  if (!isMessage(value)) return value;
  const kept = withOnlyCommitted(value);
  const formed = form === 'completed' ? complete(kept, env) : form === 'bare' ? bare(kept, env) : kept;
  return loadChildren(formed, env, form, depth, budget);
}

/**
 * The message as the store of 2025-11 gives it back by the id that its parent links to: with the commitments that make up this id, and an
 * unsigned one.
 */
export function complete(message: Message, env: Environment): Message {
  if (message.size === 0) return message;
  const linked = new Set(message.has('commitments') ? selectCommitments(message, everySigner) : []);
  const kept = keepCommitments(message, (id) => linked.has(id));
  if (commitmentsOf(kept).some(([, commitment]) => committerOf(commitment) === undefined)) return kept;
  return addCommitments(kept, unsignedCommitment(message, env));
}

/** The message without the unsigned commitment that {@link complete} would make. One that says anything else stays. */
function bare(message: Message, env: Environment): Message {
  if (!message.has('commitments')) return message;
  const [made] = unsignedCommitment(message, env).keys();
  return keepCommitments(message, (id) => id !== made);
}

function loadChildren(
  value: Value,
  env: Environment,
  form: ChildForm,
  depth: number,
  budget: LoadBudget,
): Awaitable<Value> {
  if (isList(value)) return mapInOrder(value, (item) => loadChild(item, env, form, depth + 1, budget));
  if (!isMessage(value)) return value;
  const children: [string, Value][] = [];
  for (const [key, child] of value.entries()) if (needsLoading(key, child)) children.push([key, child]);
  if (children.length === 0) return value;
  return andThen(
    mapInOrder(children, ([, child]) => loadChild(child, env, form, depth + 1, budget)),
    (loaded) => {
      if (loaded.every((child, i) => child === children[i]![1])) return value;
      return value.withAll(loaded.map((child, i) => [children[i]![0], child] as const));
    },
  );
}

function needsLoading(key: string, child: Value): boolean {
  if (child instanceof Link) return true;
  return key !== 'commitments' && !isPrivateKey(key) && (isMessage(child) || isList(child));
}
