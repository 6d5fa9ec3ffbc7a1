/**
 * Names of files for keys, for disks of any kind: no upper case (Windows, macOS), no dots, no reserved names, nothing a path could
 * climb out with. `a/B` is the file `d-a/c-^b`; a group's mark is `d-a/g`, and what is below it stands beside that.
 *
 *     a-z 0-9 _ -   as they are            A-Z   ^ and the small letter            other bytes   %hh
 */
import { keyFromBytes, keyToBytes } from '../core/bytes.ts';
import { separator } from './path.ts';

/** File systems take names of 255 bytes. */
const maxNameBytes = 250;

const markName = 'g';

/** Segments of the file's path below the store's directory; `undefined` if a name would be too long for a file system. */
export function filePath(key: string): string[] | undefined {
  const segments = key.split(separator);
  const last = segments.pop()!;
  const names = segments.map((segment) => `d-${toName(segment)}`);
  names.push(last === '' ? markName : `c-${toName(last)}`);
  return names.every((name) => name.length <= maxNameBytes) ? names : undefined;
}

export interface Name {
  readonly kind: 'cell' | 'directory' | 'mark';
  readonly segment: string;
}

/** What a file's name stands for; `undefined` for files that are not ours. */
export function readName(name: string): Name | undefined {
  if (name === markName) return { kind: 'mark', segment: '' };
  const segment = fromName(name.slice(2));
  if (segment === undefined) return undefined;
  if (name.startsWith('c-')) return { kind: 'cell', segment };
  return name.startsWith('d-') ? { kind: 'directory', segment } : undefined;
}

function toName(segment: string): string {
  if (/^[a-z0-9_-]*$/.test(segment)) return segment;
  let out = '';
  for (const byte of keyToBytes(segment)) {
    const char = String.fromCharCode(byte);
    if (/[a-z0-9_-]/.test(char)) out += char;
    else if (/[A-Z]/.test(char)) out += `^${char.toLowerCase()}`;
    else out += `%${byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}

function fromName(name: string): string | undefined {
  if (/^[a-z0-9_-]*$/.test(name)) return name;
  if (!/^(?:[a-z0-9_-]|\^[a-z]|%[0-9a-f]{2})*$/.test(name)) return undefined;
  const bytes: number[] = [];
  for (const [part] of name.matchAll(/\^[a-z]|%[0-9a-f]{2}|./g)) {
    if (part[0] === '^') bytes.push(part.charCodeAt(1) - 32);
    else bytes.push(part[0] === '%' ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0));
  }
  return keyFromBytes(Uint8Array.from(bytes));
}
