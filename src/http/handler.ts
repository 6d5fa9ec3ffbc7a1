/**
 * One request, from head to answer (spec 03 §1.4):
 *
 *     head ─► (OPTIONS: done) ─► request message ─► HyperPATH steps ─► hook `request` ─► resolver ─► hook `response` ─► answer
 *
 * A plain GET whose steps are all in memory runs through without a promise. The node is read afresh for every request, and again after the
 * request hook, which may have changed it.
 */
import type { Span } from '@opentelemetry/api';
import { type Awaitable, andThen, isPromise } from '../core/awaitable.ts';
import { isMessage, type Message } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Resolver } from '../core/resolver.ts';
import { isList, type Value } from '../core/value.ts';
import type { Answer } from './answer.ts';
import type { Blobs } from './blobs.ts';
import { noBody } from './body.ts';
import type { HeaderMap } from './headers.ts';
import { type Hooks, requestHook, responseHook } from './hooks.ts';
import type { Observers } from './observers.ts';
import { answering } from './options.ts';
import { type Head, isSigned, type Primitive, readHead, readRequest } from './request.ts';
import { Responder, wantsHtml } from './response.ts';
import type { Answerer, Incoming } from './work.ts';

export interface HandlerModules extends Observers {
  /** The node as it is now: its resolver, and with it its environment. */
  readonly node: () => Resolver;
  /** What happens before and after a resolution; the node's `on` option by default. */
  readonly hooks?: Hooks;
  /** The page a browser gets for `GET /`; without one it is sent to the node's default request. */
  readonly home?: () => Uint8Array | undefined;
  readonly blobs?: Blobs;
  readonly answerCacheBytes: number;
}

/** The wildcard covers every header but `authorization`, which browsers want to see by name (Fetch §4.9). */
function preflight(headers: HeaderMap): Answer {
  const named = headers.get('access-control-request-headers')?.toLowerCase().includes('authorization') === true;
  return {
    status: 204,
    headers: [
      'access-control-allow-origin',
      '*',
      'access-control-allow-headers',
      named ? '*, authorization' : '*',
      'access-control-allow-methods',
      'GET, POST, PUT, DELETE, OPTIONS, PATCH',
    ],
    body: undefined,
  };
}

export function createHandler(modules: HandlerModules): Answerer {
  const handler = new Handler(modules);
  return modules.tracer === undefined ? (incoming) => handler.answer(incoming) : (incoming) => handler.traced(incoming);
}

class Handler {
  readonly #modules: HandlerModules;
  readonly #hooks: Hooks;
  readonly #responder: Responder;

  constructor(modules: HandlerModules) {
    this.#modules = modules;
    this.#hooks = modules.hooks ?? { request: requestHook, response: responseHook };
    this.#responder = new Responder(modules.blobs, modules.answerCacheBytes);
  }

