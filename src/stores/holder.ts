/** Who holds a file that stands for a process: `<process id> <start time>`. The start time tells an id that was given out again. */
import { readFileSync } from 'node:fs';

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
