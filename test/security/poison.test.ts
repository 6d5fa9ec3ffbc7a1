/** The store: nobody makes an id, a name or a result lead to something else than it says. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Message, message, messageFrom } from '../../src/core/message.ts';
import type { TestNode } from '../../src/testing/start-node.ts';
import { send, stranger, victim } from './attack.ts';

let node: TestNode;
beforeAll(async () => {
  node = await victim();
});
afterAll(() => node.close());

const ao = () => node.resolver.ao();
const sign = (content: Message, device = 'httpsig@1.0'): Promise<Message> =>
  Promise.resolve(ao().commit(content, message({ 'commitment-device': device }), stranger));
const at = async (path: string, headers: { [name: string]: string } = {}): Promise<string> =>
  (await fetch(node.url + path, { headers })).text();

describe('results', () => {
  test.each([
    (id: string) => `/${id}~message@1.0&balance=999/balance`,
    (id: string) => `/${id}/balance?balance=999`,
    (id: string) => `/${id}/set&balance=999/balance`,
    (id: string) => `/${id}~message@1.0&balance=999/get&key=balance`,
  ])('of one message are never those of another (%#)', async (attack) => {
    for (const device of ['httpsig@1.0', 'ans104@1.0']) {
      const content = await sign(message({ balance: '1', salt: String(attack) }), device);
      await node.cache.write(content);
      const ids = [ao().id(content, 'signed'), ao().id(content, 'unsigned'), ao().id(content, 'all-commitments')];
      for (const id of ids.slice(0, device === 'ans104@1.0' ? 3 : 2)) {
        for (const words of ['always', 'store', 'cache, store']) await at(attack(id), { 'cache-control': words });
        expect(await at(`/${id}/balance`), attack(id)).toBe('1');
        expect(await at(`/${id}/get?key=balance`)).toBe('1');
      }
    }
  });

  test('a claimed id stores nothing', async () => {
    const content = await sign(message({ balance: '1', salt: 'claimed' }), 'ans104@1.0');
    await node.cache.write(content);
    const id = ao().id(content, 'signed');
    const evil = messageFrom([
      ['balance', '999'],
      ['commitments', content.get('commitments')!],
    ]);
    await node.resolver.resolve(evil, 'balance', { cacheControl: ['always'] });
    await node.resolver.resolve(message({ evil }), 'evil/balance', { cacheControl: ['always'] });
    await node.resolver.resolve(message({ evil }), message({ path: 'evil/get', key: 'balance' }), {
      cacheControl: ['always'],
    });
    expect(await at(`/${id}/balance`)).toBe('1');
    expect(await at(`/${id}/get?key=balance`)).toBe('1');
  });
});

describe('commitments', () => {
  test('an id leads only to what was signed', async () => {
    const content = await sign(message({ a: '1', salt: 'lead' }));
    const id = ao().id(content, 'signed');
    const evil = content.with('a', '2');
    await node.cache.write(evil);
    await node.cache.write(message({ inside: evil }));
    expect(await node.cache.read(id)).toBeUndefined();
    await node.cache.write(content);
    expect(((await node.cache.read(id)) as Message).get('a')).toBe('1');
  });

  test('a broken commitment does not take the place of the true one', async () => {
    const content = await sign(message({ a: '1', salt: 'broken' }));
    const id = ao().id(content, 'signed');
    const commitments = content.get('commitments') as Message;
    const broken = content.with(
      'commitments',
      messageFrom(
        [...commitments.entries()].map(([key, one]) => [key, (one as Message).with('keyid', 'publickey:AAAA')]),
      ),
    );
    await node.cache.write(message({ inside: broken }));
    await node.cache.write(content);
    const read = (await node.cache.read(id)) as Message;
    expect(await ao().signers(read)).toEqual([stranger.address]);
  });

  test('nobody hangs commitments on a stored message', async () => {
    const content = await sign(message({ type: 'Process', salt: 'hung' }));
    await node.cache.write(content);
    const unsigned = ao().id(content, 'unsigned');
    for (let i = 0; i < 100; i++) {
      const claim = message({
        'commitment-device': 'httpsig@1.0',
        type: 'rsa-pss-sha512',
        committer: 'EVIL',
        committed: ['type', 'salt'],
        signature: 'AAAA',
      });
      await node.cache.write(
        message({ inside: content.with('commitments', messageFrom([[`E${String(i).padStart(42, '0')}`, claim]])) }),
      );
    }
    const read = (await node.cache.read(unsigned)) as Message;
    expect((read.get('commitments') as Message).keys().length).toBeLessThan(8);
    expect(
      JSON.stringify(
        [...(read.get('commitments') as Message).entries()].map(([, one]) => (one as Message).get('committer')),
      ),
    ).not.toContain('EVIL');
  });
});

describe('names', () => {
  test.each([
    ['/~cache@1.0/link', { source: 'data', destination: '~scheduler@1.0/locations/X' }],
    ['/~cache@1.0/write', { body: 'x', type: 'single' }],
    ['/~cache@1.0/write', { operation: 'link', source: 'data', destination: 'evil' }],
    ['/~cache@1.0/group', { path: 'evil' }],
    ['/~local-name@1.0/register', { key: 'evil', value: 'x' }],
    ['/~router@1.0/routes', { template: '.*', node: 'http://evil.example' }],
  ])('%s: not by a stranger, signed or not', async (path, content) => {
    const { path: _, ...rest } = content as { path?: string };
    for (const body of [message(rest), await sign(message({ ...rest, path }))]) {
      const reply = await send(
        node,
        body.withAll([
          ['path', path],
          ['method', 'POST'],
        ]),
      );
      expect([401, 403, 400], await reply.text()).toContain(reply.status);
    }
  });

  test.each([
    'computed',
    'schedule',
    'schedule-head',
    'msg',
    'com',
    'id',
    'res',
    'name',
    'outbox',
    'pages',
    'snapshots',
    'new',
  ])('the inside of the store is not read by path: %s', async (group) => {
    for (const target of [group, `${group}/x`, `/${group}/`, `../${group}`, `data/../${group}`]) {
      const reply = await fetch(`${node.url}/~cache@1.0/read?target=${encodeURIComponent(target)}`);
      expect(reply.status, target).toBeGreaterThanOrEqual(400);
    }
  });
});
