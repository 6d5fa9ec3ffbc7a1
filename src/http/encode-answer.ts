/**
 * A result message in the codec of its answer (spec 03 §2.3): header fields and a body, ready for the wire.
 *
 *     httpsig@1.0    keys are headers; children are `key+link` headers, or with `bundle` parts of the body
 *     ans104@1.0     the body is the data item
 *     any other      the body is the encoded message; its simple keys are repeated as headers
 */
import { chooseCommitment, isBundled } from '../codecs/ans104/commitment.ts';
import { isBinary, toBytes } from '../core/bytes.ts';
import type { Codec, CodecParams, Wire } from '../core/codec.ts';
import { committerOf, keepCommitments } from '../core/commitments.ts';
import { codecOf, structured } from '../core/convert.ts';
import type { Environment } from '../core/environment.ts';
import { raise } from '../core/errors.ts';
import { text } from '../core/fields.ts';
import { isMessage, isPrivateKey, type Message } from '../core/message.ts';
import { isInteger, Link, type Value } from '../core/value.ts';
import { hopByHop } from '../net/hop-by-hop.ts';
import { toLatin1 } from '../net/latin1.ts';
import { isHeaderName } from './headers.ts';

export interface Encoded {
  /** `[name, value, …]` */
  readonly headers: string[];
  /** A link to bytes where nobody had to read them for the headers. */
  readonly body: Uint8Array | Link | undefined;
  /** Whether the body is the raw bytes of one value, so that a range of it means something. */
  readonly raw: boolean;
}

/** Longer values aren't repeated as headers. */
const maxRepeatedBytes = 4_096;
/** Node's `fetch` gives up an answer with more than 16 KiB of headers: the body has all of it anyway. */
const maxRepeatedInAll = 8 * 1024;
/** What clients read there whatever else an answer holds. */
const alwaysRepeated: ReadonlySet<string> = new Set(['ao-result', 'process', 'slot', 'status']);
/** They would speak of another body than the one that is sent. */
const ofTheBody: ReadonlySet<string> = new Set(['content-digest', 'content-encoding', 'content-range']);

const httpsigName = 'httpsig@1.0';
export const dataItems = 'ans104@1.0';

/** The connection's own fields, and those that are ours to tell. */
const wire: Wire = {
  taken: new Set([...hopByHop, 'content-length', 'request-id', 'set-cookie']),
  maxFields: Number.POSITIVE_INFINITY,
};

export async function encodeAnswer(
  message: Message,
  codecName: string,
  asked: boolean,
  env: Environment,
): Promise<Encoded> {
  const codec = codecOf(codecName, env);
  const kept = codecName === dataItems ? keepCommitments(message, (_, one) => committerOf(one) !== undefined) : message;
  // A signed item goes out with its children or with links to them as it was signed: in the other form its signature doesn't hold.
  const signed = codecName === dataItems ? chooseCommitment(kept, dataItems, asked) : undefined;
  const bundle = signed === undefined ? asked : isBundled(signed);
  const params: CodecParams = {
    ...(bundle ? { bundle } : {}),
    ...(codecName === httpsigName ? { linkedBytes: 'keep' } : {}),
  };
  const tabm = await codecOf(structured, env).toTabm(kept, params, env);
  const encoded = await codec.fromTabm(tabm, { bundle, wire }, env);
  if (codecName === httpsigName) return fromFields(encoded);
  return withEnvelope(codec, message, toBody(encoded), codecName === dataItems);
}

/** An encoded httpsig message: its entries are the headers. */
function fromFields(encoded: Value): Encoded {
  if (!isMessage(encoded)) return { headers: [], body: toBody(encoded), raw: true };
  const headers: string[] = [];
  for (const [name, value] of encoded.entries()) {
    if (name === 'body' || !isBinary(value) || wire.taken.has(name)) continue;
    const spelt = toLatin1(value);
    if (spelt === undefined) continue;
    headers.push(name, name === 'signature' || name === 'signature-input' ? withReadableLabels(spelt) : spelt);
  }
  const body = encoded.get('body');
  const type = encoded.get('content-type');
  const parts = typeof type === 'string' && type.startsWith('multipart/');
  return { headers, body: body === undefined || body instanceof Link ? body : toBody(body), raw: !parts };
}

/**
 * Clients of the network read labels of letters, digits and `-` only (spec 06 §1.5, §13). A label is no part of what is signed and of no
 * id: whichever stands in both headers will do.
 */
function withReadableLabels(header: string): string {
  if (!header.includes('_')) return header;
  return header.replace(/(?:^|, )comm-[a-z0-9_-]{43}=/g, (label) => label.replaceAll('_', '-'));
}

function withEnvelope(codec: Codec, message: Message, body: Uint8Array, bare: boolean): Encoded {
  const headers = ['codec-device', codec.name];
  if (codec.contentType !== undefined) headers.push('content-type', codec.contentType);
  if (bare) return { headers, body, raw: false };
  let room = maxRepeatedInAll;
  for (const [key, value] of message.entries()) {
    if (key === 'body' || key === 'data' || key === 'codec-device' || key === 'content-type') continue;
    if (isPrivateKey(key) || wire.taken.has(key) || ofTheBody.has(key) || !isHeaderName(key)) continue;
    const spelt = simpleText(value);
    if (spelt === undefined) continue;
    const bytes = key.length + spelt.length + 4;
    if (bytes > room && !alwaysRepeated.has(key)) continue;
    room -= bytes;
    headers.push(key, spelt);
  }
  return { headers, body, raw: false };
}

function simpleText(value: Value): string | undefined {
  if (isBinary(value)) return value.length > maxRepeatedBytes ? undefined : toLatin1(value);
  return isInteger(value) ? String(value) : text.read(value);
}

function toBody(encoded: Value): Uint8Array {
  return isBinary(encoded) ? toBytes(encoded) : raise('bad-type', 'The result has no form in this codec.');
}
