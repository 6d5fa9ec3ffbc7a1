/**
 * The first thing that sees a request: what can be refused by looking at its head alone is refused here, before anything is allocated for
 * it. Counts requests in progress and requests per caller.
 */
import { AoError } from '../core/errors.ts';
import type { Exchange } from './exchange.ts';
import { headerBytes } from './headers.ts';
import type { ListenerOptions } from './options.ts';
import { methods } from './problem.ts';
import { CallerRate } from './rate.ts';

const known: ReadonlySet<string> = new Set(methods);

export class Edge {
  readonly #options: ListenerOptions;
  readonly #rate: CallerRate;
  readonly #proxies: ReadonlySet<string>;
  #active = 0;
  #sending = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#rate = new CallerRate(options.requestsPerSecond, options.requestBurst, options.rateExempt);
    this.#proxies = new Set(options.trustedProxies);
  }

  /** Requests in progress, those whose answer is being sent from a file included. */
  get active(): number {
    return this.#active + this.#sending;
  }

  /** Address of the caller: the socket's, or what a trusted proxy says. */
  callerOf(exchange: Exchange): string {
    if (this.#proxies.size === 0 || !this.#proxies.has(exchange.remoteAddress)) return exchange.remoteAddress;
    return exchange.headers.get('x-real-ip') ?? exchange.remoteAddress;
  }

  /** Why the request is turned away, if it is. */
  refusal(exchange: Exchange, caller: string, now: number): AoError | undefined {
    const options = this.#options;
    if (!this.#rate.admits(caller, now)) {
      return new AoError('rate-limited', 'Too many requests from this address.', {
        hint: 'Wait a second; send fewer requests at once.',
      });
    }
    if (exchange.target.length > options.maxPathBytes) {
      return new AoError('limit-exceeded', `The path is longer than ${options.maxPathBytes} bytes.`, {
        status: 414,
        hint: 'Send long parameters as headers or in the body.',
      });
    }
    if (
      exchange.rawHeaders.length > 2 * options.maxHeaders ||
      headerBytes(exchange.rawHeaders) > options.maxHeaderBytes
    ) {
      return new AoError('limit-exceeded', 'There are too many headers, or they are too large.', {
        status: 431,
        hint: 'Move large values into the body.',
      });
    }
    if (!known.has(exchange.method)) {
      return new AoError('bad-request', `The method is none of ${methods.join(', ')}.`, { status: 405 });
    }
    if (exchange.version === '1.1' && (exchange.authority === undefined || exchange.authority.includes(', '))) {
      return new AoError('bad-request', 'An HTTP/1.1 request needs one `host` header.');
    }
    if (this.#active >= options.maxConcurrentRequests) {
      return new AoError('unavailable', 'The node is working on as many requests as it can.', {
        hint: 'Try again in a moment.',
      });
    }
    return undefined;
  }

  enter(): void {
    this.#active++;
  }

  /**
   * The work is done and what is left is to send a file, for as long as the caller takes: that is counted apart, so that slow readers keep
   * nobody from being worked for. `false`: too many are being sent.
   */
  startSending(): boolean {
    if (this.#sending >= this.#options.maxLargeAnswers) return false;
    this.#active--;
    this.#sending++;
    return true;
  }

  leave(wasSending: boolean): void {
    if (wasSending) this.#sending--;
    else this.#active--;
  }
}
