/**
 * Does what docs/operating.md says, in order, in an empty folder: its files are written, its commands run, with a free port in place of 8734.
 * `hyperbeam start` goes on in the background and is stopped at the end.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NodeClient, walletFromJwk } from '../../src/client.ts';
import { declarations } from '../../src/node/options.ts';
import { startNode } from '../../src/testing/index.ts';
import { codeBlocks, commandsOf } from '../support/markdown.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'src/cli/main.ts');
const page = 'docs/operating.md';
const blocks = codeBlocks(page);

let folder: string;
let port: number;
let env: NodeJS.ProcessEnv;
const running: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'operating-'));
  port = await freePort();
  const { HB_CONFIG: _, ...inherited } = process.env;
  env = { ...inherited, HB_PORT: String(port), HB_NODE: `http://127.0.0.1:${port}` };
  await mkdir(join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await symlink(root, join(folder, 'node_modules', 'hyperbeam-ts'), 'junction');
  for (const file of ['cert.pem', 'key.pem']) await cp(join(root, 'test/support/tls', file), join(folder, file));
});

afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

test('its files and commands do what it says', { timeout: 240_000 }, async () => {
  const outputs = new Map<string, string>();
  for (const block of blocks) {
    const name = block.attributes.get('name');
    if (name !== undefined) await writeFile(join(folder, name), block.text);
    if (block.language !== 'console') continue;
    for (const { command, output } of commandsOf(block)) {
      const printed = await perform(command);
      outputs.set(command, printed);
      if (output !== '') expect(printed.trim(), command).toBe(output);
    }
  }
  const said = (command: string): string =>
    outputs.get(command) ?? expect.fail(`the page no longer has \`${command}\``);
  const address = said('hyperbeam wallet').trim();
  expect(address).toMatch(/^[\w-]{43}$/);
  expect(said('hyperbeam read /~meta@1.0/info/address').trim()).toBe(address);
  expect(said('hyperbeam config explain')).toContain('requests-per-second = 50\n    file config.json.');
  expect(said('hyperbeam store verify --data-dir restored')).toContain('all sound, 0 absent');
  expect(said('hyperbeam read /$PROCESS/process-status')).toContain('idle');
  expect(said('node letters.ts')).toBe('');
  const changed = await fetch(`http://127.0.0.1:${port}/~meta@1.0/info`, { headers: { accept: 'application/json' } });
  expect(Object.entries((await changed.json()) as object)).toContainEqual([
    expect.stringMatching(/^manifest.404$/),
    'error',
  ]);
  for (const name of metricNames(said('curl http://localhost:8734/~hyperbuddy@1.0/metrics'))) {
    expect(await readFile(join(root, page), 'utf8'), name).toContain(`\`${name}\``);
  }
});

test('its program for letters shows a dead one and sends it again', { timeout: 120_000 }, async () => {
  const wallet = walletFromJwk(JSON.parse(await readFile(join(folder, 'data/hyperbeam-key.json'), 'utf8')));
  using client = new NodeClient({ url: env['HB_NODE']!, wallet });
  const data = `function compute(base)
    base.results = { outbox = { ['1'] = { target = '${'b'.repeat(43)}', action = 'Greet' } } }
    return base
  end`;
  const module = await client.upload({ tags: { 'content-type': 'application/lua', name: 'sender' }, data });
  const process_ = await client.spawn({ tags: { 'execution-device': 'lua@5.3a', module } });
  await client.send(process_, { action: 'Go' });
  await expect.poll(() => perform('node letters.ts'), { timeout: 60_000, interval: 500 }).toContain('dead');
  expect(await perform('node letters.ts')).toBe(`dead ${process_} 1 Could not access target process!\n`);
  expect(await perform(`node letters.ts ${process_} 1`)).toBe('');
  await expect(perform(`node letters.ts ${process_} 0`)).rejects.toThrow('There is no such dead letter.');
});

test('its node ends in good order', { timeout: 60_000 }, async () => {
  const [node] = running;
  const exited = once(node!, 'exit');
  node!.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
});

test('its TLS file makes the port speak TLS', { timeout: 60_000 }, async () => {
  await perform('hyperbeam start --config tls.json');
  const body = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/healthz', rejectUnauthorized: false }, (reply) => {
      reply.setEncoding('utf8').once('data', resolve);
    }).once('error', reject);
  });
  expect(JSON.parse(body)).toEqual({ status: 'ok' });
});

describe('what it names exists', () => {
  test('options', async () => {
    const text = await readFile(join(root, page), 'utf8');
    const limits = /## Limits\n([\s\S]*?)\n## /.exec(text)![1]!;
    const named = [...limits.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([\w-]+)`/g)].map(([, name]) => name!),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !declarations().has(name))).toEqual([]);
  });

  test('metrics', async () => {
    await using node = await startNode();
    const text = await readFile(join(root, page), 'utf8');
    const rows = text.slice(text.indexOf('| Metric |'), text.indexOf('The names are those'));
    const named = [...rows.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`([\w]+)`/g)].map(([, name]) => name!),
    );
    const shown = await (await fetch(`${node.url}/~hyperbuddy@1.0/metrics`)).text();
    expect(named.filter((name) => !shown.includes(`# TYPE ${name} `))).toEqual([]);
  });
});

/** Runs one command of the page; gives what it prints. */
async function perform(command: string): Promise<string> {
  const [program, ...args] = (await withProcess(command)).split(' ');
  if (program === 'curl') {
    return (await fetch(args[0]!.replace('http://localhost:8734', `http://127.0.0.1:${port}`))).text();
  }
  const script = program === 'hyperbeam' ? [main, ...args] : args;
  if (program === 'hyperbeam' && args[0] === 'start') return inBackground(script);
  expect(['hyperbeam', 'node']).toContain(program);
  return (await run(process.execPath, script, { cwd: folder, env })).stdout;
}

/** `$PROCESS` stands for a process on the node. */
async function withProcess(command: string): Promise<string> {
  if (!command.includes('$PROCESS')) return command;
  const { stdout } = await run(process.execPath, [main, 'spawn'], { cwd: folder, env });
  const id = /[\w-]{43}/.exec(stdout)?.[0] ?? expect.fail(`spawn printed ${stdout}`);
  return command.replace('$PROCESS', id);
}

async function inBackground(script: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const exited = once(child, 'exit').then(() => expect.fail('the node ended at once'));
  const [banner] = (await Promise.race([once(child.stdout!.setEncoding('utf8'), 'data'), exited])) as [string];
  exited.catch(() => undefined);
  return banner;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return free;
}

/** Names of metrics but for those of the runtime. */
function metricNames(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\w+) /gm)]
    .map(([, name]) => name!)
    .filter((name) => !/^nodejs_|^process_(?!uptime)/.test(name));
}
