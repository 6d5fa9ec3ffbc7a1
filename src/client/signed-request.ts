/**
 * What a client posts: content signed by its wallet, as a data item or with HTTP message signatures (spec 06 §1.1), as headers and body.
 */

import { itemName } from '../codecs/ans104/item.ts';
import { maxNameBytes, maxTags, maxValueBytes, signItem } from '../codecs/ans104/sign-item.ts';
import { type Binary, fromBase64, toBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { type Message, message, messageFrom } from '../core/message.ts';
import type { Wallet } from '../core/wallet.ts';
import { encodeRequest } from '../net/message-request.ts';
import type { Library } from '../node/library.ts';

export type Signing = 'ans104@1.0' | 'httpsig@1.0';

export interface Content {
  readonly tags: { readonly [name: string]: string };
  readonly data?: Binary;
  /** The process or address it is for. */
  readonly target?: string;
}

export interface SignedRequest {
  /** Id of the signed message. */
  readonly id: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array | undefined;
}

const byFields = message({ 'commitment-device': 'httpsig@1.0' });

export function signRequest(
  path: string,
  content: Content,
  signing: Signing,
  wallet: Wallet,
  library: Library,
): Promise<SignedRequest> {
  return signing === 'ans104@1.0' ? asItem(content, wallet) : asFields(path, content, wallet, library);
}

async function asItem({ tags, data = '', target }: Content, wallet: Wallet): Promise<SignedRequest> {
  checkTags(tags);
  const item = await signItem(
    {
      tags: Object.entries(tags).map(([name, value]) => ({ name, value: toBytes(value) })),
      data: toBytes(data),
      ...(target === undefined ? {} : { target: targetBytes(target) }),
    },
    wallet,
  );
  return {
    id: itemName(item),
    headers: { 'content-type': 'application/ans104', 'codec-device': 'ans104@1.0' },
    body: item.bytes,
  };
}

/** Nobody takes a data item that goes over these limits. */
function checkTags(tags: Content['tags']): void {
  const entries = Object.entries(tags);
  const hint = 'What is long belongs into the data; HTTP message signatures (`--signing httpsig`) know no such limit.';
  if (entries.length > maxTags) raise('bad-request', `A data item has at most ${maxTags} tags.`, hint);
  for (const [name, value] of entries) {
    if (toBytes(name).length > maxNameBytes || toBytes(value).length > maxValueBytes) {
      const sentence = `The tag \`${name.slice(0, 100)}\` is too long for a data item: names take up to ${maxNameBytes} bytes, values ${maxValueBytes}.`;
      raise('bad-request', sentence, hint);
    }
  }
}

async function asFields(
  path: string,
  { tags, data, target }: Content,
  wallet: Wallet,
  library: Library,
): Promise<SignedRequest> {
  const content = messageFrom([
    ...Object.entries(tags).map(([name, value]) => [name.toLowerCase(), value] as const),
    ...(data === undefined ? [] : [['data', data] as const]),
    ...(target === undefined ? [] : [['target', target] as const]),
  ]);
  const signed = await library.commit(content, byFields, wallet);
  const sent = signed.withAll([
    ['path', path],
    ['method', 'POST'],
  ]);
  const { headers, body } = await encodeRequest(sent, undefined, library.env);
  return { id: library.id(signed, 'signed'), headers: pairs(headers), body };
}

/** A request signed as a whole, its path and method included: an order to a device, which nobody can turn into another one. */
export async function signWhole(request: Message, wallet: Wallet, library: Library): Promise<SignedRequest> {
  if (request.has('host')) {
    raise('bad-request', 'No request can carry a key `host`: HTTP has a header of that name.', 'Set it in a file.');
  }
  const signed = await library.commit(request, byFields, wallet);
  const { headers, body } = await encodeRequest(signed, undefined, library.env);
  return { id: library.id(signed, 'signed'), headers: pairs(headers), body };
}

function targetBytes(target: string): Uint8Array {
  const bytes = fromBase64(target);
  if (bytes?.length === 32) return bytes;
  return raise('bad-request', `\`${target}\` is not an id.`, 'An id has 43 characters.');
}

/** `[name, value, …]` by name. The codec writes each name once. */
function pairs(headers: readonly string[]): { readonly [name: string]: string } {
  const out: [string, string][] = [];
  for (let i = 0; i < headers.length; i += 2) out.push([headers[i]!, headers[i + 1]!]);
  return Object.fromEntries(out);
}
