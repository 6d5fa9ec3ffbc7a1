import { describe, expect, test } from 'vitest';
import { testNode } from '../../test/support/test-node.ts';
import { world } from '../../test/support/world.ts';
import { message } from '../core/message.ts';
import { fail, ok } from '../core/outcome.ts';
import type { Peers } from '../core/peers.ts';
import { whois } from './whois.ts';

/** Stands for the network: one node that answers. */
const peers: Peers = {
  async request(node, request) {
    const asked = `${node.replace(/\/$/, '')}${request.get('path')}`;
    return asked === 'http://bootstrap/~whois@1.0/echo'
      ? ok(message({ body: '127.0.0.1:1234', status: 200 }))
      : fail('peer-failed', 'Nobody is there.');
  },
};

const base = { device: 'whois@1.0' };

describe('whois@1.0', () => {
  test('echo gives the caller’s address', async () => {
    const { value } = world({ devices: [whois], capabilities: { node: testNode() } });
    expect(await value(base, { path: 'echo', 'ao-peer': '10.0.0.1:8' })).toBe('10.0.0.1:8');
    expect(await value(base, 'echo')).toBe('unknown');
  });

  test('[row node/whois/find_self] node asks the bootstrap node once', async () => {
    const node = testNode({ 'host-bootstrap-node': 'http://bootstrap/' });
    const { value } = world({ devices: [whois], capabilities: { node, peers } });
    expect(await value(base, 'node')).toBe('127.0.0.1:1234');
    expect(node.options().get('host')).toBe('127.0.0.1:1234');
    expect(node.history()).toEqual([]);
    const known = world({ devices: [whois], capabilities: { node } });
    expect(await known.value(base, 'node')).toBe('127.0.0.1:1234');
  });

  test('nobody to ask, and nobody there', async () => {
    const asked = (node: ReturnType<typeof testNode>) => world({ devices: [whois], capabilities: { node, peers } });
    expect(await asked(testNode()).resolve(base, 'node')).toMatchObject({
      error: { value: 'No bootstrap node configured.' },
    });
    expect(await asked(testNode({ 'host-bootstrap-node': 'http://none' })).resolve(base, 'node')).toMatchObject({
      error: { code: 'peer-failed' },
    });
  });
});
