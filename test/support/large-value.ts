/** Messages with bodies larger than anybody wants to hold, put into a store as the message cache would: a file, its cell, the message. */
import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allCodecs } from '../../src/codecs/all.ts';
import { unsignedId } from '../../src/codecs/ids.ts';
import { encode } from '../../src/core/encode.ts';
import { messageFrom } from '../../src/core/message.ts';
import { Link } from '../../src/core/value.ts';
import { CellTag, makeCell } from '../../src/stores/cell.ts';
import { data, messages } from '../../src/stores/layout.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { pathKey } from '../../src/stores/path.ts';
import { blobPayload } from '../../src/stores/path-store.ts';
import { put } from '../../src/stores/store.ts';
import { codecEnvironment } from './codec-environment.ts';

/** Stores a message whose body is this many zero bytes, in a file that takes no room. Gives its id. */
export async function keepZeros(directory: string, size: number): Promise<string> {
  const hash = hashOfZeros(size);
  const name = hash.toString('hex');
  const file = join(directory, 'blobs', name.slice(0, 2), name);
  await mkdir(dirname(file), { recursive: true });
  await using handle = await open(file, 'w');
  await handle.truncate(size);

  const env = codecEnvironment('2025-11', allCodecs);
  const ref = `${data}/${hash.toString('base64url')}`;
  const id = unsignedId(messageFrom([['body', new Link(ref, true)]]), env);
  const body = messageFrom([['body', new Link(`${ref}#${size}`, true)]]);

  await using store = await openLmdb({ directory });
  const key = pathKey(ref);
  await store.engine.commit([{ key, cell: makeCell(key, CellTag.blob, blobPayload(hash, size)) }], true);
  await store.write([put(`${messages}/${id}`, encode([body, false, ['body']]))], { durable: true });
  return id;
}

export function hashOfZeros(size: number): Buffer {
  const sum = createHash('sha256');
  const piece = Buffer.alloc(1024 * 1024);
  for (let left = size; left > 0; left -= piece.length) sum.update(piece.subarray(0, Math.min(left, piece.length)));
  return sum.digest();
}
