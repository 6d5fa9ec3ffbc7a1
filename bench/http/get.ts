/**
 * HyperPATH GETs against a bare `node:http` hello-world, in the same run: from the HTTP edge around a library, and from a whole node with its
 * metrics, hooks and store. Answers that were never given before have to be signed; they stand beside raw RSA. Each server runs in a process
 * of its own, so that the load generator doesn't share its loop.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { testWallet } from '../../test/support/process-world.ts';
import { against, childCpu, compared, middle, ownCpu, type Report, shareFigure, stop, tellCpu } from '../harness.ts';

/** What a server process runs: see {@link serve}. */
type Kind = 'bare' | 'unsigned' | 'signed' | 'node';

const kinds = ['bare', 'unsigned', 'signed', 'node'] as const;

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
    for (const kind of kinds) {
      const child = fork(import.meta.filename, [kind], { execArgv: process.execArgv });
      children.set(kind, child);
      ports.set(kind, ((await once(child, 'message')) as [number])[0]);
      // Until everything hot is compiled.
      for (let i = 0; i < 3; i++) await load(ports.get(kind)!, kind === 'bare' ? '/' : path);
    }
    const measure = async (kind: Kind): Promise<{ rate: number; cost: number }> => {
      const child = children.get(kind)!;
      const before = await childCpu(child);
      const rate = await load(ports.get(kind)!, kind === 'bare' ? '/' : path);
      return { rate, cost: ((await childCpu(child)) - before) / rate };
    };
    const limits: number[] = [];
    const shares = new Map<Kind, { readonly rates: number[]; readonly works: number[] }>();
    for (let round = 0; round < rounds; round++) {
      const bare = await measure('bare');
      limits.push(bare.rate);
      for (const kind of kinds.slice(1)) {
        const one = await measure(kind);
        const known = shares.get(kind) ?? { rates: [], works: [] };
        shares.set(kind, known);
        known.rates.push(one.rate / bare.rate);
        known.works.push(bare.cost / one.cost);
      }
    }
    const figure = (name: string, kind: Kind, goal: number): void => {
      const { rates, works } = shares.get(kind)!;
      const figures = { ...compared(limits, rates), work: middle(works) };
      report.figure(shareFigure(name, 'node:http hello-world', figures, goal));
    };
    figure('GET HyperPATH, unsigned', 'unsigned', 0.5);
    figure('GET HyperPATH, signed, warm', 'signed', 0.4);
    figure('GET HyperPATH, unsigned, a whole node', 'node', 0.5);
    await coldAnswers(ports.get('signed')!, children.get('signed')!, report);
  } finally {
    for (const child of children.values()) await stop(child);
  }
}

/** Every answer is a new one. */
async function coldAnswers(port: number, child: ChildProcess, report: Report): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const wallet = testWallet('rsa4096-1.json');
  const data = new TextEncoder().encode('a signature base of ordinary length '.repeat(10));
  let n = 0;
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const url = `http://127.0.0.1:${port}/~message@1.0&n=${process.pid}-${n++}/n`;
      const outgoing = request(url, { agent }, (response) => {
        if (response.statusCode !== 200 || response.headers['signature'] === undefined) reject(new Error('not signed'));
        response.on('error', reject);
        response.on('end', resolve);
        response.resume();
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  const limit = { parallel: connections, cpu: ownCpu, run: () => wallet.sign('rsa-pss-sha512', data) };
  const figures = await against(
    limit,
    { parallel: connections, run: ask, cpu: () => childCpu(child) },
    rounds,
    roundSeconds * 1_000,
  );
  agent.destroy();
  report.figure(shareFigure('GET HyperPATH, signed, never asked before', 'RSA-4096 sign', figures, 0.8));
}

/** Runs as a process of its own: a server of the wanted kind, which tells its port. */
async function serve(kind: Kind): Promise<void> {
  tellCpu();
  if (kind === 'bare') {
    const http = await import('node:http');
    const server = http.createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 11 });
      response.end('Hello World');
    });
    server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
    return;
  }
  if (kind === 'node') {
    const { startNode } = await import('../../src/testing/start-node.ts');
    const node = await startNode({ options: { 'force-signed': false } });
    process.send?.(Number(new URL(node.url).port));
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
if (process.send !== undefined && kinds.some((one) => one === kind)) await serve(kind as Kind);
