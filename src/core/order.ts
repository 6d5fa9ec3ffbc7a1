/**
 * The iteration order of maps (spec 01 appendix A, spec 02 appendix A). Observable in signature bases, `keys` results, JSON and bundles.
 *
 * Up to 32 keys: bytewise. Above: the order of a hash trie over a 64-bit hash of the key's bytes, read in 4-bit digits from the least
 * significant one; descending for key lists, ascending for folds.
 */
import { compareKeys, keyToBytes } from './bytes.ts';

const maxSortedKeys = 32;

/** Order of key lists, signature components, `keys`. Sorts `keys` in place and returns it. */
export function keyOrder(keys: string[]): string[] {
  if (keys.length <= maxSortedKeys) return keys.sort(compareKeys);
  return trieOrder(keys).reverse();
}

/** Order of folds, iterators and JSON objects. Sorts `keys` in place and returns it. */
export function foldOrder(keys: string[]): string[] {
  if (keys.length <= maxSortedKeys) return keys.sort(compareKeys);
  return trieOrder(keys);
}

function trieOrder(keys: string[]): string[] {
  const digits = new Map<string, bigint>();
  for (const key of keys) digits.set(key, reverseNibbles(keyHash(keyToBytes(key))));
  return keys.sort((a, b) => {
    const x = digits.get(a)!;
    const y = digits.get(b)!;
    return x < y ? -1 : x > y ? 1 : compareKeys(a, b);
  });
}

const mask = (1n << 64n) - 1n;
const c1 = 0x87c37b91114253d5n;
const c2 = 0x4cf5ad432745937fn;
const rotl = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & mask;

/** The reference VM's 64-bit hash of a byte string, exported for its test values. */
export function keyHash(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let alpha = 0n;
  let beta = 0n;
  let ticks = 0n;
  const mixA = (e: bigint): void => {
    alpha ^= (rotl((e * c1) & mask, 31n) * c2) & mask;
    alpha = ((rotl(alpha, 27n) + beta) * 5n + 0x52dce729n) & mask;
    ticks++;
  };
  const mixB = (e: bigint): void => {
    beta ^= (rotl((e * c2) & mask, 33n) * c1) & mask;
    beta = ((rotl(beta, 31n) + alpha) * 5n + 0x38495ab5n) & mask;
    ticks++;
  };
  mixA(11n);
  mixB(8n * BigInt(bytes.length));
  let at = 0;
  for (; at + 16 <= bytes.length; at += 16) {
    mixA(view.getBigUint64(at, true));
    mixB(view.getBigUint64(at + 8, true));
  }
  const rest = bytes.length - at;
  if (rest > 8) beta ^= (rotl((little(bytes, at + 8, bytes.length) * c2) & mask, 33n) * c1) & mask;
  if (rest > 0) alpha ^= (rotl((little(bytes, at, Math.min(at + 8, bytes.length)) * c1) & mask, 31n) * c2) & mask;
  alpha ^= ticks;
  beta ^= ticks;
  alpha = (alpha + beta) & mask;
  beta = (beta + alpha) & mask;
  alpha = finish(alpha);
  beta = finish(beta);
  alpha = (alpha + beta) & mask;
  beta = (beta + alpha) & mask;
  return alpha ^ beta;
}

function little(bytes: Uint8Array, from: number, to: number): bigint {
  let value = 0n;
  for (let i = to - 1; i >= from; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

function finish(k: bigint): bigint {
  k ^= k >> 33n;
  k = (k * 0xff51afd7ed558ccdn) & mask;
  k ^= k >> 33n;
  k = (k * 0xc4ceb9fe1a85ec53n) & mask;
  return k ^ (k >> 33n);
}

/** The 16 hex digits of `value`, least significant first, as a number to compare by. */
function reverseNibbles(value: bigint): bigint {
  let out = 0n;
  for (let i = 0; i < 16; i++) {
    out = (out << 4n) | (value & 0xfn);
    value >>= 4n;
  }
  return out;
}
