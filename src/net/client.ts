/**
 * The node as a client: messages to other nodes and plain requests to anything that speaks HTTP (spec 03 §2.7). Where requests may go is
 * the guard's matter (guard.ts), how they travel the transport's; this file says what they mean.
 *
 *     message ─encode─► transport ─► reply ─decode─► ok(value) · error with the other node's status
 */
import type { Environment } from '../core/environment.ts';
import { AoError, type ErrorCode, errorFrom, raise } from '../core/errors.ts';
import type { Message } from '../core/message.ts';
import { failed, type Outcome, ok } from '../core/outcome.ts';
import type { PeerOptions, Peers } from '../core/peers.ts';
import type { Value } from '../core/value.ts';
import type { Resolve } from './guard.ts';
import { decodeReply, encodeRequest } from './message-request.ts';
import { type ClientOptions, clientOptions } from './options.ts';
import { type CallReply, Transport } from './transport.ts';

export interface ClientModules {
  /** The node as it is now: its codecs, and the key that signs where a codec has to. */
  readonly environment: () => Environment;
  /** The port this node says it can be reached at. */
  readonly port?: () => number | undefined;
  readonly observe?: (completed: Completed) => void;
  /** In place of DNS, for tests. */
  readonly resolve?: Resolve;
}

/** One request that is over, for metrics and for the operator's monitor. */
export interface Completed {
  readonly method: string;
  readonly peer: string;
  readonly path: string;
  /** The status, or 0 if there was no answer. */
  readonly status: number;
  readonly durationMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface SendOptions extends PeerOptions {
  /** The whole reply as a message, not just the value it points at. */
  readonly whole?: boolean;
  /** Redirects to follow, for GET and HEAD; none by default, as in the reference's client. */
  readonly redirects?: number;
}

/** A plain request, for gateways and other servers that know no messages. */
export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly redirects?: number;
}

export interface PlainReply {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
}

export class HttpClient implements Peers {
  readonly #options: ClientOptions;
  readonly #modules: ClientModules;
  readonly #transport: Transport;

  constructor(settings: Partial<ClientOptions>, modules: ClientModules) {
    this.#options = clientOptions.parse(settings);
    this.#modules = modules;
    this.#transport = new Transport(this.#options, modules.resolve);
  }

  /** {@link Peers.request} */
  async request(node: string, request: Message, options: SendOptions = {}): Promise<Outcome> {
    try {
      return await this.#send(node, request, options);
    } catch (thrown) {
      return failed(errorFrom(thrown));
    }
  }

  /** Redirects of GET and HEAD are followed. Throws `peer-failed`, `timeout`, `forbidden` …; any status is an answer. */
  async fetch(request: PlainRequest): Promise<PlainReply> {
    if (!URL.canParse(request.url)) raise('bad-request', `\`${request.url}\` is not an address.`);
    const url = new URL(request.url);
    const { body, signal, timeoutMs, maxBytes } = request;
    const call = {
      method: request.method,
      url,
      headers: Object.entries(request.headers ?? {}).flat(),
      body,
      signal,
      redirects: request.redirects ?? this.#options.maxRedirects,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    };
    const reply = await this.#observed(call.method, url, body, () => this.#transport.send(call));
    const headers = new Map<string, string>();
    for (let i = 0; i < reply.rawHeaders.length; i += 2) {
      const name = reply.rawHeaders[i]!.toLowerCase();
      const before = headers.get(name);
      headers.set(name, before === undefined ? reply.rawHeaders[i + 1]! : `${before}, ${reply.rawHeaders[i + 1]}`);
    }
    return { status: reply.status, body: reply.body, headers };
  }

  /** Open connections, used and kept. */
  get connections(): number {
    return this.#transport.connections;
  }

  /** Closes kept connections. */
  close(): void {
    this.#transport.close();
  }

  async #send(node: string, request: Message, options: SendOptions): Promise<Outcome> {
    const env = this.#modules.environment();
    const outgoing = await encodeRequest(request, this.#modules.port?.(), env);
    const url = targetUrl(node, outgoing.target);
    const reply = await this.#observed(outgoing.method, url, outgoing.body, () =>
      this.#transport.send({
        method: outgoing.method,
        url,
        headers: outgoing.headers,
        body: outgoing.body,
        signal: options.signal,
        redirects: options.redirects ?? 0,
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      }),
    );
    const { message, result } = await decodeReply(reply, env);
    const value = options.whole === true || result === undefined ? message : result;
    return reply.status < 300 ? ok(value) : failed(replyError(url, reply.status, value));
  }

  async #observed(
    method: string,
    url: URL,
    body: Uint8Array | undefined,
    send: () => Promise<CallReply>,
  ): Promise<CallReply> {
    const { observe } = this.#modules;
    if (observe === undefined) return send();
    const started = performance.now();
    const told = { method, peer: url.host, path: url.pathname, sentBytes: body?.length ?? 0 };
    try {
      const reply = await send();
      const durationMs = performance.now() - started;
      observe({ ...told, status: reply.status, durationMs, receivedBytes: reply.body.length });
      return reply;
    } catch (thrown) {
      observe({ ...told, status: 0, durationMs: performance.now() - started, receivedBytes: 0 });
      throw thrown;
    }
  }
}

/** The node's address with the path of the request; the address may have a path of its own. */
function targetUrl(node: string, target: string): URL {
  const base = node.includes('://') ? node : `http://${node}`;
  if (!URL.canParse(base)) raise('bad-request', `\`${node}\` is not the address of a node.`);
  const { origin, pathname } = new URL(base);
  return new URL(origin + pathname.replace(/\/$/, '') + target);
}

/** What a status of another node means here. */
export const statusCodes: { readonly [status: number]: ErrorCode } = {
  400: 'bad-request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  429: 'rate-limited',
  503: 'unavailable',
  504: 'timeout',
};

/** An answer that isn't one: what the other node said, with its status. */
function replyError(url: URL, status: number, value: Value): AoError {
  const sentence =
    status < 400
      ? `${url.host} redirects ${url.pathname} elsewhere (${status}).`
      : `${url.host} answered ${url.pathname} with status ${status}.`;
  return new AoError(statusCodes[status] ?? 'peer-failed', sentence, { status, value });
}
