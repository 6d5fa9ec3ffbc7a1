/** What is in a store: entries and bytes by top-level group, and the backend's own numbers. */
import { CellTag, openCell } from '../cell.ts';
import type { Engine } from '../engine.ts';
import { separator } from '../path.ts';
import type { PathStore } from '../path-store.ts';
import { blobLength } from '../path-store.ts';

export interface StoreStats {
  readonly name: string;
  readonly groups: readonly GroupStats[];
  /** Numbers of the backend: `keys`, `bytes-used` … */
  readonly backend: { readonly [name: string]: number };
}

export interface GroupStats {
  readonly name: string;
  readonly values: number;
  readonly links: number;
  readonly marks: number;
  /** Bytes of all values, those in files of their own included. */
  readonly bytes: number;
  readonly blobs: number;
}

/** Walks through the whole store. Gives way to others now and then. */
export async function storeStats(store: PathStore): Promise<StoreStats> {
  const groups = new Map<string, { -readonly [K in keyof GroupStats]: GroupStats[K] }>();
  for await (const { key, bytes } of everyCell(store.engine)) {
    const end = key.indexOf(separator);
    const name = end < 0 ? key : key.slice(0, end);
    const stats = groups.get(name) ?? { name, values: 0, links: 0, marks: 0, bytes: 0, blobs: 0 };
    groups.set(name, stats);
    const cell = openCell(key, bytes);
    if (typeof cell === 'string') continue;
    if (cell.tag === CellTag.link) stats.links++;
    else if (cell.tag === CellTag.group) stats.marks++;
    else {
      stats.values++;
      stats.bytes += cell.tag === CellTag.blob ? blobLength(cell) : cell.payload.length;
      if (cell.tag === CellTag.blob) stats.blobs++;
    }
  }
  return { name: store.name, groups: [...groups.values()], backend: store.engine.stats?.() ?? {} };
}

/** Cells read between two chances for others. */
const cellsPerTurn = 1000;

/** Every cell in order. What is written meanwhile may or may not be seen; nothing is seen twice. */
export async function* everyCell(engine: Engine): AsyncGenerator<{ readonly key: string; readonly bytes: Uint8Array }> {
  let from = '';
  for (;;) {
    const keys: string[] = [];
    for (const key of engine.keys(from, undefined, false)) {
      keys.push(key);
      if (keys.length >= cellsPerTurn) break;
    }
    for (const key of keys) {
      const bytes = engine.get(key);
      if (bytes !== undefined) yield { key, bytes };
    }
    if (keys.length < cellsPerTurn) return;
    // The least key above the last one.
    from = `${keys.at(-1)}\x00`;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
