/**
 * One port for every way of speaking HTTP: HTTP/1.1, clear-text HTTP/2 (by prior knowledge or `Upgrade: h2c`) and, with a certificate,
 * TLS with either version by ALPN. The first bytes of a connection tell which it is:
 *
 *     0x16            TLS handshake  ─► tls server ─ALPN─► h2 or http/1.1
 *     "PRI "          HTTP/2 preface ─► http2 server
 *     anything else   HTTP/1.x       ─► http server ─Upgrade: h2c─► http2 server
 *
 * The HTTP/1 server owns the port, so that its own bookkeeping (header timeouts, idle connections, draining) holds for every HTTP/1
 * connection; its connection handler is put behind the look at the first bytes. Everything that a stranger can make large, slow or many is
 * bounded here or in `edge.ts`; what cannot even be parsed is answered here.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { AoError, AoException } from '../core/errors.ts';
import type { Exchange } from './exchange.ts';
import { preface, upgradeToH2, wantsH2c } from './h2c-upgrade.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { ListenerOptions } from './options.ts';
import { rawProblem } from './problem.ts';

export interface Listener {
  readonly port: number;
  readonly connections: number;
  /** Stops accepting, lets running exchanges finish until the deadline, then cuts what is left. */
  close(): Promise<void>;
}

export interface ListenerModules {
  /** A request has come in. For one that expects `100-continue`, `proceed` tells the caller to send the body. */
  readonly handle: (exchange: Exchange, proceed: (() => void) | undefined) => void;
  /** A connection changed to HTTP/2. */
  readonly upgraded: () => void;
}

/** Starts listening; rejects if the port can't be had. */
export async function listen(options: ListenerOptions, modules: ListenerModules): Promise<Listener> {
  const stallMs = options.idleTimeoutMs;
  const sessions = new Set<http2.ServerHttp2Session>();
  const sockets = new Set<Socket>();
  let draining = false;

  const http1 = http.createServer({
    // Target and headers share Node's limit; ours are checked apart, with an answer each, so Node's only has to come after both.
    maxHeaderSize: options.maxHeaderBytes + options.maxPathBytes + 8 * 1024,
    headersTimeout: options.headerTimeoutMs,
    // Bodies have their own clocks (body.ts).
    requestTimeout: 0,
    keepAliveTimeout: options.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, options.headerTimeoutMs),
    noDelay: true,
    requireHostHeader: false,
    insecureHTTPParser: false,
    shouldUpgradeCallback: (request: http.IncomingMessage) => wantsH2c(request),
  });
  http1.maxHeadersCount = 0;
  http1.maxConnections = options.maxConnections;

  const h2 = http2.createServer({
    settings: { maxConcurrentStreams: options.maxStreamsPerConnection, maxHeaderListSize: options.maxHeaderBytes },
    maxHeaderListPairs: options.maxHeaders + 16,
    // Signatures list the names of all keys, and a message may have many.
    maxSendHeaderBlockLength: 256 * 1024,
    maxSettings: 32,
    maxSessionInvalidFrames: 100,
  });

  const serve1 = http1.listeners('connection')[0] as (socket: Duplex) => void;
  http1.removeAllListeners('connection');
  const speak1 = (socket: Duplex): void => serve1.call(http1, socket);
  const speak2 = (socket: Duplex): void => {
    let session: http2.ServerHttp2Session | undefined;
    const take = (made: http2.ServerHttp2Session): void => {
      session = made;
    };
    h2.on('session', take);
    h2.emit('connection', socket);
    h2.off('session', take);
    // Sockets of the HTTP/1 server may be half open; in HTTP/2, who ends the connection asks for nothing more.
    socket.once('end', () => session?.close());
  };
  const secure =
    options.tls === undefined
      ? undefined
      : tls.createServer({
          cert: readFileSync(options.tls.certFile),
          key: readFileSync(options.tls.keyFile),
          minVersion: options.tls.minVersion,
          ALPNProtocols: ['h2', 'http/1.1'],
          handshakeTimeout: options.headerTimeoutMs,
        });
  secure?.on('secureConnection', (socket) => (socket.alpnProtocol === 'h2' ? speak2(socket) : speak1(socket)));
  secure?.on('tlsClientError', (_error, socket) => socket.destroy());

  http1.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    sniff(socket, options.headerTimeoutMs, (kind) => {
      if (kind === 'h2') speak2(socket);
      else if (kind === 'http1') speak1(socket);
      else if (secure === undefined) socket.destroy();
      else secure.emit('connection', socket);
    });
  });

  const current = new WeakMap<Duplex, http.ServerResponse>();
  const received1 = (request: http.IncomingMessage, response: http.ServerResponse, proceed?: () => void): void => {
    const isSecure = request.socket instanceof tls.TLSSocket;
    if (draining) response.shouldKeepAlive = false;
    current.set(request.socket, response);
    modules.handle(new Http1Exchange(request, response, isSecure, stallMs), proceed);
  };
  http1.on('request', received1);
  http1.on('checkContinue', (request, response) => received1(request, response, () => response.writeContinue()));
  http1.on('upgrade', (request, socket, head) => {
    modules.upgraded();
    upgradeToH2(request, socket, head, options.headerTimeoutMs, speak2);
  });
  http1.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const response = current.get(socket);
    // What can't be read comes after a request that was whole: that one is answered first.
    if (response?.req.complete === true && !response.writableFinished) {
      response.once('close', () => refuse(error, socket, false));
      return;
    }
    refuse(error, socket, response?.headersSent === true && !response.writableFinished);
  });
  // The connection limit is the last thing between us and running out of file descriptors: no answer, just the door.
  http1.on('drop', () => undefined);

  h2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
    session.setTimeout(options.idleTimeoutMs, () => session.close());
    if (draining) session.close();
  });
  h2.on('stream', (stream, headers, _flags, rawHeaders) => {
    modules.handle(
      new Http2Exchange(stream as http2.ServerHttp2Stream, headers, rawHeaders as unknown as string[], stallMs),
      undefined,
    );
  });
  h2.on('sessionError', () => undefined);

  await new Promise<void>((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(cannotListen(error, options));
    http1.once('error', refused);
    http1.listen({ port: options.port, host: options.bind }, () => {
      http1.off('error', refused);
      http1.on('error', () => undefined);
      resolve();
    });
  });

  return {
    port: (http1.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    async close() {
      draining = true;
      const closed = new Promise<void>((resolve) => http1.close(() => resolve()));
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
      // Connections that have not said anything yet have nothing to finish.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      const deadline = setTimeout(() => {
        for (const session of sessions) session.destroy();
        http1.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }, options.drainMs);
      // A connection whose last answer promised to keep it open is idle from then on.
      const idle = setInterval(() => http1.closeIdleConnections(), 50);
      await closed;
      clearInterval(idle);
      clearTimeout(deadline);
    },
  };
}

