/** Every command of the command line as a person or a script runs it, against nodes of their own processes. */
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { NodeClient } from '../../src/client.ts';
import { testWallet } from '../../src/testing/index.ts';
import { type ChildNode, childNode, keyFile, type Ran, run } from '../support/child-node.ts';

// Each command is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

let node: ChildNode;
let directory: string;

beforeAll(async () => {
  node = await childNode();
  directory = await mkdtemp(join(tmpdir(), 'cli-'));
});
afterAll(async () => {
  await node[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** With the node and a key. */
const hb = (...args: readonly string[]): Promise<Ran> =>
  run([...args, '--node', node.url, '--wallet', keyFile('rsa4096-2.json')]);

async function spawned(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await hb('spawn', ...args);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^[\w-]{43}\n$/);
  return stdout.trim();
}

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
}

describe('help', () => {
  test('of everything and of every command', async () => {
    const { stdout } = await run(['help']);
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const names = [...stdout.matchAll(/^ {2}hyperbeam (\w+)/gm)].map(([, name]) => name!);
    expect(names).toEqual(['start', 'spawn', 'send', 'read', 'console', 'watch', 'test', 'store', 'wallet', 'config']);
    await Promise.all(
      names.map(async (name) => {
        const { code, stdout: help } = await run([name, '--help']);
        expect([name, code]).toEqual([name, 0]);
        expect(help).toContain(`hyperbeam ${name}`);
        if (name === 'send') expect((await run(['help', name])).stdout).toBe(help);
      }),
    );
  });

  test('what makes no sense is said, with exit code 2', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['fly'], 'There is no command `fly`.'],
      [['send'], '`send` needs the id of a process.'],
      [['send', 'x', 'y'], '`y` is one argument too many.'],
      [['read', '/x', '--colour'], "Unknown option '--colour'."],
      [['spawn', '--tag', 'x'], 'A tag is `name=value`, not `x`.'],
      [['store', 'shrink'], 'There is no `store shrink`.'],
      [['config'], '`config` needs `explain`.'],
      [['sned', 'x'], 'There is no command `sned`. Did you mean `send`?'],
      [['send', 'x', '--acton', 'y'], "Unknown option '--acton'. Did you mean `--action`?"],
      [['send', 'x', '--data', '--action', 'y'], "Option '--data"],
      [['send', 'x', '--data', 'y', '--data-file', 'z'], 'The data are either `--data` or `--data-file`.'],
      [['start', '--prot', '1'], 'There is no option `--prot`. Did you mean `--port`?'],
      [['start', '--no-thing'], 'There is no option `--no-thing`.'],
      [['start', '8734'], '`8734` is not an option: they start with `--`.'],
      [['config', 'explain', '--port'], '`--port` needs a value.'],
      [['help', 'fly'], 'There is no command `fly`.'],
      [['test', '--colour'], "Unknown option '--colour'."],
      [['wallet', 'burn'], 'There is no `wallet burn`.'],
      [['read', '/x', '--timeout', 'long'], '`--timeout` is a number of seconds.'],
      [['spawn', '--signing', 'ink', '--wallet', keyFile('rsa4096-2.json')], '`--signing` is `ans104` or `httpsig`'],
    ];
    await Promise.all(
      cases.map(async ([args, sentence]) => {
        const { code, stdout, stderr } = await run(args);
        expect([args, code, stdout]).toEqual([args, 2, '']);
        expect(stderr).toContain(sentence);
      }),
    );
  });
});

