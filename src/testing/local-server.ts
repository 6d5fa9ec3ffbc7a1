/** A plain HTTP server on a free loopback port, for the pretended services of this folder. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LocalRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

export interface LocalReply {
  readonly status: number;
  readonly contentType?: string;
  /** Where a redirect leads. */
  readonly location?: string;
  readonly body?: string | Uint8Array;
}

export interface LocalServer extends AsyncDisposable {
  readonly url: string;
  /** Every request, oldest first. */
  readonly requests: readonly LocalRequest[];
  /** Answers the next `times` requests with `status` instead; for ever unless told how often. */
  fail(status: number, times?: number): void;
}

export async function localServer(
  answer: (request: LocalRequest) => LocalReply | Promise<LocalReply>,
): Promise<LocalServer> {
  const requests: LocalRequest[] = [];
  let failing: { status: number; left: number } | undefined;
  const reply = async (request: LocalRequest): Promise<LocalReply> => {
    requests.push(request);
    if (failing === undefined) return answer(request);
    const { status } = failing;
    if (--failing.left <= 0) failing = undefined;
    return { status, body: 'told to fail' };
  };
  const server = createServer((incoming, outgoing) => {
    read(incoming)
      .then(reply)
      .catch((error: unknown): LocalReply => ({ status: 500, body: String(error) }))
      .then(({ status, contentType = 'text/plain', location, body = '' }) => {
        outgoing.writeHead(status, {
          'content-type': contentType,
          ...(location === undefined ? {} : { location }),
        });
        outgoing.end(body);
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fail(status, times = Number.POSITIVE_INFINITY) {
      failing = { status, left: times };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function read(incoming: IncomingMessage): Promise<LocalRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const url = new URL(incoming.url ?? '/', 'http://local');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body: new Uint8Array(Buffer.concat(chunks)),
  };
}
