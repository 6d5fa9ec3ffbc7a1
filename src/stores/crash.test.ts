/** Killed writers, full disks, several writing processes. More rounds of killing: `node test/soak/store-kill.ts`. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { crashRound } from '../../test/support/store-crash.ts';
import { openLmdb } from './lmdb.ts';
import { verifyStore } from './maintenance/verify.ts';

const directory = mkdtempSync(join(tmpdir(), 'crash-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each(['lmdb', 'fs'] as const)(
  '[row A1] what %s acknowledged survives kill -9, and the store is clean',
  async (kind) => {
    let acknowledged = 0;
    for (let round = 0; round < 3; round++) {
      const result = await crashRound(kind, join(directory, kind), round, 100 + 150 * Math.random());
      expect(result.problems).toEqual([]);
      acknowledged += result.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(0);
  },
  60_000,
);

const run = promisify(execFile);
const child = fileURLToPath(new URL('../../test/support/store-child.ts', import.meta.url));

test('[row A7] several processes append to one log: no gap, no duplicate', async () => {
  const at = join(directory, 'shared');
  await (await openLmdb({ directory: at }))[Symbol.asyncDispose]();
  const names = ['a', 'b', 'c'];
  await Promise.all(names.map((name) => run(process.execPath, [child, 'append', at, name, '100'])));
  await using store = await openLmdb({ directory: at });
  const rows = store.scan('log/p');
  expect(rows.map(({ path }) => Number(path))).toEqual(Array.from({ length: 300 }, (_, i) => i));
  const texts = rows.map(({ value }) => new TextDecoder().decode(value));
  expect(new Set(texts).size).toBe(300);
  for (const name of names) {
    const own = texts.filter((text) => text.startsWith(name));
    expect(own).toEqual(Array.from({ length: 100 }, (_, i) => `${name} ${i}`));
  }
  expect((await verifyStore(store)).damage).toEqual([]);
}, 60_000);

// Windows has no limit on the size of files that a shell can set.
test.skipIf(process.platform === 'win32')(
  'when a file cannot grow, the write fails, nothing is half there, and life goes on',
  async () => {
    for (const kind of ['lmdb', 'fs']) {
      const limited = `ulimit -f 2000 && exec "$0" "$@"`;
      const { stdout } = await run('sh', [
        '-c',
        limited,
        process.execPath,
        child,
        'fill',
        kind,
        join(directory, `full-${kind}`),
      ]);
      // LMDB reports a page that was cut short as an input/output error; it is called a full disk if the disk is full.
      const code = kind === 'fs' ? 'disk-full' : 'store-failed';
      expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({ code, first: 10, whole: true, after: 3 });
    }
  },
  60_000,
);
