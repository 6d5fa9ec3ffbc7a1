/**
 * HyperPATH GETs against a bare `node:http` hello-world, in the same run on the same port layout. Each server runs in a process of its own, so
 * that the load generator doesn't share its loop.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { format, type Report } from '../harness.ts';

/** What a server process runs: see {@link serve}. */
type Kind = 'bare' | 'unsigned' | 'signed';

const path = '/~message@1.0&hello=world/hello';
const seconds = 4;
const connections = 32;

export async function bench(report: Report): Promise<void> {
  const { default: autocannon } = await import('autocannon');
  const load = async (kind: Kind, target: string): Promise<number> => {
    const child = fork(import.meta.filename, [kind], { execArgv: process.execArgv });
    try {
      const [port] = (await once(child, 'message')) as [number];
      const url = `http://127.0.0.1:${port}${target}`;
      await autocannon({ url, connections, duration: 1 });
      const result = await autocannon({ url, connections, duration: seconds });
      if (result.non2xx > 0 || result.errors > 0)
        report.note(`${kind}: ${result.non2xx} not 2xx, ${result.errors} errors`);
      return result.requests.average;
    } finally {
      await stop(child);
    }
  };
  // Bare before and after: the machine is shared, and its speed drifts.
  const before = await load('bare', '/');
  const unsigned = await load('unsigned', path);
  const signed = await load('signed', path);
  const after = await load('bare', '/');
  const limit = { name: 'node:http hello-world', rate: (before + after) / 2 };
  report.figure({ name: 'GET HyperPATH, unsigned', rate: unsigned, limit, goal: share(unsigned, limit.rate, 0.5) });
  report.figure({ name: 'GET HyperPATH, signed, warm', rate: signed, limit, goal: share(signed, limit.rate, 0.4) });
  report.note(`node:http before and after: ${format(before)}/s, ${format(after)}/s`);
}

function share(rate: number, limit: number, goal: number): { text: string; met: boolean } {
  return { text: `≥ ${goal * 100} %`, met: rate >= goal * limit };
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
    const hello = Buffer.from('Hello World');
    const server = http.createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': hello.length });
      response.end(hello);
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
