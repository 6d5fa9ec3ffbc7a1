/**
 * TABM → envelope (spec 02 §4.6): the opposite of read-envelope.ts. Nothing is signed here; a message that carries a commitment of the
 * format gets its tags and fields from there, and so its old bytes.
 */
import { fromBase64, isBinary, toBase64Url, toBytes } from '../../core/bytes.ts';
import type { Tabm } from '../../core/codec.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, type Message } from '../../core/message.ts';
import { foldOrder, keyOrder } from '../../core/order.ts';
import { makeBundle } from './bundle.ts';
import { chooseCommitment, layoutOf, signatureOf } from './commitment.ts';
import type { Conversion, Envelope, Signature } from './envelope.ts';
import { type Item, itemId, makeItem, unsignedItemId } from './item.ts';
import { itemConversion } from './item-format.ts';
import { planEnvelope } from './plan.ts';
import { tag } from './tags.ts';

/** The envelope of a message, by this commitment if there is one. */
export function writeEnvelope(message: Message, commitment: Message | undefined, conversion: Conversion): Envelope {
  const { env, depth } = conversion;
  if (depth > env.limits.maxDepth) raise('limit-exceeded', `A message is nested deeper than ${env.limits.maxDepth}.`);
  const layout = commitment === undefined ? conversion.layout : layoutOf(commitment, conversion.layout);
  const here = { ...conversion, layout };
  const plan = planEnvelope(message, commitment, here);
  const { fields } = plan;
  if (plan.members === undefined) {
    const value = plan.dataKey === undefined ? '' : message.get(plan.dataKey)!;
    if (!isBinary(value)) raise('bad-type', `\`${plan.dataKey}\` is neither a byte string nor a message.`);
    return { tags: plan.tags(undefined), data: toBytes(value), fields };
  }
  const inside = itemConversion({ ...here, depth: depth + 1 });
  const member = (key: string): Item => {
    const value = message.get(key)!;
    if (!isMessage(value) && !isBinary(value)) raise('bad-type', `\`${key}\` is neither a byte string nor a message.`);
    return writeItem(value, inside);
  };
  if (plan.list) {
    const items = listKeys(plan.members).map(member);
    const listed = items.map((item) => ({ item, id: item.signed ? itemId(item) : unsignedItemId(item) }));
    const data = makeBundle(listed, layout.byteOrder);
    conversion.work.on(data.length);
    return { tags: plan.tags(undefined), data, fields };
  }
  const members = new Map(plan.members.map((key) => [key, identified(member(key))] as const));
  const manifest = identified(manifestItem(members));
  const items = [manifest, ...keyOrder([...members.keys()]).map((key) => members.get(key)!)];
  const data = makeBundle(items, layout.byteOrder);
  conversion.work.on(data.length);
  return { tags: plan.tags(toBase64Url(manifest.id)), data, fields };
}

/** The data item of a TABM: signed if the message carries its signature, else unsigned. */
export function writeItem(tabm: Tabm, conversion: Conversion): Item {
  if (!isMessage(tabm)) return makeItem({ tags: [tag('ao-type', 'binary')], data: toBytes(tabm) });
  const commitment = chooseCommitment(tabm, conversion.format.device, undefined);
  const signature = commitment && signatureOf(commitment);
  const layout = signature === undefined ? conversion.layout : conversion.defaultLayout;
  return itemOf(writeEnvelope(tabm, commitment, { ...conversion, layout }), signature);
}

/** The item that this envelope and signature make up. */
export function itemOf({ tags, data, fields }: Envelope, signature: Signature | undefined): Item {
  const target = fromBase64(fields.get('target') ?? '') ?? new Uint8Array(0);
  const anchor = fromBase64(fields.get('anchor') ?? '') ?? new Uint8Array(0);
  return makeItem({ ...signature, target, anchor, tags, data });
}

function identified(item: Item): { readonly item: Item; readonly id: Uint8Array } {
  return { item, id: unsignedItemId(item) };
}

/** The unsigned item that names the members of a map bundle. */
function manifestItem(members: ReadonlyMap<string, { readonly id: Uint8Array }>): Item {
  const names = foldOrder([...members.keys()]).map(
    (key) => `${JSON.stringify(key)}:${JSON.stringify(toBase64Url(members.get(key)!.id))}`,
  );
  const tags = [tag('data-protocol', 'bundle-map'), tag('variant', '0.0.1')];
  return makeItem({ tags, data: new TextEncoder().encode(`{${names.join(',')}}`) });
}

/** `1` to `n`, each there. */
function listKeys(keys: readonly string[]): string[] {
  const wanted = keys.map((_, i) => String(i + 1));
  const present = new Set(keys);
  if (!wanted.every((key) => present.has(key))) raise('bad-commitment', 'A bundle of numbered items has gaps.');
  return wanted;
}
