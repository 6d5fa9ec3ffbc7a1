/** The console: as a program that is fed lines, and at a pseudo-terminal as a person uses it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ArweaveSigner, createData } from '@dha-team/arbundles';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { testJwk } from '../../src/testing/index.ts';
import { type ChildNode, childNode, commandFile, keyFile, run } from '../support/child-node.ts';

// Each command is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let node: ChildNode;
let home: string;

beforeAll(async () => {
  node = await childNode();
  home = await mkdtemp(join(tmpdir(), 'console-'));
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

const flags = (): string[] => ['--node', node.url, '--wallet', keyFile('rsa4096-2.json')];
const process = async (name: string): Promise<string> =>
  (await run(['spawn', '--name', name, ...flags()])).stdout.trim();

test('evaluates what is piped into it', async () => {
  const id = await process('piped');
  const lines = ['x = 5', 'function double(n)', '  return n * 2', 'end', '', 'double(x)', 'print("done")'];
  expect(await run(['console', id, ...flags()], { input: lines.join('\n') })).toEqual({
    code: 0,
    stdout: '10\ndone\n',
    stderr: '',
  });
  const failing = await run(['console', id, ...flags()], { input: 'error("no")\n1' });
  expect(failing).toEqual({ code: 1, stdout: '1\n', stderr: 'eval:1: no\n' });
});

test('--run evaluates one line', async () => {
  const id = await process('once');
  expect(await run(['console', id, '--run', '{ 1, 2 }', ...flags()])).toMatchObject({
    code: 0,
    stdout: '{\n  1,\n  2\n}\n',
  });
  expect((await run(['console', id, '--run', 'nil + 1', ...flags()])).code).toBe(1);
});

test('whoever is not the owner is told that nothing was evaluated', async () => {
  const id = await process('somebody’s');
  const stranger = ['--node', node.url, '--wallet', keyFile('rsa4096-1.json')];
  const { code, stdout, stderr } = await run(['console', id, '--run', 'x = 1', ...stranger]);
  expect([code, stdout]).toEqual([1, expect.stringContaining('New Message From')]);
  expect(stderr).toBe(
    `The process did not evaluate this: it does so for its owner only, and you are ${node.address}.\n`,
  );
  expect((await run(['console', id, '--run', 'x', ...flags()])).stdout).toBe('nil\n');
});

test('numbers may begin with a point, commands begin with a letter', async () => {
  const id = await process('points');
  expect(await run(['console', id, ...flags()], { input: '.5 + 1\n.dance' })).toEqual({
    code: 1,
    stdout: '1.5\n',
    stderr: 'There is no `.dance`. `.help` lists what there is.\n',
  });
});

/** Puts an Eval on the schedule without computing it. */
async function schedule(target: string, code: string): Promise<void> {
  const signer = new ArweaveSigner(testJwk('second'));
  const tags = [
    { name: 'Action', value: 'Eval' },
    { name: 'Type', value: 'Message' },
  ];
  const item = createData(code, signer, { target, tags });
  await item.sign(signer);
  const reply = await fetch(`${node.url}/${target}~process@1.0/schedule`, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104' },
    body: new Uint8Array(item.getRaw()),
  });
  expect(reply.status).toBe(200);
}

