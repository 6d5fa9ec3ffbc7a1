/** What a resolution gives (spec 01 §0.1 "status pairs"): a value, a control signal inside `stack@1.0`, or an error. */
import { AoError, type ErrorCode, type ErrorDetails } from './errors.ts';
import type { Message } from './message.ts';
import { NOT_FOUND, type Value } from './value.ts';

export type Outcome =
  | { readonly status: 'ok'; readonly value: Value }
  | { readonly status: 'skip' | 'pass'; readonly value: Message }
  | { readonly status: 'error'; readonly error: AoError };

export function ok(value: Value): Outcome {
  return { status: 'ok', value };
}

/** `stack@1.0`: stop here with this message. */
export function skip(value: Message): Outcome {
  return { status: 'skip', value };
}

/** `stack@1.0`: run the stack again from the top. */
export function pass(value: Message): Outcome {
  return { status: 'pass', value };
}

/** An error outcome. `details` may be just the hint. */
export function fail(code: ErrorCode, message: string, details?: ErrorDetails | string): Outcome {
  return {
    status: 'error',
    error: new AoError(code, message, typeof details === 'string' ? { hint: details } : details),
  };
}

export function failed(error: AoError): Outcome {
  return { status: 'error', error };
}

/** `error(not_found)`: the commonest error, shared because nothing in it varies. */
export const notFound: Outcome = fail('not-found', 'There is no such key.', { value: NOT_FOUND });
