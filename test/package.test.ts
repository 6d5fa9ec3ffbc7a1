/** The package as it is published: JavaScript, inside `node_modules`, without the repository around it. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
// Below the repository's own dependencies, where Node looks for them.
const place = join(root, 'node_modules/.published');
const installed = join(place, 'node_modules/hyperbeam-ts');
const data = mkdtempSync(join(tmpdir(), 'hyperbeam-package-'));

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), installed], { stdio: 'inherit' });
}, 180_000);
afterAll(() => {
  rmSync(place, { recursive: true, force: true });
  rmSync(data, { recursive: true, force: true });
});

test('a checkout’s command runs on the Node that came along, whatever Node is on the path', () => {
  const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  const command = join(root, 'scripts/hyperbeam.js');
  // npm's way for scripts is left out, so that this is the machine's own Node, old or new, if it has one.
  const env = { ...process.env, PATH: [...path, dirname(process.execPath)].join(':') };
  expect(execFileSync(command, ['--version'], { encoding: 'utf8', env })).toMatch(/^\d+\.\d+\.\d+\n$/);
  const wrong = spawnSync(command, ['fly'], { encoding: 'utf8', env });
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('There is no command `fly`.')]);
});

describe('the published package', () => {
  test('runs its command', () => {
    const help = execFileSync(process.execPath, [join(installed, 'src/cli/main.js'), '--help'], { encoding: 'utf8' });
    expect(help).toContain('hyperbeam start');
    const command = [join(installed, 'src/cli/main.js'), 'spawn', '--help'];
    expect(execFileSync(process.execPath, command, { encoding: 'utf8' })).toContain('hyperbeam spawn');
  });

  test('gives its entry points', () => {
    const script = join(place, 'use.mjs');
    writeFileSync(
      script,
      `import { createLibrary } from 'hyperbeam-ts';
       import { device } from 'hyperbeam-ts/device';
       import * as client from 'hyperbeam-ts/client';
       import { startNode } from 'hyperbeam-ts/testing';
       const outcome = await createLibrary().request('/~message@1.0&n+integer=42/n');
       const node = await startNode();
       const status = (await fetch(node.url + '/readyz')).status;
       await node.close();
       console.log(outcome.value, typeof device, Object.keys(client).length > 0, status);`,
    );
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim()).toBe('42 function true 200');
  });

  test('starts a node that computes Lua', { timeout: 60_000 }, async () => {
    const args = [
      join(installed, 'src/cli/main.js'),
      'start',
      '--port',
      '0',
      '--data-dir',
      data,
      '--log-level',
      'error',
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const url = await new Promise<string>((found, failed) => {
        let text = '';
        child.stdout.on('data', (piece: Buffer) => {
          text += piece.toString();
          const match = /http:\/\/\S+/.exec(text);
          if (match !== null) found(match[0]);
        });
        child.on('exit', () => failed(new Error(`the node ended: ${text}`)));
      });
      const lua = encodeURIComponent('function answer() return 42 end');
      const path = `/~lua@5.3a&content-type="application/lua"&body="${lua}"/answer`;
      expect(await (await fetch(url + path)).text()).toBe('42');
    } finally {
      child.kill('SIGTERM');
    }
  });
});
