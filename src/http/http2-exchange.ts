/** An exchange over HTTP/2: one stream of a session, clear or TLS. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { raise } from '../core/errors.ts';
import { CallerGone, type Exchange } from './exchange.ts';
import { type HeaderMap, readHeaders } from './headers.ts';
import { bodiless, plainAddress } from './http1-exchange.ts';

/** The other side ends the whole connection at a longer value, or at a block of more frames: better to say so. */
const maxValueBytes = 60 * 1024;
const maxHeaderBytes = 120 * 1024;

export class Http2Exchange implements Exchange {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderMap;
  readonly rawHeaders: readonly string[];
  readonly authority: string | undefined;
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly version = '2';
  readonly body: ServerHttp2Stream | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #stallMs: number;
  #answered = false;
  /** Everything has been handed to the connection: a caller that leaves now misses nothing we still work on. */
  #complete = false;

  constructor(stream: ServerHttp2Stream, pseudo: IncomingHttpHeaders, rawHeaders: readonly string[], stallMs: number) {
    this.#stream = stream;
    this.#stallMs = stallMs;
    this.method = String(pseudo[':method']);
    this.target = String(pseudo[':path'] ?? '/');
    this.rawHeaders = rawHeaders;
    this.headers = readHeaders(rawHeaders);
    this.authority = pseudo[':authority'] === undefined ? this.headers.get('host') : String(pseudo[':authority']);
    this.remoteAddress = plainAddress(stream.session?.socket.remoteAddress);
    this.secure = stream.session?.encrypted === true;
    this.body = stream.endAfterHeaders ? undefined : stream;
    // A reset by the caller is an ordinary way to go away; whoever works on the request hears it from `signal`.
    stream.on('error', () => undefined);
  }

  get answered(): boolean {
    return this.#answered;
  }

  onGone(listener: () => void): void {
    const gone = (): void => {
      if (!this.#complete) listener();
    };
    if (this.#stream.destroyed) gone();
    else this.#stream.once('close', gone);
  }

  respond(status: number, headers: readonly string[], body: Uint8Array | undefined): void {
    if (this.#answered) return;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const content = this.method === 'HEAD' || bodiless(status) ? undefined : body;
    const empty = content === undefined || content.length === 0;
    const length = bodiless(status) ? undefined : (body?.length ?? 0);
    stream.respond(fields(status, headers, length), { endStream: empty });
    this.#answered = true;
    this.#complete = true;
    if (!empty) stream.end(content);
    this.#stopSender();
    if (!empty) this.#watchStall();
  }

  async stream(
    status: number,
    headers: readonly string[],
    pieces: AsyncIterable<Uint8Array>,
    length: number | undefined,
  ): Promise<void> {
    if (this.#answered) return;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const headOnly = this.method === 'HEAD';
    stream.respond(fields(status, headers, length), { endStream: headOnly });
    this.#answered = true;
    this.#stopSender();
    if (headOnly) return;
    for await (const piece of pieces) {
      if (stream.destroyed || stream.closed) throw new CallerGone();
      if (!stream.write(piece)) await this.#drained();
    }
    this.#complete = true;
    stream.end();
    this.#watchStall();
  }

  destroy(): void {
    this.#answered = true;
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  onEnd(listener: () => void): void {
    if (this.#stream.destroyed) listener();
    else this.#stream.once('close', listener);
  }

  /** An answer before the end of the body: tell the caller to stop sending, without an error. */
  #stopSender(): void {
    const stream = this.#stream;
    if (this.body === undefined || stream.readableEnded) return;
    const stop = (): void => {
      if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
    };
    if (stream.writableFinished) stop();
    else stream.once('finish', stop);
  }

  #watchStall(): void {
    const stream = this.#stream;
    if (stream.writableFinished) return;
    stream.setTimeout(this.#stallMs, () => stream.close(constants.NGHTTP2_CANCEL));
  }

  async #drained(): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) throw new CallerGone();
    return new Promise((resolve, reject) => {
      const stalled = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), this.#stallMs);
      const settle = (): void => {
        clearTimeout(stalled);
        stream.off('drain', settle);
        stream.off('close', settle);
        if (stream.destroyed) reject(new CallerGone());
        else resolve();
      };
      stream.once('drain', settle);
      stream.once('close', settle);
    });
  }
}

/** The header block as Node wants it. The object has no prototype: names from messages can't touch anything. */
function fields(
  status: number,
  headers: readonly string[],
  length: number | undefined,
): { [name: string]: string | number | string[] } {
  const block = Object.create(null) as { [name: string]: string | number | string[] };
  block[':status'] = status;
  let bytes = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const size = headers[i + 1]!.length;
    bytes += size > maxValueBytes ? maxHeaderBytes : name.length + size;
    const before = block[name];
    if (before === undefined) block[name] = headers[i + 1]!;
    else if (Array.isArray(before)) before.push(headers[i + 1]!);
    else block[name] = [String(before), headers[i + 1]!];
  }
  if (bytes >= maxHeaderBytes) {
    raise('limit-exceeded', 'The answer has more header fields than HTTP/2 can carry.', {
      status: 406,
      hint: 'Ask for `accept: application/json`, or for some of its keys.',
    });
  }
  if (length !== undefined) block['content-length'] = length;
  return block;
}
