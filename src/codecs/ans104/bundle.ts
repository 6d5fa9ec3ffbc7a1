/**
 * Bundles (spec 02 §4.7): many items in the data of one.
 *
 *   count          32 bytes
 *   count × ( size, id )     32 bytes each
 *   the items back to back
 *
 * ANS-104 and everybody but the oldest nodes write the integers little-endian; those wrote them big-endian. We read both: exactly one
 * order can make the sizes add up.
 */
import { raise } from '../../core/errors.ts';
import { Item } from './item.ts';

export type ByteOrder = 'little-endian' | 'big-endian';

export interface Bundle {
  readonly items: readonly Item[];
  readonly byteOrder: ByteOrder;
}

const wordBytes = 32;

/** Reads a bundle of at most `maxItems` items. Throws `bad-encoding`, `limit-exceeded`. */
export function parseBundle(bytes: Uint8Array, maxItems: number): Bundle {
  for (const byteOrder of ['little-endian', 'big-endian'] as const) {
    const sizes = itemSizes(bytes, byteOrder);
    if (sizes === undefined) continue;
    if (sizes.length > maxItems) raise('limit-exceeded', `A bundle has more than ${maxItems} items.`);
    let at = wordBytes + 2 * wordBytes * sizes.length;
    const items: Item[] = new Array(sizes.length);
    for (let i = 0; i < sizes.length; i++) {
      items[i] = new Item(bytes.subarray(at, at + sizes[i]!));
      at += sizes[i]!;
    }
    return { items, byteOrder };
  }
  return raise('bad-encoding', 'The bundle is malformed: count and sizes of its items do not fit its length.');
}

/** The bundle of these items; the ids are those to write into the header. */
export function makeBundle(items: readonly { item: Item; id: Uint8Array }[], byteOrder: ByteOrder): Uint8Array {
  let length = wordBytes + 2 * wordBytes * items.length;
  let at = length;
  for (const { item } of items) length += item.bytes.length;
  const out = new Uint8Array(length);
  setWord(out, 0, items.length, byteOrder);
  for (let i = 0; i < items.length; i++) {
    const { item, id } = items[i]!;
    setWord(out, wordBytes + 2 * wordBytes * i, item.bytes.length, byteOrder);
    out.set(id, wordBytes + 2 * wordBytes * i + wordBytes);
    out.set(item.bytes, at);
    at += item.bytes.length;
  }
  return out;
}

/** The sizes of the items, if they and the header make up exactly these bytes. */
function itemSizes(bytes: Uint8Array, order: ByteOrder): number[] | undefined {
  const count = bytes.length < wordBytes ? undefined : word(bytes, 0, order);
  if (count === undefined) return undefined;
  let total = wordBytes + 2 * wordBytes * count;
  if (total > bytes.length) return undefined;
  const sizes: number[] = new Array(count);
  for (let i = 0; i < count; i++) {
    const size = word(bytes, wordBytes + 2 * wordBytes * i, order);
    if (size === undefined) return undefined;
    total += size;
    if (total > bytes.length) return undefined;
    sizes[i] = size;
  }
  return total === bytes.length ? sizes : undefined;
}

/** A 32-byte integer below 2^48; `undefined` if it is larger. */
function word(bytes: Uint8Array, at: number, order: ByteOrder): number | undefined {
  let value = 0;
  for (let i = 0; i < wordBytes; i++) {
    const byte = bytes[order === 'big-endian' ? at + i : at + wordBytes - 1 - i]!;
    if (i < wordBytes - 6) {
      if (byte !== 0) return undefined;
    } else value = value * 256 + byte;
  }
  return value;
}

function setWord(bytes: Uint8Array, at: number, value: number, order: ByteOrder): void {
  for (let i = 0; value > 0; i++, value = Math.floor(value / 256)) {
    bytes[order === 'big-endian' ? at + wordBytes - 1 - i : at + i] = value % 256;
  }
}
