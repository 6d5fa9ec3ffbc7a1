/**
 * The internal encoding of values: store cells, traffic between workers, snapshots' metadata. Never on the wire.
 *
 * Every value round-trips exactly (big integers, -0.0, atoms, links, keys that are not text), equal values give equal bytes, and no
 * input can make the decoder fail otherwise than with `bad-encoding`, recurse deeply or allocate more than the input is long.
 *
 *     value   = tag payload                      length, count = unsigned LEB128
 *     0 text      length utf-8                   8  message   count (length key-bytes value)*   keys in bytewise order
 *     1 bytes     length bytes                   9  link      flags ref-as-text [type-as-text]  1 = lazy, 2 = has a type
 *     2 integer ≥ 0   LEB128                     10 atom      length utf-8
 *     3 integer < 0   LEB128 of -1-n             11 true      12 false
 *     4 big ≥ 0   length big-endian              13 sequence  count value*
 *     5 big < 0   length big-endian of -1-n      14 as        value value
 *     6 float     8 bytes, big-endian IEEE 754   16…79  text of 0…63 bytes
 *     7 list      count value*                   128…255 integer 0…127
 *     15 base64   flags prefix-as-text bytes     1 = the standard alphabet, padded; 0 = base64url, not padded
 *
 * Keys and signatures are most of a small message: in base64 they would be a third longer, and a signed message with the assignment it
 * came in would not fit on a page of the disk.
 */
import { binary, compareKeys, keyFromBytes, keyToBytes, maxTextBytes } from './bytes.ts';
import { raise } from './errors.ts';
import { Message } from './message.ts';
import { As, Atom, atom, Float, integer, isList, Link, Sequence, type Value } from './value.ts';

/** Nesting beyond this is refused on both sides. */
const maxEncodedDepth = 256;

const Tag = {
  text: 0,
  bytes: 1,
  positive: 2,
  negative: 3,
  bigPositive: 4,
  bigNegative: 5,
  float: 6,
  list: 7,
  message: 8,
  link: 9,
  atom: 10,
  true: 11,
  false: 12,
  sequence: 13,
  as: 14,
  base64: 15,
} as const;
const shortText = 16;
const maxShortText = 63;
const smallInteger = 128;

/** The encoding of a value. */
export function encode(value: Value): Uint8Array {
  const out = new Writer();
  out.value(value, 0);
  return out.finish();
}

/** The value of exactly these bytes. Byte strings in it may share memory with `bytes`. Throws `bad-encoding`. */
export function decode(bytes: Uint8Array): Value {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) malformed('bytes are left over');
  return value;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// A control character a person would not type: such text is kept as bytes, as bytes.ts has it, so that the encoding is canonical.
const unusual = /[\x00-\x08\x0b\x0c\x0e-\x1f]/;

/** Shorter text is not worth the look. */
const minBase64 = 128;
/** Characters before the digits, the colon included. */
const maxPrefix = 16;
/** Enough of it to tell base64 from nearly all other text. */
const sampleLength = 32;
const firstDigits = /^[A-Za-z0-9+/_-]+$/;
const standardBase64 = { alphabet: 'base64', lastChunkHandling: 'loose', omitPadding: false } as const;
const urlBase64 = { alphabet: 'base64url', lastChunkHandling: 'loose', omitPadding: true } as const;

/** Bytes of a tag and a length, of which eight are enough. */
const maxHead = 9;

/** Where encodings are made: one at a time, and what comes out is a copy. Longer ones move to bytes of their own. */
const scratch = new Uint8Array(16 * 1024);

class Writer {
  #bytes = scratch;
  #at = 0;

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  value(value: Value, depth: number): void {
    if (typeof value === 'string') {
      if (value.length > maxTextBytes / 3 || unusual.test(value)) this.#binary(binary(encoder.encode(value)));
      else this.#text(value);
    } else if (value instanceof Uint8Array) this.#binary(binary(value));
    else if (typeof value === 'number') this.#integer(value);
    else if (typeof value === 'boolean') this.#byte(value ? Tag.true : Tag.false);
    else if (typeof value === 'bigint') this.#bigint(value);
    else if (value instanceof Float) this.#float(value.value);
    else if (value instanceof Atom) {
      this.#byte(Tag.atom);
      this.#counted(encoder.encode(value.name));
    } else if (value instanceof Link) this.#link(value);
    else {
      if (depth >= maxEncodedDepth) raise('limit-exceeded', `The value is nested more than ${maxEncodedDepth} deep.`);
      this.#nested(value, depth + 1);
    }
  }