  traced(incoming: Incoming): Promise<Answer> {
    const { method, target } = incoming.exchange;
    const attributes = { 'http.request.method': method, 'url.path': target.split('?', 1)[0] ?? '/' };
    return this.#modules.tracer!.startActiveSpan(`${method}`, { attributes }, async (span: Span) => {
      try {
        const answer = await this.answer(incoming);
        span.setAttribute('http.response.status_code', answer.status);
        return answer;
      } finally {
        span.end();
      }
    });
  }

  answer(incoming: Incoming): Awaitable<Answer> {
    const { exchange } = incoming;
    if (exchange.method === 'OPTIONS') return preflight(exchange.headers);
    const node = this.#modules.node();
    const head: Head = {
      method: exchange.method,
      target: exchange.target,
      headers: exchange.headers,
      caller: incoming.caller,
    };
    const primitive = readHead(head, node.env);
    const request =
      exchange.body === undefined
        ? readRequest(head, primitive, noBody, node.env)
        : this.#readWithBody(incoming, head, primitive, node);
    return isPromise(request)
      ? request.then((read) => this.#resolve(read, incoming, node))
      : this.#resolve(request, incoming, node);
  }

  async #readWithBody(incoming: Incoming, head: Head, primitive: Primitive, node: Resolver): Promise<Message> {
    const body = await incoming.body(primitive.spool);
    return readRequest(head, primitive, body, node.env);
  }

  #resolve(request: Message, incoming: Incoming, node: Resolver): Awaitable<Answer> {
    return andThen(node.parse(request), (steps) => {
      const hooked = this.#hooks.request(request, steps, node);
      return isPromise(hooked)
        ? hooked.then((outcome) => this.#resolveHooked(outcome, request, incoming))
        : this.#resolveHooked(hooked, request, incoming);
    });
  }

  #resolveHooked(hooked: Outcome | readonly Value[], request: Message, incoming: Incoming): Awaitable<Answer> {
    const node = this.#modules.node();
    if (!isSteps(hooked)) return this.#respond(hooked, request, incoming, node, false);
    if (hooked.length === 0) {
      this.#keep(request, node);
      return this.#atRoot(incoming, node);
    }
    const options = {
      forceMessage: true,
      lendsKey: false,
      // The reference stores every result of every request; here a request has to ask for it (docs/decisions/http.md).
      cacheControl: request.has('cache-control') ? askedCache : readOnlyCache,
      // A signal is only made for what may take time.
      ...(isLocal(hooked) ? {} : { signal: incoming.signal }),
    };
    const outcome = node.resolveMany(hooked, options);
    return isPromise(outcome)
      ? outcome.then((result) => this.#answerWith(result, request, incoming))
      : this.#answerWith(outcome, request, incoming);
  }

  #answerWith(outcome: Outcome, request: Message, incoming: Incoming): Awaitable<Answer> {
    const node = this.#modules.node();
    const hooked = this.#hooks.response(request, outcome, node);
    return isPromise(hooked)
      ? hooked.then((result) =>
          this.#respond(result, request, incoming, node, result.status !== 'error' || result === outcome),
        )
      : this.#respond(hooked, request, incoming, node, hooked.status !== 'error' || hooked === outcome);
  }

  #respond(
    outcome: Outcome,
    request: Message,
    { exchange, requestId }: Incoming,
    resolver: Resolver,
    sign: boolean,
  ): Awaitable<Answer> {
    // Now, when it has been scheduled if it was meant to be: then it is stored already.
    this.#keep(request, resolver);
    const { metrics } = this.#modules;
    const started = metrics === undefined ? 0 : performance.now();
    const answer = this.#responder.respond(outcome, { request, headers: exchange.headers, resolver, requestId, sign });
    if (metrics === undefined) return answer;
    return andThen(answer, (made) => {
      metrics.encoded(made.status, (performance.now() - started) / 1_000);
      return made;
    });
  }

  /** Nothing was asked for. */
  #atRoot({ exchange }: Incoming, node: Resolver): Answer {
    const page = wantsHtml(exchange.headers) ? this.#modules.home?.() : undefined;
    if (page !== undefined) {
      return { status: 200, headers: ['content-type', 'text/html; charset=utf-8', ...allowOrigin], body: page };
    }
    const { defaultRequest } = answering(node.env.options);
    const status = node.env.dialect.rootRedirect;
    return { status, headers: ['location', defaultRequest, ...allowOrigin], body: undefined };
  }

  /** Signed requests are kept, so that what they refer to each other by can be found (spec 03 §2.1). Nobody waits for it. */
  #keep(request: Message, { env }: Resolver): void {
    if (!request.has('commitments') || !answering(env.options).storeAllSigned || !isSigned(request)) return;
    if (env.capabilities.space?.isShort === true) return;
    const failed = (thrown: unknown): void =>
      this.#modules.log?.warn({ err: thrown }, 'A signed request could not be kept in the cache.');
    try {
      const written = env.cache.write(request);
      if (isPromise(written)) void written.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  }
}

const readOnlyCache: readonly string[] = ['cache', 'no-store'];
/** Neither for nor against: then the request's own `cache-control` decides. */
const askedCache: readonly string[] = [];
const allowOrigin: readonly string[] = ['access-control-allow-origin', '*', 'access-control-expose-headers', '*'];

function isSteps(hooked: Outcome | readonly Value[]): hooked is readonly Value[] {
  return isList(hooked as Value);
}

/** Whether all steps are plain keys on messages without a device: nothing in them can take long. */
function isLocal(steps: readonly Value[]): boolean {
  for (const step of steps) if (!isMessage(step) || step.has('device')) return false;
  return true;
}
