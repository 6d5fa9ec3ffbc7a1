/**
 * What an operator can set about the HTTP edge. Two groups:
 *
 *   - {@link listenerOptions}: the port and every bound on what a stranger may send. Read once, at start.
 *   - {@link Answering}: how requests are read and answers are made. They stand in the node message under their dashed names and may
 *     change while the node runs (spec 03 §3.4, §3.6), so they are read from it, once per node message.
 */
import { z } from 'zod';
import { flag, listOf, text } from '../core/fields.ts';
import type { Message } from '../core/message.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

const milliseconds = (fallback: number): z.ZodDefault<z.ZodInt> => z.int().positive().default(fallback);
const count = (fallback: number): z.ZodDefault<z.ZodInt> => z.int().positive().default(fallback);

/** Options of the listener; all take effect at start. */
export const listenerOptions = z.strictObject({
  bind: z.string().default('0.0.0.0').describe('Address to listen on.'),
  port: z.int().min(0).max(65_535).default(8734).describe('Port to listen on; 0 lets the system choose one.'),
  tls: z
    .strictObject({
      certFile: z.string().describe('PEM file with the certificate chain.'),
      keyFile: z.string().describe('PEM file with the private key.'),
      minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Oldest TLS version to speak.'),
    })
    .optional()
    .describe('Speak TLS as well, on the same port: HTTP/2 and HTTP/1.1 by ALPN.'),
  maxConnections: count(10_000).describe('Open connections; further ones are closed at once.'),
  maxConcurrentRequests: count(1_024).describe('Requests being worked on; further ones get 503.'),
  maxLargeAnswers: count(512).describe('Answers being sent from files at the same time; further ones get 503.'),
  maxStreamsPerConnection: count(128).describe('Concurrent requests on one HTTP/2 connection.'),
  requestsPerSecond: count(200).describe('Requests per second one caller may make in the long run; more get 429.'),
  requestBurst: count(1_000).describe('Requests one caller may make at once before the rate counts.'),
  rateExempt: z.array(z.string()).default(['127.0.0.1', '::1']).describe('Addresses that no rate applies to.'),
  trustedProxies: z.array(z.string()).default([]).describe('Addresses whose `x-real-ip` header names the real caller.'),
  maxBodyBytes: count(100 * MiB).describe('Bytes of a request body; larger ones get 413.'),
  maxHeaderBytes: count(64 * KiB).describe('Bytes of all request header names and values; more get 431.'),
  maxHeaders: count(256).describe('Number of request headers; more get 431.'),
  maxPathBytes: count(16 * KiB).describe('Bytes of the request target; longer ones get 414.'),
  headerTimeoutMs: milliseconds(10_000).describe('Time to send the head of a request, and to shake hands; then 408.'),
  bodyIdleTimeoutMs: milliseconds(30_000).describe('Time without a byte of an announced body; then 408.'),
  bodyTimeoutMs: milliseconds(600_000).describe('Time to send a whole body; then 408.'),
  idleTimeoutMs: milliseconds(120_000).describe('Time a connection may rest between requests, or stall while reading.'),
  requestTimeoutMs: milliseconds(300_000).describe('Time to work on one request; then 504.'),
  drainMs: milliseconds(10_000).describe('Time that running requests get to finish when the node stops.'),
  spoolAboveBytes: count(8 * MiB).describe('Plain bodies above this go to a file instead of memory.'),
  spoolDirectory: z
    .string()
    .optional()
    .describe('Where such files are put; the system’s temporary directory if unset.'),
  answerCacheBytes: z
    .int()
    .min(0)
    .default(64 * MiB)
    .describe('Memory for encoded, signed answers, so that equal content is signed once.'),
});

export type ListenerOptions = z.infer<typeof listenerOptions>;

/** How requests are read and answered; see the module comment. */
export interface Answering {
  /** Codec of requests and answers that name none. */
  readonly defaultCodec: string;
  /** Answers are signed by the node's wallet. */
  readonly forceSigned: boolean;
  /** Requests must carry commitments that verify. */
  readonly forceSignedRequests: boolean;
  /** Request headers that never become keys, unless they are signed. */
  readonly inboundFilterKeys: ReadonlySet<string>;
  /** Signed requests are written to the cache. */
  readonly storeAllSigned: boolean;
  /** A message without body or content type is shown by its `index` key. */
  readonly generateIndex: boolean;
  /** Where `GET /` leads. */
  readonly defaultRequest: string;
  /** Each answer carries the hashpath it was computed on, so equal content is signed anew for every path it is reached by. */
  readonly signHashpath: boolean;
}

const answeringSlot = Symbol('answering');
const filtered = listOf(text);

/** The answering options of a node message. Values that don't fit count as absent: `node/config.ts` has refused them before. */
export function answering(options: Message): Answering {
  return options.derive(answeringSlot, () => {
    const truth = (name: string, fallback: boolean): boolean => {
      const value = options.get(name);
      return (value === undefined ? undefined : flag.read(value)) ?? fallback;
    };
    const words = (name: string, fallback: string): string => {
      const value = options.get(name);
      return (value === undefined ? undefined : text.read(value)) ?? fallback;
    };
    const keys = options.get('http-inbound-filter-keys');
    return {
      defaultCodec: words('default-codec', 'httpsig@1.0'),
      forceSigned: truth('force-signed', true),
      forceSignedRequests: truth('force-signed-requests', false),
      inboundFilterKeys: new Set((keys === undefined ? undefined : filtered.read(keys)) ?? ['content-length']),
      storeAllSigned: truth('store-all-signed', true),
      generateIndex: truth('generate-index', true),
      defaultRequest: words('default-request', '/~hyperbuddy@1.0/dashboard'),
      signHashpath: truth('sign-hashpath', false),
    };
  });
}
