/**
 * `Upgrade: h2c` (RFC 7540 §3.2), which curl and older agents use on clear-text connections. Node's HTTP/2 has no entry for it: the request
 * that asks for the upgrade has to be answered on stream 1, which the client never opens itself.
 *
 * So we open it for the client. After `101` the client sends the connection preface and a SETTINGS frame. We hand Node the same bytes with
 * two changes, and it needs to know nothing else:
 *
 *     client sends   PRI * … SM  SETTINGS(b)                              frames …
 *     Node receives  PRI * … SM  SETTINGS(a+b)  HEADERS(stream 1, END)    frames …
 *
 * (a) are the settings of the `http2-settings` header, merged so that there's one acknowledgement. The HEADERS frame holds only literals
 * without indexing, which leave the client's compression state untouched. Only requests without a body are upgraded; others are
 * answered over HTTP/1.1, as the RFC allows.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { hopByHop } from '../net/hop-by-hop.ts';

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

const frameHeaderBytes = 9;
const maxFrameBytes = 16_384;
const frame = { headers: 0x1, settings: 0x4, continuation: 0x9 } as const;
const flag = { endStream: 0x1, endHeaders: 0x4 } as const;

/** Whether this request asks for an upgrade that we do. */
export function wantsH2c(request: IncomingMessage): boolean {
  const { headers } = request;
  return (
    /(^|,)\s*h2c\s*(,|$)/i.test(headers.upgrade ?? '') &&
    /(^|,)\s*http2-settings\s*(,|$)/i.test(headers.connection ?? '') &&
    settingsOf(request) !== undefined &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  );
}

/** Switches protocols; `serve` gets the socket once it reads as an HTTP/2 connection from its first byte. */
export function upgradeToH2(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  timeoutMs: number,
  serve: (socket: Duplex) => void,
): void {
  const settings = settingsOf(request)!;
  socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n');
  let received = head;
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('readable', read);
    socket.off('end', fail);
    socket.off('error', fail);
    socket.off('close', stop);
  };
  const fail = (): void => {
    stop();
    socket.destroy();
  };
  const read = (): void => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) received = Buffer.concat([received, chunk]);
    advance();
  };
  const advance = (): void => {
    const opening = openStream(received, settings, request);
    if (opening === 'invalid') fail();
    else if (opening !== 'incomplete') {
      stop();
      socket.unshift(opening);
      serve(socket);
    }
  };
  socket.on('readable', read);
  socket.once('end', fail);
  socket.once('error', fail);
  socket.once('close', stop);
  advance();
}

function openStream(received: Buffer, settings: Buffer, request: IncomingMessage): Buffer | 'incomplete' | 'invalid' {
  const seen = Math.min(received.length, preface.length);
  if (!received.subarray(0, seen).equals(preface.subarray(0, seen))) return 'invalid';
  if (received.length < preface.length + frameHeaderBytes) return 'incomplete';
  const length = received.readUIntBE(preface.length, 3);
  if (received[preface.length + 3] !== frame.settings || received[preface.length + 4] !== 0 || length > maxFrameBytes) {
    return 'invalid';
  }
  const end = preface.length + frameHeaderBytes + length;
  if (received.length < end) return 'incomplete';
  const own = received.subarray(preface.length + frameHeaderBytes, end);
  return Buffer.concat([
    preface,
    makeFrame(frame.settings, 0, 0, Buffer.concat([settings, own])),
    ...headerFrames(request),
    received.subarray(end),
  ]);
}

function settingsOf(request: IncomingMessage): Buffer | undefined {
  const header = request.headers['http2-settings'];
  if (typeof header !== 'string' || !/^[A-Za-z0-9_-]*$/.test(header)) return undefined;
  const settings = Buffer.from(header, 'base64url');
  return settings.length % 6 === 0 && settings.length <= 600 ? settings : undefined;
}

function headerFrames(request: IncomingMessage): Buffer[] {
  const literals: Buffer[] = [];
  const add = (name: string, value: string): void => {
    literals.push(Buffer.from([0x00]), hpackString(name), hpackString(value));
  };
  add(':method', request.method!);
  add(':scheme', 'http');
  add(':path', request.url!);
  if (request.headers.host !== undefined) add(':authority', request.headers.host);
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase();
    if (name !== 'host' && !hopByHop.has(name)) add(name, request.rawHeaders[i + 1]!);
  }
  const block = Buffer.concat(literals);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += maxFrameBytes) {
    const last = at + maxFrameBytes >= block.length;
    const flags = (at === 0 ? flag.endStream : 0) | (last ? flag.endHeaders : 0);
    frames.push(
      makeFrame(at === 0 ? frame.headers : frame.continuation, flags, 1, block.subarray(at, at + maxFrameBytes)),
    );
  }
  return frames;
}

function makeFrame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const out = Buffer.alloc(frameHeaderBytes + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out[3] = type;
  out[4] = flags;
  out.writeUInt32BE(stream, 5);
  payload.copy(out, frameHeaderBytes);
  return out;
}

/** A string literal without Huffman coding: length in 7 bits and more (RFC 7541 §5.1), then the bytes. */
function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    while (rest >= 128) {
      length.push((rest & 127) | 128);
      rest >>>= 7;
    }
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}
