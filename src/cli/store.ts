/** `hyperbeam store`: looks into the store of a data directory, checks it, copies it out and in. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { raise } from '../core/errors.ts';
import { createLibrary } from '../node/library.ts';
import { lockDirectory } from '../node/lock.ts';
import { checkArchive, exportStore, importStore } from '../stores/maintenance/archive.ts';
import { storeStats } from '../stores/maintenance/stats.ts';
import { verifyStore } from '../stores/maintenance/verify.ts';
import { openDisk } from '../stores/open.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { type Command, UsageError } from './command.ts';

export const store: Command = {
  help: () => `hyperbeam store stats               What is in the store: entries and bytes.
hyperbeam store verify              Checks every entry; exit code 1 if anything is damaged.
hyperbeam store export [FILE]       Writes everything as one archive, to stdout without a file.
hyperbeam store import [FILE]       Reads an archive into the store, from stdin without a file. Not while a node runs.

  --data-dir DIR   The data directory; HB_DATA_DIR, else ./data.
  --json           Numbers and findings as JSON (stats, verify).
  --replace        Lets an import replace what the store has already.`,
  async run(args) {
    const given = readArguments(
      'store',
      args,
      { json: { type: 'boolean' }, replace: { type: 'boolean' } },
      { min: 1, max: 2, what: '`stats`, `verify`, `export` or `import`' },
    );
    const [what, file] = given.positionals as [string, string | undefined];
    const directory = given.text('data-dir') ?? process.env['HB_DATA_DIR'] ?? 'data';
    const work = operations.get(what);
    if (work === undefined) throw new UsageError('store', `There is no \`store ${what}\`.`);
    return work(directory, file, given);
  },
};

type Operation = (directory: string, file: string | undefined, given: Arguments) => Promise<number>;

const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['stats', stats],
  ['verify', verify],
  ['export', exportTo],
  ['import', importFrom],
]);

/** For reading, next to a running node as well: what is there at this moment, so that all of it fits together. */
async function openToRead(directory: string): ReturnType<typeof openDisk> {
  const path = join(directory, 'store');
  if (!existsSync(path)) raise('not-found', `There is no store in ${directory}.`, 'Name it with `--data-dir`.');
  const opened = await openDisk({ directory: path, readOnly: true });
  opened.engine.freeze?.();
  return opened;
}

async function stats(directory: string, _file: string | undefined, given: Arguments): Promise<number> {
  await using opened = await openToRead(directory);
  const found = await storeStats(opened);
  if (given.flag('json')) {
    print(JSON.stringify(found, undefined, 2));
    return 0;
  }
  const head = ['group', 'values', 'links', 'marks', 'bytes', 'files'];
  const rows = found.groups.map((one) =>
    [one.name, one.values, one.links, one.marks, one.bytes, one.blobs].map(String),
  );
  const widths = head.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  for (const row of [head, ...rows]) {
    print(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '));
  }
  for (const [name, value] of Object.entries(found.backend)) print(`${name}: ${value}`);
  return 0;
}

/** Set for the process that does it. */
const verifying = 'HB_VERIFYING';

/** Over some damage LMDB ends the process that meets it: so another one looks, and this one says what came of it. */
async function verify(directory: string, file: string | undefined, given: Arguments): Promise<number> {
  if (process.env[verifying] !== undefined) return verifyHere(directory, file, given);
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [verifying]: '1' },
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === 'SIGABRT' || signal === 'SIGSEGV' || signal === 'SIGBUS') {
    raise(
      'store-failed',
      `The store in ${directory} is damaged: reading all of it ended with ${signal}.`,
      'Move it away and bring back a backup with `hyperbeam store import`.',
    );
  }
  return code ?? 1;
}

async function verifyHere(directory: string, _file: string | undefined, given: Arguments): Promise<number> {
  await using opened = await openToRead(directory);
  const report = await verifyStore(opened, { environment: createLibrary().env });
  const damaged = report.damage.length > 0;
  if (given.flag('json')) {
    print(JSON.stringify(report, undefined, 2));
    return damaged ? 1 : 0;
  }
  for (const { path, problem } of report.damage) print(`damaged  ${path}: ${problem}`);
  for (const { path, problem } of report.absent) print(`absent   ${path}: ${problem}`);
  for (const hash of report.orphans) print(`orphan   ${hash}`);
  print(
    `${report.entries} entries: ${damaged ? `${report.damage.length} damaged` : 'all sound'}, ` +
      `${report.absent.length} absent, ${report.orphans.length} orphaned files.`,
  );
  return damaged ? 1 : 0;
}

/** A file appears whole or not at all. */
async function exportTo(directory: string, file: string | undefined): Promise<number> {
  await using opened = await openToRead(directory);
  const archive = Readable.from(exportStore(opened));
  if (file === undefined || file === '-') {
    await pipeline(archive, process.stdout, { end: false });
    return 0;
  }
  if (existsSync(file)) raise('conflict', `${file} exists already.`, 'Choose another name.');
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await pipeline(archive, createWriteStream(unfinished, { flags: 'wx', flush: true }));
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return 0;
}

/** A file is read to its end before anything is changed. A pipe can be read only once: what came before a damage is then in the store. */
async function importFrom(directory: string, file: string | undefined, given: Arguments): Promise<number> {
  const isFile = file !== undefined && file !== '-';
  if (isFile && !existsSync(file)) raise('not-found', `There is no archive ${file}.`);
  const options = { replace: given.flag('replace') };
  const unlock = lockDirectory(directory);
  try {
    await using opened = await openDisk({ directory: join(directory, 'store') });
    if (isFile && statSync(file).isFile()) await checkArchive(opened, readFrom(createReadStream(file)), options);
    const count = await importStore(opened, readFrom(isFile ? createReadStream(file) : process.stdin), options);
    print(`${count} entries.`);
    return 0;
  } finally {
    unlock();
  }
}

/** Bytes as they come: nothing on the way may make text of them. */
function readFrom(stream: NodeJS.ReadableStream): AsyncIterable<Uint8Array> {
  return stream as AsyncIterable<unknown> as AsyncIterable<Uint8Array>;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
