/**
 * A look at an LMDB file before it is mapped into memory. One that is something else, or lacks its end because a copy broke off, would end the
 * process without a word.
 *
 * Both first pages say what the database is; the newer one counts:
 *
 *     16 page header … 24 magic (4) · version (4) … 48 page size (4) … 144 last page (8) · number of the transaction (8)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { fileURLToPath } from 'node:url';
import { raise } from '../core/errors.ts';

const magic = 0xbeefc0de;
const at = { magic: 24, pageSize: 48, lastPage: 144 } as const;
const metaBytes = 160;
const minPageSize = 256;
const maxPageSize = 65_536;
const littleEndian = endianness() === 'LE';
/** Numbers of pages are shorter there. */
const otherLayout: ReadonlySet<string> = new Set(['arm', 'ia32']);

/**
 * Throws `store-failed` for a file that is no database, or lacks pages that are used. Which these are is not known without reading it all,
 * and reading a page that isn't there ends a process: so a file that seems too short is read by another one first.
 */
export async function checkFile(file: string): Promise<void> {
  if (otherLayout.has(process.arch)) return;
  const found = look(file);
  if (found === undefined || found.size >= found.needed || (await canBeRead(file))) return;
  damaged(file, `It lacks its end: ${found.size} of ${found.needed} bytes are there.`);
}

const probeFile = fileURLToPath(new URL(`./lmdb-probe${import.meta.url.slice(-3)}`, import.meta.url));

async function canBeRead(file: string): Promise<boolean> {
  const probe = spawn(process.execPath, [probeFile, file], { stdio: 'ignore' });
  const [code] = await once(probe, 'exit');
  return code === 0;
}

/** Throws `store-failed`. */
export function damaged(file: string, what: string, cause?: unknown): never {
  raise('store-failed', `The database ${file} is damaged. ${what}`, {
    hint: 'Move it away and bring back a backup with `hyperbeam store import`, or start with another data directory.',
    cause,
  });
}

/** `undefined` if there is nothing in it yet. */
function look(file: string): { readonly size: number; readonly needed: number } | undefined {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(handle);
    if (size === 0) return undefined;
    const first = readMeta(handle, 0) ?? damaged(file, 'It does not begin as one.');
    const second = readMeta(handle, first.pageSize);
    const pages = 1 + Math.max(first.lastPage, second?.lastPage ?? 0);
    return { size, needed: pages * first.pageSize };
  } finally {
    closeSync(handle);
  }
}

function readMeta(
  handle: number,
  position: number,
): { readonly pageSize: number; readonly lastPage: number } | undefined {
  const bytes = new DataView(new ArrayBuffer(metaBytes));
  if (readSync(handle, bytes, 0, metaBytes, position) < metaBytes) return undefined;
  if (bytes.getUint32(at.magic, littleEndian) !== magic) return undefined;
  const pageSize = bytes.getUint32(at.pageSize, littleEndian);
  if (pageSize < minPageSize || pageSize > maxPageSize) return undefined;
  return { pageSize, lastPage: Number(bytes.getBigUint64(at.lastPage, littleEndian)) };
}
