/**
 * A TABM with its children as one commitment wants them (spec 02 §1.2, §2.8): all links, or all inline. Messages arrive either way,
 * whatever their commitments say.
 */
import { type Awaitable, andThen, mapInOrder } from '../../core/awaitable.ts';
import { linkSuffix, withoutLinkSuffix } from '../../core/commitments.ts';
import type { Environment } from '../../core/environment.ts';
import { LoadBudget } from '../../core/links.ts';
import { isMessage, isPrivateKey, type Message } from '../../core/message.ts';
import { isList, Link, type Value } from '../../core/value.ts';
import { linkId } from '../link-id.ts';
import { type ChildForm, childForm, loadChild } from '../load.ts';
import { fromTabm, isLinkKey, toTabm } from '../structured.ts';

/** Inline children replaced by links to their ids. Nothing is stored. */
export function linked(tabm: Message, env: Environment): Message {
  const changes: [string, Value | undefined][] = [];
  for (const [key, value] of tabm.entries()) {
    if (!isChild(key, value)) continue;
    const child = isMessage(value) ? fromTabm(value, env) : value;
    changes.push([key, undefined], [key + linkSuffix, linkId(child as Message, env, 1)]);
  }
  return changes.length === 0 ? tabm : tabm.withAll(changes);
}

/** Every child inline, in the form that the dialect gives it; links are loaded. Raises for values that cannot be read back. */
export function inlined(tabm: Message, env: Environment, form: ChildForm = childForm(env)): Awaitable<Message> {
  const children: [string, Value][] = [];
  for (const [key, value] of tabm.entries()) {
    if (isChild(key, value)) children.push([key, isMessage(value) ? fromTabm(value, env) : value]);
    else if (isLinkKey(key) && typeof value === 'string') children.push([key, new Link(value)]);
  }
  // Decoding the whole finds what the network could not read back.
  fromTabm(tabm, env);
  if (children.length === 0) return tabm;
  const budget = new LoadBudget(env);
  return andThen(
    mapInOrder(children, ([, child]) =>
      andThen(loadChild(child, env, form, 1, budget), (loaded) => inlineForm(loaded, env)),
    ),
    (loaded) => {
      const changes: [string, Value | undefined][] = [];
      children.forEach(([key], i) => {
        if (isLinkKey(key)) changes.push([key, undefined]);
        changes.push([withoutLinkSuffix(key), loaded[i]]);
      });
      return tabm.withAll(changes);
    },
  );
}

function inlineForm(value: Value, env: Environment): Value {
  return isMessage(value) || isList(value) ? toTabm(value, 'inline', env, 1) : value;
}

function isChild(key: string, value: Value): boolean {
  return (isMessage(value) || isList(value)) && key !== 'commitments' && !isPrivateKey(key);
}
