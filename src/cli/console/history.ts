/** The lines entered into consoles, newest last, in a file that only its owner reads. A history that can't be kept is no reason to stop. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export const maxHistory = 1_000;

export interface History {
  /** Newest last. */
  readonly lines: readonly string[];
  add(line: string): void;
}

export function openHistory(file: string): History {
  const lines = readLines(file);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (lines.length > maxHistory) {
      lines.splice(0, lines.length - maxHistory);
      writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    }
  } catch {
    // Read-only homes exist.
  }
  return {
    lines,
    add(line) {
      if (line.trim() === '' || line === lines.at(-1)) return;
      lines.push(line);
      try {
        appendFileSync(file, `${line}\n`, { mode: 0o600 });
      } catch {
        // As above.
      }
    },
  };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
