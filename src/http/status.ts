/**
 * HTTP statuses: the only place that knows them. Codes of errors and names of outcomes on one side, numbers on the other (spec 03 §2.5).
 */
import { isBinary, toText } from '../core/bytes.ts';
import type { AoError, ErrorCode } from '../core/errors.ts';
import { Atom, isAtom, type Value } from '../core/value.ts';

/** The status of an error that doesn't carry one of its own. */
export const statusOfCode: { readonly [code in ErrorCode]: number } = {
  'bad-base64': 400,
  'bad-commitment': 400,
  'bad-encoding': 400,
  'bad-key': 400,
  'bad-request': 400,
  'bad-signature': 400,
  'bad-structured-field': 400,
  'bad-type': 400,
  cancelled: 499,
  conflict: 409,
  'device-failed': 500,
  'device-not-found': 400,
  'device-not-trusted': 403,
  'disk-full': 507,
  forbidden: 403,
  'hashpath-not-viable': 400,
  'infinite-recursion': 508,
  internal: 500,
  'limit-exceeded': 413,
  'necessary-message-not-found': 404,
  'no-wallet': 500,
  'not-cached': 504,
  'not-found': 404,
  'not-implemented': 501,
  'out-of-budget': 400,
  'peer-failed': 502,
  'program-budget': 400,
  'program-error': 400,
  'program-failed': 500,
  'rate-limited': 429,
  'store-failed': 500,
  timeout: 504,
  unauthorized: 401,
  unavailable: 503,
};

/** Statuses by the names that results use for them. */
const statusOfAtom: { readonly [name: string]: number } = {
  ok: 200,
  created: 201,
  error: 400,
  client_error: 400,
  no_viable_responses: 400,
  not_authorized: 403,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  failure: 500,
  unavailable: 503,
};

export function statusOfError(error: AoError): number {
  return isStatus(error.status) ? error.status : statusOfCode[error.code];
}

/** The status named by an atom; 200 for an unknown one. */
function statusNamed(name: string): number {
  return Object.hasOwn(statusOfAtom, name) ? statusOfAtom[name]! : 200;
}

/**
 * The status a message asks for by its `status` key (an integer, decimal text, or the name of an outcome) or by a body that is an atom.
 * `undefined` if it says nothing, or nothing that can be a final status.
 */
export function statusAskedFor(status: Value | undefined, body: Value | undefined): number | undefined {
  if (body instanceof Atom) return statusNamed(body.name);
  if (status === undefined) return undefined;
  if (typeof status === 'number') return isStatus(status) ? status : undefined;
  if (isAtom(status)) return statusNamed(String(status));
  const text = isBinary(status) ? toText(status) : undefined;
  if (text === undefined) return undefined;
  if (/^\d{3}$/.test(text)) return isStatus(Number(text)) ? Number(text) : undefined;
  return Object.hasOwn(statusOfAtom, text) ? statusOfAtom[text] : undefined;
}

/** Final statuses only: 1xx would leave the caller waiting for another answer. */
function isStatus(status: number | undefined): status is number {
  return status !== undefined && Number.isInteger(status) && status >= 200 && status <= 599;
}
