/**
 * The iteration order of maps (spec 01 appendix A, spec 02 appendix A). Observable in signature bases, `keys` results, JSON and bundles.
 *
 * Up to 32 keys: bytewise. Above: the order of a hash trie over a 64-bit hash of the key's bytes, read in 4-bit digits from the least
 * significant one; descending for key lists, ascending for folds.
 *
 * The hash works on halves of 32 bits: with BigInt it took ten times as long, and tables of balances have many keys.
 */
import { compareKeys, keyToBytes } from './bytes.ts';

const maxSortedKeys = 32;
const maxScratch = 64;

/** Order of key lists, signature components, `keys`. Sorts `keys` in place and returns it. */
export function keyOrder(keys: string[]): string[] {
  return keys.length <= maxSortedKeys ? sorted(keys) : trieOrder(keys).reverse();
}

/** Order of folds, iterators and JSON objects. Sorts `keys` in place and returns it. */
export function foldOrder(keys: string[]): string[] {
  return keys.length <= maxSortedKeys ? sorted(keys) : trieOrder(keys);
}

/** By insertion: few keys, mostly in order already, and `sort` makes lists of its own. */
function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    let at = i;
    while (at > 0 && compareKeys(keys[at - 1]!, key) > 0) {
      keys[at] = keys[at - 1]!;
      at--;
    }
    keys[at] = key;
  }
  return keys;
}

interface Ranked {
  readonly key: string;
  /** The digits of the hash, least significant first, as two numbers. */
  readonly first: number;
  readonly second: number;
}

function trieOrder(keys: string[]): string[] {
  const hasher = new KeyHasher();
  const ranked: Ranked[] = keys.map((key) => {
    hasher.hashKey(key);
    return { key, first: reverseNibbles(hasher.low), second: reverseNibbles(hasher.high) };
  });
  ranked.sort((a, b) => a.first - b.first || a.second - b.second || compareKeys(a.key, b.key));
  for (let i = 0; i < ranked.length; i++) keys[i] = ranked[i]!.key;
  return keys;
}

/** The reference VM's 64-bit hash of a byte string, exported for its test values. */
export function keyHash(bytes: Uint8Array): bigint {
  const hasher = new KeyHasher();
  hasher.hash(bytes);
  return (BigInt(hasher.high) << 32n) | BigInt(hasher.low);
}

/** The 8 hex digits of 32 bits in reverse, unsigned. */
function reverseNibbles(value: number): number {
  let v = value;
  v = ((v >>> 16) | (v << 16)) >>> 0;
  v = ((v & 0xff00ff00) >>> 8) | ((v & 0x00ff00ff) << 8);
  v = ((v & 0xf0f0f0f0) >>> 4) | ((v & 0x0f0f0f0f) << 4);
  return v >>> 0;
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const inner = (Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16)) >>> 0;
  const outer = ((inner & 0xffff) + (Math.imul(al, bh) >>> 0)) >>> 0;
  return (Math.imul(ah, bh) + (inner >>> 16) + (outer >>> 16)) | 0;
}

/** One instance hashes many keys; each half of each 64-bit number is a signed 32-bit field while it works. */
class KeyHasher {
  /** The hash, unsigned. */
  high = 0;
  low = 0;
  #alphaHigh = 0;
  #alphaLow = 0;
  #betaHigh = 0;
  #betaLow = 0;
  #ticks = 0;
  /** The number being mixed in. */
  #h = 0;
  #l = 0;

  /** Most keys are short ASCII text: their bytes are copied here, which is much faster than encoding. */
  readonly #scratch = new Uint8Array(maxScratch);

  hashKey(key: string): void {
    const { length } = key;
    if (length <= maxScratch) {
      let i = 0;
      for (; i < length; i++) {
        const code = key.charCodeAt(i);
        if (code > 0x7f) break;
        this.#scratch[i] = code;
      }
      if (i === length) {
        this.hash(this.#scratch, length);
        return;
      }
    }
    this.hash(keyToBytes(key));
  }

  hash(bytes: Uint8Array, length = bytes.length): void {
    this.#alphaHigh = this.#alphaLow = this.#betaHigh = this.#betaLow = this.#ticks = 0;
    this.#set(0, 11);
    this.#mixAlpha();
    this.#set(Math.floor(length / 0x20000000), length << 3);
    this.#mixBeta();
    let at = 0;
    for (; at + 16 <= length; at += 16) {
      this.#set(word(bytes, at + 4, 4), word(bytes, at, 4));
      this.#mixAlpha();
      this.#set(word(bytes, at + 12, 4), word(bytes, at + 8, 4));
      this.#mixBeta();
    }
    this.#rest(bytes, at, length);
    this.#finish();
  }

  #set(high: number, low: number): void {
    this.#h = high | 0;
    this.#l = low | 0;
  }

