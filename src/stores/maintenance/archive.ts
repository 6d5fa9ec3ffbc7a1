/**
 * Export and import of whole stores, as a stream.
 *
 *     "hyperbeam-ts export 1\n"
 *     entry*        kind (1 byte: 1 value, 2 link, 3 group) · path length · path · value length · value
 *     end           0 · number of entries · SHA-256 of everything before the 0 (32 bytes)
 *
 * Lengths and numbers are unsigned LEB128; paths are UTF-8 in normal form; the value of a link is its target; a group has none. Large
 * values stand in the stream like all others. An archive that lacks its end, or whose hash doesn't match, was cut short or damaged:
 * import says so, and what it has read until then is in the store (content under its hash does no harm).
 */
import { createHash } from 'node:crypto';
import { keyFromBytes, keyToBytes, toBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { CellTag, linkTarget, readCell } from '../cell.ts';
import { keyPath, separator } from '../path.ts';
import type { PathStore } from '../path-store.ts';
import { type Entry, group, link, put, type Store } from '../store.ts';
import { everyCell } from './stats.ts';

const header = toBytes('hyperbeam-ts export 1\n');
const Kind = { end: 0, value: 1, link: 2, group: 3 } as const;

export interface ExportOptions {
  /** Only what is below these paths. */
  readonly below?: readonly string[];
}

/** The archive of a store, in chunks. */
export async function* exportStore(store: PathStore, { below }: ExportOptions = {}): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const give = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes);
    return bytes;
  };
  yield give(header);
  let count = 0;
  for await (const { key, bytes } of everyCell(store.engine)) {
    const isMark = key.endsWith(separator);
    const path = keyPath(isMark ? key.slice(0, -1) : key);
    if (below !== undefined && !below.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) continue;
    const cell = readCell(key, bytes);
    const [kind, value] =
      cell.tag === CellTag.link
        ? [Kind.link, keyToBytes(keyPath(linkTarget(cell)))]
        : cell.tag === CellTag.group
          ? [Kind.group, new Uint8Array(0)]
          : [Kind.value, store.read(path)!];
    const name = keyToBytes(path);
    yield give(Uint8Array.of(kind, ...lengthBytes(name.length), ...name, ...lengthBytes(value.length)));
    if (value.length > 0) yield give(value);
    count++;
  }
  yield Uint8Array.of(Kind.end, ...lengthBytes(count), ...hash.digest());
}

/** Entries written in one batch, and the bytes after which a batch is written anyway. */
const batchEntries = 1000;
const batchBytes = 8 * 1024 * 1024;
const maxPathLength = 4096;

/** Reads an archive into a store; gives the number of entries. Entries at the same paths are replaced. */
export async function importStore(
  store: Store,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const reader = new ChunkReader(chunks);
  const start = await reader.take(header.length);
  if (Buffer.compare(start, header) !== 0) raise('bad-encoding', 'This is not an archive of a store.');
  let batch: Entry[] = [];
  let bytes = 0;
  let count = 0;
  for (;;) {
    const digest = reader.digest();
    const kind = (await reader.take(1))[0]!;
    if (kind === Kind.end) {
      await store.write(batch, { durable: true });
      await store.flush();
      const claimed = await reader.length();
      const hash = await reader.take(32);
      if (claimed !== count || Buffer.compare(hash, digest()) !== 0) raise('bad-encoding', 'The archive is damaged.');
      return count;
    }
    const nameLength = await reader.length();
    if (kind > Kind.group || nameLength > maxPathLength) raise('bad-encoding', 'The archive is damaged.');
    const path = keyFromBytes(await reader.take(nameLength));
    const value = await reader.take(await reader.length());
    batch.push(
      kind === Kind.value ? put(path, value) : kind === Kind.link ? link(keyFromBytes(value), path) : group(path),
    );
    count++;
    bytes += value.length;
    if (batch.length < batchEntries && bytes < batchBytes) continue;
    await store.write(batch);
    batch = [];
    bytes = 0;
  }
}

function lengthBytes(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  out.push(value);
  return out;
}

/** Takes exactly as many bytes as are asked for out of a stream. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  #waiting: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  async take(length: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = length;
    for (;;) {
      const part = this.#waiting.subarray(0, missing);
      this.#waiting = this.#waiting.subarray(part.length);
      missing -= part.length;
      parts.push(part);
      if (missing === 0) break;
      const next = await this.#chunks.next();
      if (next.done === true) raise('bad-encoding', 'The archive is cut short.');
      this.#waiting = next.value;
    }
    const bytes = parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
    this.#hash.update(bytes);
    return bytes;
  }

  async length(): Promise<number> {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = (await this.take(1))[0]!;
      value += (byte & 127) * factor;
      if (value > Number.MAX_SAFE_INTEGER) raise('bad-encoding', 'The archive is damaged.');
      if (byte < 128) return value;
    }
  }

  /** The hash of everything taken so far, computed when it is called. */
  digest(): () => Uint8Array {
    const here = this.#hash.copy();
    return () => here.digest();
  }
}
