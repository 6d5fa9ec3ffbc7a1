/** Names of received fields and components (spec 02 §2.13, dialect rule `idKeys`). */
import { isId } from '../../core/bytes.ts';
import type { Environment } from '../../core/environment.ts';
import { AoException } from '../../core/errors.ts';
import { escapeKey, unescapeKey } from '../key-escape.ts';

/** Since 2025-11 every name may be percent-escaped; before, only what must be a newer peer's id key is taken to be. */
export function decodeName(name: string, env: Environment): string {
  if (!name.includes('%')) return name;
  if (env.dialect.idKeys === 'escaped') return unescapeKey(name);
  try {
    const decoded = unescapeKey(name);
    return isId(decoded) && escapeKey(decoded) === name ? decoded : name;
  } catch (thrown) {
    if (thrown instanceof AoException) return name;
    throw thrown;
  }
}
