/** An answer that is an error, as an error of ours: the node's code, sentence and hint if it gives them. */
import { toText } from '../core/bytes.ts';
import { AoError, AoException, type ErrorCode, errorCodes } from '../core/errors.ts';
import { textIn } from '../core/fields.ts';
import { isMessage, type Message } from '../core/message.ts';
import { isList } from '../core/value.ts';
import { type PlainReply, statusCodes } from '../net/client.ts';

/** `content` is the answer as a message, where it is one. */
export function replyError(url: string, path: string, reply: PlainReply, content: Message | undefined): AoError {
  const said = (content === undefined ? undefined : sentenceIn(content)) ?? sentenceOf(reply);
  const code = reply.headers.get('code');
  const hint = reply.headers.get('hint');
  const slashed = path.startsWith('/') ? path : `/${path}`;
  const where = `${url}${slashed.length > 200 ? `${slashed.slice(0, 200)}…` : slashed}`;
  return new AoError(
    code !== undefined && Object.hasOwn(errorCodes, code)
      ? (code as ErrorCode)
      : (statusCodes[reply.status] ?? 'peer-failed'),
    said === undefined ? `${where} answered with status ${reply.status}.` : `${said} (${reply.status}, ${where})`,
    { status: reply.status, ...(hint === undefined ? {} : { hint }) },
  );
}

/** Whether a request got no answer: the node is away, or went away meanwhile. */
export function isConnectionLost(thrown: unknown): thrown is AoException {
  return thrown instanceof AoException && thrown.error.code === 'peer-failed' && thrown.error.status === undefined;
}

/** Whether an answer has parts: what it says to people is in one of them. */
export function hasParts(reply: PlainReply): boolean {
  return (reply.headers.get('content-type') ?? '').startsWith('multipart/');
}

/** What the answer says to people: a short text, not a page. */
function sentenceOf(reply: PlainReply): string | undefined {
  const reason = reply.headers.get('reason') ?? reply.headers.get('message') ?? reply.headers.get('error');
  const isPage = (reply.headers.get('content-type') ?? '').startsWith('text/html') || hasParts(reply);
  const body = isPage ? undefined : toText(reply.body);
  const text = body !== undefined && body.length > 0 && body.length < 2_000 ? body : undefined;
  return reason !== undefined && text !== undefined && reason !== text ? `${text} ${reason}` : (text ?? reason);
}

/** What a failed program said, and the line that it was at. */
export function sentenceIn(content: Message): string | undefined {
  const body = textIn(content, 'body') ?? textIn(content, 'error');
  if (body === undefined) return undefined;
  const trace = content.get('trace');
  const lines = isList(trace ?? '') ? (trace as readonly unknown[]) : [];
  const line = lines.map((frame) => (isMessage(frame) ? textIn(frame, 'line') : undefined)).find((at) => at);
  return line === undefined || line.startsWith('-no-file-') || body.includes(line) ? body : `${line}: ${body}`;
}
