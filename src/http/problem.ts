/**
 * Answers to requests that never became messages (too large, too slow, malformed, too many), and the error page for browsers.
 *
 * Each has a status, a code, a sentence, a hint and the id of the request, in a form the caller reads: JSON, HTML or, for AO clients, a text
 * body with the rest in headers. Nothing of the node's inside is shown: for faults of our own the sentence is general, and the request
 * id is what the operator looks up in the log.
 */
import { AoError } from '../core/errors.ts';
import { headerText } from './headers.ts';
import { statusOfError } from './status.ts';

/** Those that are answered. */
export const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export type Form = 'text' | 'json' | 'html';

export interface Problem {
  readonly status: number;
  readonly headers: string[];
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();

/** What strangers see of an error: everything for faults of the caller or operator, nothing particular for ours. */
export function shown(error: AoError): { readonly sentence: string; readonly hint: string | undefined } {
  if (error.fault !== 'ours') return { sentence: error.message, hint: error.hint };
  if (error.code === 'not-implemented') return { sentence: error.message, hint: error.hint };
  return {
    sentence: 'Something went wrong inside the node.',
    hint: 'Tell the operator the request id; the log has the details.',
  };
}

export function problem(error: AoError, requestId: string, form: Form): Problem {
  const status = statusOfError(error);
  const { sentence, hint } = shown(error);
  const headers = ['status', String(status), 'code', error.code, 'request-id', requestId, 'cache-control', 'no-store'];
  if (hint !== undefined) headers.push('hint', headerText(hint));
  if (status === 405) headers.push('allow', methods.join(', '));
  if (status === 415) headers.push('accept-encoding', 'identity');
  if (status === 429 || status === 503) headers.push('retry-after', '1');
  if (form === 'json') {
    headers.push('content-type', 'application/json');
    const body = { status, code: error.code, body: sentence, hint, 'request-id': requestId };
    return { status, headers, body: encoder.encode(JSON.stringify(body)) };
  }
  if (form === 'html') {
    headers.push('content-type', 'text/html; charset=utf-8');
    return { status, headers, body: encoder.encode(page(status, error.code, sentence, hint, requestId)) };
  }
  headers.push('ao-result', 'body');
  return { status, headers, body: encoder.encode(sentence) };
}

/** A page for people. Plain on purpose: it must work when nothing else does. */
export function page(status: number, code: string, sentence: string, hint: string | undefined, id: string): string {
  const rows = [
    `<h1>${status}</h1>`,
    `<p>${escapeHtml(sentence)}</p>`,
    hint === undefined ? '' : `<p>${escapeHtml(hint)}</p>`,
    `<p><small>${escapeHtml(code)} · request ${escapeHtml(id)}</small></p>`,
  ];
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>${status} ${escapeHtml(code)}</title>`,
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}',
    'h1{font-size:4rem;margin:0}small{opacity:.6}</style></head><body>',
    ...rows,
    '</body></html>',
  ].join('');
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** The whole HTTP/1.1 answer to bytes that Node could not read as a request, by Node's error code. */
export function rawProblem(code: string | undefined): Buffer {
  const error = unreadable(code);
  const { status, headers, body } = problem(error, 'unread', 'text');
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  lines.push(`content-length: ${body.length}`, 'connection: close', '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

const reasons: { readonly [status: number]: string } = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
};

function unreadable(code: string | undefined): AoError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AoError('limit-exceeded', 'The head of the request is too large.', {
        status: 431,
        hint: 'Move large values into the body.',
      });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AoError('limit-exceeded', 'The chunk extensions are too large.', { status: 413 });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AoError('timeout', 'The head of the request did not arrive in time.', { status: 408 });
    default:
      return new AoError('bad-request', 'This is not a valid HTTP request.');
  }
}
