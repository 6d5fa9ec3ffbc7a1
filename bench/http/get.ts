/**
 * HyperPATH GETs against a bare `node:http` hello-world, in the same run. Each server runs in a process of its own, so that the load
 * generator doesn't share its loop.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { format, type Report } from '../harness.ts';

/** What a server process runs: see {@link serve}. */
type Kind = 'bare' | 'unsigned' | 'signed';

const path = '/~message@1.0&hello=world/hello';
const rounds = 5;
const roundSeconds = 1;
const connections = 32;

/**
 * All servers run at once and take turns under load: the machine is shared and its speed drifts, so only figures of the same round are
 * compared, and the median of the rounds counts.
 */
export async function bench(report: Report): Promise<void> {
  const { default: autocannon } = await import('autocannon');
  const children = new Map<Kind, ChildProcess>();
  const load = async (port: number, target: string): Promise<number> => {
    const result = await autocannon({ url: `http://127.0.0.1:${port}${target}`, connections, duration: roundSeconds });
    if (result.non2xx + result.errors > 0) report.note(`${result.non2xx} answers not 2xx, ${result.errors} errors`);
    return result.requests.average;
  };
  try {
    const ports = new Map<Kind, number>();
    for (const kind of ['bare', 'unsigned', 'signed'] as const) {
      const child = fork(import.meta.filename, [kind], { execArgv: process.execArgv });
      children.set(kind, child);
      ports.set(kind, ((await once(child, 'message')) as [number])[0]);
      await load(ports.get(kind)!, kind === 'bare' ? '/' : path);
    }
    const rates: { readonly bare: number; readonly unsigned: number; readonly signed: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      rates.push({
        bare: await load(ports.get('bare')!, '/'),
        unsigned: await load(ports.get('unsigned')!, path),
        signed: await load(ports.get('signed')!, path),
      });
    }
    const limit = { name: 'node:http hello-world', rate: middle(rates.map((round) => round.bare)) };
    const figure = (name: string, kind: 'unsigned' | 'signed', goal: number): void => {
      const share = middle(rates.map((round) => round[kind] / round.bare));
      report.figure({ name, rate: share * limit.rate, limit, goal: { text: `≥ ${goal * 100} %`, met: share >= goal } });
    };
    figure('GET HyperPATH, unsigned', 'unsigned', 0.5);
    figure('GET HyperPATH, signed, warm', 'signed', 0.4);
    report.note(
      `rounds: ${rates.map((r) => `${format(r.bare)} · ${format(r.unsigned)} · ${format(r.signed)}`).join('   ')}`,
    );
  } finally {
    for (const child of children.values()) await stop(child);
  }
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

/** Runs as a process of its own: a server of the wanted kind, which tells its port. */
async function serve(kind: Kind): Promise<void> {
  if (kind === 'bare') {
    const http = await import('node:http');
    const server = http.createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 11 });
      response.end('Hello World');
    });
    server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
    return;
  }
  const { createHttpServer } = await import('../../src/http/server.ts');
  const { createLibrary } = await import('../../src/node/library.ts');
  const { generateWallet } = await import('../../src/crypto/wallet.ts');
  const { message } = await import('../../src/core/message.ts');
  const wallet = kind === 'signed' ? await generateWallet() : undefined;
  const options = message({ 'force-signed': kind === 'signed' });
  const library = createLibrary({ options, ...(wallet === undefined ? {} : { wallet }) });
  const server = createHttpServer({ bind: '127.0.0.1', port: 0 }, { node: () => library.resolver });
  await server.listen();
  process.send?.(server.port);
}

const kind = process.argv[2];
if (process.send !== undefined && (kind === 'bare' || kind === 'unsigned' || kind === 'signed')) await serve(kind);
