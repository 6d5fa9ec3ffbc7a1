/**
 * Envelope → TABM (spec 02 §4.5). The keys come from data, fields and tags, in this order of precedence; the commitment keeps the rest of
 * the envelope. Bundles are opened: a map bundle into the keys its manifest names, any other into the keys `1`, `2`, ….
 *
 * The envelope of a signed item must be reproducible to the byte, also that of an unsigned item inside a signed one. Wherever the keys
 * alone would give other tags (capitals, repeated names, an order of its own …) the tags are recorded in the commitment.
 */
import { type Binary, binary, compareKeys, fromBase64, toBase64Url, toText } from '../../core/bytes.ts';
import type { Tabm } from '../../core/codec.ts';
import { withoutLinkSuffix } from '../../core/commitments.ts';
import { AoException, raise } from '../../core/errors.ts';
import { Message, messageFrom } from '../../core/message.ts';
import type { Value } from '../../core/value.ts';
import { type Bundle, type ByteOrder, parseBundle } from './bundle.ts';
import { originalTagsMessage, signatureEntries, unsignedType } from './commitment.ts';
import type { Conversion, Envelope, Signature } from './envelope.ts';
import { type Item, itemId, unsignedItemId } from './item.ts';
import { itemConversion } from './item-format.ts';
import { keysOfTags } from './keys.ts';
import { planEnvelope } from './plan.ts';
import { lowerCase, sameTags, tagValue } from './tags.ts';

/** What an envelope is called and by whom it is signed, if it is. */
export interface Identity {
  /** 32 bytes: the signed id, or the unsigned one. Computed when it is needed. */
  readonly id: () => Uint8Array;
  readonly signature: Signature | undefined;
}

/**
 * When an unsigned envelope gets a commitment: if its tags have capitals, as the reference does it; if its keys would give another
 * envelope, as everything inside a signed one needs it; always, when it is to be committed as it is.
 */
export type Keep = 'capitals' | 'inexact' | 'always';

/** Raises `bad-encoding`, `bad-structured-field`, `limit-exceeded`. */
export function readEnvelope(envelope: Envelope, identity: Identity, conversion: Conversion, keep: Keep): Tabm {
  const { env, format, depth } = conversion;
  const { dialect, limits } = env;
  if (depth > limits.maxDepth) raise('limit-exceeded', `Bundles are nested deeper than ${limits.maxDepth}.`);
  const { tags } = envelope;
  const meta = (name: string): string | undefined => tagValue(tags, name);
  const kind = meta('ao-type');
  if (kind === 'binary') return binary(envelope.data);
  if (kind !== undefined)
    raise('bad-encoding', `An item of the type \`${kind}\` cannot be read.`, 'Known is `binary`.');

  const signed = identity.signature !== undefined;
  const { entries, byteOrder } = readData(envelope, meta, conversion, signed ? 'inexact' : keep);
  const tagKeys = keysOfTags(tags, dialect, limits.maxKeys);
  const values = new Map<string, Value>([...entries].sort((a, b) => compareKeys(a[0], b[0])));
  for (const key of tagKeys.keys())
    if (!values.has(key)) values.set(key, envelope.fields.get(key) ?? tagKeys.get(key)!);
  for (const field of format.fields) {
    const value = envelope.fields.get(field.key);
    if (value !== undefined && !values.has(field.key) && !field.hidden?.(dialect)) values.set(field.key, value);
  }
  const message = new Message(values);

  const commitment = (recordTags: boolean): Message => {
    const committed = [...values.keys()];
    const out: [string, Value][] = [
      ['commitment-device', format.device],
      ['committed', dialect.committedKeepsLink ? committed : [...new Set(committed.map(withoutLinkSuffix))]],
      ['bundle', String(meta('bundle-format') !== undefined)],
    ];
    if (identity.signature === undefined) out.push(['type', unsignedType]);
    else {
      out.push(...signatureEntries(identity.signature));
      if (dialect.listBundles) out.push(...bundleEntries(meta));
    }
    for (const [key, value] of envelope.fields) out.push([`field-${key}`, value]);
    if (recordTags) out.push(['original-tags', originalTagsMessage(tags)]);
    if (byteOrder !== undefined && byteOrder !== dialect.bundleByteOrder) out.push(['bundle-byte-order', byteOrder]);
    return messageFrom(out);
  };
  const capitals = tags.some((tag) => lowerCase(tag.name) !== tag.name);
  let recordTags = capitals;
  if (!capitals && (signed || keep !== 'capitals'))
    recordTags = !follows(message, signed ? commitment(false) : undefined);
  const needed = signed || recordTags || keep === 'always' || (keep === 'inexact' && hidesField());
  if (!needed) return message;
  return message.with('commitments', messageFrom([[toBase64Url(identity.id()), commitment(recordTags)]]));

  /** Whether the tags follow from the keys. */
  function follows(message: Message, commitment: Message | undefined): boolean {
    try {
      return sameTags(planEnvelope(message, commitment, conversion).tags(meta('bundle-map')), tags);
    } catch {
      return false;
    }
  }

  function hidesField(): boolean {
    return format.fields.some((field) => envelope.fields.has(field.key) && field.hidden?.(dialect));
  }
}

