/**
 * Reads every entry of an LMDB file, as a process of its own that may end over it (lmdb-file.ts).
 *
 *     node lmdb-probe.ts FILE
 */
import { open } from 'lmdb';

const database = open<Uint8Array, Uint8Array>({
  path: process.argv[2]!,
  encoding: 'binary',
  keyEncoding: 'binary',
  readOnly: true,
});
// That they are asked for is all.
for (const _ of database.getRange());
