/**
 * HTTP structured fields in the dialect of AO-Core (spec 02 §1.10): RFC 8941 with looser dictionary keys (`A-Z`, `%`, a leading digit,
 * `.` or `-`), and without dates and display strings.
 *
 * A hand-written scanner over character codes: every message with typed values or signatures passes through here, often. Input is text;
 * bytes that are not printable ASCII cannot occur in a valid field, except inside strings we write ourselves (they are written raw).
 * Malformed input raises `bad-structured-field`; nothing recurses, so depth is no concern, and time is linear in the length.
 */
import { fromStrictBase64, toBase64 } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { defaultLimits } from '../core/limits.ts';

/** A bare item. A JS number is an integer, a JS string is a structured-field string. */
export type Bare = number | boolean | string | Uint8Array | Token | Decimal;

export class Token {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** `mantissa · 10^exponent`, without trailing zeros. */
export class Decimal {
  readonly mantissa: number;
  readonly exponent: number;
  constructor(mantissa: number, exponent: number) {
    this.mantissa = mantissa;
    this.exponent = exponent;
  }
  get value(): number {
    return Number(`${this.mantissa}e${this.exponent}`);
  }
}

export type Params = ReadonlyMap<string, Bare>;

export interface Item {
  readonly item: Bare;
  readonly params: Params;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly params: Params;
}

export type Member = Item | InnerList;

/** Insertion order is the order of the members; a repeated key keeps its first place and its last value. */
export type Dictionary = ReadonlyMap<string, Member>;

export const noParams: Params = new Map();

export function isInnerList(member: Member): member is InnerList {
  return 'items' in member;
}

// ---- parsing ----------------------------------------------------------------------------------------------------------------

export function parseDictionary(text: string, maxMembers: number = defaultLimits.maxKeys): Dictionary {
  const scanner = new Scanner(text, maxMembers);
  const out = new Map<string, Member>();
  if (text === '') return out;
  scanner.more();
  for (;;) {
    const key = scanner.dictionaryKey(out.size > 0);
    const member: Member = scanner.skip(0x3d) ? scanner.member() : { item: true, params: scanner.params() };
    out.set(key, member);
    if (!scanner.nextMember()) return out;
  }
}

export function parseList(text: string, maxMembers: number = defaultLimits.maxKeys): readonly Member[] {
  const scanner = new Scanner(text, maxMembers);
  const out: Member[] = [];
  if (text === '') return out;
  scanner.more();
  for (;;) {
    out.push(scanner.member());
    if (!scanner.nextMember()) return out;
  }
}

export function parseItem(text: string, maxMembers: number = defaultLimits.maxKeys): Item {
  const scanner = new Scanner(text, maxMembers);
  const item = scanner.item();
  scanner.end();
  return item;
}

/** Character classes as bits of one table: a lookup per character instead of chains of comparisons. */
const KEY_FIRST = 1; // first character of a dictionary key (`.` apart)
const KEY = 2; // further characters of dictionary keys
const PARAM_FIRST = 4;
const PARAM = 8;
const TOKEN_FIRST = 16;
const TOKEN = 32;

const classes: Uint8Array = (() => {
  const table = new Uint8Array(128);
  const mark = (characters: string, bits: number): void => {
    for (const character of characters) table[character.charCodeAt(0)]! |= bits;
  };
  const lower = 'abcdefghijklmnopqrstuvwxyz';
  const upper = lower.toUpperCase();
  const digits = '0123456789';
  mark(`${lower}${upper}${digits}*%_-`, KEY_FIRST);
  mark(`${lower}${upper}${digits}_-.*%`, KEY);
  mark(`${lower}*`, PARAM_FIRST);
  mark(`${lower}${digits}_-.*`, PARAM);
  mark(`${lower}${upper}*`, TOKEN_FIRST);
  mark(`${lower}${upper}${digits}!#$%&'*+-.^_\`|~:/`, TOKEN);
  return table;
})();

/** Shorter strings are looked at character by character. */
const shortString = 48;
/** Without escapes. */
const plainString = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

class Scanner {
  readonly #text: string;
  readonly #maxMembers: number;
  #members = 0;
  #at = 0;

