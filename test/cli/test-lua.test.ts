/** `hyperbeam test`: rows of cases-processes.md §5.1. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { chosenTests } from '../../src/cli/test-lua.ts';
import { run } from '../support/child-node.ts';

vi.setConfig({ testTimeout: 120_000 });

/** The module that tests the harness, from its description. */
const metaTest = `
local calls = 0
function basic_test() calls = calls + 1 return 'ok' end
function return_message_test() return 'ok', { calls = calls } end
function meta_test_ignored() error('this is no test') end
function sandbox_test()
  local status, template = ao.resolve('/~router@1.0/routes/1/template')
  if status ~= 'ok' then return 'error', 'there are no routes' end
  return status, template
end`;

const failing = `
kept = 0
function error_test() return 'error', 'no' end
function raising_test() kept = kept + 1 error('boom') end
function untouched_test(...) if kept ~= 0 or select('#', ...) ~= 0 then error('kept') end return 1 end`;

let cwd: string;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'test-lua-'));
  await mkdir(join(cwd, 'scripts'));
  await writeFile(join(cwd, 'scripts', 'meta-test.lua'), metaTest);
  await writeFile(join(cwd, 'failing.lua'), failing);
  const routes = [{ template: '/somewhere', node: 'http://localhost:1' }];
  await writeFile(join(cwd, 'config.json'), JSON.stringify({ routes }));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

test('[row processes/5.1/meta-test module] what is a test and what is not', async () => {
  const { code, stdout, stderr } = await run(['test'], { cwd });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(
    [
      join('scripts', 'meta-test.lua'),
      '  passed  basic_test',
      '  passed  return_message_test',
      '  passed  sandbox_test',
      '3 passed, 0 failed.',
      '',
    ].join('\n'),
  );
});

test('[row processes/5.1/exec] every test begins in the same machine; errors fail', async () => {
  const { code, stdout } = await run(['test', 'failing.lua'], { cwd });
  expect(code).toBe(1);
  expect(stdout.split('\n').slice(1)).toEqual([
    '  failed  error_test: no',
    '  failed  raising_test: failing.lua:4: boom',
    '  passed  untouched_test',
    '1 passed, 2 failed.',
    '',
  ]);
});

test('[row processes/5.1/spec grammar] modules and tests', async () => {
  const scripts = (name: string): string => join('scripts', name);
  expect(chosenTests('a:x_test:y_test, b,dir/c.lua:z_test', 'scripts')).toEqual([
    { file: scripts('a.lua'), tests: ['x_test', 'y_test'] },
    { file: scripts('b.lua'), tests: [] },
    { file: 'dir/c.lua', tests: ['z_test'] },
  ]);
  const { code, stdout } = await run(['test', 'meta-test:basic_test,failing.lua:untouched_test'], { cwd });
  expect([code, stdout.split('\n').filter((line) => line.startsWith('  '))]).toEqual([
    0,
    ['  passed  basic_test', '  passed  untouched_test'],
  ]);
  const unknown = await run(['test', 'meta-test:nothing_test'], { cwd });
  expect([unknown.code, unknown.stdout.includes('no global function `nothing_test`')]).toEqual([1, true]);
});

test('a script without tests is named', async () => {
  await writeFile(join(cwd, 'plain.lua'), 'x = 1');
  expect((await run(['test', 'plain.lua'], { cwd })).stdout).toContain('no tests');
});

test('a script that does not load is a failure, and the others run', async () => {
  await writeFile(join(cwd, 'broken.lua'), 'x =\nfunction');
  await writeFile(join(cwd, 'raises.lua'), '\nerror("not today")');
  const { code, stdout } = await run(['test', 'broken.lua,nowhere.lua,raises.lua,failing.lua:untouched_test'], { cwd });
  expect([code, stdout.split('\n')]).toEqual([
    1,
    [
      'broken.lua',
      "  failed  broken.lua:2: '(' expected near <eof>",
      'nowhere.lua',
      '  failed  nowhere.lua cannot be read: no such file or directory.',
      'raises.lua',
      expect.stringMatching(/^ {2}failed .*raises\.lua:2: not today/),
      'failing.lua',
      '  passed  untouched_test',
      '1 passed, 3 failed.',
      '',
    ],
  ]);
});

test('nothing to test is an error', async () => {
  for (const [args, sentence] of [
    [['test', 'missing'], 'cannot be read'],
    [['test', '--scripts', 'nowhere'], 'There are no Lua scripts in nowhere.'],
  ] as const) {
    const { code, stdout, stderr } = await run(args, { cwd });
    expect([code, (stdout + stderr).includes(sentence)]).toEqual([1, true]);
  }
  expect((await run(['test', 'a', 'b'], { cwd })).code).toBe(2);
});
