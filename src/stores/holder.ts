/**
 * Files that stand for a process, one holder at a time: `<process id> <start time>`, and whatever the holder adds. The start time tells an id
 * that was given out again.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

/** This process. */
export function holder(): string {
  return `${process.pid} ${startTime(process.pid)}`;
}

/** Whether the process that {@link holder} told of is still there. What follows after it doesn't matter. */
export function isAlive(held: string): boolean {
  const [id, started] = held.trim().split(' ');
  const pid = Number(id);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === undefined || started === '?' || startTime(pid) === started;
}

/** A file without its text is just being written, or after so long what a crash left. In milliseconds. */
const unfinishedMs = 200;
const maxTries = 8;

/**
 * Makes `file` with this text, which begins with {@link holder}, unless somebody living holds it: then gives that one's text, which is empty
 * while it is being written. What the dead left is taken over, by one of those who want it. Throws what the system says.
 */
export function claimFile(file: string, text: string): string | undefined {
  let held = '';
  for (let tries = 0; tries < maxTries; tries++) {
    if (create(file, text)) return undefined;
    const found = readIfThere(file);
    // It has just been released.
    if (found === undefined) continue;
    held = found;
    if (held === '' ? isFresh(file) : isAlive(held)) return held;
    if (takeOver(file, held, text)) return undefined;
  }
  return held;
}

/**
 * Whether what the dead left is ours now. Only who holds the file beside it may replace it, so that nobody replaces what another one has
 * just made.
 */
function takeOver(file: string, held: string, text: string): boolean {
  const taking = `${file}.taking`;
  if (claimFile(taking, text) !== undefined) return false;
  try {
    if (readIfThere(file) !== held) return false;
    const prepared = besides(file);
    writeFileSync(prepared, text);
    renameSync(prepared, file);
    return true;
  } finally {
    rmSync(taking, { force: true });
  }
}

/** Whether it was there before us. Nobody ever sees it without its text, but where the disk knows no links. */
function create(file: string, text: string): boolean {
  const prepared = besides(file);
  try {
    writeFileSync(prepared, text);
    linkSync(prepared, file);
    return true;
  } catch (error) {
    const { code = '', syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (syscall !== 'link') throw error;
    return createInPlace(file, text);
  } finally {
    rmSync(prepared, { force: true });
  }
}

function createInPlace(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function besides(file: string): string {
  return `${file}.${process.pid}-${randomUUID()}`;
}

function isFresh(file: string): boolean {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made < unfinishedMs;
}

/** The text of a file; `undefined` if it cannot be read. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** When a process started, in a form that only serves to compare; `?` where the system doesn't tell. */
function startTime(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '?';
}