/** Why the port can't be had, for the operator. */
function cannotListen(error: NodeJS.ErrnoException, { bind, port }: ListenerOptions): AoException {
  const hints: { readonly [code: string]: readonly [string, string] } = {
    EADDRINUSE: [`Port ${port} is in use.`, 'Stop the other program, or choose another `port`.'],
    EACCES: [`Port ${port} may not be opened by this user.`, 'Choose a `port` above 1023.'],
    EADDRNOTAVAIL: [`This machine has no address ${bind}.`, 'Choose another `bind`.'],
  };
  const [sentence, hint] = hints[error.code ?? ''] ?? [`The port ${port} can't be opened (${error.code}).`, undefined];
  return new AoException(
    new AoError('unavailable', sentence, { cause: error, ...(hint === undefined ? {} : { hint }) }),
  );
}

type Kind = 'tls' | 'h2' | 'http1';

/** Waits for the first bytes, puts them back and tells what they begin. A connection that stays silent is closed. */
function sniff(socket: Socket, timeoutMs: number, go: (kind: Kind) => void): void {
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('readable', read);
    socket.off('error', fail);
    socket.off('end', fail);
    socket.off('close', stop);
  };
  const fail = (): void => {
    stop();
    socket.destroy();
  };
  let first: Buffer = Buffer.alloc(0);
  const read = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    const kind = kindOf(first);
    if (kind === undefined) return;
    stop();
    socket.unshift(first);
    go(kind);
  };
  const timer = setTimeout(fail, timeoutMs);
  socket.on('error', fail);
  socket.once('end', fail);
  socket.once('close', stop);
  socket.on('readable', read);
}

/** `undefined`: too few bytes to tell. */
function kindOf(chunk: Buffer): Kind | undefined {
  if (chunk[0] === 0x16) return 'tls';
  // No HTTP/1 method begins with `PRI `, so four bytes decide.
  const seen = Math.min(chunk.length, 4);
  if (!chunk.subarray(0, seen).equals(preface.subarray(0, seen))) return 'http1';
  return seen === 4 ? 'h2' : undefined;
}

/** Answers what isn't a request, and closes. In the middle of another answer there's no place for it: then only closes. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, answering: boolean): void {
  if (!socket.writable || answering || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  socket.end(rawProblem(error.code));
}
