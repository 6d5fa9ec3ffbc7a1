/** `kill -9` while messages are posted, computed and pushed; the soak script does many more rounds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { killRound } from '../support/kill.ts';

describe.each(['lmdb', 'fs'] as const)('killed on %s', (kind) => {
  test('nothing acknowledged is lost, no slot is skipped or doubled, states are those of an uninterrupted run', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hb-kill-'));
    try {
      let slots = 0;
      for (let round = 0; round < (kind === 'lmdb' ? 3 : 1); round++) {
        const result = await killRound(kind, directory, round, 300 + 250 * round);
        expect(result.problems).toEqual([]);
        expect(result.acknowledged).toBeGreaterThan(0);
        expect(result.slots).toBeGreaterThan(slots);
        slots = result.slots;
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  }, 120_000);
});