describe('spawn, send, read', () => {
  test('a process of the runtime', async () => {
    const process = await spawned('--name', 'greeter', '--tag', 'X-Colour=green');
    expect((await hb('send', process, '--action', 'Eval', '--data', '1 + 1')).stdout).toBe('2\n');
    expect(await hb('send', process, '--action', 'Eval', '--data', 'error("no")')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'eval:1: no\n',
    });
    expect((await hb('read', `${process}/x-colour`)).stdout).toBe('green\n');
    expect((await hb('read', `${process}~process@1.0/now/results/output/prompt`)).stdout).toContain('greeter@aos');
  });

  test('a process of the runtime takes what was meant for another when it has said so', async () => {
    const ids = [await spawned('--name', 'first'), await spawned('--name', 'second')] as const;
    using client = new NodeClient({ url: node.url, wallet: testWallet('second') });
    const evaluate = async (process: string, data: string): Promise<string | undefined> =>
      (await client.send(process, { action: 'Eval', data })).output;
    await client.send(ids[0], { action: 'Note', data: 'for the first' });
    const assign = `Assign({ Processes = { '${ids[1]}' }, Message = Inbox[1].Id })`;
    await evaluate(ids[0], assign);
    expect(await evaluate(ids[1], '#Inbox')).toBe('0');
    await evaluate(ids[1], `ao.addAssignable('notes', { Action = 'Note' })`);
    await evaluate(ids[0], assign);
    expect(await evaluate(ids[1], 'Inbox[1].Data')).toBe('for the first');
    expect(await client.currentSlot(ids[1])).toBe(5);
  });

  test('with HTTP message signatures', async () => {
    const process = await spawned('--signing', 'httpsig');
    expect((await hb('send', process, '--action', 'Eval', '--data', '"x"', '--signing', 'httpsig')).stdout).toBe('x\n');
  });

  test('a module of one’s own', async () => {
    const counter = await file(
      'counter.lua',
      `function compute(base, request, opts)
         base.count = (base.count or 0) + 1
         base.results = { output = { data = 'count ' .. math.floor(base.count) } }
         return base
       end`,
    );
    const process = await spawned(counter);
    expect((await hb('send', process)).stdout).toBe('count 2\n');
    const { stdout } = await hb('send', process, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ slot: 2, process, output: { data: 'count 3' } });
    expect((await hb('read', `${process}~process@1.0/now/count`)).stdout).toBe('3\n');
    expect((await hb('read', `${process}~process@1.0/compute=1/count`)).stdout).toBe('2\n');
  });

  test('a module that fails says what is wrong with it', async () => {
    const cases: readonly (readonly [string, string, readonly string[]])[] = [
      ['empty.lua', 'x = 1', ['undefined function', 'The program has no global function `compute`.']],
      ['raises.lua', 'function compute(state)\n  error("bad luck")\nend', ['raises.lua:2: bad luck']],
    ];
    await Promise.all(
      cases.map(async ([name, code, sentences]) => {
        const process = await spawned(await file(name, code));
        const sent = await hb('send', process);
        expect([name, sent.code, sent.stdout]).toEqual([name, 1, '']);
        for (const sentence of sentences) expect(sent.stderr).toContain(sentence);
        expect((await hb('watch', process, '--from', '0', '--count', '1')).stdout).toContain(sentences[0]);
      }),
    );
    const waiting = await spawned('--tag', 'execution-device=nowhere@1.0');
    expect((await hb('send', waiting)).stderr).toContain('There is no device "nowhere@1.0" on this node.');
    expect((await hb('read', `${waiting}/process-status`)).stdout).toContain('for: "device \\"nowhere@1.0\\""');
  });

  test('a program that does not compile is not sent', async () => {
    const broken = await file('broken.lua', 'x = 1\nfunction compute(a b');
    const sentence = "broken.lua:2: ')' expected near 'b'\n";
    for (const args of [[broken], ['--load', broken], ['--load', broken, '--tag', 'lua-dialect=network']]) {
      expect(await hb('spawn', ...args)).toEqual({ code: 1, stdout: '', stderr: sentence });
    }
    await file('beside/lib/b.lua', 'return return');
    const main = await file('beside/main.lua', `require('lib.b')`);
    expect((await hb('spawn', '--load', main)).stderr).toBe("lib/b.lua:1: unexpected symbol near 'return'\n");
  });

  test('a program that fails when it is loaded is told of, and the process is there', async () => {
    const main = await file('boot.lua', 'x = 5\n\nerror("not today")');
    const { code, stdout, stderr } = await hb('spawn', '--load', main);
    expect([code, stderr]).toEqual([1, `boot:3: not today\nThe process is there, without ${main}.\n`]);
    expect((await hb('send', stdout.trim(), '--action', 'Eval', '--data', 'x')).stdout).toBe('5\n');
  });

  test('what takes too much is undone, and the process goes on', async () => {
    const process = await spawned();
    const evaluate = (data: string): Promise<Ran> => hb('send', process, '--action', 'Eval', '--data', data);
    await evaluate('x = 1');
    const greedy = await evaluate('x = 2 local function f() return 1 + f() end f()');
    expect(greedy).toEqual({
      code: 1,
      stdout: '',
      stderr: 'eval:1: call depth limit reached\nRecursion has to end.\n',
    });
    expect(await evaluate('x')).toMatchObject({ code: 0, stdout: '1\n' });
    const spawning = await evaluate('Spawn(nil, {})');
    expect(spawning.code).toBe(0);
  });

  test('data may be bytes, or begin with a dash', async () => {
    const process = await spawned();
    const path = join(directory, 'bytes.bin');
    await writeFile(path, new Uint8Array([0x89, 0x50, 0, 0xff, 0xfe, 0x0a]));
    await hb('send', process, '--action', 'Keep', '--data-file', path);
    const bytes = await hb('send', process, '--action', 'Eval', '--data', 'Inbox[1].Data:byte(1, -1)');
    expect(bytes.stdout).toBe('137\t80\t0\t255\t254\t10\n');
    expect((await hb('send', process, '--action', 'Eval', '--data', '-1')).stdout).toBe('-1\n');
    expect((await hb('console', process, '--run', '-- nothing\n-2')).stdout).toBe('-2\n');
  });

  test('a program for the runtime, with what it requires', async () => {
    await file('shop/lib/prices.lua', `local tax = require('lib.tax')\nreturn { apple = 3 + tax }`);
    await file('shop/lib/tax.lua', 'return 1');
    const main = await file(
      'shop/main.lua',
      `local prices = require('lib.prices')\nHandlers.add('Price', function(msg) print(prices[msg.Data]) end)`,
    );
    const process = await spawned('--load', main);
    expect((await hb('send', process, '--action', 'Price', '--data', 'apple')).stdout).toBe('4\n');
  });

  test('values of every kind are printed', async () => {
    expect((await hb('read', '/~message@1.0&a=text&n+integer=4/a')).stdout).toBe('text\n');
    const whole = await hb('read', '/~meta@1.0/build');
    expect(whole.stdout).toMatch(/^node: "HyperBEAM"$/m);
    expect(whole.stdout).not.toMatch(/commitments|status/);
    expect((await hb('read', '/~message@1.0&status+integer=201&x=1', '--json')).stdout).toContain('201');
    expect((await hb('read', '/~meta@1.0/build', '--all')).stdout).toMatch(/commitments[\s\S]*status/);
    expect(JSON.parse((await hb('read', '/~meta@1.0/build', '--json')).stdout)).toMatchObject({ node: 'HyperBEAM' });
  });

  test('errors are sentences, with exit code 1', async () => {
    expect(await hb('read', '/~message@1.0/missing')).toMatchObject({ code: 1, stdout: '' });
    expect((await hb('send', 'short')).stderr).toContain('`short` is not the id of a process.');
    const long = await hb('send', 'A'.repeat(43), '--tag', `long=${'x'.repeat(4000)}`);
    expect(long.stderr).toContain('The tag `long` is too long for a data item');
    const stranger = `${node.url} knows no process ${'A'.repeat(43)}.\nCheck the id;`;
    for (const args of [['send'], ['console', '--run', '1'], ['watch', '--count', '1']]) {
      const { code, stderr } = await hb(...args, 'A'.repeat(43));
      expect([code, stderr]).toEqual([1, expect.stringContaining(stranger)]);
    }
    const nobody = await run(['read', '/x', '--node', 'http://127.0.0.1:9']);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toMatch(/^127\.0\.0\.1:9 could not be reached/);
    expect(nobody.stderr).toContain('Is a node running at this address?');
    const unknown = `${'A'.repeat(43)}/now`;
    expect((await hb('read', unknown)).stderr).toContain(`(404, ${node.url}/${unknown})`);
    expect((await hb('spawn', 'nowhere.lua')).stderr).toBe('nowhere.lua cannot be read: no such file or directory.\n');
    const keyless = await run(['send', 'A'.repeat(43), '--node', node.url, '--data-dir', join(directory, 'none')]);
    expect(keyless).toMatchObject({ code: 1 });
    expect(keyless.stderr).toContain('`hyperbeam wallet create` makes one');
  });

  test('a reader that stops early is no error', async () => {
    const { spawn } = await import('node:child_process');
    const child = spawn('sh', ['-c', `"${globalThis.process.execPath}" src/cli/main.ts start --help | head -n 1`]);
    const text = await new Promise<string>((resolve) => {
      let out = '';
      child.stdout.on('data', (chunk) => (out += chunk));
      child.stderr.on('data', (chunk) => (out += chunk));
      child.on('close', () => resolve(out));
    });
    expect(text).toBe('hyperbeam start [options]\n');
  });
});

