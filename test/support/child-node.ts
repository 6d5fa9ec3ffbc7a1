/**
 * A node as its users run it: `hyperbeam start` as a process of its own, on a free port, with a data directory that is gone afterwards.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository: string = fileURLToPath(new URL('../..', import.meta.url));
export const commandFile: string = join(repository, 'src/cli/main.ts');
export const keyFile = (name: string): string => join(repository, 'test/vectors/keys', name);

export interface ChildNode extends AsyncDisposable {
  readonly url: string;
  readonly address: string;
  readonly directory: string;
  readonly process: ChildProcess;
  /** What it has said so far on stdout. */
  output(): string;
  /** Sends SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
}

export async function childNode(flags: readonly string[] = []): Promise<ChildNode> {
  const directory = await mkdtemp(join(tmpdir(), 'node-'));
  const args = ['--port', '0', '--host', '127.0.0.1', '--data-dir', directory, '--wallet', keyFile('rsa4096-1.json')];
  const child = spawn(process.execPath, [commandFile, 'start', ...args, '--log-level', 'warn', ...flags], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    return (await exited)[0];
  };
  const [url, address] = await new Promise<[string, string]>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /Node activate at: (\S+)[\s\S]*Operator:\s+(\S+)/.exec(said.out);
      if (found !== null) resolve([found[1]!, found[2]!]);
    });
    void exited.then(([code]) => reject(new Error(`The node ended with ${code}.\n${said.out}\n${said.err}`)));
  });
  return {
    url,
    address,
    directory,
    process: child,
    output: () => said.out,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hyperbeam <args>` to its end. */
export async function run(
  args: readonly string[],
  options: { readonly input?: string | Uint8Array; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [commandFile, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const collected = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      collected[stream] += text;
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...collected };
}
