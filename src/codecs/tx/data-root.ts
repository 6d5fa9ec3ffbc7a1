/**
 * The data root of a layer-1 transaction: the root of a Merkle tree over the data's chunks, each node naming the byte at which it ends, so
 * that a chunk can be proved to be at its place.
 *
 *   leaf    H( H(H(chunk)) H(end) )                 end: 32 bytes, big-endian
 *   branch  H( H(left) H(right) H(left's end) )     an odd node moves up as it is
 *
 * Chunks are 256 KiB. Libraries cut the last two alike if the last would be smaller than 32 KiB; the nodes of 2025 don't.
 */
import { concatBytes } from '../../core/bytes.ts';
import type { Dialect } from '../../core/dialect.ts';
import { sha256 } from '../../crypto/hash.ts';

const maxChunkBytes = 256 * 1024;
const minChunkBytes = 32 * 1024;

interface Node {
  readonly id: Uint8Array;
  readonly end: number;
}

/** 32 bytes; empty for no data. */
export function dataRoot(data: Uint8Array, chunking: Dialect['dataRootChunks']): Uint8Array {
  if (data.length === 0) return new Uint8Array(0);
  let nodes: readonly Node[] = leaves(data, chunking);
  while (nodes.length > 1) {
    const layer: Node[] = [];
    for (let i = 0; i < nodes.length; i += 2) {
      const right = nodes[i + 1];
      layer.push(right === undefined ? nodes[i]! : branch(nodes[i]!, right));
    }
    nodes = layer;
  }
  return nodes[0]!.id;
}

function leaves(data: Uint8Array, chunking: Dialect['dataRootChunks']): Node[] {
  const out: Node[] = [];
  for (let at = 0; at < data.length; ) {
    const end = at + chunkBytes(data.length - at, chunking);
    const id = sha256(concatBytes(sha256(sha256(data.subarray(at, end))), sha256(note(end))));
    out.push({ id, end });
    at = end;
  }
  // Libraries end data of whole chunks with an empty one.
  if (data.length % maxChunkBytes === 0) {
    const id = sha256(concatBytes(sha256(sha256(new Uint8Array(0))), sha256(note(data.length))));
    out.push({ id, end: data.length });
  }
  return out;
}

function chunkBytes(rest: number, chunking: Dialect['dataRootChunks']): number {
  if (rest <= maxChunkBytes) return rest;
  const last = rest - maxChunkBytes;
  return chunking === 'balanced' && last < minChunkBytes ? Math.ceil(rest / 2) : maxChunkBytes;
}

function branch(left: Node, right: Node): Node {
  return { id: sha256(concatBytes(sha256(left.id), sha256(right.id), sha256(note(left.end)))), end: right.end };
}

function note(end: number): Uint8Array {
  const out = new Uint8Array(32);
  new DataView(out.buffer).setBigUint64(24, BigInt(end));
  return out;
}
