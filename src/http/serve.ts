/**
 * A server around any answerer: the listener below, the edge in front, and the count of requests.
 *
 *     exchange ─► (health) ─► edge.refusal ─┬─► problem
 *                                           └─► work ─► answerer(incoming) ─► answer ─► respond or stream
 *
 * `server.ts` gives it the answerer that speaks AO-Core.
 */
import type { Blobs } from './blobs.ts';
import { Edge } from './edge.ts';
import type { Exchange } from './exchange.ts';
import { answerHealth, type Readiness } from './health.ts';
import { type Listener, listen } from './listener.ts';
import type { Observers } from './observers.ts';
import { type ListenerOptions, listenerOptions } from './options.ts';
import { statusOfError } from './status.ts';
import { type Answerer, sendProblem, Work, type WorkModules } from './work.ts';

export interface HttpServer extends AsyncDisposable {
  /** Starts to accept. Rejects if the port is taken. */
  listen(): Promise<void>;
  /** `http://host:port`, once it listens. */
  readonly url: string;
  readonly port: number;
  /** Requests in progress and open connections. */
  readonly load: { readonly requests: number; readonly connections: number };
  /** Drains: no new connections, running requests get `drainMs`. */
  close(): Promise<void>;
}

export interface ServeModules extends Observers {
  readonly answer: Answerer;
  /** Where large bodies go; without it they stay in memory. */
  readonly blobs?: Blobs;
}

export function serve(settings: Partial<ListenerOptions>, modules: ServeModules): HttpServer {
  return new Server(listenerOptions.parse(settings), modules);
}

class Server implements HttpServer {
  readonly #options: ListenerOptions;
  readonly #edge: Edge;
  readonly #work: WorkModules;
  /** Tells the requests of this run from those of another in the log. */
  readonly #prefix = Math.random().toString(36).slice(2, 10);
  #count = 0;
  #listener: Listener | undefined;
  #readiness: Readiness = 'starting';

  constructor(options: ListenerOptions, modules: ServeModules) {
    this.#options = options;
    this.#edge = new Edge(options);
    this.#work = { ...modules, options, edge: this.#edge };
  }

  async listen(): Promise<void> {
    this.#listener ??= await listen(this.#options, {
      handle: (exchange, proceed) => this.#handle(exchange, proceed),
      upgraded: () => this.#work.metrics?.upgraded(),
    });
    this.#readiness = 'ready';
  }

  #handle(exchange: Exchange, proceed: (() => void) | undefined): void {
    if (answerHealth(exchange, this.#readiness)) return;
    const started = performance.now();
    const requestId = `${this.#prefix}-${(this.#count++).toString(36)}`;
    const caller = this.#edge.callerOf(exchange);
    const refusal = this.#edge.refusal(exchange, caller, started);
    if (refusal === undefined) {
      new Work(this.#work, exchange, caller, requestId, started, proceed).run();
      return;
    }
    this.#work.metrics?.refused(statusOfError(refusal));
    sendProblem(exchange, refusal, requestId);
  }

  get url(): string {
    const { bind, tls } = this.#options;
    const host = bind === '0.0.0.0' || bind === '::' ? 'localhost' : bind;
    return `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  get port(): number {
    return this.#listener?.port ?? this.#options.port;
  }

  get load(): HttpServer['load'] {
    return { requests: this.#edge.active, connections: this.#listener?.connections ?? 0 };
  }

  async close(): Promise<void> {
    this.#readiness = 'draining';
    await this.#listener?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
