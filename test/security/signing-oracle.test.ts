/**
 * The node's key is, unless configured otherwise, its operator's, its scheduler's and an authority of its processes. A stranger must not
 * be able to have it sign what then counts as the word of one of these.
 */
import { describe, expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import { received, send, stranger, victim } from './attack.ts';

/** An answer of the node, on its way back to it as if it were a message of the node. */
async function replayed(path: string, to: string) {
  const node = await victim();
  const answer = await received(node, path);
  const back = answer.withAll([
    ['path', to],
    ['method', 'POST'],
  ]);
  return { node, answer, reply: await send(node, back) };
}

describe('an answer of the node, posted back to it', () => {
  test('does not change the node', async () => {
    const { node, reply } = await replayed('/set?operator=EVIL&x=1', '/~meta@1.0/info');
    await using _ = node;
    expect(await reply.text()).not.toContain('updated');
    const shown = await fetch(`${node.url}/~meta@1.0/info/operator`);
    expect(await shown.text()).not.toContain('EVIL');
  });

  test('does not change the node, whatever path it says it has', async () => {
    const node = await victim();
    await using _ = node;
    const path = '/~message@1.0&operator=EVIL&method=POST/set-path?value=%2F~meta%401.0%2Finfo';
    const answer = await received(node, path);
    const reply = await send(node, answer);
    expect(await reply.text()).not.toContain('updated');
    const shown = await fetch(`${node.url}/~meta@1.0/info/operator`);
    expect(await shown.text()).not.toContain('EVIL');
  });

  test('registers no name', async () => {
    const { node, reply } = await replayed('/set?key=evil&value=EVIL', '/~local-name@1.0/register');
    await using _ = node;
    expect(reply.status).toBe(403);
  });

  test('writes no link', async () => {
    const { node, reply } = await replayed('/set?source=data&destination=evil', '/~cache@1.0/link');
    await using _ = node;
    expect(reply.status).toBe(403);
  });

  test('is no location record', async () => {
    const { node, reply } = await replayed('/set?url=evil.example&nonce=9', '/~scheduler@1.0/location');
    await using _ = node;
    expect(reply.status).toBe(400);
    const found = await fetch(`${node.url}/~scheduler@1.0/location`);
    expect(JSON.stringify([...found.headers]) + (await found.text())).not.toContain('evil.example');
  });

  test('ends no task of others', async () => {
    const node = await victim();
    await using _ = node;
    const task = await node
      .client(stranger)
      .request('/~cron@1.0/every', { 'cron-path': '/~message@1.0&a=1/a', interval: '10-minutes' });
    const answer = await received(node, `/set?task=${String(task)}`);
    const back = answer.withAll([
      ['path', '/~cron@1.0/stop'],
      ['method', 'POST'],
    ]);
    expect((await send(node, back)).status).toBe(403);
    expect(node.resolver.env.capabilities.tasks?.get(String(task))).toBeDefined();
    const order = node.client().request('/~cron@1.0/stop', { task: String(task) });
    await order;
    expect(node.resolver.env.capabilities.tasks?.get(String(task))).toBeUndefined();
  });

  test('is never an assignment, or a message from a process', async () => {
    const node = await victim();
    await using _ = node;
    for (const path of [
      '/set?from-process=TOKEN&action=Credit-Notice',
      '/set?From-Process=TOKEN&action=Credit-Notice',
      '/set?type=Assignment&slot=3&process=P',
    ]) {
      const answer = await received(node, path);
      expect(answer.has('commitments'), path).toBe(false);
    }
  });

  test('is not scheduled as a message of the node', async () => {
    const node = await victim();
    await using _ = node;
    const spawned = await node
      .client()
      .spawn({ tags: { 'execution-device': 'test-device@1.0' } } as never)
      .catch(() => undefined);
    void spawned;
    const answer = await received(node, '/set?action=Eval&data=bad');
    const reply = await send(node, message({ path: '/~scheduler@1.0/schedule', method: 'POST', body: answer }));
    expect(reply.status).toBe(400);
  });
});

describe('`commit`', () => {
  test.each([
    '/~message@1.0&operator=EVIL/commit',
    '/~message@1.0&operator=EVIL/commit?commitment-device=ans104@1.0',
    '/~httpsig@1.0&operator=EVIL/commit?type=signed',
    '/~ans104@1.0&operator=EVIL/commit',
    '/set?x+resolve=%2F~message@1.0%26operator%3DEVIL%2Fcommit',
    '/(~message@1.0&operator=EVIL/commit)',
  ])('does not lend the key of the node: %s', async (path) => {
    const node = await victim();
    await using _ = node;
    const reply = await fetch(node.url + path, { headers: { accept: 'application/json' } });
    const text = await reply.text();
    const claims = (value: unknown): boolean => {
      if (typeof value !== 'object' || value === null) return false;
      const all = (value as { commitments?: Record<string, { committed?: unknown; committer?: string }> }).commitments;
      const own = Object.values(all ?? {}).some(
        (one) => one.committer === node.address && !JSON.stringify(one.committed).includes('status'),
      );
      return own || Object.values(value).some(claims);
    };
    expect(claims(JSON.parse(text)), text.slice(0, 400)).toBe(false);
  });
});
