/**
 * Does what README.md, docs/cli.md and docs/ledger.md say, in order, each in an empty folder: their files are written, their commands run by a shell, with a
 * free port in place of 8734, and what they print is compared with what the page shows.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { commandFile, repository } from '../support/child-node.ts';
import { codeBlocks, commandsOf } from '../support/markdown.ts';

test.each(['README.md', 'docs/cli.md', 'docs/ledger.md'])('%s', { timeout: 300_000 }, async (page) => {
  await using place = await Place.open();
  for (const block of codeBlocks(page)) {
    const name = block.attributes.get('name');
    if (name !== undefined) await writeFile(join(place.folder, name), block.text);
    if (block.language !== 'console') continue;
    const where = `${page}:${block.line}`;
    const shown = commandsOf(block);
    const isSession = /^> /m.test(block.text);
    for (const { command, output } of shown) {
      const typed = isSession ? output.split('\n').filter((line) => line.startsWith('> ')) : [];
      const expected = isSession
        ? output
            .split('\n')
            .filter((line) => !line.startsWith('> '))
            .join('\n')
        : output;
      const printed = await place.perform(command, typed.map((line) => line.slice(2)).join('\n'));
      expect(printed, `${where}: ${command}`).toMatch(patternOf(expected));
    }
  }
});

/** `…` stands for anything. */
function patternOf(shown: string): RegExp {
  const parts = shown.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`);
}

class Place implements AsyncDisposable {
  readonly folder: string;
  readonly #port: number;
  readonly #env: { [name: string]: string | undefined };
  #node: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.#port = port;
    const { HB_CONFIG: _, ...inherited } = process.env;
    this.#env = {
      ...inherited,
      HOME: folder,
      HB_PORT: String(port),
      HB_NODE: `http://127.0.0.1:${port}`,
      PATH: [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
    };
  }

  static async open(): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'page-'));
    await mkdir(join(folder, 'bin'));
    const program = join(folder, 'bin', 'hyperbeam');
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${commandFile}" "$@"\n`);
    await chmod(program, 0o755);
    // Not a terminal: curl would tell how far it is.
    await writeFile(join(folder, '.curlrc'), 'silent\n');
    // What `npm install` and the package's own name give.
    await mkdir(join(folder, 'node_modules', '@permaweb'), { recursive: true });
    await symlink(repository, join(folder, 'node_modules', 'hyperbeam-ts'), 'junction');
    const client = '@permaweb/aoconnect';
    await symlink(join(repository, 'node_modules', client), join(folder, 'node_modules', client), 'junction');
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    return new Place(folder, await freePort());
  }

  /** Runs one command of a page, with lines to type; gives what it prints. */
  async perform(command: string, input: string): Promise<string> {
    if (command === 'npm install') return '';
    if (command.startsWith('npm ')) {
      const scripts = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
        readonly scripts: { readonly [name: string]: string };
      };
      expect(scripts.scripts['start']).toBe('node scripts/hyperbeam.js start');
    }
    if (command === 'npm start' || command === 'hyperbeam start') return this.#start();
    const [, variable, assigned] = /^(\w+)=\$\((.*)\)$/.exec(command) ?? [];
    const printed = await this.#shell(assigned ?? command, input);
    if (variable === undefined) return printed;
    this.#env[variable] = printed;
    return '';
  }

  #shell(command: string, input: string): Promise<string> {
    const real = command.replaceAll('localhost:8734', `127.0.0.1:${this.#port}`);
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: this.#env as NodeJS.ProcessEnv };
      const child = execFile('sh', ['-c', real], options, (_, stdout, stderr) => resolve((stdout + stderr).trimEnd()));
      // A command that ends without reading closes the pipe; what it prints says whether it was right to.
      child.stdin!.on('error', () => undefined).end(input);
    });
  }

  async #start(): Promise<string> {
    const child = spawn(process.execPath, [commandFile, 'start', '--log-level', 'error'], {
      cwd: this.folder,
      env: this.#env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#node = child;
    let banner = '';
    for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      banner += text as string;
      if (/Operator:/.test(banner)) break;
    }
    child.stdout.resume();
    return banner.replaceAll(`:${this.#port}`, ':8734').trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#node !== undefined) {
      const exited = once(this.#node, 'exit');
      this.#node.kill('SIGTERM');
      expect((await exited)[0]).toBe(0);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
