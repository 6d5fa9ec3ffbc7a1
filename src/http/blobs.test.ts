import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { codecEnvironment } from '../../test/support/codec-environment.ts';
import { allCodecs } from '../codecs/all.ts';
import { type Blob, type Blobs, blobLink, cacheWithBlobs, readWhole, temporaryBlobs } from './blobs.ts';

const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

async function keep(blobs: Blobs, content: Uint8Array): Promise<Blob> {
  const writer = await blobs.create();
  for (let at = 0; at < content.length; at += 70_000) await writer.write(content.subarray(at, at + 70_000));
  return writer.finish();
}

async function text(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return createHash('sha256').update(Buffer.concat(all)).digest('base64url');
}

describe('blobs', () => {
  test('are found under the hash of their bytes, whole and in parts', async () => {
    await using blobs = temporaryBlobs();
    const blob = await keep(blobs, bytes);
    const hash = createHash('sha256').update(bytes).digest('base64url');
    expect([blob.ref, blob.size, blobs.holds(blob.ref)]).toEqual([`data/${hash}`, bytes.length, true]);
    expect(await text(blob.read())).toBe(hash);
    const found = await blobs.open(blob.ref);
    expect(await text(found!.read(10, 20))).toBe(
      createHash('sha256').update(bytes.subarray(10, 20)).digest('base64url'),
    );
    expect(await text(found!.read(5, 5))).toBe(createHash('sha256').digest('base64url'));
  });

  test('the same bytes twice are one file, kept until both are released', async () => {
    await using blobs = temporaryBlobs();
    const one = await keep(blobs, bytes);
    const two = await keep(blobs, bytes);
    await blobs.release(one);
    expect(await text(two.read())).toBe(two.ref.slice(5));
    await blobs.release(two);
    expect([blobs.holds(two.ref), await blobs.open(two.ref)]).toEqual([false, undefined]);
  });

  test('an upload that breaks off leaves nothing', async () => {
    await using blobs = temporaryBlobs();
    const writer = await blobs.create();
    await writer.write(bytes);
    await writer.abort();
    expect(await blobs.open(`data/${createHash('sha256').update(bytes).digest('base64url')}`)).toBeUndefined();
  });

  test('the cache follows their links, and everything else as before', async () => {
    await using blobs = temporaryBlobs();
    const blob = await keep(blobs, bytes);
    const { cache } = codecEnvironment('2025-11', allCodecs);
    const both = cacheWithBlobs(cache, blobs, 1_000_000);
    const path = await cache.write('stored');
    expect(both.read(path)).toBe('stored');
    expect(await both.read(blobLink(blob).ref)).toEqual(bytes);
    expect([await both.isFile!(blob.ref), await both.isFile!(path)]).toEqual([true, false]);
    expect(await cacheWithBlobs({ ...cache, isFile: (one) => one === path }, blobs, 1_000).isFile!(path)).toBe(true);
    await expect(async () => cacheWithBlobs(cache, blobs, 1_000).read(blob.ref)).rejects.toThrow('limit-exceeded');
    await expect(readWhole(blob, 10)).rejects.toThrow('limit-exceeded');
  });

  test('a directory that can’t be written is an operator’s error', async () => {
    const blobs = temporaryBlobs('/dev/null');
    await expect(blobs.create()).rejects.toMatchObject({ code: 'store-failed' });
  });
});
