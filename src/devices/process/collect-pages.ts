/**
 * Removes the pages that no snapshot refers to any more, while other threads and processes go on taking snapshots.
 *
 *     look 1   page not used  →  pages-unused/<hash>
 *     look 2   still marked and still not used  →  page and mark are removed, if the mark is still the one that look 2 found
 *
 * A page is needed again only by a snapshot that is being written. Its batch takes the mark away, and is void if the page is gone
 * ({@link Snapshots.save}). So whichever comes first, the other sees it: a page in use is never removed, and nobody waits for a lock. Rows
 * of a process are looked at from old to new, and a new one is written together with the removal of an old one, so that no look misses
 * both.
 *
 * A look that is cut off half-way leaves marks, which the next one goes on from.
 */
import { type Entry, put, remove, type Store } from '../../stores/store.ts';
import { pages, pagesOf, root, unused } from './snapshots.ts';

/** Names read at a time, and pages removed in one batch. */
const namesAtOnce = 1_000;
const removedAtOnce = 64;

export interface CollectParts {
  readonly store: Store;
  /** Lets other work of this thread run. */
  readonly breathe: () => Promise<unknown>;
  /** Tells this look's marks from those of another. */
  readonly stamp: Uint8Array;
  readonly signal: AbortSignal;
}

/** One look. Gives how many pages were removed. */
export async function collectPages(parts: CollectParts): Promise<number> {
  const { store, signal, stamp } = parts;
  const marked = new Map<string, Uint8Array>();
  for await (const hash of names(parts, unused)) {
    const mark = await store.read(`${unused}/${hash}`);
    if (mark !== undefined) marked.set(hash, mark);
  }
  const used = await usedPages(parts);
  if (signal.aborted) return 0;
  let removed = 0;
  let doomed: string[] = [];
  for await (const hash of names(parts, pages)) {
    if (used.has(hash)) continue;
    const mark = marked.get(hash);
    if (mark === undefined) await store.write([put(`${unused}/${hash}`, stamp)]);
    else doomed.push(hash);
    if (doomed.length >= removedAtOnce) {
      removed += await removePages(store, doomed, marked);
      doomed = [];
    }
  }
  if (signal.aborted) return removed;
  // Pages that are used after all, and marks whose page has gone.
  for (const hash of marked.keys()) if (used.has(hash)) await store.write([remove(`${unused}/${hash}`)]);
  return removed + (await removePages(store, doomed, marked));
}

async function usedPages(parts: CollectParts): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  for await (const process of names(parts, root)) {
    for (const row of await parts.store.scan(`${root}/${process}`))
      for (const hash of pagesOf(row.value)) used.add(hash);
  }
  return used;
}

/** Removes pages that are still marked as they were; all of a batch or, if one is in use again, each for itself. */
async function removePages(
  store: Store,
  hashes: readonly string[],
  marked: ReadonlyMap<string, Uint8Array>,
): Promise<number> {
  if (hashes.length === 0) return 0;
  const entries = hashes.flatMap((hash): Entry[] => [remove(`${pages}/${hash}`), remove(`${unused}/${hash}`)]);
  const when = hashes.map((hash) => ({ path: `${unused}/${hash}`, is: marked.get(hash) }));
  if (await store.write(entries, { when })) return hashes.length;
  if (hashes.length === 1) return 0;
  let removed = 0;
  for (const hash of hashes) removed += await removePages(store, [hash], marked);
  return removed;
}

/** Names below a path, a few at a time; ends early when it is cut off. */
async function* names({ store, breathe, signal }: CollectParts, path: string): AsyncGenerator<string> {
  let from: string | undefined;
  for (;;) {
    const some = (await store.list(path, { limit: namesAtOnce, ...(from === undefined ? {} : { from }) })) ?? [];
    for (const name of some) {
      if (signal.aborted) return;
      if (name !== from) yield name;
    }
    if (some.length < namesAtOnce) return;
    from = some.at(-1);
    await breathe();
  }
}
