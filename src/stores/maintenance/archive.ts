/**
 * Export and import of whole stores, as a stream.
 *
 *     "hyperbeam-ts export 1\n"
 *     entry*        kind (1 byte: 1 value, 2 link, 3 group) · path length · path · value length · value
 *     end           0 · number of entries · SHA-256 of everything before the 0 (32 bytes)
 *
 * Lengths and numbers are unsigned LEB128; paths are UTF-8 in normal form; the value of a link is its target; a group has none. Large
 * values stand in the stream like all others. An archive that lacks its end, or whose hash doesn't match, was cut short or damaged:
 * import says so. What stands in the store already with another value is not replaced unless that is asked for: an older head of a schedule
 * would let slots be given twice, and archives may come from strangers.
 */
import { createHash } from 'node:crypto';
import { keyFromBytes, keyToBytes, sameBytes, toBytes } from '../../core/bytes.ts';
import { raise } from '../../core/errors.ts';
import { sha256 } from '../../crypto/hash.ts';
import { type Cell, CellTag, linkTarget, openCell, readCell } from '../cell.ts';
import * as layout from '../layout.ts';
import { keyPath, pathKey, separator, writableKey } from '../path.ts';
import { blobPayload, type PathStore } from '../path-store.ts';
import { type Entry, group, link, put } from '../store.ts';
import { everyCell } from './stats.ts';

const header = toBytes('hyperbeam-ts export 1\n');
const digestLength = 32;
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
          : [Kind.value, cell.tag === CellTag.blob ? store.read(path)! : cell.payload];
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
/** No file of a larger value could be read at once. */
const maxValueLength = 2 ** 31 - 1;

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ImportOptions {
  /** Replaces what stands in the store already with another value. Otherwise that is a `conflict`. */
  readonly replace?: boolean;
}

/**
 * Reads an archive into a store; gives the number of entries. What was written before an error stays: {@link checkArchive} tells beforehand,
 * and what broke off can be repeated.
 */
export async function importStore(
  store: PathStore,
  chunks: Chunks,
  { replace = false }: ImportOptions = {},
): Promise<number> {
  let batch: Entry[] = [];
  let bytes = 0;
  let count = 0;
  for await (const entry of archiveEntries(chunks)) {
    if (!replace) refuseReplacing(store, entry);
    batch.push(entry);
    count++;
    if (entry.kind === 'value') bytes += entry.value.length;
    if (batch.length < batchEntries && bytes < batchBytes) continue;
    await store.write(batch);
    batch = [];
    bytes = 0;
  }
  await store.write(batch, { durable: true });
  await store.flush();
  return count;
}

/** Reads an archive to its end and writes nothing. Throws what {@link importStore} would. */
export async function checkArchive(
  store: PathStore,
  chunks: Chunks,
  { replace = false }: ImportOptions = {},
): Promise<void> {
  for await (const entry of archiveEntries(chunks)) if (!replace) refuseReplacing(store, entry);
}

/** The entries of an archive. Whether it is whole is known when the last one was taken: then it throws `bad-encoding`. */
async function* archiveEntries(chunks: Chunks): AsyncGenerator<Entry> {
  const reader = new ChunkReader(chunks);
  const start = await reader.take(header.length);
  if (Buffer.compare(start, header) !== 0) raise('bad-encoding', 'This is not an archive of a store.');
  for (let count = 0; ; count++) {
    const digest = reader.digest();
    const kind = (await reader.take(1))[0]!;
    if (kind === Kind.end) {
      const claimed = await reader.length(Number.MAX_SAFE_INTEGER);
      const hash = await reader.take(digestLength);
      if (claimed !== count || Buffer.compare(hash, digest()) !== 0) damaged();
      if (!(await reader.isAtEnd())) raise('bad-encoding', 'Something follows the end of the archive.');
      return;
    }
    if (kind > Kind.group) damaged();
    const path = keyFromBytes(await reader.take(await reader.length(maxPathLength)));
    const value = await reader.take(await reader.length(maxValueLength));
    if (kind === Kind.value) {
      checkContent(path, value);
      yield put(path, value);
    } else yield kind === Kind.link ? link(keyFromBytes(value), path) : group(path);
  }
}

/** Content stands under its hash, whoever made the archive. */
function checkContent(path: string, value: Uint8Array): void {
  const [top, hash, ...more] = path.split('/');
  if (top === layout.data && hash !== undefined && more.length === 0 && layout.isIdText(hash)) {
    if (layout.hashOf(value) !== hash) raise('bad-encoding', `What the archive has at \`${path}\` is something else.`);
  }
}

function refuseReplacing(store: PathStore, entry: Entry): void {
  const key = writableKey(entry.path);
  const bytes = store.engine.get(key);
  const cell = bytes === undefined ? undefined : openCell(key, bytes);
  // What is damaged may be replaced, that is what backups are for.
  if (cell === undefined || typeof cell === 'string' || isSame(cell, entry)) return;
  raise(
    'conflict',
    `The store has another value at \`${entry.path}\` than the archive.`,
    'Import into a new data directory; or with `--replace`, which may take a schedule back to an older state.',
  );
}

function isSame(cell: Cell, entry: Entry): boolean {
  if (entry.kind === 'link') return cell.tag === CellTag.link && linkTarget(cell) === pathKey(entry.to);
  if (entry.kind !== 'value') return true;
  if (cell.tag === CellTag.value) return sameBytes(cell.payload, entry.value);
  return cell.tag === CellTag.blob && sameBytes(cell.payload, blobPayload(sha256(entry.value), entry.value.length));
}

function lengthBytes(value: number): number[] {
  const out: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  out.push(value);
  return out;
}

function damaged(): never {
  raise('bad-encoding', 'The archive is damaged.');
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

  async length(most: number): Promise<number> {
    let value = 0;
    for (let factor = 1; factor <= Number.MAX_SAFE_INTEGER; factor *= 128) {
      const byte = (await this.take(1))[0]!;
      value += (byte & 127) * factor;
      if (value > most) break;
      if (byte < 128) return value;
    }
    return damaged();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#waiting.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return true;
      this.#waiting = next.value;
    }
    return false;
  }

  /** The hash of everything taken so far, computed when it is called. */
  digest(): () => Uint8Array {
    const here = this.#hash.copy();
    return () => here.digest();
  }
}