/** A command at a pseudo-terminal, made by `script` of Debian's bsdutils. */
class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #seen = '';

  constructor(args: readonly string[]) {
    const command = [globalThis.process.execPath, commandFile, ...args].map((part) => `'${part}'`).join(' ');
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { ...globalThis.process.env, HOME: home, TERM: 'xterm' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#seen += stripVTControlCharacters(text);
    });
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits until a text appears, and forgets everything before its end. */
  async see(text: string): Promise<void> {
    await expect.poll(() => this.#seen, { timeout: 45_000 }).toContain(text);
    this.#seen = this.#seen.slice(this.#seen.indexOf(text) + text.length);
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    return ((await once(this.#child, 'exit')) as [number | null])[0];
  }
}

test('a session at a terminal', async () => {
  const id = await process('session');
  const program = join(home, 'program.lua');
  await writeFile(program, `Handlers.add('Hi', function(msg) print('hi from ' .. msg.Data) end)\nreturn 'loaded'`);
  const terminal = new Terminal(['console', id, ...flags()]);
  await terminal.see('session@aos-2.0.16[Inbox:0]> ');

  terminal.type('1 + 1\r');
  await terminal.see('2\r\n');
  await terminal.see('session@aos-2.0.16[Inbox:0]> ');

  // A statement over several lines.
  terminal.type('function add(a, b)\r');
  await terminal.see('... ');
  terminal.type('return a + b end\r');
  await terminal.see('[Inbox:0]> ');
  terminal.type('add(20, 22)\r');
  await terminal.see('42\r\n');

  // An error, and a command that is none.
  await terminal.see('[Inbox:0]> ');
  terminal.type('error("oops")\r');
  await terminal.see('eval:1: oops');
  await terminal.see('[Inbox:0]> ');
  terminal.type('.dance\r');
  await terminal.see('There is no `.dance`.');

  // Tab completes.
  await terminal.see('[Inbox:0]> ');
  terminal.type('Handlers.li\t');
  await terminal.see('Handlers.list');
  terminal.type('\x03');
  await terminal.see('^C');

  // A file.
  await terminal.see('[Inbox:0]> ');
  terminal.type(`.load ${program}\r`);
  await terminal.see('loaded\r\n');
  await terminal.see('[Inbox:0]> ');

  // What another's message makes the process print.
  await run([
    'send',
    id,
    '--action',
    'Hi',
    '--data',
    'outside',
    '--node',
    node.url,
    '--wallet',
    keyFile('rsa4096-1.json'),
  ]);
  await terminal.see('hi from outside');
  await terminal.see('[Inbox:0]> ');

  // Ctrl+C drops what stands on the line; on an empty one it says how to leave.
  terminal.type('nonsense(');
  await terminal.see('nonsense(');
  terminal.type('\x03');
  await terminal.see('^C');
  terminal.type('\x03');
  await terminal.see('(.exit or Ctrl+D leaves)');

  // The last line comes back with the arrow key; Ctrl+D leaves.
  terminal.type('\x1b[A\x1b[A');
  await terminal.see('.dance');
  terminal.type('\x03');
  await terminal.see('^C');
  terminal.type('\x04');
  expect(await terminal.ended()).toBe(0);
  const history = readFileSync(join(home, '.hyperbeam/console-history'), 'utf8').split('\n');
  expect(history).toEqual(expect.arrayContaining(['1 + 1', 'add(20, 22)', `.load ${program}`]));
});

test('history of an earlier session; progress while a process catches up; .exit leaves', {
  timeout: 60_000,
}, async () => {
  const id = await process('second');
  for (let i = 0; i < 20; i++) await schedule(id, 'for i = 1, 40000000 do end');
  const terminal = new Terminal(['console', id, ...flags()]);
  await terminal.see('computing slot ');
  await terminal.see(' of 20');
  await terminal.see('second@aos-2.0.16[Inbox:0]> ');
  terminal.type('\x1b[A');
  await terminal.see(`.load ${join(home, 'program.lua')}`);
  terminal.type('\x03');
  await terminal.see('^C');
  terminal.type('.exit\r');
  expect(await terminal.ended()).toBe(0);
});

test('waiting for an answer can be given up', async () => {
  const id = await process('third');
  const terminal = new Terminal(['console', id, ...flags()]);
  await terminal.see('third@aos-2.0.16[Inbox:0]> ');
  terminal.type('for i = 1, 300000000 do end return "counted"\r');
  await terminal.see('"counted"');
  await new Promise((resolve) => setTimeout(resolve, 200));
  terminal.type('\x03');
  await terminal.see('Not waiting any longer');
  terminal.type('\x04');
  expect(await terminal.ended()).toBe(0);
});