describe('watch', () => {
  test('slots from the start, as they come, and as JSON', async () => {
    const process = await spawned('--name', 'watched');
    await hb('send', process, '--action', 'Eval', '--data', '"first"');
    const past = await hb('watch', process, '--from', '0', '--count', '2');
    expect(past.stdout).toMatch(/^0 {2}Process {2}from [\w-]{43}\n1 {2}Eval {2}from [\w-]{43}\n {4}first\n$/);
    let seen = false;
    const coming = hb('watch', process, '--count', '1', '--json').finally(() => (seen = true));
    // When it begins to watch nobody knows, so that more than one may be needed.
    for (let sent = 0; !seen && sent < 50; sent++) {
      await hb('send', process, '--action', 'Eval', '--data', 'error("later")');
    }
    const slot = JSON.parse((await coming).stdout) as { readonly slot: number };
    expect(slot).toMatchObject({ action: 'Eval', error: 'eval:1: later' });
    expect(slot.slot).toBeGreaterThan(1);
  });
});

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('a watch outlives its node', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'watched-'));
  const config = ['--data-dir', directory, '--port', String(await freePort())];
  const first = await childNode(config);
  const flags = ['--node', first.url, '--wallet', keyFile('rsa4096-2.json')];
  const process = (await run(['spawn', ...flags])).stdout.trim();
  const watching = run(['watch', process, '--from', '0', '--count', '2', ...flags]);
  // The first slot has been printed when the second is there and the node is asked for it; until then there is time.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await first[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  await using _second = await childNode(config);
  await run(['send', process, '--action', 'Eval', '--data', '"back"', ...flags]);
  const { code, stdout, stderr } = await watching;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^0 {2}Process .*\n1 {2}Eval .*\n {4}back\n$/);
  expect(stderr).toMatch(/^\S+ could not be reached \(\w+\)\. Waiting for it\.\n$/);
  await rm(directory, { recursive: true, force: true });
});

