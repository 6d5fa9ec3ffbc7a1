/** A whole node with lane workers, in a directory of its own, asked without HTTP. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { WorkerProcesses } from '../../src/devices/process/worker-processes.ts';
import { type Node, startNode } from '../../src/node/assemble.ts';
import { loadConfig } from '../../src/node/config.ts';
import { testWallet } from './process-world.ts';

export interface WorkerNode extends AsyncDisposable {
  readonly node: Node;
  readonly workers: WorkerProcesses;
  program(code: string, extra?: { readonly [key: string]: Input }): Promise<string>;
  post(process: string, literal: { readonly [key: string]: Input }): Promise<number>;
  get(path: string): Promise<Outcome>;
}

export async function workerNode(flags: { readonly [name: string]: string } = {}): Promise<WorkerNode> {
  const directory = flags['data-dir'] ?? (await mkdtemp(join(tmpdir(), 'hb-workers-')));
  const config = await loadConfig({
    flags: { port: '0', 'log-level': 'silent', workers: '2', 'data-dir': directory, ...flags },
  });
  const wallet = testWallet('rsa4096-1.json');
  const node = await startNode(config, { wallet });
  const ao = () => node.resolver.ao();
  const sign = (literal: { readonly [key: string]: Input }) => ao().commit(message(literal), message({}), wallet);
  const posted = async (base: Message, body: Message): Promise<Message> => {
    const outcome = await ao().resolve(base, message({ path: 'schedule', method: 'POST', body }));
    if (outcome.status !== 'ok' || !isMessage(outcome.value)) throw new Error(JSON.stringify(outcome));
    return outcome.value;
  };
  return {
    node,
    workers: node.resolver.env.capabilities.processes as WorkerProcesses,
    async program(code, extra = {}) {
      const body = await sign({
        device: 'process@1.0',
        type: 'Process',
        scheduler: wallet.address,
        authority: wallet.address,
        'execution-device': 'lua@5.3a',
        module: message({ 'content-type': 'application/lua', body: code }),
        ...extra,
      });
      return (await posted(body, body)).get('process') as string;
    },
    async post(process, literal) {
      const body = await sign({ type: 'Message', target: process, ...literal });
      return (await posted((await node.cache.read(process)) as Message, body)).get('slot') as number;
    },
    get: async (path) => node.resolver.resolveRequest(path, { cacheControl: ['always'] }),
    async [Symbol.asyncDispose]() {
      await node.close();
      if (flags['data-dir'] === undefined) await rm(directory, { recursive: true });
    },
  };
}
