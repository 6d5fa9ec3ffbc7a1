/**
 * The outcome of a resolution as a message with a status (spec 03 §2.5, §2.6): what is signed and encoded.
 *
 *     ok("x")                 {ao-result: "body", body: "x", status: 200}
 *     ok({a: 1})              {a: 1, status: 200}
 *     error(not found)        {ao-result: "body", body: not_found, status: 404, code: "not-found"}
 *
 * A result that somebody signed stays as it is: its status is told by the HTTP status line alone.
 */
import { isBinary } from '../core/bytes.ts';
import { commitmentsOf, committerOf } from '../core/commitments.ts';
import { type AoError, AoException } from '../core/errors.ts';
import { isMessage, Message, numbered } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import { As, isList, Link, Sequence, type Value } from '../core/value.ts';
import { statusAskedFor, statusOfError } from './status.ts';

export interface Result {
  readonly status: number;
  readonly message: Message;
  /** Somebody else vouches for it. */
  readonly signed: boolean;
}

/** Throws for faults of our own: they are answered without details, and logged. */
export function resultOf(outcome: Outcome): Result {
  if (outcome.status === 'error') return errorResult(outcome.error);
  const message = asMessage(outcome.value);
  const status = statusAskedFor(message.get('status'), message.get('body')) ?? 200;
  return withStatus(message, status);
}

function withStatus(message: Message, status: number): Result {
  if (isSigned(message)) return { status, message, signed: true };
  const changes: [string, Value][] = [['status', status]];
  if (message.size === 2 && message.has('status') && message.has('body')) changes.push(['ao-result', 'body']);
  return { status, message: message.withAll(changes), signed: false };
}

function isSigned(message: Message): boolean {
  return message.has('commitments') && commitmentsOf(message).some(([, one]) => committerOf(one) !== undefined);
}

function errorResult(error: AoError): Result {
  if (error.fault === 'ours' && error.code !== 'not-implemented') throw new AoException(error);
  const value = error.value ?? error.message;
  const message = asMessage(value);
  if (isMessage(value) && isSigned(message)) {
    const asked = statusAskedFor(message.get('status'), message.get('body'));
    return { status: error.status ?? asked ?? statusOfError(error), message, signed: true };
  }
  const status = error.status ?? statusAskedFor(message.get('status'), message.get('body')) ?? statusOfError(error);
  const told: [string, Value][] = [['status', status]];
  if (!message.has('code')) told.push(['code', error.code]);
  if (error.hint !== undefined && !message.has('hint')) told.push(['hint', error.hint]);
  return { status, message: message.withAll(told), signed: false };
}

/** Spec 01 §2.7, for whatever is left when the resolver is done. */
function asMessage(value: Value): Message {
  if (value instanceof Message) return value;
  if (isList(value)) return numbered(value);
  if (value instanceof As) return castMessage(value);
  if (value instanceof Sequence) return asMessage(numbered(value.steps));
  if (value instanceof Link) return literal(value.ref);
  return literal(value);
}

/** A lone `/~device@1.0&k=v`: a message with that device. */
function castMessage(cast: As): Message {
  if (!isMessage(cast.value)) return literal(cast.value);
  return isBinary(cast.device) ? cast.value.with('device', cast.device) : cast.value;
}

function literal(value: Value): Message {
  return new Message(
    new Map<string, Value>([
      ['ao-result', 'body'],
      ['body', value],
    ]),
  );
}
