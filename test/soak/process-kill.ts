/**
 * Kills a node's processes at work again and again: `node test/soak/process-kill.ts [rounds] [lmdb|fs]`. Each round adds to the same
 * store; everything that was acknowledged in a round has to be there after it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killRound } from '../support/kill.ts';

const rounds = Number(process.argv[2] ?? 50);
const kind = process.argv[3] === 'fs' ? 'fs' : 'lmdb';
let directory = await mkdtemp(join(tmpdir(), 'hb-soak-'));
let problems = 0;
for (let round = 0; round < rounds; round++) {
  // A new store now and then: the check reads everything there is.
  if (round > 0 && round % 10 === 0) {
    await rm(directory, { recursive: true });
    directory = await mkdtemp(join(tmpdir(), 'hb-soak-'));
  }
  const result = await killRound(kind, directory, round, 100 + Math.floor(Math.random() * 900));
  problems += result.problems.length;
  console.log(
    `round ${round + 1}: ${result.acknowledged} acknowledged, ${result.slots} slots, ${result.problems.join('; ') || 'ok'}`,
  );
}
await rm(directory, { recursive: true });
console.log(problems === 0 ? 'all rounds ok' : `${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;
