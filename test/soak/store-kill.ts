/**
 * Kills a writing process again and again and checks that nothing acknowledged is lost.
 *
 *     node test/soak/store-kill.ts [rounds=50] [lmdb|fs …]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crashRound, type Kind } from '../support/store-crash.ts';

const rounds = Number(process.argv[2] ?? 50);
const kinds = (process.argv.length > 3 ? process.argv.slice(3) : ['lmdb', 'fs']) as Kind[];
let failures = 0;
for (const kind of kinds) {
  let directory = mkdtempSync(join(tmpdir(), `kill-${kind}-`));
  let acknowledged = 0;
  for (let round = 0; round < rounds; round++) {
    // A fresh store now and then: its first writes are a case of their own, and verifying stays quick.
    if (round % 10 === 9) {
      rmSync(directory, { recursive: true, force: true });
      directory = mkdtempSync(join(tmpdir(), `kill-${kind}-`));
    }
    const result = await crashRound(kind, directory, round, 20 + 300 * Math.random());
    acknowledged += result.acknowledged;
    for (const problem of result.problems) console.log(`${kind} round ${round}: ${problem}`);
    failures += result.problems.length;
  }
  rmSync(directory, { recursive: true, force: true });
  console.log(`${kind}: ${rounds} rounds, ${acknowledged} acknowledgements, ${failures} problems`);
}
process.exitCode = failures === 0 ? 0 : 1;
