/**
 * As much of HTTP/1.1 as a load generator needs: finished requests out over kept connections, the status and the end of each answer in. It
 * shares the processor with what it measures; `node:http` took three times as long for the same.
 */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** The bytes of a POST. */
export function postBytes(
  url: URL,
  headers: { readonly [name: string]: string },
  body: Uint8Array = new Uint8Array(0),
): Buffer {
  const lines = Object.entries({ ...headers, host: url.host, 'content-length': String(body.length) });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${head}\r\n`, 'latin1'), body]);
}

export class LeanConnection implements Disposable {
  readonly #socket: Socket;
  #answered: { done: () => void; failed: (reason: unknown) => void } | undefined;
  /** The head of the answer, until it is complete. */
  #head: Buffer = Buffer.alloc(0);
  /** Bytes of the body that are still to come; absent: the head is. */
  #left: number | undefined;
  /** Of an answer that is no success. */
  #failure = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('error', (reason) => this.#answered?.failed(reason));
    socket.on('close', () => this.#answered?.failed(new Error('The connection was closed.')));
  }

  static async open({ hostname, port }: URL): Promise<LeanConnection> {
    const socket = createConnection({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    return new LeanConnection(socket);
  }

  /** Resolves at the end of an answer of status 200; one request at a time. */
  send(request: Buffer): Promise<void> {
    return new Promise((done, failed) => {
      if (this.#socket.destroyed) failed(new Error('The connection was closed.'));
      this.#answered = { done, failed };
      this.#socket.write(request);
    });
  }

  #receive(bytes: Buffer): void {
    let body = bytes;
    if (this.#left === undefined) {
      this.#head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes]);
      const end = this.#head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#head.toString('latin1', 0, end);
      body = this.#head.subarray(end + 4);
      this.#head = Buffer.alloc(0);
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      if (length === undefined) throw new Error(`An answer without a length: ${head.slice(0, 200)}`);
      this.#left = Number(length);
      this.#failure = head.startsWith('HTTP/1.1 200') ? '' : head.slice(0, head.indexOf('\r\n'));
    }
    if (this.#failure !== '') this.#failure += body.toString('utf8');
    this.#left -= body.length;
    if (this.#left > 0) return;
    this.#left = undefined;
    const { done, failed } = this.#answered!;
    this.#answered = undefined;
    if (this.#failure === '') done();
    else failed(new Error(this.#failure.slice(0, 500)));
  }

  [Symbol.dispose](): void {
    this.#answered = undefined;
    this.#socket.destroy();
  }
}