  #multiply(high: number, low: number): void {
    const h = (multiplyHigh(this.#l, low) + Math.imul(this.#h, low) + Math.imul(this.#l, high)) | 0;
    this.#l = Math.imul(this.#l, low);
    this.#h = h;
  }

  /** By 1 to 63 bits. */
  #rotate(by: number): void {
    let h = this.#h;
    let l = this.#l;
    if (by >= 32) {
      [h, l] = [l, h];
      by -= 32;
    }
    if (by === 0) {
      this.#set(h, l);
      return;
    }
    this.#h = (h << by) | (l >>> (32 - by));
    this.#l = (l << by) | (h >>> (32 - by));
  }

  #add(high: number, low: number): void {
    const l = (this.#l >>> 0) + (low >>> 0);
    this.#h = (this.#h + high + (l > 0xffffffff ? 1 : 0)) | 0;
    this.#l = l | 0;
  }

  #scrambleAlpha(): void {
    this.#multiply(0x87c37b91, 0x114253d5);
    this.#rotate(31);
    this.#multiply(0x4cf5ad43, 0x2745937f);
  }

  #scrambleBeta(): void {
    this.#multiply(0x4cf5ad43, 0x2745937f);
    this.#rotate(33);
    this.#multiply(0x87c37b91, 0x114253d5);
  }

  #mixAlpha(): void {
    this.#scrambleAlpha();
    this.#set(this.#h ^ this.#alphaHigh, this.#l ^ this.#alphaLow);
    this.#rotate(27);
    this.#add(this.#betaHigh, this.#betaLow);
    this.#multiply(0, 5);
    this.#add(0, 0x52dce729);
    this.#alphaHigh = this.#h;
    this.#alphaLow = this.#l;
    this.#ticks++;
  }

  #mixBeta(): void {
    this.#scrambleBeta();
    this.#set(this.#h ^ this.#betaHigh, this.#l ^ this.#betaLow);
    this.#rotate(31);
    this.#add(this.#alphaHigh, this.#alphaLow);
    this.#multiply(0, 5);
    this.#add(0, 0x38495ab5);
    this.#betaHigh = this.#h;
    this.#betaLow = this.#l;
    this.#ticks++;
  }

  /** The up to 15 bytes after the last whole block. */
  #rest(bytes: Uint8Array, at: number, length: number): void {
    const rest = length - at;
    if (rest > 8) {
      this.#set(word(bytes, at + 12, rest - 12), word(bytes, at + 8, rest - 8));
      this.#scrambleBeta();
      this.#betaHigh ^= this.#h;
      this.#betaLow ^= this.#l;
    }
    if (rest > 0) {
      this.#set(word(bytes, at + 4, rest - 4), word(bytes, at, rest));
      this.#scrambleAlpha();
      this.#alphaHigh ^= this.#h;
      this.#alphaLow ^= this.#l;
    }
  }

  #finish(): void {
    this.#alphaLow ^= this.#ticks;
    this.#betaLow ^= this.#ticks;
    this.#addBoth();
    this.#set(this.#alphaHigh, this.#alphaLow);
    this.#finalMix();
    this.#alphaHigh = this.#h;
    this.#alphaLow = this.#l;
    this.#set(this.#betaHigh, this.#betaLow);
    this.#finalMix();
    this.#betaHigh = this.#h;
    this.#betaLow = this.#l;
    this.#addBoth();
    this.high = (this.#alphaHigh ^ this.#betaHigh) >>> 0;
    this.low = (this.#alphaLow ^ this.#betaLow) >>> 0;
  }

  /** alpha += beta, then beta += alpha. */
  #addBoth(): void {
    this.#set(this.#alphaHigh, this.#alphaLow);
    this.#add(this.#betaHigh, this.#betaLow);
    this.#alphaHigh = this.#h;
    this.#alphaLow = this.#l;
    this.#add(this.#betaHigh, this.#betaLow);
    this.#betaHigh = this.#h;
    this.#betaLow = this.#l;
  }

  /** `k ^= k >> 33` three times, multiplied in between. */
  #finalMix(): void {
    this.#l ^= this.#h >>> 1;
    this.#multiply(0xff51afd7, 0xed558ccd);
    this.#l ^= this.#h >>> 1;
    this.#multiply(0xc4ceb9fe, 0x1a85ec53);
    this.#l ^= this.#h >>> 1;
  }
}

/** Up to four bytes at `at`, little-endian; 0 for none. */
function word(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = Math.min(length, 4) - 1; i >= 0; i--) value = (value << 8) | bytes[at + i]!;
  return value;
}
