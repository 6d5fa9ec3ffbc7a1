/**
 * The image of a machine as bytes: what `snapshot` gives and `normalize` takes. Only this program can read it; nodes exchange assignments
 * and results, never images (spec 04 appendix A.6).
 *
 *     "hbl1"  u32 length of head  head (encoded message)  pages one after the other
 */
import { concatBytes } from '../../core/bytes.ts';
import { decode, encode } from '../../core/encode.ts';
import { raise } from '../../core/errors.ts';
import { isMessage, message } from '../../core/message.ts';
import { isList } from '../../core/value.ts';
import { type LuaSnapshot, pageBytes } from '../../vm/lua/snapshot.ts';

const magic = new TextEncoder().encode('hbl1');
/** The pages begin here, so that equal memory gives equal pages of the store whatever the head says. */
const headBytes = 16 * 1024;

export function snapshotBody(snapshot: LuaSnapshot): Uint8Array {
  const { version, dialect, functions } = snapshot;
  const head = encode(message({ version, dialect, functions: [...functions] }));
  const start = new Uint8Array(headBytes);
  start.set(magic);
  new DataView(start.buffer).setUint32(4, head.length);
  start.set(head, 8);
  return concatBytes(start, ...snapshot.pages);
}

/** Throws `bad-encoding` for anything but what {@link snapshotBody} made. */
export function snapshotFrom(bytes: Uint8Array): LuaSnapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const foreign = bytes.length < headBytes || magic.some((byte, i) => bytes[i] !== byte);
  const length = foreign ? 0 : view.getUint32(4);
  if (foreign || length > headBytes - 8 || (bytes.length - headBytes) % pageBytes !== 0) {
    raise('bad-encoding', 'This is no image of a Lua machine of this program.', 'Let the process be computed again.');
  }
  const head = decode(bytes.subarray(8, 8 + length));
  if (!isMessage(head)) raise('bad-encoding', 'The image of a Lua machine has no head.');
  const functions = head.get('functions');
  const pages: Uint8Array[] = [];
  for (let at = headBytes; at < bytes.length; at += pageBytes) pages.push(bytes.subarray(at, at + pageBytes));
  const version = head.get('version');
  return {
    version: typeof version === 'string' ? version : '',
    dialect: head.get('dialect') === 'standard' ? 'standard' : 'network',
    functions: isList(functions) ? functions.map(String) : [],
    pages,
  };
}
