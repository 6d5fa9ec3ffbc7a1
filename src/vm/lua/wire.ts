/**
 * Values across the boundary of the Lua machine: a whole message goes in or out as one run of bytes, which `native/lua/bridge.c` turns
 * into tables and back.
 *
 *     0 nil   1 false   2 true   3 integer: i64   4 big integer: u8 negative, u32 size, magnitude   5 float: f64
 *     6 text: u32 size, bytes    7 table: u32 items, u32 pairs, items (keys 1…n), then key and value of each pair
 *     8 function: u32 size, name     9 a table that contains itself
 *
 * The mapping (spec 04 §4.5): lists, and messages whose keys are exactly 1…n, become arrays; other messages tables with text keys; atoms
 * their names; an empty list or message an empty table. Back: a table whose keys are exactly 1…n, as numbers or as text, is a list, an
 * empty table an empty message, except as an item of a list, where it is an empty list; other tables are messages whose number and
 * boolean keys become text.
 */
import { binary, keyFromBytes, keyToBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { Message } from '../../core/message.ts';
import { Atom, Float, isList, type Value } from '../../core/value.ts';

/** A value of Lua as the host sees it; `undefined` is nil. */
export type LuaValue = Value | undefined;

const minInt64 = -(1n << 63n);
const maxInt64 = (1n << 63n) - 1n;
const encoder = new TextEncoder();

/** Appends encoded values to a buffer that grows. Reused from call to call. */
export class Writer {
  bytes: Uint8Array = new Uint8Array(4096);
  length = 0;
  #view = new DataView(this.bytes.buffer);

  reset(): this {
    this.length = 0;
    return this;
  }

  #room(size: number): void {
    if (this.bytes.length - this.length >= size) return;
    const bigger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size));
    bigger.set(this.bytes.subarray(0, this.length));
    this.bytes = bigger;
    this.#view = new DataView(bigger.buffer);
  }

  u8(value: number): void {
    this.#room(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  #rawText(value: string): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.#room(4 + value.length * 3);
    const start = this.length + 4;
    let at = start;
    if (value.length < 64) {
      let i = 0;
      for (; i < value.length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0x7f) break;
        this.bytes[at++] = code;
      }
      if (i < value.length) at = start + encoder.encodeInto(value, this.bytes.subarray(start)).written;
    } else {
      at = start + encoder.encodeInto(value, this.bytes.subarray(start)).written;
    }
    this.#view.setUint32(this.length, at - start, true);
    this.length = at;
  }

  text(value: string): void {
    this.u8(6);
    this.#rawText(value);
  }

  data(value: Uint8Array): void {
    this.#room(5 + value.length);
    this.bytes[this.length++] = 6;
    this.u32(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  integer(value: number | bigint): void {
    if (typeof value === 'bigint' && (value < minInt64 || value > maxInt64)) {
      this.u8(4);
      this.u8(value < 0n ? 1 : 0);
      let rest = value < 0n ? -value : value;
      const words: bigint[] = [];
      for (; rest > 0n; rest >>= 64n) words.push(rest & 0xffffffffffffffffn);
      this.u32(words.length * 8);
      this.#room(words.length * 8);
      for (const word of words) {
        this.#view.setBigUint64(this.length, word, true);
        this.length += 8;
      }
      return;
    }
    this.#room(9);
    this.bytes[this.length++] = 3;
    if (typeof value === 'number') {
      this.#view.setInt32(this.length, value | 0, true);
      this.#view.setInt32(this.length + 4, Math.floor(value / 0x1_0000_0000), true);
    } else this.#view.setBigInt64(this.length, value, true);
    this.length += 8;
  }

  float(value: number): void {
    this.#room(9);
    this.bytes[this.length++] = 5;
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  key(key: string): void {
    if (key.isWellFormed()) this.text(key);
    else this.data(keyToBytes(key));
  }

  /** Throws `bad-request` for a link or a directive: the caller loads links, a directive inside of a message stands for no value. */
  value(value: LuaValue): void {
    if (typeof value === 'string') this.text(value);
    else if (typeof value === 'number' || typeof value === 'bigint') this.integer(value);
    else if (value === undefined) this.u8(0);
    else if (typeof value === 'boolean') this.u8(value ? 2 : 1);
    else if (value instanceof Message) this.#message(value);
    else if (value instanceof Uint8Array) this.data(value);
    else if (value instanceof Float) this.float(value.value);
    else if (value instanceof Atom) this.text(value.name);
    else if (isList(value)) {
      this.u8(7);
      this.u32(value.length);
      this.u32(0);
      for (const item of value) this.value(item);
    } else raise('bad-request', 'A program cannot be given a directive.', 'Give it the message that is meant.');
  }

  #message(message: Message): void {
    const size = message.size;
    this.u8(7);
    if (size > 0 && isNumbered(message)) {
      this.u32(size);
      this.u32(0);
      for (let i = 1; i <= size; i++) this.value(message.get(String(i)));
      return;
    }
    this.u32(0);
    this.u32(size);
    for (const key of message.keys()) {
      this.key(key);
      this.value(message.get(key));
    }
  }
}

function isNumbered(message: Message): boolean {
  if (!message.has('1')) return false;
  for (let i = message.size; i > 1; i--) if (!message.has(String(i))) return false;
  return true;
}

/** Reads encoded values. Works on the machine's memory, so everything that outlives the read is copied. */
export class Reader {
  readonly bytes: Buffer;
  readonly #view: DataView;
  at: number;
  /** Values that may still be read: a value of one byte takes a hundred as an object of ours. */
  allowance = Number.POSITIVE_INFINITY;

  constructor(buffer: ArrayBufferLike, at: number) {
    this.bytes = Buffer.from(buffer as ArrayBuffer);
    this.#view = new DataView(buffer);
    this.at = at;
  }

  u8(): number {
    return this.bytes[this.at++]!;
  }

  u32(): number {
    const value = this.#view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  i32(): number {
    const value = this.#view.getInt32(this.at, true);
    this.at += 4;
    return value;
  }

  i64(): number | bigint {
    const low = this.#view.getUint32(this.at, true);
    const high = this.#view.getInt32(this.at + 4, true);
    this.at += 8;
    if (high >= -0x20_0000 && high < 0x20_0000 && (high !== -0x20_0000 || low !== 0)) return high * 0x1_0000_0000 + low;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  big(): bigint {
    const negative = this.u8() === 1;
    const size = this.u32();
    let value = 0n;
    for (let i = size; i > 0; i -= 4) value = (value << 32n) | BigInt(this.#view.getUint32(this.at + i - 4, true));
    this.at += size;
    return negative ? -value : value;
  }

  f64(): number {
    const value = this.#view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** Text of our own making (names, messages), any bytes read as UTF-8. */
  utf8(): string {
    const size = this.u32();
    this.at += size;
    return this.bytes.toString('utf8', this.at - size, this.at);
  }

  /** A copy of the bytes of a text. */
  data(): Uint8Array {
    const size = this.u32();
    this.at += size;
    return Uint8Array.prototype.slice.call(this.bytes, this.at - size, this.at);
  }

  /** Text when all bytes are printable ASCII (nearly always), else `undefined` with nothing read. */
  #ascii(): string | undefined {
    const size = this.#view.getUint32(this.at, true);
    const start = this.at + 4;
    if (size > 4096) return undefined;
    for (let i = start; i < start + size; i++) {
      const byte = this.bytes[i]!;
      if (byte < 0x20 || byte > 0x7e) return undefined;
    }
    this.at = start + size;
    return this.bytes.toString('latin1', start, this.at);
  }

  /** The next value. A function is dropped (nil). `inList`: an empty table is an empty list there. */
  value(inList = false): LuaValue {
    if (--this.allowance < 0) throw new TooManyValues();
    switch (this.u8()) {
      case 1:
        return false;
      case 2:
        return true;
      case 3:
        return this.i64();
      case 4:
        return this.big();
      case 5:
        return this.#float();
      case 6:
        return this.#ascii() ?? binary(this.data());
      case 7:
        return this.#table(inList);
      case 8:
        this.utf8();
        return undefined;
      default:
        return undefined;
    }
  }

  #float(): Float {
    const value = this.f64();
    if (!Number.isFinite(value)) throw new BadValue('A number that is not finite cannot be in a message.');
    return new Float(value);
  }

  #table(inList: boolean): LuaValue {
    const items = this.u32();
    const pairs = this.u32();
    if (pairs === 0) {
      if (items === 0) return inList ? [] : Message.empty;
      const list: Value[] = [];
      // A function among the items leaves a hole; the list closes it.
      for (let i = 0; i < items; i++) {
        const item = this.value(true);
        if (item !== undefined) list.push(item);
      }
      return list;
    }
    const map = new Map<string, Value>();
    // Whether an empty table inside stands for a list depends on what this table turns out to be: note them.
    const empties: string[] = [];
    for (let i = 0; i < items + pairs; i++) {
      const key = i < items ? String(i + 1) : this.#key();
      const value = this.value();
      if (value === undefined) continue;
      if (value === Message.empty) empties.push(key);
      map.set(key, value);
    }
    for (let i = map.size; i > 0; i--) if (!map.has(String(i))) return new Message(map);
    if (map.size === 0) return inList ? [] : Message.empty;
    for (const key of empties) if (map.get(key) === Message.empty) map.set(key, []);
    return Array.from({ length: map.size }, (_, i) => map.get(String(i + 1))!);
  }

  #key(): string {
    switch (this.u8()) {
      case 1:
        return 'false';
      case 2:
        return 'true';
      case 3:
        return String(this.i64());
      case 4:
        return String(this.big());
      case 6:
        return this.#ascii() ?? keyFromBytes(this.data());
      default:
        throw new BadValue('A table has a key that no message can have.');
    }
  }
}

/** There are more values than {@link Reader.allowance} says. */
export class TooManyValues extends Error {
  override readonly name = 'TooManyValues';
}

/** What no message can have: a key that is a float, a table or a function; a number that is not finite. */
export class BadValue extends Error {
  override readonly name = 'BadValue';
}
