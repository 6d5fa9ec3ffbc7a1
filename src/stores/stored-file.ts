/**
 * A large value's file, read in pieces. Each piece is read when it is asked for, so a slow reader holds one piece in memory, not a file.
 *
 * A reading of the whole is hashed on the way, and its last piece is held back until the hash is the right one: hashing keeps up with
 * every network, and a file that went bad on the disk never arrives as if it were whole. Of a part only the length can be checked.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { sameBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import type { StoredFile } from './store.ts';

const pieceBytes = 64 * 1024;

/** The file with `size` bytes whose SHA-256 is `hash`. Nothing is opened before it is read. */
export function storedFile(path: string, hash: Uint8Array, size: number): StoredFile {
  return {
    size,
    read: (start = 0, end = size) =>
      start === 0 && end === size ? checked(pieces(path, 0, size), hash) : pieces(path, start, end),
  };
}

async function* pieces(path: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (end <= start) return;
  const file = await open(path).catch((cause: unknown) => damaged('cannot be opened', cause));
  try {
    for (let at = start; at < end; ) {
      const piece = await readPiece(file, at, Math.min(pieceBytes, end - at));
      at += piece.length;
      yield piece;
    }
  } finally {
    await file.close();
  }
}

async function readPiece(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file
    .read(Buffer.allocUnsafeSlow(length), 0, length, at)
    .catch((cause: unknown) => damaged('cannot be read', cause));
  return bytesRead === 0 ? damaged('is cut short') : buffer.subarray(0, bytesRead);
}

/** The same pieces; instead of the last one an error if all of them together are not what `hash` says. */
async function* checked(source: AsyncIterable<Uint8Array>, hash: Uint8Array): AsyncGenerator<Uint8Array> {
  const sum = createHash('sha256');
  let held: Uint8Array | undefined;
  for await (const piece of source) {
    if (held !== undefined) yield held;
    sum.update(piece);
    held = piece;
  }
  if (!sameBytes(sum.digest(), hash)) damaged('has another content');
  if (held !== undefined) yield held;
}

function damaged(how: string, cause?: unknown): never {
  raise('store-failed', `The file of a stored value ${how}.`, { hint: 'Run `hyperbeam store verify`.', cause });
}
