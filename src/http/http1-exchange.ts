/**
 * An exchange over HTTP/1.x.
 *
 * The one difficulty is an answer given before the request's body was read (413, 401 …). Closing the socket then would reset the connection
 * and the caller might never see the answer. So the answer is written whole, the rest of the body is read and thrown away for a moment
 * (bounded in bytes and time), and only then does the connection end.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CallerGone, type Exchange } from './exchange.ts';
import { type HeaderMap, readHeaders } from './headers.ts';

const lingerBytes = 1024 * 1024;
const lingerMs = 1_000;
/** Above this much unsent data a caller that stops reading is given up after the idle time. */
const stallBytes = 64 * 1024;
/** Bodies up to this are sent together with the head. */
const textBytes = 8 * 1024;

export class Http1Exchange implements Exchange {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderMap;
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  readonly secure: boolean;
  readonly version: '1.0' | '1.1';
  readonly body: IncomingMessage | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stallMs: number;
  #answered = false;
  /** Everything has been handed to the connection: a caller that leaves now misses nothing we still work on. */
  #complete = false;

  constructor(request: IncomingMessage, response: ServerResponse, secure: boolean, stallMs: number) {
    this.#request = request;
    this.#response = response;
    this.#stallMs = stallMs;
    this.method = request.method!;
    this.target = originForm(request.url!);
    this.rawHeaders = request.rawHeaders;
    this.headers = readHeaders(request.rawHeaders);
    this.remoteAddress = plainAddress(request.socket.remoteAddress);
    this.secure = secure;
    this.version = request.httpVersionMinor === 0 ? '1.0' : '1.1';
    this.body = hasBody(this.headers) ? request : undefined;
  }

  get authority(): string | undefined {
    return this.headers.get('host');
  }

  get answered(): boolean {
    return this.#answered;
  }

  onGone(listener: () => void): void {
    const gone = (): void => {
      if (!this.#complete) listener();
    };
    if (this.#response.destroyed) gone();
    else this.#response.once('close', gone);
  }

  respond(status: number, headers: readonly string[], body: Uint8Array | undefined): void {
    if (this.#answered) return;
    const response = this.#response;
    if (response.destroyed) return;
    const unread = this.#hasUnreadBody();
    const head = headers.slice();
    if (!bodiless(status)) head.push('content-length', String(body?.length ?? 0));
    if (unread) head.push('connection', 'close');
    // Throws for a header that can't be sent; then another answer is still possible.
    response.writeHead(status, head);
    this.#answered = true;
    this.#complete = true;
    const content = this.method === 'HEAD' || bodiless(status) ? undefined : body;
    if (!unread) endWith(response, content);
    else {
      if (content !== undefined && content.length > 0) response.write(content);
      else response.flushHeaders();
      this.#linger();
    }
    if (content !== undefined && content.length > stallBytes) this.#watchStall();
  }

  async stream(
    status: number,
    headers: readonly string[],
    pieces: AsyncIterable<Uint8Array>,
    length: number | undefined,
  ): Promise<void> {
    if (this.#answered) return;
    const response = this.#response;
    const head = headers.slice();
    if (length !== undefined) head.push('content-length', String(length));
    if (this.#hasUnreadBody()) head.push('connection', 'close');
    if (response.destroyed) return;
    response.writeHead(status, head);
    this.#answered = true;
    if (this.method !== 'HEAD') {
      for await (const piece of pieces) {
        if (response.destroyed) throw new CallerGone();
        if (!response.write(piece)) await this.#drained();
      }
    }
    this.#complete = true;
    response.end();
    this.#watchStall();
  }

  destroy(): void {
    this.#answered = true;
    this.#request.socket.destroy();
  }

  onEnd(listener: () => void): void {
    if (this.#response.destroyed) listener();
    else this.#response.once('close', listener);
  }

  #hasUnreadBody(): boolean {
    return this.body !== undefined && !this.#request.complete;
  }

  async #drained(): Promise<void> {
    const response = this.#response;
    if (response.destroyed) throw new CallerGone();
    return new Promise((resolve, reject) => {
      const stalled = setTimeout(() => response.destroy(), this.#stallMs);
      const settle = (): void => {
        clearTimeout(stalled);
        response.off('drain', settle);
        response.off('close', settle);
        if (response.destroyed) reject(new CallerGone());
        else resolve();
      };
      response.once('drain', settle);
      response.once('close', settle);
    });
  }

  #watchStall(): void {
    const response = this.#response;
    response.setTimeout(this.#stallMs, () => response.destroy());
    response.once('finish', () => response.setTimeout(0));
  }

  #linger(): void {
    const request = this.#request;
    const response = this.#response;
    let left = lingerBytes;
    const finish = (): void => {
      clearTimeout(timer);
      request.off('data', onData);
      response.end();
    };
    const onData = (chunk: Uint8Array): void => {
      left -= chunk.length;
      if (left < 0) finish();
    };
    const timer = setTimeout(finish, lingerMs);
    request.on('data', onData);
    request.once('end', finish);
    request.once('close', finish);
    request.on('error', finish);
    request.resume();
  }
}

/** Node sends head and body in one write only if the body is text; as Latin-1 any bytes are. */
function endWith(response: ServerResponse, content: Uint8Array | undefined): void {
  if (content === undefined || content.length > textBytes) response.end(content);
  else response.end(Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1'), 'latin1');
}

function hasBody(headers: HeaderMap): boolean {
  if (headers.has('transfer-encoding')) return true;
  const length = headers.get('content-length');
  return length !== undefined && length !== '0';
}

/** Answers that never have a body or a length. */
export function bodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

/** `GET http://host/path` asks for `/path`. */
function originForm(url: string): string {
  if (url.charCodeAt(0) === 0x2f) return url;
  const match = /^https?:\/\/[^/?]*/i.exec(url);
  if (match === null) return url;
  const rest = url.slice(match[0].length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** IPv4 in its own form, also where the socket is IPv6. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