  #nested(value: Message | readonly Value[] | Sequence | As, depth: number): void {
    if (value instanceof Message) this.#message(value, depth);
    else if (value instanceof As) {
      this.#byte(Tag.as);
      this.value(value.device, depth);
      this.value(value.value, depth);
    } else {
      const items = isList(value) ? value : value.steps;
      this.#byte(isList(value) ? Tag.list : Tag.sequence);
      this.#length(items.length);
      for (const item of items) this.value(item, depth);
    }
  }

  #message(message: Message, depth: number): void {
    this.#byte(Tag.message);
    this.#length(message.size);
    const keys = message.size <= 32 ? message.keys() : [...message.entries()].map(([key]) => key).sort(compareKeys);
    for (const key of keys) {
      this.#key(key);
      this.value(message.get(key)!, depth);
    }
  }

  #link(link: Link): void {
    this.#byte(Tag.link);
    this.#byte((link.lazy ? 1 : 0) | (link.type === undefined ? 0 : 2));
    this.#text(link.ref);
    if (link.type !== undefined) this.#text(link.type);
  }

  #integer(value: number): void {
    if (value >= 0 && value < 128) this.#byte(smallInteger + value);
    else {
      this.#byte(value < 0 ? Tag.negative : Tag.positive);
      this.#length(value < 0 ? -1 - value : value);
    }
  }

  #bigint(value: bigint): void {
    const plain = integer(value);
    if (typeof plain === 'number') {
      this.#integer(plain);
      return;
    }
    this.#byte(value < 0n ? Tag.bigNegative : Tag.bigPositive);
    const digits = (value < 0n ? -1n - value : value).toString(16);
    this.#counted(Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`));
  }

  #float(value: number): void {
    this.#byte(Tag.float);
    this.#room(8);
    // Every NaN is the same value, so it has one encoding.
    new DataView(this.#bytes.buffer).setFloat64(this.#at, Number.isNaN(value) ? Number.NaN : value);
    this.#at += 8;
  }

  #binary(value: string | Uint8Array): void {
    if (typeof value === 'string') this.#text(value);
    else {
      this.#byte(Tag.bytes);
      this.#counted(value);
    }
  }

  /** Short text is by far the most common value: written in place, without a buffer of its own. */
  #text(value: string): void {
    this.#room(value.length * 3 + maxHead);
    const start = this.#at;
    const length = value.length <= maxShortText ? this.#ascii(value, start + 1) : -1;
    if (length >= 0) {
      this.#bytes[start] = shortText + length;
      this.#at = start + 1 + length;
      return;
    }
    if (value.length >= minBase64 && this.#base64(value)) return;
    // Behind the longest head it may have, and then up to the one it has.
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start + maxHead));
    if (written <= maxShortText) this.#byte(shortText + written);
    else {
      this.#byte(Tag.text);
      this.#length(written);
    }
    this.#bytes.copyWithin(this.#at, start + maxHead, start + maxHead + written);
    this.#at += written;
  }

  /** Writes text that is base64 after a short prefix such as `publickey:`, if it is spelt as {@link Reader} would. */
  #base64(value: string): boolean {
    const prefixLength = value.slice(0, maxPrefix).indexOf(':') + 1;
    const digits = prefixLength === 0 ? value : value.slice(prefixLength);
    if (!firstDigits.test(digits.slice(0, sampleLength))) return false;
    const standard = digits.length % 4 === 0 && !digits.includes('-') && !digits.includes('_');
    const start = this.#at;
    this.#byte(Tag.base64);
    this.#byte(standard ? 1 : 0);
    this.#text(value.slice(0, prefixLength));
    const at = this.#at + maxHead;
    const written = putBase64(digits, this.#bytes.subarray(at), standard ? standardBase64 : urlBase64);
    if (written === undefined) {
      this.#at = start;
      return false;
    }
    this.#length(written);
    this.#bytes.copyWithin(this.#at, at, at + written);
    this.#at += written;
    return true;
  }

  #key(key: string): void {
    this.#room(key.length * 3 + 6);
    const length = key.length < 128 ? this.#ascii(key, this.#at + 1) : -1;
    if (length >= 0) {
      this.#bytes[this.#at] = length;
      this.#at += 1 + length;
    } else this.#counted(keyToBytes(key));
  }

  /** Writes the characters at `at` if they are all ASCII; -1 otherwise. */
  #ascii(value: string, at: number): number {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return -1;
      this.#bytes[at + i] = code;
    }
    return value.length;
  }

  #counted(bytes: Uint8Array): void {
    this.#length(bytes.length);
    this.#raw(bytes);
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  #length(value: number): void {
    this.#room(8);
    while (value >= 128) {
      this.#bytes[this.#at++] = (value % 128) | 128;
      value = Math.floor(value / 128);
    }
    this.#bytes[this.#at++] = value;
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 4, this.#at + more));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

