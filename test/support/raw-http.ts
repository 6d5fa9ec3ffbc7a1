/** Plain sockets for tests of the HTTP edge: what is sent is exactly what stands in the test. */
import net from 'node:net';

export interface RawReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends pieces (text is Latin-1), pausing `gapMs` between them, and returns everything that came back until the server closed. */
export function rawExchange(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  options: { readonly gapMs?: number; readonly waitMs?: number; readonly end?: boolean } = {},
): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    const received: Buffer[] = [];
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(received));
    };
    const timer = setTimeout(finish, options.waitMs ?? 5_000);
    socket.on('data', (chunk) => received.push(Buffer.from(chunk)));
    socket.on('error', finish);
    socket.on('close', finish);
    socket.on('connect', async () => {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0 && options.gapMs !== undefined) await new Promise((go) => setTimeout(go, options.gapMs));
        if (socket.destroyed) return;
        socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
      }
      if (options.end === true) socket.end();
    });
  });
}

/** The replies in a stretch of HTTP/1.1. Understands `content-length` only, which is all the edge sends. */
export function parseReplies(bytes: Buffer): RawReply[] {
  const replies: RawReply[] = [];
  let rest = bytes.toString('latin1');
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const status = Number(first.split(' ')[1]);
    const length = status === 100 ? 0 : Number(headers.get('content-length') ?? 0);
    replies.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return replies;
}
