/** What the command line says of a store whose file is damaged: LMDB alone would end the process without a sentence. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { put } from '../../src/stores/store.ts';
import { run } from '../support/child-node.ts';
import { filledStore, pageSize, spoilPage } from '../support/damaged-store.ts';

const directory = mkdtempSync(join(tmpdir(), 'damaged-store-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const patience = 60_000;

async function dataDirectory(name: string): Promise<{ readonly at: string; readonly file: string }> {
  const at = join(directory, name);
  mkdirSync(at);
  return { at, file: await filledStore(join(at, 'store'), 1_000) };
}

test(
  'a file that is cut short: the node does not start, and nothing else reads it',
  async () => {
    const { at, file } = await dataDirectory('cut');
    truncateSync(file, 20 * pageSize);
    for (const command of [
      ['start', '--port', '0'],
      ['store', 'verify'],
      ['store', 'stats'],
      ['store', 'export'],
    ]) {
      const { code, stdout, stderr } = await run([...command, '--data-dir', at]);
      expect([command[0], code, stdout]).toEqual([command[0], 1, '']);
      expect(stderr).toContain(`The database ${file} is damaged. It lacks its end`);
      expect(stderr).toContain('hyperbeam store import');
    }
  },
  patience,
);

test(
  'an archive that is damaged, not there, or older than the store changes nothing',
  async () => {
    const archive = join(directory, 'archive');
    const [older, newer] = [join(directory, 'older'), join(directory, 'newer')];
    for (const [at, head] of [
      [older, 1],
      [newer, 2],
    ] as const) {
      mkdirSync(at);
      await using store = await openLmdb({ directory: join(at, 'store') });
      await store.write([put('a', new Uint8Array(1)), put('head', Uint8Array.of(head))], { durable: true });
    }
    expect((await run(['store', 'export', archive, '--data-dir', older])).code).toBe(0);
    const damaged = join(directory, 'damaged');
    writeFileSync(damaged, Buffer.concat([readFileSync(archive).subarray(0, -1), Buffer.of(7)]));
    const stats = (at: string) => run(['store', 'stats', '--data-dir', at]);
    for (const [file, at, sentence] of [
      [damaged, join(directory, 'new'), 'The archive is damaged.'],
      [join(directory, 'none'), join(directory, 'never-made'), 'There is no archive'],
      [archive, newer, 'The store has another value at `head` than the archive.'],
    ] as const) {
      const before = await stats(at);
      const { code, stderr } = await run(['store', 'import', file, '--data-dir', at]);
      expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
      if (before.code === 0) expect((await stats(at)).stdout).toBe(before.stdout);
    }
    expect((await stats(join(directory, 'new'))).stdout).toContain('keys: 0');
    expect(existsSync(join(directory, 'never-made'))).toBe(false);
    expect((await run(['store', 'import', archive, '--data-dir', newer, '--replace'])).stdout).toBe('2 entries.\n');
    await using store = await openLmdb({ directory: join(newer, 'store') });
    expect(store.read('head')).toEqual(Uint8Array.of(1));
  },
  patience,
);

test(
  'a page that is spoilt: `store verify` tells',
  async () => {
    const { at, file } = await dataDirectory('spoilt');
    spoilPage(file);
    const { code, stderr } = await run(['store', 'verify', '--data-dir', at]);
    expect(code).toBe(1);
    expect(stderr).toContain('is damaged');
    expect(stderr).toContain('hyperbeam store import');
  },
  patience,
);
