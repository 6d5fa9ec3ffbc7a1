/** The one place where exceptions of disks and databases become errors of ours. */
import { AoException, raise } from '../core/errors.ts';

const full = /MDB_MAP_FULL|ENOSPC|EDQUOT|EFBIG|No space left|disk quota|Environment mapsize limit/i;

/** Throws what the exception means: `disk-full`, or `store-failed` with the exception as its cause. */
export function translate(thrown: unknown, store: string): never {
  if (thrown instanceof AoException) throw thrown;
  const text =
    thrown instanceof Error ? `${(thrown as NodeJS.ErrnoException).code ?? ''} ${thrown.message}` : String(thrown);
  if (full.test(text)) {
    raise('disk-full', `The store ${store} is full. Nothing was written; reading still works.`, {
      hint: 'Free some space, or raise the store\u2019s capacity.',
      cause: thrown,
    });
  }
  return raise('store-failed', `The store ${store} failed: ${text.trim()}`, { cause: thrown });
}
