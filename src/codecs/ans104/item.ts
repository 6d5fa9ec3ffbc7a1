/**
 * The data item (spec 02 §4.1): one signed envelope of tags and data, as it lies in a byte string.
 *
 *   ┌──────┬───────────┬───────┬──────────┬──────────┬──────┬───────────┬──────┬──────┐
 *   │ type │ signature │ owner │ target   │ anchor   │ tags │ tag bytes │ tags │ data │
 *   │ 2 LE │ by type   │by type│ 0 | 1,32 │ 0 | 1,32 │ 8 LE │ 8 LE      │ Avro │ rest │
 *   └──────┴───────────┴───────┴──────────┴──────────┴──────┴───────────┴──────┴──────┘
 *
 * Parsing looks at the header only and copies nothing: every part is a view. Tags are decoded when somebody asks, ids are hashed when
 * somebody asks. An unsigned item has type 1 and zeros for signature and owner.
 */
import { concatBytes, toBase64Url } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { type DeepHashInput, deepHash, deepHashed } from '../../crypto/deep-hash.ts';
import { sha256 } from '../../crypto/hash.ts';
import { rsaType, type SignatureType, signatureType } from './signature-types.ts';
import { decodeTags, encodeTags, type Tag } from './tags.ts';

/** Bytes of a target or an anchor. */
export const fieldBytes = 32;

/** What an item is made of; the rest follows. */
export interface ItemParts {
  readonly type?: SignatureType;
  /** Absent: zeros. */
  readonly signature?: Uint8Array;
  /** Absent: zeros. */
  readonly owner?: Uint8Array;
  /** 32 bytes, or empty. */
  readonly target?: Uint8Array;
  /** 32 bytes, or empty. */
  readonly anchor?: Uint8Array;
  readonly tags: readonly Tag[];
  readonly data: Uint8Array;
}

export class Item {
  /** The whole item. Never changed. */
  readonly bytes: Uint8Array;
  readonly type: SignatureType;
  readonly tagCount: number;
  readonly #targetAt: number;
  readonly #anchorAt: number;
  readonly #tagsAt: number;
  readonly #dataAt: number;
  #tags: readonly Tag[] | undefined;

  /** Reads the header. Throws `bad-encoding`. */
  constructor(bytes: Uint8Array) {
    const type = bytes.length < 2 ? undefined : signatureType(bytes[0]! | (bytes[1]! << 8));
    if (type === undefined) malformed('its signature type is unknown');
    const targetAt = 2 + type.signatureBytes + type.ownerBytes;
    const anchorAt = optional(bytes, targetAt);
    const countsAt = optional(bytes, anchorAt);
    const tagsAt = countsAt + 16;
    const tagCount = long(bytes, countsAt);
    const dataAt = tagsAt + long(bytes, countsAt + 8);
    if (dataAt > bytes.length) malformed('its tags are longer than the item');
    this.bytes = bytes;
    this.type = type;
    this.tagCount = tagCount;
    this.#targetAt = targetAt;
    this.#anchorAt = anchorAt;
    this.#tagsAt = tagsAt;
    this.#dataAt = dataAt;
  }

  get signature(): Uint8Array {
    return this.bytes.subarray(2, 2 + this.type.signatureBytes);
  }

