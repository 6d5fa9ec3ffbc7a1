/**
 * Arweave's deep hash (spec 02 §4.3): SHA-384 over a tree of byte strings, in which every node is tagged with its kind and length, so that
 * no two trees share an encoding.
 *
 *   blob b        H( H("blob" length) H(b) )
 *   list l1…ln    fold from H("list" n):  acc = H( acc deepHash(li) )
 *
 * A data item takes 33 hashes, half of them over the same few bytes each time: tags of usual lengths are hashed once, and what never
 * changes can be hashed beforehand ({@link deepHashed}). Digests on the way are text of one byte a character; an array for each of
 * them costs more than the hash.
 */
import { sha384Latin1 } from './hash.ts';

/** A tree of byte strings. */
export type DeepHashInput = Uint8Array | DeepHashed | readonly DeepHashInput[];

/** A subtree whose hash is known. */
class DeepHashed {
  readonly digest: string;

  constructor(digest: string) {
    this.digest = digest;
  }
}

/** 48 bytes. */
export function deepHash(input: DeepHashInput): Uint8Array {
  const digest = digestOf(input);
  const bytes = new Uint8Array(digestBytes);
  for (let i = 0; i < digestBytes; i++) bytes[i] = digest.charCodeAt(i);
  return bytes;
}

/** The input, to be part of others without being hashed again. */
export function deepHashed(input: DeepHashInput): DeepHashInput {
  return new DeepHashed(digestOf(input));
}

function digestOf(input: DeepHashInput): string {
  if (input instanceof DeepHashed) return input.digest;
  if (input instanceof Uint8Array) return hashPair(tagDigest(blobTags, 'blob', input.length), sha384Latin1(input));
  let digest = tagDigest(listTags, 'list', input.length);
  for (const item of input) digest = hashPair(digest, digestOf(item));
  return digest;
}

const digestBytes = 48;
/** Filled right before it is hashed. */
const pair = Buffer.alloc(2 * digestBytes);

function hashPair(first: string, second: string): string {
  pair.write(first, 0, digestBytes, 'latin1');
  pair.write(second, digestBytes, digestBytes, 'latin1');
  return sha384Latin1(pair);
}

/** More than the bytes of any key or id, and of a few tags. */
const maxKnownLength = 1_024;
const blobTags: string[] = [];
const listTags: string[] = [];

function tagDigest(known: string[], kind: string, length: number): string {
  if (length > maxKnownLength) return sha384Latin1(`${kind}${length}`);
  known[length] ??= sha384Latin1(`${kind}${length}`);
  return known[length];
}
