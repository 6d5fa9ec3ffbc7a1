/**
 * Marks a directory as a store of one kind, so that no backend ever opens another one's files or a later layout. Where a power cut has left the
 * mark unfinished, the files tell the kind.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { raise } from '../core/errors.ts';
import { readIfThere } from './holder.ts';

const version = 1;
/** Of what else may stand there, characters. */
const maxTold = 80;

/** What a store of each kind begins with. */
const beginnings: ReadonlyMap<string, string> = new Map([
  ['lmdb', 'cells.mdb'],
  ['fs', 'cells'],
]);

/** Makes sure that `directory` is a store of this kind, making it if it isn't there. */
export function claimDirectory(directory: string, kind: string, readOnly: boolean): void {
  const file = join(directory, 'FORMAT');
  const expected = `hyperbeam-ts store ${version} ${kind}\n`;
  const found = readIfThere(file);
  if (found === expected) return;
  // A beginning of it is of another process that is writing it, or of one that was killed: it is finished.
  if (found !== undefined && !expected.startsWith(found)) {
    raise(
      'store-failed',
      `${directory} holds \`${found.slice(0, maxTold).trim()}\`, not \`${expected.trim()}\`.`,
      'Choose another directory.',
    );
  }
  if (readOnly) raise('store-failed', `There is no store in ${directory}.`);
  const there = kindOfFiles(directory);
  if (there !== undefined && there !== kind) {
    raise(
      'store-failed',
      `${directory} holds files of a store of kind \`${there}\`, not \`${kind}\`.`,
      'Choose another directory.',
    );
  }
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, expected, { flush: true });
}

/** The kind of store in a directory, `undefined` if there is none. */
export function storeKind(directory: string): string | undefined {
  const marked = /^hyperbeam-ts store \d+ (\w+)\n$/.exec(readIfThere(join(directory, 'FORMAT')) ?? '')?.[1];
  return marked ?? kindOfFiles(directory);
}

function kindOfFiles(directory: string): string | undefined {
  for (const [kind, file] of beginnings) if (existsSync(join(directory, file))) return kind;
  return undefined;
}