  get owner(): Uint8Array {
    return this.bytes.subarray(2 + this.type.signatureBytes, this.#targetAt);
  }

  /** 32 bytes, or empty. */
  get target(): Uint8Array {
    return this.bytes.subarray(this.#targetAt + 1, this.#anchorAt);
  }

  /** 32 bytes, or empty. */
  get anchor(): Uint8Array {
    return this.bytes.subarray(this.#anchorAt + 1, this.#tagsAt - 16);
  }

  /** The Avro form of the tags. */
  get tagBytes(): Uint8Array {
    return this.bytes.subarray(this.#tagsAt, this.#dataAt);
  }

  /** Throws `bad-encoding` if the tags are malformed. */
  get tags(): readonly Tag[] {
    this.#tags ??= decodeTags(this.tagBytes, this.tagCount);
    return this.#tags;
  }

  get data(): Uint8Array {
    return this.bytes.subarray(this.#dataAt);
  }

  get signed(): boolean {
    for (let i = 2; i < 2 + this.type.signatureBytes; i++) if (this.bytes[i] !== 0) return true;
    return false;
  }
}

/** The item made of these parts. Throws `bad-encoding` if one has a length that items cannot have. */
export function makeItem(parts: ItemParts): Item {
  const type = parts.type ?? rsaType;
  const tags = encodeTags(parts.tags);
  const counts = new Uint8Array(16);
  const view = new DataView(counts.buffer);
  view.setUint32(0, parts.tags.length, true);
  view.setUint32(8, tags.length, true);
  const bytes = concatBytes(
    Uint8Array.of(type.number & 0xff, type.number >> 8),
    exactly(parts.signature, type.signatureBytes, 'signature'),
    exactly(parts.owner, type.ownerBytes, 'owner'),
    present(parts.target, 'target'),
    present(parts.anchor, 'anchor'),
    counts,
    tags,
    parts.data,
  );
  return new Item(bytes);
}

/** What is signed: 48 bytes (spec 02 §4.3). */
export function signatureData(item: Item): Uint8Array {
  return dataToSign(item, item.type.number, item.owner);
}

/** The signed id: the hash of the signature. */
export function itemId(item: Item): Uint8Array {
  return sha256(item.signature);
}

const encoder = new TextEncoder();
const noOwner = deepHashed(new Uint8Array(rsaType.ownerBytes));

/** The id that depends neither on signature nor on signer. */
export function unsignedItemId(item: Item): Uint8Array {
  return sha256(dataToSign(item, rsaType.number, noOwner));
}

/** The id by which the item is known: signed if it is signed. Human form. */
export function itemName(item: Item): string {
  return toBase64Url(item.signed ? itemId(item) : unsignedItemId(item));
}

const prefix = [deepHashed(encoder.encode('dataitem')), deepHashed(encoder.encode('1'))];
const nothing = deepHashed(new Uint8Array(0));

function dataToSign(item: Item, type: number, owner: DeepHashInput): Uint8Array {
  const { target, anchor } = item;
  return deepHash([
    ...prefix,
    encoder.encode(String(type)),
    owner,
    target.length === 0 ? nothing : target,
    anchor.length === 0 ? nothing : anchor,
    item.tagBytes,
    item.data,
  ]);
}

/** Where the optional 32 bytes at `at` end. */
function optional(bytes: Uint8Array, at: number): number {
  const flag = bytes[at];
  if (flag === undefined) malformed('it ends too early');
  if (flag > 1) malformed('its target or anchor is neither there nor absent');
  return at + (flag === 1 ? 1 + fieldBytes : 1);
}

/** Eight bytes, little-endian. The upper half is only ever used by nonsense. */
function long(bytes: Uint8Array, at: number): number {
  if (at + 8 > bytes.length) malformed('it ends too early');
  if ((bytes[at + 4]! | bytes[at + 5]! | bytes[at + 6]! | bytes[at + 7]!) !== 0) malformed('a length is too large');
  return bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x10000 + bytes[at + 3]! * 0x1000000;
}

function exactly(value: Uint8Array | undefined, length: number, name: string): Uint8Array {
  if (value === undefined) return new Uint8Array(length);
  return value.length === length ? value : malformed(`its ${name} has ${value.length} bytes instead of ${length}`);
}

function present(value: Uint8Array | undefined, name: string): Uint8Array {
  if (value === undefined || value.length === 0) return Uint8Array.of(0);
  return concatBytes(Uint8Array.of(1), exactly(value, fieldBytes, name));
}

function malformed(why: string): never {
  return raise('bad-encoding', `The data item is malformed: ${why}.`);
}
