/**
 * Large byte strings outside of memory. A body above the spool limit is written to a file while it arrives, and stands in the request
 * message as a lazy link to `data/<hash>`, the address every byte string has in the store (spec 05 §3). A result that carries such a link as
 * its body is streamed from there. So a gigabyte passes through the node in pieces of 64 KiB.
 *
 * {@link temporaryBlobs} keeps a file for as long as its exchange lasts. {@link withStored} adds the store's own files, to be read.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Awaitable, andThen, mapInOrder } from '../core/awaitable.ts';
import { fromBase64, toBase64Url } from '../core/bytes.ts';
import type { Cache } from '../core/cache.ts';
import { raise } from '../core/errors.ts';
import { hashOfLinked } from '../core/links.ts';
import { isMessage } from '../core/message.ts';
import { Link, type Value } from '../core/value.ts';
import type { Store, StoredFile } from '../stores/store.ts';
import { storedFile } from '../stores/stored-file.ts';

export interface Blob extends StoredFile {
  /** `data/<hash of the bytes>` */
  readonly ref: string;
}

export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  finish(): Promise<Blob>;
  abort(): Promise<void>;
}

export interface Blobs {
  create(): Promise<BlobWriter>;
  open(ref: string): Promise<Blob | undefined>;
  /** Whether `open` would find it. Asked for every read of bytes, so it has to be quick. */
  holds(ref: string): boolean;
  /** The exchange that made the blob is over. */
  release(blob: Blob): Promise<void>;
}

/** The value that stands for a blob in a message. */
export function blobLink(blob: Blob): Link {
  return new Link(blob.ref, true, undefined);
}

/** Blobs in files of a directory of their own, each removed when the last exchange that made it is over. */
export function temporaryBlobs(parent: string = tmpdir()): Blobs & AsyncDisposable {
  const directory = join(parent, `hyperbeam-${randomUUID()}`);
  const held = new Map<string, { readonly file: string; readonly size: number; users: number }>();
  let made: Promise<unknown> | undefined;

  const blobOf = (ref: string, file: string, size: number): Blob => ({
    ref,
    ...storedFile(file, fromBase64(ref.slice('data/'.length))!, size),
  });

  return {
    async create() {
      made ??= mkdir(directory, { recursive: true, mode: 0o700 }).catch(storeFailed);
      await made;
      const file = join(directory, randomUUID());
      const handle = await open(file, 'wx', 0o600).catch(storeFailed);
      const hash = createHash('sha256');
      let size = 0;
      return {
        async write(chunk) {
          hash.update(chunk);
          size += chunk.length;
          await handle.writeFile(chunk).catch(storeFailed);
        },
        async finish() {
          await handle.close();
          const ref = `data/${toBase64Url(hash.digest())}`;
          const same = held.get(ref);
          if (same === undefined) held.set(ref, { file, size, users: 1 });
          else {
            same.users++;
            await rm(file, { force: true });
          }
          return blobOf(ref, same?.file ?? file, size);
        },
        async abort() {
          await handle.close().catch(() => undefined);
          await rm(file, { force: true });
        },
      };
    },
    holds: (ref) => held.has(ref),
    async open(ref) {
      const entry = held.get(ref);
      if (entry === undefined) return undefined;
      const found = await stat(entry.file).catch(() => undefined);
      return found === undefined ? undefined : blobOf(ref, entry.file, entry.size);
    },
    async release(blob) {
      const entry = held.get(blob.ref);
      if (entry === undefined || --entry.users > 0) return;
      held.delete(blob.ref);
      await rm(entry.file, { force: true });
    },
    async [Symbol.asyncDispose]() {
      held.clear();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The blobs, and behind them the large values of a store, to be opened. */
export function withStored(blobs: Blobs, store: Store): Blobs {
  return {
    ...blobs,
    async open(ref) {
      const own = await blobs.open(ref);
      if (own !== undefined) return own;
      const file = await store.open?.(ref);
      return file && { ref, ...file };
    },
  };
}

/** A cache that also finds the bytes of blobs, for devices that need them whole. */
export function cacheWithBlobs(cache: Cache, blobs: Blobs, maxBytes: number): Cache {
  return {
    read: (path) => (path.startsWith('data/') && blobs.holds(path) ? readBlob(path) : cache.read(path)),
    isFile: (path) => blobs.holds(path) || (cache.isFile?.(path) ?? false),
    write: (value) => andThen(withBytes(value), (whole) => cache.write(whole)),
    link: (existing, name) => cache.link(existing, name),
    readResult: (base, request) => cache.readResult(base, request),
    writeResult: (base, request, result) =>
      andThen(withBytes(result), (whole) => cache.writeResult(base, request, whole)),
    list: (path) => cache.list(path),
    match: (template) => cache.match(template),
  };
  /** What is stored outlasts the exchange, and with it the blob. */
  function withBytes(value: Value): Awaitable<Value> {
    if (!isMessage(value)) return value;
    const held: [key: string, ref: string][] = [];
    for (const [key, item] of value.entries()) {
      if (item instanceof Link && hashOfLinked(item) !== undefined && blobs.holds(item.ref)) held.push([key, item.ref]);
    }
    if (held.length === 0) return value;
    const read = mapInOrder(held, async ([key, ref]) => [key, await readBlob(ref)] as const);
    return andThen(read, (entries) => value.withAll(entries));
  }
  async function readBlob(path: string): Promise<Value | undefined> {
    const blob = await blobs.open(path);
    if (blob === undefined) return cache.read(path);
    return readWhole(blob, maxBytes);
  }
}

/** All bytes of a blob; refuses one that is too large for memory. */
export async function readWhole(blob: Blob, maxBytes: number): Promise<Uint8Array> {
  if (blob.size > maxBytes) {
    raise(
      'limit-exceeded',
      `${blob.size} bytes are too many to take into memory at once.`,
      'Use a device that streams.',
    );
  }
  const bytes = new Uint8Array(blob.size);
  let at = 0;
  for await (const piece of blob.read()) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function storeFailed(cause: NodeJS.ErrnoException): never {
  if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') {
    raise('disk-full', 'There is no room for a body of this size.', { hint: 'Try again later.', cause });
  }
  raise('store-failed', 'The body could not be kept.', { cause });
}
