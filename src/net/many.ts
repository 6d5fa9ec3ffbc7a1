/**
 * Requests to several nodes (spec 03 §2.7.2): one after another until enough answers are admissible, or several at a time.
 *
 *     serial       a ✗ · b ✓                         the first that is admissible
 *     parallel: 2  a ……✗ c ✓                         two under way; a failure makes room for the next
 *                  b ……………✓                         with `stop-after` the rest is given up once there are enough
 *
 * A node that fails, times out or crashes is one inadmissible answer, never the end of the run.
 */
import type { Awaitable } from '../core/awaitable.ts';
import { isBinary, toText } from '../core/bytes.ts';
import { AoError } from '../core/errors.ts';
import { flag, integer, listOf, text } from '../core/fields.ts';
import { isMessage, type Message } from '../core/message.ts';
import { failed, type Outcome, ok } from '../core/outcome.ts';
import type { Peers } from '../core/peers.ts';
import { isList, type Value } from '../core/value.ts';

export interface Plan {
  readonly nodes: readonly string[];
  /** Admissible answers to gather. */
  readonly responses: number;
  /** Gives up the other requests once there are enough. */
  readonly stopAfter: boolean;
  /** Requests under way at a time. */
  readonly parallel: number;
  /** Statuses that count; any if absent. */
  readonly statuses: ReadonlySet<number> | undefined;
  /** The message that judges an answer. */
  readonly admissible: Message | undefined;
}

export interface ManyModules {
  readonly peers: Peers;
  /** Whether `judge` finds the answer admissible. */
  readonly judge: (judge: Message, answer: Value) => Awaitable<boolean>;
}

/** What a request and its route say: `multirequest-<option>` of the request first. */
export function planOf(request: Message, route: Message): Plan {
  const option = (name: string): Value | undefined => request.get(`multirequest-${name}`) ?? route.get(name);
  const nodes = addresses(option('nodes'));
  const parallel = option('parallel');
  const width =
    parallel === undefined ? 1 : (integer.read(parallel) ?? (flag.read(parallel) === true ? nodes.length : 1));
  const admissible = option('admissible');
  return {
    nodes,
    responses: Math.max(1, read(integer.read, option('responses')) ?? 1),
    stopAfter: read(flag.read, option('stop-after')) ?? true,
    parallel: Math.max(1, Math.min(width, nodes.length)),
    statuses: statusSet(option('admissible-status')),
    admissible: isMessage(admissible) ? admissible : undefined,
  };
}

/** One answer if one was wanted, else a list; `no_viable_responses` if none was admissible. */
export async function requestMany(
  request: Message,
  plan: Plan,
  modules: ManyModules,
  signal?: AbortSignal,
): Promise<Outcome> {
  const outgoing = request.filter((key) => !key.startsWith('multirequest-'));
  const enough = new AbortController();
  const stop = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  const gathered: Value[] = [];
  const refused: AoError[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < plan.nodes.length && gathered.length < plan.responses && !stop.aborted) {
      const node = plan.nodes[next++]!;
      const outcome = await modules.peers.request(node, outgoing, { signal: stop }).catch(crashed);
      if (outcome.status !== 'ok') refused.push(outcome.status === 'error' ? outcome.error : oddAnswer);
      else if (!(await isAdmissible(outcome.value, plan, modules))) refused.push(inadmissible(node));
      else if (gathered.length < plan.responses) gathered.push(outcome.value);
      if (gathered.length >= plan.responses && plan.stopAfter) enough.abort();
    }
  };
  await Promise.all(Array.from({ length: plan.parallel }, worker));
  if (gathered.length === 0) return failed(noneViable(refused));
  return ok(plan.responses === 1 ? gathered[0]! : gathered);
}

async function isAdmissible(answer: Value, plan: Plan, modules: ManyModules): Promise<boolean> {
  const status = isMessage(answer) ? (read(integer.read, answer.get('status')) ?? 200) : 200;
  if (plan.statuses !== undefined && !plan.statuses.has(status)) return false;
  if (plan.admissible === undefined) return true;
  try {
    return await modules.judge(plan.admissible, answer);
  } catch {
    return false;
  }
}

function noneViable(refused: readonly AoError[]): AoError {
  const last = refused.at(-1);
  const hint = last === undefined ? 'The route names no nodes.' : `The last node: ${last.message}`;
  return new AoError('peer-failed', 'No node gave an admissible answer.', {
    status: 400,
    value: 'no_viable_responses',
    hint,
  });
}

function inadmissible(node: string): AoError {
  return new AoError('peer-failed', `The answer of ${node} is not admissible.`);
}

function crashed(cause: unknown): Outcome {
  return failed(new AoError('peer-failed', 'The request could not be made.', { cause }));
}

const oddAnswer = new AoError('peer-failed', 'The answer is not a result.');

/** `All`, a number, a comma list, or a list. */
function statusSet(value: Value | undefined): ReadonlySet<number> | undefined {
  if (value === undefined) return undefined;
  const words = isList(value) || isMessage(value) ? listOf(text).read(value) : text.read(value)?.split(',');
  if (words === undefined || words.some((word) => word.trim().toLowerCase() === 'all')) return undefined;
  return new Set(words.map((word) => Number(word.trim())).filter((status) => Number.isInteger(status)));
}

function addresses(value: Value | undefined): readonly string[] {
  const items =
    value === undefined ? [] : (listOf<Value>({ describes: 'a node', read: (item) => item }).read(value) ?? []);
  const out: string[] = [];
  for (const item of items) {
    const uri = isMessage(item) ? (item.get('uri') ?? item.get('node')) : item;
    const address = uri !== undefined && isBinary(uri) ? toText(uri) : undefined;
    if (address !== undefined) out.push(address);
  }
  return out;
}

function read<T>(reader: (value: Value) => T | undefined, value: Value | undefined): T | undefined {
  return value === undefined ? undefined : reader(value);
}
