/**
 * JSON text as values (spec 02 §5.1). Unlike `JSON.parse` it tells `1` from `1.0`, reads integers of any length, keeps keys apart from
 * object properties, takes the first of repeated keys as the reference does, and is bounded in depth and number of members.
 *
 *     {"a": 1, "b": 1.0, "c": [true, null]}   →   message with an integer, a float and a list of atoms
 */
import { raise } from '../core/errors.ts';
import type { Limits } from '../core/limits.ts';
import { Message } from '../core/message.ts';
import { Float, integer, NULL, type Value } from '../core/value.ts';

/** Longer integers are refused: turning digits into a number takes more than linear time. */
const maxDigits = 4096;

/** Raises `bad-encoding`, `limit-exceeded`. */
export function parseJson(text: string, limits: Limits): Value {
  const parser = new Parser(text, limits);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  readonly #limits: Limits;
  #at = 0;
  #members = 0;

  constructor(text: string, limits: Limits) {
    this.#text = text;
    this.#limits = limits;
  }

  end(): void {
    this.#blanks();
    if (this.#at !== this.#text.length) this.#fail('the end');
  }

  value(depth: number): Value {
    if (depth > this.#limits.maxDepth) raise('limit-exceeded', `JSON is nested deeper than ${this.#limits.maxDepth}.`);
    this.#blanks();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b:
        return this.#object(depth);
      case 0x5b:
        return this.#array(depth);
      case 0x22:
        return this.#string();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', NULL);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Message {
    const map = new Map<string, Value>();
    this.#at++;
    this.#blanks();
    if (this.#skip(0x7d)) return new Message(map);
    for (;;) {
      this.#blanks();
      if (this.#text.charCodeAt(this.#at) !== 0x22) this.#fail('a key in quotes');
      const key = this.#string();
      this.#blanks();
      if (!this.#skip(0x3a)) this.#fail('a colon');
      const value = this.value(depth + 1);
      this.#count();
      if (!map.has(key)) map.set(key, value);
      this.#blanks();
      if (this.#skip(0x7d)) return new Message(map);
      if (!this.#skip(0x2c)) this.#fail('a comma or `}`');
    }
  }

  #array(depth: number): readonly Value[] {
    const items: Value[] = [];
    this.#at++;
    this.#blanks();
    if (this.#skip(0x5d)) return items;
    for (;;) {
      items.push(this.value(depth + 1));
      this.#count();
      this.#blanks();
      if (this.#skip(0x5d)) return items;
      if (!this.#skip(0x2c)) this.#fail('a comma or `]`');
    }
  }

  #string(): string {
    const text = this.#text;
    let from = ++this.#at;
    let out = '';
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === 0x22) return out + text.slice(from, this.#at++);
      if (code === 0x5c) {
        out += text.slice(from, this.#at) + this.#escape();
        from = this.#at;
      } else if (code >= 0x20) this.#at++;
      else this.#fail('the end of a string');
    }
  }

  /** The character that an escape stands for. A lone surrogate has no UTF-8 and is refused. */
  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    const simple = simpleEscapes.get(letter);
    if (simple !== undefined) {
      this.#at += 2;
      return simple;
    }
    const unit = this.#unit();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    const low = unit < 0xdc00 && this.#text.startsWith('\\u', this.#at) ? this.#unit() : 0;
    if (low < 0xdc00 || low > 0xdfff) this.#fail('the other half of a surrogate pair');
    return String.fromCharCode(unit, low);
  }

  /** The number of a `\uXXXX`. */
  #unit(): number {
    const digits = this.#text.slice(this.#at + 2, this.#at + 6);
    if (this.#text[this.#at + 1] !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('an escape');
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  #number(): number | bigint | Float {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) this.#fail('a value');
    this.#at = numberPattern.lastIndex;
    const [spelt, fraction, exponent] = match;
    if (fraction !== undefined || exponent !== undefined) {
      const value = Number(spelt);
      return Number.isFinite(value) ? new Float(value) : this.#fail('a number that is not beyond all floats');
    }
    if (spelt.length <= 15) return Number(spelt) + 0; // `+ 0` makes -0 a plain 0
    if (spelt.length > maxDigits) raise('limit-exceeded', `An integer has more than ${maxDigits} digits.`);
    return integer(BigInt(spelt));
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('a value');
    this.#at += word.length;
    return value;
  }

  #blanks(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #skip(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #count(): void {
    if (++this.#members > this.#limits.maxKeys) {
      raise('limit-exceeded', `JSON has more than ${this.#limits.maxKeys} members.`);
    }
  }

  #fail(expected: string): never {
    return raise('bad-encoding', `Expected ${expected} at character ${this.#at} of the JSON text.`);
  }
}

const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
