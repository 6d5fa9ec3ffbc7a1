/** An answer that is an error, as an error of ours: the node's code, sentence and hint if it gives them. */
import { toText } from '../core/bytes.ts';
import { AoError, type ErrorCode, errorCodes } from '../core/errors.ts';
import type { PlainReply } from '../net/client.ts';

const codes: { readonly [status: number]: ErrorCode } = {
  400: 'bad-request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  429: 'rate-limited',
  503: 'unavailable',
  504: 'timeout',
};

export function replyError(url: string, path: string, reply: PlainReply): AoError {
  const said = sentenceOf(reply);
  const code = reply.headers.get('code');
  const hint = reply.headers.get('hint');
  const where = `${url}${path.length > 200 ? `${path.slice(0, 200)}…` : path}`;
  return new AoError(
    code !== undefined && Object.hasOwn(errorCodes, code)
      ? (code as ErrorCode)
      : (codes[reply.status] ?? 'peer-failed'),
    said === undefined ? `${where} answered with status ${reply.status}.` : `${said} (${reply.status}, ${where})`,
    { status: reply.status, ...(hint === undefined ? {} : { hint }) },
  );
}

/** What the answer says to people: a short text, not a page. */
function sentenceOf(reply: PlainReply): string | undefined {
  const reason = reply.headers.get('reason') ?? reply.headers.get('message');
  const type = reply.headers.get('content-type') ?? '';
  const body = type.startsWith('text/html') || type.startsWith('multipart/') ? undefined : toText(reply.body);
  const text = body !== undefined && body.length > 0 && body.length < 2_000 ? body : undefined;
  return reason !== undefined && text !== undefined && reason !== text ? `${text} ${reason}` : (text ?? reason);
}
