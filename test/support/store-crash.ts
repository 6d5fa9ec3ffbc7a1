/** Rounds of killing a writing process, and what must hold afterwards. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { toText } from '../../src/core/bytes.ts';
import { loadAll } from '../../src/core/links.ts';
import type { Message } from '../../src/core/message.ts';
import { openFs } from '../../src/stores/fs.ts';
import { openLmdb } from '../../src/stores/lmdb.ts';
import { verifyStore } from '../../src/stores/maintenance/verify.ts';
import type { PathStore } from '../../src/stores/path-store.ts';
import { cacheWorld } from './cache-world.ts';

export type Kind = 'lmdb' | 'fs';

export interface RoundResult {
  readonly acknowledged: number;
  /** Sentences; none if all is well. */
  readonly problems: readonly string[];
}

/** Runs the writer, kills it after `ms` of writing, opens the store again and checks everything that was acknowledged. */
export async function crashRound(kind: Kind, directory: string, round: number, ms: number): Promise<RoundResult> {
  const lines = await runAndKill(kind, directory, round, ms);
  const problems: string[] = [];
  await using store: PathStore = kind === 'fs' ? openFs({ directory }) : await openLmdb({ directory });
  const { cache, env } = cacheWorld(store);
  const highest = new Map<string, number>();
  let latest = -1;
  for (const line of lines) {
    const [what, first = '', second] = line.split(' ');
    if (what === 'm') {
      const found = await cache.read(first);
      if (found === undefined) problems.push(`message ${first} is gone`);
      else await loadAll(found, env).valueOf();
    } else if (what === 'n') latest = Number(first);
    else if (what === 's') {
      if (store.read(`log/${first}/${second!.padStart(16, '0')}`) === undefined)
        problems.push(`slot ${second} of ${first} is gone`);
      highest.set(first, Math.max(highest.get(first) ?? -1, Number(second)));
    }
  }
  if (latest >= 0) {
    const found = (await cache.read('latest')) as Message | undefined;
    if (found === undefined || (found.get('n') as number) < latest) problems.push('the name `latest` fell back');
  }
  for (const process of ['p', 'q']) {
    const rows = store.scan(`log/${process}`);
    const head = Number(toText(store.read(`head/${process}`) ?? new Uint8Array(0)) || -1);
    if (rows.some((row, i) => Number(row.path) !== i)) problems.push(`the log of ${process} has a gap`);
    if (head !== rows.length - 1) problems.push(`the head of ${process} is ${head}, its last slot ${rows.length - 1}`);
    if (head < (highest.get(process) ?? -1)) problems.push(`the head of ${process} fell back`);
  }
  const { damage, absent } = await verifyStore(store, { environment: env });
  for (const { path, problem } of [...damage, ...absent]) problems.push(`${path}: ${problem}`);
  return { acknowledged: lines.length, problems };
}

function runAndKill(kind: Kind, directory: string, round: number, ms: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./store-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, kind, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let out = '';
    let err = '';
    let timer: NodeJS.Timeout | undefined;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
      // Every other round is killed during its first writes; the others have written something by then, however slow the machine.
      const started = round % 2 === 1 || out.split('\n').length > 2;
      if (started) timer ??= setTimeout(() => child.kill('SIGKILL'), ms);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal !== 'SIGKILL') reject(new Error(`the writer ended by itself (${code ?? signal}): ${err}`));
      // The last line may have been cut by the kill.
      else resolve(out.split('\n').slice(1, -1));
    });
  });
}