describe('wallet', () => {
  test('create and show', async () => {
    const path = join(directory, 'keys/mine.json');
    expect((await run(['wallet', '--wallet', path])).stderr).toContain(`There is no key at ${path}.`);
    const made = await run(['wallet', 'create', '--wallet', path]);
    expect(made.stdout).toMatch(/^[\w-]{43}\n$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await run(['wallet', '--wallet', path])).stdout).toBe(made.stdout);
    const again = await run(['wallet', 'create', '--wallet', path]);
    expect(again).toMatchObject({ code: 1 });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ kty: 'RSA' });
  });
});

describe('store', () => {
  test('stats and verify beside a running node', async () => {
    const stats = await run(['store', 'stats', '--data-dir', node.directory]);
    expect(stats).toMatchObject({ code: 0, stderr: '' });
    expect(stats.stdout).toMatch(/^group +values +links/);
    expect(stats.stdout).toMatch(/^msg +\d+/m);
    const verified = await run(['store', 'verify', '--data-dir', node.directory]);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    expect(verified.stdout).toContain('all sound');
    expect((await run(['store', 'stats', '--data-dir', join(directory, 'none')])).code).toBe(1);
  });

  test('what is exported from one and imported into another is the same', async () => {
    const archive = join(directory, 'archive');
    expect(await run(['store', 'export', archive, '--data-dir', node.directory])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(existsSync(archive)).toBe(true);
    expect((await run(['store', 'export', archive, '--data-dir', node.directory])).code).toBe(1);
    const copy = join(directory, 'copy');
    const imported = await run(['store', 'import', archive, '--data-dir', copy]);
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ entries\.\n$/) });
    expect((await run(['store', 'verify', '--data-dir', copy])).stdout).toContain('all sound');
    expect((await run(['store', 'import', archive, '--data-dir', node.directory])).stderr).toContain('Another node');
    expect(
      (await run(['store', 'import', '--data-dir', copy], { input: 'no archive at all, but long enough' })).stderr,
    ).toContain('not an archive');
  });
});

test('config explain names every source', async () => {
  const { code, stdout } = await run(['config', 'explain', '--port', '1234'], { env: { HB_MODE: 'prod' } });
  expect(code).toBe(0);
  expect(stdout).toContain('port = 1234\n    flag --port.');
  expect(stdout).toContain('mode = prod\n    environment HB_MODE.');
});
