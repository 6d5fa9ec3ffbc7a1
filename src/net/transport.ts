/**
 * One HTTP request to another host, and its answer in memory. Connections are kept and shared per host; each goes only where the guard lets
 * it. Every part is bounded: connecting, the whole exchange, the size of the answer, the number of redirects.
 *
 * A request on a kept connection that the other side closed in the meantime is repeated once: it was never seen there.
 */
import http from 'node:http';
import https from 'node:https';
import { AoError, AoException, type ErrorDetails, raise } from '../core/errors.ts';
import { Guard, type Resolve } from './guard.ts';
import type { ClientOptions } from './options.ts';

export interface Call {
  readonly method: string;
  readonly url: URL;
  /** `[name, value, …]`, Latin-1. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** Redirects to follow, for GET and HEAD. */
  readonly redirects?: number;
}

export interface CallReply {
  readonly status: number;
  /** `[name, value, …]` as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

/** Headers that are not carried to another host by a redirect. */
const credentials: ReadonlySet<string> = new Set(['authorization', 'cookie', 'host', 'proxy-authorization']);

export class Transport {
  readonly #options: ClientOptions;
  readonly #guard: Guard;
  readonly #plain: http.Agent;
  readonly #secure: https.Agent;

  constructor(options: ClientOptions, resolve?: Resolve) {
    this.#options = options;
    this.#guard = new Guard(options, resolve);
    const agent = {
      keepAlive: true,
      timeout: options.keepAliveMs,
      maxSockets: options.maxConnectionsPerPeer,
      maxFreeSockets: options.maxConnectionsPerPeer,
      scheduling: 'lifo' as const,
    };
    this.#plain = new http.Agent(agent);
    this.#secure = new https.Agent(agent);
  }

  async send(call: Call): Promise<CallReply> {
    const deadline = AbortSignal.timeout(call.timeoutMs ?? this.#options.requestTimeoutMs);
    const signal = call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline]);
    let current = call;
    for (let hop = 0; ; hop++) {
      const reply = await this.#withRetries(current, signal, deadline);
      const next = hop < (call.redirects ?? 0) ? redirectOf(current, reply) : undefined;
      if (next === undefined) {
        if ((call.redirects ?? 0) > 0 && redirectOf(current, reply) !== undefined) {
          raise('peer-failed', `${call.url.host} redirects more than ${call.redirects} times.`);
        }
        return reply;
      }
      current = next;
    }
  }

  /** Open connections, used and kept. */
  get connections(): number {
    const all = [this.#plain, this.#secure].flatMap(({ sockets, freeSockets }) => [sockets, freeSockets]);
    return all.flatMap((table) => Object.values(table)).reduce((sum, sockets) => sum + (sockets?.length ?? 0), 0);
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  async #withRetries(call: Call, signal: AbortSignal, deadline: AbortSignal): Promise<CallReply> {
    const { retries, retryMs, retryMode } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(call, signal);
      } catch (thrown) {
        const failure = failureOf(thrown, call, signal, deadline);
        if (!failure.unsent || attempt >= retries) throw failure.exception;
        await pause(retryMode === 'backoff' ? retryMs * 2 ** attempt : retryMs, signal);
      }
    }
  }

  async #once(call: Call, signal: AbortSignal): Promise<CallReply> {
    try {
      return await this.#exchange(call, signal);
    } catch (thrown) {
      if (thrown instanceof Stale) return this.#exchange(call, signal);
      throw thrown;
    }
  }

  #exchange(call: Call, signal: AbortSignal): Promise<CallReply> {
    this.#guard.check(call.url);
    const secure = call.url.protocol === 'https:';
    const maxBytes = call.maxBytes ?? this.#options.maxResponseBytes;
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).request({
        method: call.method,
        protocol: call.url.protocol,
        hostname: call.url.hostname.replace(/^\[|\]$/g, ''),
        port: call.url.port === '' ? undefined : Number(call.url.port),
        path: call.url.pathname + call.url.search,
        headers: headerList(call),
        agent: secure ? this.#secure : this.#plain,
        lookup: this.#guard.lookupFor(call.url) as never,
        maxHeaderSize: 256 * 1024,
        signal,
      });
      const connecting = setTimeout(
        () => request.destroy(new ConnectTimeout(call.url.host)),
        this.#options.connectTimeoutMs,
      );
      request.once('socket', (socket) => {
        if (!socket.connecting) clearTimeout(connecting);
        else socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
      });
      request.once('close', () => clearTimeout(connecting));
      request.once('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(stale && !signal.aborted ? new Stale() : error);
      });
      request.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size <= maxBytes) return;
          reject(new TooLong(maxBytes));
          request.destroy();
        });
        response.once('error', reject);
        response.once('end', () => {
          const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
          const body = new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
          resolve({ status: response.statusCode!, rawHeaders: response.rawHeaders, body, url: call.url });
        });
      });
      request.end(call.body);
    });
  }
}

/** A kept connection was closed before the request reached the other side. */
class Stale extends Error {}
class ConnectTimeout extends Error {
  constructor(host: string) {
    super(`No connection to ${host} in time.`);
  }
}
class TooLong extends Error {
  constructor(max: number) {
    super(`The answer is longer than ${max} bytes.`);
  }
}

function headerList(call: Call): string[] {
  const headers = ['host', call.url.host, ...call.headers];
  if (call.body !== undefined) headers.push('content-length', String(call.body.length));
  else if (call.method !== 'GET' && call.method !== 'HEAD') headers.push('content-length', '0');
  return headers;
}

function redirectOf(call: Call, reply: CallReply): Call | undefined {
  const { status } = reply;
  if (status !== 301 && status !== 302 && status !== 303 && status !== 307 && status !== 308) return undefined;
  if (call.method !== 'GET' && call.method !== 'HEAD') return undefined;
  const location = header(reply.rawHeaders, 'location');
  if (location === undefined || !URL.canParse(location, call.url)) return undefined;
  const url = new URL(location, call.url);
  if (url.origin === call.url.origin) return { ...call, url };
  const headers: string[] = [];
  for (let i = 0; i < call.headers.length; i += 2) {
    const name = call.headers[i]!;
    if (!credentials.has(name.toLowerCase())) headers.push(name, call.headers[i + 1]!);
  }
  return { ...call, url, headers };
}

export function header(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i < raw.length; i += 2) if (raw[i]!.toLowerCase() === name) return raw[i + 1];
  return undefined;
}

interface Failure {
  readonly exception: AoException;
  /** The other side never saw the request: repeating it does no harm. */
  readonly unsent: boolean;
}

function failureOf(thrown: unknown, call: Call, signal: AbortSignal, deadline: AbortSignal): Failure {
  if (thrown instanceof AoException) return { exception: thrown, unsent: false };
  const { host } = call.url;
  const details: ErrorDetails = { cause: thrown };
  if (deadline.aborted) return failure('timeout', `${host} did not answer in time.`, details, false);
  if (signal.aborted) return failure('cancelled', 'The request was given up.', details, false);
  if (thrown instanceof TooLong) return failure('limit-exceeded', thrown.message, { ...details, status: 502 }, false);
  if (thrown instanceof ConnectTimeout) return failure('peer-failed', thrown.message, details, true);
  const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown';
  const unsent = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EHOSTUNREACH';
  return failure('peer-failed', `${host} could not be reached (${code}).`, details, unsent);
}

function failure(
  code: 'timeout' | 'cancelled' | 'limit-exceeded' | 'peer-failed',
  sentence: string,
  details: ErrorDetails,
  unsent: boolean,
): Failure {
  return { exception: new AoException(new AoError(code, sentence, details)), unsent };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
