/**
 * Errors. What the protocol expects is a value ({@link AoError} inside an outcome); a `throw` means a bug in our code, with one
 * exception: decoders and other deep recursions may throw {@link AoException}, which the resolver and the HTTP edge turn into the
 * outcome it carries.
 *
 * Every error has a code from the list below, a sentence that says what happened and, where there is one, a hint that says what to do.
 * The list says whose fault it is; only callers' and operators' faults show details to strangers. `http/` keeps the table from codes to
 * statuses.
 */
import type { Value } from './value.ts';

export type Fault = 'caller' | 'operator' | 'ours';

/** Every code, whose fault it is, and what it means. The error reference is generated from this list. Keep it sorted. */
export const errorCodes = {
  'bad-base64': ['caller', 'A value that should be base64 or base64url is not.'],
  'bad-commitment': ['caller', 'A commitment is malformed, or the message cannot be committed as asked.'],
  'bad-encoding': ['caller', 'The bytes are not valid in the format they claim to be in.'],
  'bad-key': ['caller', 'A key cannot be used here.'],
  'bad-request': ['caller', 'The request lacks something or has something that cannot be understood.'],
  'bad-signature': ['caller', 'A signature does not match what it claims to sign.'],
  'bad-structured-field': ['caller', 'A value is not a valid HTTP structured field.'],
  'bad-type': ['caller', 'A typed value does not have the form of its type.'],
  cancelled: ['caller', 'The caller went away before the work was done.'],
  conflict: ['caller', 'The state changed in the meantime.'],
  'device-failed': ['ours', 'A device raised an exception.'],
  'device-not-found': ['caller', 'The device named by a message is not available on this node.'],
  'device-not-trusted': ['caller', 'The device is remote code that the operator does not trust.'],
  'disk-full': ['operator', 'The disk is full: nothing can be written.'],
  forbidden: ['caller', 'The caller may not do this.'],
  'hashpath-not-viable': ['caller', 'This value cannot have a hashpath.'],
  'infinite-recursion': ['caller', 'The request would wait for itself.'],
  internal: ['ours', 'Something went wrong inside the node.'],
  'limit-exceeded': ['caller', 'The input is larger, longer or deeper than this node accepts.'],
  'necessary-message-not-found': ['caller', 'A linked message is needed and is nowhere to be found.'],
  'no-wallet': ['operator', 'Something has to be signed and there is no key to sign with.'],
  'not-cached': ['caller', 'The caller asked for a cached result only, and there is none.'],
  'not-found': ['caller', 'The key, message or resource does not exist.'],
  'not-implemented': ['ours', 'This node does not do this yet.'],
  'out-of-budget': ['caller', 'The computation used up its time, memory or steps.'],
  'peer-failed': ['caller', 'Another node or gateway did not answer, or not as it should.'],
  'rate-limited': ['caller', 'The caller made more requests than it may.'],
  'program-budget': ['caller', 'A program used more steps, memory or depth than it may.'],
  'program-error': ['caller', 'A program answered with an error of its own.'],
  'program-failed': ['caller', 'A program failed: an error nobody caught, or a result that is none.'],
  'store-failed': ['operator', 'The store could not read or write.'],
  timeout: ['caller', 'It took longer than allowed.'],
  unauthorized: ['caller', 'The caller must say who it is, by a verified commitment.'],
  unavailable: ['operator', 'The node cannot do this at the moment.'],
} as const satisfies { readonly [code: string]: readonly [Fault, string] };

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  readonly hint?: string | undefined;
  /** What the protocol shows as the error's value: `error(V)` of the specs. Absent: the sentence under `body`. */
  readonly value?: Value | undefined;
  /** An explicit HTTP-like status that overrides the code's own. */
  readonly status?: number | undefined;
  readonly cause?: unknown;
}

export class AoError {
  readonly code: ErrorCode;
  /** What happened, in a sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | undefined;
  readonly value: Value | undefined;
  readonly status: number | undefined;
  readonly cause: unknown;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    this.code = code;
    this.message = message;
    this.hint = details.hint;
    this.value = details.value;
    this.status = details.status;
    this.cause = details.cause;
  }

  get fault(): Fault {
    return errorCodes[this.code][0];
  }
}

/** Carries an {@link AoError} out of a deep recursion. Its stack is not collected: these are expected. */
export class AoException extends Error {
  override readonly name: string = 'AoException';
  readonly error: AoError;
  constructor(error: AoError) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${error.code}: ${error.message}`);
    Error.stackTraceLimit = limit;
    this.error = error;
  }
  get code(): ErrorCode {
    return this.error.code;
  }
}

/** Throws an {@link AoException}. */
export function raise(code: ErrorCode, message: string, details?: ErrorDetails | string): never {
  throw new AoException(new AoError(code, message, typeof details === 'string' ? { hint: details } : details));
}

/** The error of anything that was thrown: the one it carries, or `internal` with the exception as its cause. */
export function errorFrom(thrown: unknown, code: ErrorCode = 'internal'): AoError {
  if (thrown instanceof AoException) return thrown.error;
  return new AoError(code, 'An unexpected error happened inside the node.', { cause: thrown });
}