function bundleEntries(meta: (name: string) => string | undefined): [string, Value][] {
  const out: [string, Value][] = [];
  for (const name of ['bundle-format', 'bundle-version', 'bundle-map']) {
    const value = meta(name);
    if (value !== undefined) out.push([name, value]);
  }
  return out;
}

interface Data {
  readonly entries: Iterable<readonly [string, Tabm]>;
  /** Of the bundle, if the data is one. */
  readonly byteOrder?: ByteOrder;
}

function readData(
  { data }: Envelope,
  meta: (name: string) => string | undefined,
  conversion: Conversion,
  keep: Keep,
): Data {
  if (data.length === 0) return { entries: [] };
  const inside = keep === 'always' ? 'inexact' : keep;
  const raw: Data = { entries: [[meta('ao-data-key') ?? 'data', binary(data)]] };
  if (meta('bundle-format') !== 'binary' || meta('bundle-version') !== '2.0.0') return raw;
  const { maxKeys } = conversion.env.limits;
  const mapId = meta('bundle-map');
  const child = (item: Item): Tabm => readItem(item, { ...conversion, depth: conversion.depth + 1 }, inside);
  if (mapId !== undefined) {
    conversion.work.on(data.length);
    const bundle = parseBundle(data, maxKeys);
    const members = manifestMembers(bundle, mapId, maxKeys);
    return { entries: members.map(([key, item]) => [key, child(item)] as const), byteOrder: bundle.byteOrder };
  }
  if (!conversion.env.dialect.listBundles) return raw;
  try {
    const { items, byteOrder } = parseBundle(data, maxKeys);
    return { entries: items.map((item, i) => [String(i + 1), child(item)] as const), byteOrder };
  } catch (error) {
    // Anybody can put bundle tags on anything. What is no bundle, or holds items we cannot read, is data.
    if (error instanceof AoException && error.code !== 'limit-exceeded') return raw;
    throw error;
  }
}

/** A data item as a TABM. */
export function readItem(item: Item, conversion: Conversion, keep: Keep): Tabm {
  const fields = new Map<string, string>();
  if (item.anchor.length > 0) fields.set('anchor', toBase64Url(item.anchor));
  if (item.target.length > 0) fields.set('target', toBase64Url(item.target));
  const { type, signature, owner } = item;
  const identity: Identity = item.signed
    ? { id: () => itemId(item), signature: { type, signature, owner } }
    : { id: () => unsignedItemId(item), signature: undefined };
  return readEnvelope({ tags: item.tags, data: item.data, fields }, identity, itemConversion(conversion), keep);
}

/**
 * Keys and members of a map bundle, by its manifest: an item whose unsigned id the `bundle-map` tag names. Equal members are there once for
 * each key; otherwise a small bundle could become an endless message.
 */
function manifestMembers({ items }: Bundle, mapId: string, maxKeys: number): [string, Item][] {
  const byId = new Map<string, Item[]>();
  for (const item of items) {
    const id = toBase64Url(unsignedItemId(item));
    const equal = byId.get(id);
    if (equal === undefined) byId.set(id, [item]);
    else equal.push(item);
  }
  const wanted = fromBase64(mapId);
  const manifest = wanted && byId.get(toBase64Url(wanted))?.pop();
  if (manifest === undefined) raise('bad-encoding', 'The bundle lacks the manifest that its `bundle-map` names.');
  const entries = manifestEntries(manifest.data);
  if (entries.length > maxKeys) raise('limit-exceeded', `A bundle has more than ${maxKeys} members.`);
  return entries.map(([key, id]) => {
    const member = byId.get(id)?.pop();
    return member === undefined ? raise('bad-encoding', `The bundle lacks its member \`${key}\`.`) : [key, member];
  });
}

function manifestEntries(data: Binary): [string, string][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(toText(data) ?? '');
  } catch {
    parsed = undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    raise('bad-encoding', 'The manifest of a bundle is not a JSON object.');
  }
  return Object.entries(parsed as { readonly [key: string]: unknown }).map(([key, id]) =>
    typeof id === 'string'
      ? [key, id]
      : raise('bad-encoding', 'The manifest of a bundle names a member without an id.'),
  );
}
