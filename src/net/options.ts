/** What an operator can set about requests the node makes to others. */
import { z } from 'zod';

const MiB = 1024 * 1024;

export const clientOptions = z.strictObject({
  connectTimeoutMs: z.int().positive().default(5_000).describe('Time to open a connection.'),
  requestTimeoutMs: z.int().positive().default(300_000).describe('Time for a whole request and its answer.'),
  keepAliveMs: z.int().positive().default(120_000).describe('Time an unused connection is kept.'),
  maxConnectionsPerPeer: z.int().positive().default(32).describe('Connections to one host; further requests wait.'),
  maxRedirects: z.int().min(0).default(5).describe('Redirects followed where they are followed.'),
  maxResponseBytes: z
    .int()
    .positive()
    .default(100 * MiB)
    .describe('Bytes of an answer; longer ones are cut off.'),
  retries: z.int().min(0).max(10).default(0).describe('Times a request is repeated that could not be sent.'),
  retryMs: z.int().positive().default(1_000).describe('Pause before the first repetition.'),
  retryMode: z.enum(['backoff', 'constant']).default('backoff').describe('Whether each pause is twice the one before.'),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe('Whether requests may go to loopback, link-local, private and metadata addresses.'),
  allow: z
    .array(z.string())
    .default([])
    .describe(
      'Hosts (`name` or `name:port`) and networks (`10.1.0.0/16`) that may be reached although they are private.',
    ),
});

export type ClientOptions = z.infer<typeof clientOptions>;