/** Decodes base64 into `target`; `undefined` for text that isn't, or that encoding the bytes would not give back. */
function putBase64(
  digits: string,
  target: Uint8Array,
  options: typeof standardBase64 | typeof urlBase64,
): number | undefined {
  try {
    const { written } = target.setFromBase64(digits, options);
    return target.subarray(0, written).toBase64(options) === digits ? written : undefined;
  } catch {
    return undefined;
  }
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  value(depth: number): Value {
    const tag = this.#byte();
    if (tag >= smallInteger) return tag - smallInteger;
    if (tag >= shortText && tag <= shortText + maxShortText) return this.#text(tag - shortText);
    switch (tag) {
      case Tag.text:
        return this.#text(this.#length());
      case Tag.bytes:
        return this.#take(this.#length());
      case Tag.positive:
        return this.#length();
      case Tag.negative:
        return -1 - this.#length();
      case Tag.bigPositive:
        return integer(this.#big());
      case Tag.bigNegative:
        return integer(-1n - this.#big());
      case Tag.base64: {
        const standard = this.#byte() === 1;
        const prefix = this.#textValue();
        return prefix + this.#take(this.#length()).toBase64(standard ? standardBase64 : urlBase64);
      }
      case Tag.float: {
        const bytes = this.#take(8);
        return new Float(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0));
      }
      case Tag.link:
        return this.#link();
      case Tag.atom:
        return atom(this.#text(this.#length()));
      case Tag.true:
        return true;
      case Tag.false:
        return false;
      default:
        if (depth >= maxEncodedDepth) malformed('it is nested too deeply');
        return this.#nested(tag, depth + 1);
    }
  }

  #nested(tag: number, depth: number): Value {
    switch (tag) {
      case Tag.list:
        return this.#items(depth);
      case Tag.sequence:
        return new Sequence(this.#items(depth));
      case Tag.message:
        return this.#message(depth);
      case Tag.as:
        return new As(this.value(depth), this.value(depth));
      default:
        return malformed(`there is no tag ${tag}`);
    }
  }

  #items(depth: number): Value[] {
    const count = this.#count(1);
    const items: Value[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(depth));
    return items;
  }

  #message(depth: number): Message {
    const count = this.#count(2);
    if (count === 0) return Message.empty;
    const map = new Map<string, Value>();
    for (let i = 0; i < count; i++) {
      const length = this.#length();
      const key = this.#asciiText(length) ?? keyFromBytes(this.#take(length));
      map.set(key, this.value(depth));
    }
    if (map.size !== count) malformed('a key occurs twice');
    return new Message(map);
  }

  #link(): Link {
    const flags = this.#byte();
    if (flags < 1 || flags > 3) malformed('a link has unknown flags');
    const ref = this.#textValue();
    const type = flags & 2 ? this.#textValue() : undefined;
    return new Link(ref, (flags & 1) !== 0, type);
  }

  #textValue(): string {
    const text = this.value(maxEncodedDepth);
    return typeof text === 'string' ? text : malformed('a link is not text');
  }

  #big(): bigint {
    const bytes = this.#take(this.#length());
    return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
  }

  #text(length: number): string {
    const ascii = this.#asciiText(length);
    if (ascii !== undefined) return ascii;
    try {
      return decoder.decode(this.#take(length));
    } catch {
      return malformed('text is not UTF-8');
    }
  }

  /** Decoding short ASCII by hand is several times faster than calling TextDecoder; `undefined` leaves the position alone. */
  #asciiText(length: number): string | undefined {
    if (length > 48) return undefined;
    const end = this.at + length;
    if (end > this.#bytes.length) malformed('it ends early');
    let text = '';
    for (let i = this.at; i < end; i++) {
      const byte = this.#bytes[i]!;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    this.at = end;
    return text;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.at) malformed('it ends early');
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) malformed('it ends early');
    return this.#bytes[this.at++]!;
  }

  /** A count of things that take at least `least` bytes each: never more than the rest of the input can hold. */
  #count(least: number): number {
    const count = this.#length();
    if (count * least > this.#bytes.length - this.at) malformed('a count is larger than the input');
    return count;
  }

  #length(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (value > Number.MAX_SAFE_INTEGER) malformed('a number is too large');
      if (byte < 128) return value;
      factor *= 128;
      if (factor > 2 ** 56) malformed('a number is too long');
    }
  }
}

function malformed(reason: string): never {
  raise('bad-encoding', `Bytes in the internal encoding are damaged: ${reason}.`);
}
