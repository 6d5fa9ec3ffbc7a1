/** kill -9 in the middle of heavy writing, a few rounds each. More of them: `node test/soak/store-kill.ts`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { crashRound } from '../../test/support/store-crash.ts';

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
