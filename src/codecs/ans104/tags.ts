/**
 * The tags of data items and transactions, and their Avro encoding (spec 02 §4.2):
 *
 *   array   = block* 00            block = count tag^count  |  -count size tag^count
 *   tag     = length name length value
 *   numbers = zig-zag varints
 *
 * No tags at all are zero bytes, without the final 00. Reading is strict: there may be several blocks, but the counts and sizes must be right and
 * nothing may follow. Writing gives one block.
 *
 * A name is held as a key (bad UTF-8 survives, see core/bytes.ts), a value as a view into the bytes it was read from.
 */
import { concatBytes, keyFromBytes, keyToBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';

export interface Tag {
  readonly name: string;
  readonly value: Uint8Array;
}

/** More can never be verified (128 tags of 1024 + 3072 bytes), so more is not even read. */
const maxTagBytes = 1024 * 1024;

/** A tag with a text value. */
export function tag(name: string, value: string): Tag {
  return { name, value: new TextEncoder().encode(value) };
}

/** The text of the first tag with this name, in whatever case; `undefined` if there is none. */
export function tagValue(tags: readonly Tag[], name: string): string | undefined {
  const found = tags.find((tag) => tag.name.length === name.length && lowerCase(tag.name) === name);
  return found === undefined ? undefined : keyFromBytes(found.value);
}

/** Lower case by single code points: what a name means must not depend on the letters around it. */
export function lowerCase(name: string): string {
  return /^[\x00-\x7f]*$/.test(name) ? name.toLowerCase() : Array.from(name, (char) => char.toLowerCase()).join('');
}

export function sameTags(a: readonly Tag[], b: readonly Tag[]): boolean {
  return a.length === b.length && a.every((tag, i) => tag.name === b[i]!.name && sameValue(tag.value, b[i]!.value));
}

function sameValue(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The tags in these bytes. `count` is what the item declares, and must be right. Throws `bad-encoding`. */
export function decodeTags(bytes: Uint8Array, count: number): Tag[] {
  const tags: Tag[] = [];
  if (bytes.length === 0) return count === 0 ? tags : malformed('there are fewer tags than declared');
  if (bytes.length > maxTagBytes) raise('limit-exceeded', `The tags of an item take more than ${maxTagBytes} bytes.`);
  const reader = new Reader(bytes);
  for (;;) {
    let block = reader.long();
    if (block === 0) break;
    let end: number | undefined;
    if (block < 0) {
      block = -block;
      const size = reader.long();
      if (size < 0) malformed('a block has a negative size');
      end = reader.at + size;
    }
    if (tags.length + block > count) malformed('there are more tags than declared');
    for (let i = 0; i < block; i++) tags.push({ name: keyFromBytes(reader.string()), value: reader.string() });
    if (end !== undefined && end !== reader.at) malformed('a block has another size than declared');
  }
  if (reader.at !== bytes.length) malformed('something follows them');
  if (tags.length !== count) malformed('there are fewer tags than declared');
  return tags;
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A zig-zag varint. Nothing in a tag block can be larger than the block: five bytes are enough. */
  long(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 5; i++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) malformed('they end too early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    return malformed('a number is too large');
  }

  string(): Uint8Array {
    const length = this.long();
    const end = this.at + length;
    if (length < 0 || end > this.#bytes.length) malformed('a name or value has a wrong length');
    const bytes = this.#bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }
}

/** The Avro form of these tags: one block. */
export function encodeTags(tags: readonly Tag[]): Uint8Array {
  if (tags.length === 0) return new Uint8Array(0);
  const parts: Uint8Array[] = [long(tags.length)];
  for (const { name, value } of tags) {
    const bytes = keyToBytes(name);
    parts.push(long(bytes.length), bytes, long(value.length), value);
  }
  parts.push(long(0));
  return concatBytes(...parts);
}

function long(value: number): Uint8Array {
  const out: number[] = [];
  for (value *= 2; value >= 0x80; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  out.push(value);
  return Uint8Array.from(out);
}

function malformed(why: string): never {
  return raise('bad-encoding', `The tags of an item are malformed: ${why}.`);
}
