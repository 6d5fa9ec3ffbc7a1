/**
 * The cell: what a store keeps under one key. A checksum over key and payload tells a damaged or misplaced cell from a sound one.
 *
 *     tag (1 byte) · CRC-32 of key, tag and payload (4 bytes, big-endian) · payload
 *
 *     1 value   the bytes                        3 group   nothing
 *     2 link    the key it leads to, UTF-8       4 blob    SHA-256 of the bytes (32), their number (8, big-endian)
 */
import { crc32 } from 'node:zlib';
import { keyFromBytes, keyToBytes } from '../core/bytes.ts';
import { raise } from '../core/errors.ts';
import { keyPath } from './path.ts';

export const CellTag = { value: 1, link: 2, group: 3, blob: 4 } as const;
export type CellTag = (typeof CellTag)[keyof typeof CellTag];

const headerBytes = 5;
const nothing = new Uint8Array(0);

export interface Cell {
  readonly tag: CellTag;
  readonly payload: Uint8Array;
}

export function makeCell(key: string, tag: CellTag, payload: Uint8Array = nothing): Uint8Array {
  const cell = new Uint8Array(headerBytes + payload.length);
  cell[0] = tag;
  cell.set(payload, headerBytes);
  const sum = checksum(key, tag, payload);
  cell[1] = sum >>> 24;
  cell[2] = sum >>> 16;
  cell[3] = sum >>> 8;
  cell[4] = sum;
  return cell;
}

export function linkCell(key: string, target: string): Uint8Array {
  return makeCell(key, CellTag.link, keyToBytes(target));
}

export function linkTarget(cell: Cell): string {
  return keyFromBytes(cell.payload);
}

/** The cell in these bytes; what is wrong with it, as a sentence, if it is damaged. */
export function openCell(key: string, bytes: Uint8Array): Cell | string {
  if (bytes.length < headerBytes) return 'It is too short.';
  const tag = bytes[0]!;
  if (tag < CellTag.value || tag > CellTag.blob) return 'It has an unknown kind.';
  const payload = bytes.subarray(headerBytes);
  const sum = ((bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!) >>> 0;
  return checksum(key, tag, payload) === sum ? { tag: tag as CellTag, payload } : 'Its checksum does not match.';
}

/** The cell in these bytes. Throws `store-failed` if it is damaged. */
export function readCell(key: string, bytes: Uint8Array): Cell {
  const cell = openCell(key, bytes);
  if (typeof cell !== 'string') return cell;
  return raise('store-failed', `The entry \`${keyPath(key)}\` is damaged. ${cell}`, 'Run `hyperbeam store verify`.');
}

function checksum(key: string, tag: number, payload: Uint8Array): number {
  return crc32(payload, crc32(key, tag));
}
