/**
 * Snapshots of a machine at rest: its whole state is one linear memory, kept as pages. Pages that did not change since an earlier
 * snapshot are the same objects, so a store writes and a comparison looks at changed pages only. Trailing zero pages are left out.
 */
import type { Dialect } from './machine.ts';

/** Small enough that a call which touches a few tables dirties little, large enough that a list of hashes stays short. */
export const pageBytes = 4096;

export interface LuaSnapshot {
  /** {@link LuaEngine.version} of the engine that made it. */
  readonly version: string;
  readonly dialect: Dialect;
  /** Names of the host functions in the order in which the image numbers them. */
  readonly functions: readonly string[];
  /** Never change their bytes: they are shared between snapshots. */
  readonly pages: readonly Uint8Array[];
}

const zeroPage: Uint8Array = new Uint8Array(pageBytes);
const zero = Buffer.from(zeroPage.buffer);

/** The pages of `memory`; those equal to the ones of `previous` are shared with it. */
export function readPages(memory: ArrayBufferLike, previous: readonly Uint8Array[] = []): Uint8Array[] {
  const bytes = Buffer.from(memory as ArrayBuffer);
  const count = bytes.length / pageBytes;
  const pages: Uint8Array[] = [];
  let used = 0;
  for (let i = 0; i < count; i++) {
    const start = i * pageBytes;
    const end = start + pageBytes;
    const old = previous[i] ?? zeroPage;
    if (bytes.compare(old, 0, pageBytes, start, end) === 0) pages.push(old);
    else if (bytes.compare(zero, 0, pageBytes, start, end) === 0) pages.push(zeroPage);
    else pages.push(new Uint8Array(memory.slice(start, end) as ArrayBuffer));
    if (pages[i] !== zeroPage) used = i + 1;
  }
  pages.length = used;
  return pages;
}

/** Makes `memory` equal to `pages`, writing only what differs. It must be large enough. */
export function writePages(memory: ArrayBufferLike, pages: readonly Uint8Array[]): void {
  const bytes = Buffer.from(memory as ArrayBuffer);
  for (let start = 0, i = 0; start < bytes.length; start += pageBytes, i++) {
    const page = pages[i] ?? zeroPage;
    if (bytes.compare(page, 0, pageBytes, start, start + pageBytes) !== 0) bytes.set(page, start);
  }
}
