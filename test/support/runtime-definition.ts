/** The keys of a process of the runtime, for clients that make definitions themselves; without its type, which each spells in its own way. */
import { readFileSync } from 'node:fs';
import { runtimeFile } from '../../runtime/build.ts';
import { NodeClient } from '../../src/client.ts';
import { testWallet } from '../../src/testing/index.ts';
import type { ChildNode } from './child-node.ts';

export async function runtimeDefinition({ url, address }: ChildNode): Promise<{ readonly [name: string]: string }> {
  using client = new NodeClient({ url, wallet: testWallet('second') });
  const data = readFileSync(runtimeFile, 'utf8');
  return {
    device: 'process@1.0',
    'scheduler-device': 'scheduler@1.0',
    'push-device': 'push@1.0',
    'execution-device': 'lua@5.3a',
    'lua-dialect': 'standard',
    function: 'compute',
    module: await client.upload({ tags: { 'Content-Type': 'application/lua' }, data }),
    authority: address,
    scheduler: address,
  };
}
