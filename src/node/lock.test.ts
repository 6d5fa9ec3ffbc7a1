/** Nodes that want the same directory. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const rounds = 60;
const leadMs = 5;

test('of nodes that start at once where one was killed, one gets the directory', async () => {
  const file = fileURLToPath(new URL('../../test/support/lock-child.ts', import.meta.url));
  const children = Array.from({ length: 4 }, () => fork(file, [directory]));
  await Promise.all(children.map((child) => once(child, 'message')));
  const tell = (asked: object | string): Promise<unknown[]> =>
    Promise.all(
      children.map(async (child) => {
        const answer = once(child, 'message');
        child.send(asked);
        return (await answer)[0] as unknown;
      }),
    );
  const lock = join(directory, 'node.lock');
  for (let round = 0; round < rounds; round++) {
    writeFileSync(lock, '999999999 1\n');
    const answers = await tell({ at: Date.now() + leadMs });
    expect(answers.filter((one) => one === true)).toHaveLength(1);
    for (const one of answers) if (one !== true) expect(one).toContain(`works in ${directory}.`);
    await tell('release');
    expect(readdirSync(directory)).toEqual([]);
  }
  for (const child of children) child.kill();
}, 30_000);
