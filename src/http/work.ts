/**
 * The work on one admitted request: get its answer within the deadline, send it, count it. Exactly one answer leaves, whatever the answerer
 * does: throws, never returns, returns after the deadline, or breaks in the middle of a stream.
 *
 * An answerer that has its answer at once is answered in the same turn, without a promise or a timer.
 */
import { type Awaitable, isPromise } from '../core/awaitable.ts';
import { AoError, AoException, errorFrom, raise } from '../core/errors.ts';
import { type Answer, type BlobBody, isBlobBody } from './answer.ts';
import type { Blobs } from './blobs.ts';
import { type Body, checkAnnouncedLength, readBody } from './body.ts';
import type { Edge } from './edge.ts';
import { CallerGone, type Exchange } from './exchange.ts';
import type { Observers } from './observers.ts';
import type { ListenerOptions } from './options.ts';
import { type Form, problem } from './problem.ts';

/** A request on its way to an answer. */
export interface Incoming {
  readonly exchange: Exchange;
  readonly caller: string;
  readonly requestId: string;
  /** Aborted at the deadline or when the caller goes away. Made when first asked for. */
  readonly signal: AbortSignal;
  /** The body. `spool`: a large one may be left outside of memory. */
  body(spool: boolean): Promise<Body>;
}

export type Answerer = (incoming: Incoming) => Awaitable<Answer>;

export interface WorkModules extends Observers {
  readonly options: ListenerOptions;
  readonly edge: Edge;
  readonly blobs?: Blobs;
  readonly answer: Answerer;
}

export class Work implements Incoming {
  readonly exchange: Exchange;
  readonly caller: string;
  readonly requestId: string;
  readonly #modules: WorkModules;
  readonly #started: number;
  readonly #proceed: (() => void) | undefined;
  #abort: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #blob: Body['blob'];
  #sending = false;
  #finished = false;

  constructor(
    modules: WorkModules,
    exchange: Exchange,
    caller: string,
    requestId: string,
    started: number,
    proceed: (() => void) | undefined,
  ) {
    this.#modules = modules;
    this.exchange = exchange;
    this.caller = caller;
    this.requestId = requestId;
    this.#started = started;
    this.#proceed = proceed;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.exchange.onGone(() => abort.abort(new CallerGone()));
    }
    return this.#abort.signal;
  }

  async body(spool: boolean): Promise<Body> {
    const { options, blobs, metrics } = this.#modules;
    if (this.exchange.body !== undefined) {
      checkAnnouncedLength(this.exchange, options);
      this.#proceed?.();
    }
    const started = performance.now();
    const body = await readBody(this.exchange, options, spool ? blobs : undefined);
    this.#blob = body.blob;
    metrics?.bodyReceived((performance.now() - started) / 1_000);
    return body;
  }

  run(): void {
    this.#modules.edge.enter();
    let answer: Awaitable<Answer>;
    try {
      answer = this.#modules.answer(this);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    if (!isPromise(answer)) {
      this.#send(answer);
      return;
    }
    this.#timer = setTimeout(() => this.#late(), this.#modules.options.requestTimeoutMs);
    answer.then(
      (ready) => this.#send(ready),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  #send(answer: Answer): void {
    if (this.#finished) return;
    // Working on it is over; how long the caller takes to read it is up to the caller, as long as it reads.
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const headers = [...answer.headers, 'request-id', this.requestId];
    const { body } = answer;
    if (isBlobBody(body)) {
      this.#stream(answer.status, headers, body).then(
        () => this.#done(answer.status),
        (thrown: unknown) => this.#broken(thrown),
      );
      return;
    }
    try {
      this.exchange.respond(answer.status, headers, body);
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    this.#done(answer.status);
  }

  async #stream(status: number, headers: readonly string[], { blob, start, end }: BlobBody): Promise<void> {
    this.#sending = this.#modules.edge.startSending();
    if (!this.#sending) {
      raise('unavailable', 'The node is sending as many large answers as it can.', 'Try again in a moment.');
    }
    await this.exchange.stream(status, headers, blob.read(start, end), end - start);
  }

  #broken(thrown: unknown): void {
    if (!this.exchange.answered) {
      this.#fail(thrown);
      return;
    }
    // The head is out: the only honest sign that the body is incomplete is to cut the connection.
    this.exchange.destroy();
    if (!(thrown instanceof CallerGone)) this.#report(errorFrom(thrown));
    this.#done(499);
  }

  #late(): void {
    const error = new AoError('timeout', 'The request took longer than this node allows.');
    this.#abort?.abort(new AoException(error));
    this.#fail(new AoException(error));
  }

  #fail(thrown: unknown): void {
    if (this.#finished) return;
    const error = thrown instanceof CallerGone ? new AoError('cancelled', thrown.message) : errorFrom(thrown);
    if (error.fault !== 'caller') this.#report(error);
    this.#done(sendProblem(this.exchange, error, this.requestId));
  }

  #report(error: AoError): void {
    this.#modules.metrics?.failed();
    this.#modules.log?.error(
      { request: this.requestId, code: error.code, err: error.cause ?? new Error(error.message) },
      `Request failed: ${error.message}`,
    );
  }

  #done(status: number): void {
    if (this.#finished) return;
    this.#finished = true;
    const { edge, blobs, metrics, log } = this.#modules;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    edge.leave(this.#sending);
    if (this.#blob !== undefined) void blobs?.release(this.#blob);
    const seconds = (performance.now() - this.#started) / 1_000;
    metrics?.served(this.exchange.method, status, seconds);
    if (log?.isLevelEnabled('debug') === true) {
      const { method } = this.exchange;
      log.debug({ request: this.requestId, method, status, ms: seconds * 1_000 }, 'Request answered.');
    }
  }
}

/** Answers with a problem, in the form the caller reads. Gives the status. */
export function sendProblem(exchange: Exchange, error: AoError, requestId: string): number {
  const { status, headers, body } = problem(error, requestId, formFor(exchange.headers.get('accept')));
  headers.push('access-control-allow-origin', '*', 'access-control-expose-headers', '*');
  exchange.respond(status, headers, body);
  return status;
}

function formFor(accept: string | undefined): Form {
  if (accept === undefined) return 'text';
  if (accept.startsWith('application/json')) return 'json';
  return accept.includes('text/html') ? 'html' : 'text';
}