  constructor(text: string, maxMembers: number) {
    this.#text = text;
    this.#maxMembers = maxMembers;
  }

  #is(bits: number): boolean {
    const code = this.#text.charCodeAt(this.#at);
    return code < 128 && (classes[code]! & bits) !== 0;
  }

  #fail(expected: string): never {
    const near = this.#text.slice(Math.max(0, this.#at - 10), this.#at + 20);
    return raise(
      'bad-structured-field',
      `Expected ${expected} at character ${this.#at} of a structured field, near ${JSON.stringify(near)}.`,
    );
  }

  /** Counts one more member, parameter or inner item. */
  more(): void {
    if (++this.#members > this.#maxMembers) {
      raise('limit-exceeded', `A structured field has more than ${this.#maxMembers} members.`);
    }
  }

  skip(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  end(): void {
    if (this.#at !== this.#text.length) this.#fail('the end');
  }

  /** Moves to the next member of a list or dictionary; false at the end. */
  nextMember(): boolean {
    this.#blanks();
    if (this.#at === this.#text.length) return false;
    if (!this.skip(0x2c)) this.#fail('a comma');
    this.#blanks();
    this.more();
    return true;
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x09) return;
      this.#at++;
    }
  }

  #run(bits: number): string {
    const from = this.#at++;
    while (this.#is(bits)) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  /** Only the first key of a dictionary may start with a point. */
  dictionaryKey(further: boolean): string {
    if (!this.#is(KEY_FIRST) && (further || this.#text.charCodeAt(this.#at) !== 0x2e)) this.#fail('a key');
    return this.#run(KEY);
  }

  member(): Member {
    return this.skip(0x28) ? this.#innerList() : this.item();
  }

  #innerList(): InnerList {
    const items: Item[] = [];
    for (;;) {
      while (this.skip(0x20));
      if (this.skip(0x29)) return { items, params: this.params() };
      if (items.length > 0 && this.#text.charCodeAt(this.#at - 1) !== 0x20) this.#fail('a space or `)`');
      this.more();
      items.push(this.item());
    }
  }

  item(): Item {
    return { item: this.#bare(), params: this.params() };
  }

  params(): Params {
    if (this.#text.charCodeAt(this.#at) !== 0x3b) return noParams;
    const out = new Map<string, Bare>();
    while (this.skip(0x3b)) {
      while (this.skip(0x20));
      if (!this.#is(PARAM_FIRST)) this.#fail('a parameter name');
      this.more();
      const name = this.#run(PARAM);
      out.set(name, this.skip(0x3d) ? this.#bare() : true);
    }
    return out;
  }

  #bare(): Bare {
    const code = this.#text.charCodeAt(this.#at);
    if (code === 0x22) return this.#string();
    if (code === 0x2d || (code >= 0x30 && code <= 0x39)) return this.#number();
    if (code === 0x3a) return this.#bytes();
    if (code === 0x3f) return this.#boolean();
    if (this.#is(TOKEN_FIRST)) return new Token(this.#run(TOKEN));
    return this.#fail('a value');
  }

  #string(): string {
    const text = this.#text;
    let from = ++this.#at;
    // Keys of 700 characters: an expression looks at them seven times as fast as a loop.
    const end = text.indexOf('"', from);
    const run = end - from > shortString ? text.slice(from, end) : '';
    if (run !== '' && plainString.test(run)) {
      this.#at = end + 1;
      return run;
    }
    let out = '';
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === 0x22) {
        out += text.slice(from, this.#at++);
        return out;
      }
      if (code === 0x5c) {
        out += text.slice(from, this.#at++);
        const escaped = text.charCodeAt(this.#at);
        if (escaped !== 0x22 && escaped !== 0x5c) this.#fail('`"` or `\\`');
        from = this.#at;
      } else if (!(code >= 0x20 && code <= 0x7e)) this.#fail('printable ASCII or the end of the string');
      this.#at++;
    }
  }

  #digits(): string {
    const from = this.#at;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (!(code >= 0x30 && code <= 0x39)) return this.#text.slice(from, this.#at);
      this.#at++;
    }
  }

  #number(): number | Decimal {
    const negative = this.skip(0x2d);
    const whole = this.#digits();
    if (whole.length === 0 || whole.length > 15) this.#fail('1 to 15 digits');
    if (!this.skip(0x2e)) {
      const value = Number(whole);
      return negative && value !== 0 ? -value : value;
    }
    const fraction = this.#digits();
    if (whole.length > 12 || fraction.length === 0 || fraction.length > 3) {
      this.#fail('at most 12 digits before and 1 to 3 after the point');
    }
    let mantissa = Number(whole + fraction);
    let exponent = -fraction.length;
    while (exponent < 0 && mantissa % 10 === 0) {
      mantissa /= 10;
      exponent++;
    }
    return new Decimal(negative && mantissa !== 0 ? -mantissa : mantissa, exponent);
  }

  /** Strict: the standard alphabet with padding. Left-over bits are ignored, as everywhere (spec 02 §0). */
  #bytes(): Uint8Array {
    const end = this.#text.indexOf(':', this.#at + 1);
    if (end === -1) this.#fail('the closing `:` of a byte sequence');
    const text = this.#text.slice(this.#at + 1, end);
    const bytes = fromStrictBase64(text);
    if (bytes === undefined) return this.#fail('padded standard base64');
    this.#at = end + 1;
    return bytes;
  }

  #boolean(): boolean {
    const code = this.#text.charCodeAt(this.#at + 1);
    if (code !== 0x30 && code !== 0x31) this.#fail('`?0` or `?1`');
    this.#at += 2;
    return code === 0x31;
  }
}

// ---- serialising ------------------------------------------------------------------------------------------------------------

export function serializeDictionary(dictionary: Iterable<readonly [string, Member]>): string {
  let out = '';
  for (const [key, member] of dictionary) {
    if (out !== '') out += ', ';
    out += `${key}=${serializeMember(member)}`;
  }
  return out;
}

export function serializeList(list: readonly Member[]): string {
  return list.map(serializeMember).join(', ');
}

export function serializeMember(member: Member): string {
  return isInnerList(member)
    ? `(${member.items.map(serializeItem).join(' ')})${serializeParams(member.params)}`
    : serializeItem(member);
}

export function serializeItem(item: Item): string {
  return serializeBare(item.item) + serializeParams(item.params);
}

function serializeParams(params: Params): string {
  let out = '';
  for (const [name, value] of params) out += value === true ? `;${name}` : `;${name}=${serializeBare(value)}`;
  return out;
}

export function serializeBare(value: Bare): string {
  if (typeof value === 'string') return serializeString(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '?1' : '?0';
  if (value instanceof Token) return value.name;
  if (value instanceof Decimal) return serializeDecimal(value);
  return `:${toBase64(value)}:`;
}

/** Escapes `\` and `"` only; all else is written raw, as the network does. */
export function serializeString(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`;
  return `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** At most three digits after the point, half to even as RFC 8941 §4.1.5 says; at least one. */
function serializeDecimal({ mantissa, exponent }: Decimal): string {
  let scaled = BigInt(mantissa);
  let digits = -exponent;
  if (digits < 0) {
    scaled *= 10n ** BigInt(-digits);
    digits = 0;
  }
  if (digits > 3) {
    const unit = 10n ** BigInt(digits - 3);
    const sign = scaled < 0n ? -1n : 1n;
    const whole = scaled / unit;
    const twice = (scaled % unit) * 2n * sign;
    scaled = twice > unit || (twice === unit && whole % 2n !== 0n) ? whole + sign : whole;
    digits = 3;
  }
  const text = String(scaled < 0n ? -scaled : scaled).padStart(digits + 1, '0');
  const point = text.length - digits;
  const fraction = text.slice(point).replace(/0+$/, '');
  return `${scaled < 0n ? '-' : ''}${text.slice(0, point)}.${fraction === '' ? '0' : fraction}`;
}
