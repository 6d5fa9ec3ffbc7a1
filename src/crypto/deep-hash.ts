/**
 * Arweave's deep hash (spec 02 §4.3): SHA-384 over a tree of byte strings, in which every node is tagged with its kind and length, so that
 * no two trees share an encoding.
 *
 *   blob b        H( H("blob" length) H(b) )
 *   list l1…ln    fold from H("list" n):  acc = H( acc deepHash(li) )
 */
import { sha384 } from './hash.ts';

/** A tree of byte strings. */
export type DeepHashInput = Uint8Array | readonly DeepHashInput[];

const encoder = new TextEncoder();
const digestBytes = 48;

export function deepHash(input: DeepHashInput): Uint8Array {
  const pair = new Uint8Array(2 * digestBytes);
  if (input instanceof Uint8Array) {
    pair.set(sha384(encoder.encode(`blob${input.length}`)));
    pair.set(sha384(input), digestBytes);
    return sha384(pair);
  }
  let acc = sha384(encoder.encode(`list${input.length}`));
  for (const item of input) {
    pair.set(acc);
    pair.set(deepHash(item), digestBytes);
    acc = sha384(pair);
  }
  return acc;
}
