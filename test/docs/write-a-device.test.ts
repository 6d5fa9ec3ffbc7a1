/** Does what docs/write-a-device.md says: writes its files to an empty folder beside the package, checks their types, runs their tests. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeBlocks } from '../support/markdown.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const files = codeBlocks('docs/write-a-device.md').flatMap(({ attributes, text }) => {
  const name = attributes.get('name');
  return name === undefined ? [] : [{ name, text }];
});

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-a-device-'));
  await mkdir(join(folder, 'node_modules', '@types'), { recursive: true });
  // What the three `npm` lines of the guide give, without a registry.
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(root, join(folder, 'node_modules', 'hyperbeam-ts'), 'junction');
  for (const name of ['zod', '@types/node']) {
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
  for (const { name, text } of files) await writeFile(join(folder, name), text);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the files of the guide have sound types', { timeout: 180_000 }, async () => {
  expect(files.map(({ name }) => name)).toContain('tsconfig.json');
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});

test('the tests of the guide pass', { timeout: 120_000 }, async () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap'], { cwd: folder, env }).catch(
    (error: { stdout: string }) => error,
  );
  const count = files.flatMap(({ text }) => text.match(/^test\(/gm) ?? []).length;
  expect(stdout).toContain(`# pass ${count}\n# fail 0\n`);
});

test('the node of the guide starts and ends', { timeout: 60_000 }, async () => {
  await using cleanup = new AsyncDisposableStack();
  const env = { ...process.env, HB_PORT: '0', HB_DATA_DIR: join(folder, 'data'), HB_LOG_LEVEL: 'silent' };
  const node = spawn(process.execPath, ['node.ts'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup.defer(() => void node.kill('SIGKILL'));
  const exited = once(node, 'exit');
  const [url] = (await once(createInterface(node.stdout), 'line')) as [string];
  const port = new URL(url).port;
  const reply = await fetch(`http://127.0.0.1:${port}/~greeter@1.0/greet?name=Ada`);
  expect(await reply.text()).toBe('Hello, Ada!');
  node.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
});
