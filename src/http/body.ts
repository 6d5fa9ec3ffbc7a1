/**
 * Reading request bodies: bounded in bytes and in time; in memory while small, in a blob when large and the codec can do with a link.
 *
 * The announced length is checked before a byte is read; a chunked body is cut off where it passes the limit. A sender that falls silent or
 * takes forever gets 408. A body that breaks off is `cancelled`: nobody is left to answer.
 */
import type { Readable } from 'node:stream';
import { AoError, AoException, raise } from '../core/errors.ts';
import type { Blob, Blobs, BlobWriter } from './blobs.ts';
import type { Exchange } from './exchange.ts';
import { headerText } from './headers.ts';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyIdleTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly spoolAboveBytes: number;
}

export interface Body {
  readonly bytes: Uint8Array;
  readonly blob: Blob | undefined;
}

export const noBody: Body = { bytes: new Uint8Array(0), blob: undefined };

/** Refuses a body whose announced length is over the limit, or that is sent in a way we don't know. */
export function checkAnnouncedLength(exchange: Exchange, limits: BodyLimits): void {
  const coding = exchange.headers.get('transfer-encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    raise('bad-encoding', `The transfer coding \`${headerText(coding)}\` is none that this node knows.`, {
      status: 501,
      hint: 'Send the body in chunks, or with its length.',
    });
  }
  const announced = exchange.headers.get('content-length');
  if (announced !== undefined && Number(announced) > limits.maxBodyBytes) tooLarge(limits);
}

/** The whole body. `blobs` is given if a large body may be left outside of memory. */
export async function readBody(exchange: Exchange, limits: BodyLimits, blobs: Blobs | undefined): Promise<Body> {
  const source = exchange.body;
  if (source === undefined) return noBody;
  checkAnnouncedLength(exchange, limits);
  let writer: BlobWriter | undefined;
  let chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of timed(source, limits)) {
      size += chunk.length;
      if (size > limits.maxBodyBytes) tooLarge(limits);
      if (writer !== undefined) await writer.write(chunk);
      else {
        chunks.push(chunk);
        if (blobs !== undefined && size > limits.spoolAboveBytes) {
          writer = await blobs.create();
          for (const early of chunks) await writer.write(early);
          chunks = [];
        }
      }
    }
    if (writer !== undefined) return { bytes: noBody.bytes, blob: await writer.finish() };
    return { bytes: plainBytes(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)), blob: undefined };
  } catch (thrown) {
    await writer?.abort();
    throw thrown;
  }
}

/** Not a `Buffer`, whose methods differ: values of messages are `Uint8Array`s. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The chunks of a stream under one clock, for silence and for the whole: how long the whole has taken is looked at with each chunk, and when
 * the clock rings. Written out by hand instead of with the stream's own iterator, which destroys the stream on an
 * early exit: the connection is still needed for the answer.
 */
async function* timed(source: Readable, limits: BodyLimits): AsyncGenerator<Uint8Array> {
  let failure: AoError | undefined;
  let ended = false;
  let wake: () => void = () => undefined;
  const fail = (error: AoError): void => {
    failure ??= error;
    wake();
  };
  const onReadable = (): void => wake();
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const onGone = (): void => fail(new AoError('cancelled', 'The body broke off.'));
  source.on('readable', onReadable);
  source.once('end', onEnd);
  source.once('error', onGone);
  source.once('close', onGone);
  const end = performance.now() + limits.bodyTimeoutMs;
  const late = (): void =>
    fail(
      new AoError(
        'timeout',
        performance.now() < end ? 'No part of the body came for too long.' : 'The body took too long.',
        { status: 408 },
      ),
    );
  const clock = setTimeout(late, Math.min(limits.bodyIdleTimeoutMs, limits.bodyTimeoutMs));
  try {
    for (;;) {
      const chunk = source.read() as Uint8Array | null;
      if (chunk !== null) {
        clock.refresh();
        yield chunk;
        if (performance.now() >= end) late();
        if (failure === undefined) continue;
      }
      if (ended || source.readableEnded) return;
      if (failure !== undefined) throw new AoException(failure);
      if (source.destroyed) throw new AoException(new AoError('cancelled', 'The body broke off.'));
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = () => undefined;
    }
  } finally {
    clearTimeout(clock);
    source.off('readable', onReadable);
    source.off('end', onEnd);
    source.off('close', onGone);
    source.off('error', onGone);
    source.on('error', () => undefined);
  }
}

function tooLarge(limits: BodyLimits): never {
  raise('limit-exceeded', `The body is larger than ${limits.maxBodyBytes} bytes.`, {
    status: 413,
    hint: 'Send it in parts, or ask the operator to raise `maxBodyBytes`.',
  });
}
