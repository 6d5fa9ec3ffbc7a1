/** What strangers leave on the disk: not without bound. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { message } from '../../src/core/message.ts';
import { FreeSpace } from '../../src/node/free-space.ts';
import type { TestNode } from '../../src/testing/start-node.ts';
import { operator, send, stranger, victim } from './attack.ts';

/** A node on a disk that has the reserve left, or doesn't. */
async function onDisk(reserve: number): Promise<TestNode> {
  const directory = await mkdtemp(join(tmpdir(), 'hb-growth-'));
  const node = await victim({ options: { 'data-dir': directory, workers: 0, 'disk-reserve-bytes': reserve } });
  const close = async (): Promise<void> => {
    await node.close();
    await rm(directory, { recursive: true, force: true });
  };
  return new Proxy(node, {
    get: (target, name) => (name === Symbol.asyncDispose ? close : (Reflect.get(target, name) as unknown)),
  });
}

const rows = async (node: TestNode): Promise<number> => (await node.store.scan('')).length;

const location = async (node: TestNode, url: string, by = stranger) => {
  const record = message({ type: 'scheduler-location', url, nonce: 1 });
  const signed = await node.resolver.ao().commit(record, undefined, by);
  return send(node, message({ path: '/~scheduler@1.0/location', method: 'POST', target: 'body', body: signed }));
};

describe('with less free disk than the reserve', () => {
  test('nothing is kept that strangers leave behind', async () => {
    await using node = await onDisk(Number.MAX_SAFE_INTEGER);
    const before = await rows(node);
    await expect(node.client(stranger).upload({ tags: { type: 'x' }, data: 'x'.repeat(1_000) })).rejects.toMatchObject({
      code: 'unavailable',
    });
    for (let i = 0; i < 5; i++) {
      const reply = await fetch(`${node.url}/~message@1.0&a=${i}/a`, { headers: { 'cache-control': 'always' } });
      expect([reply.status, await reply.text()]).toEqual([200, String(i)]);
    }
    const refused = await location(node, 'https://elsewhere.example');
    expect([refused.status, refused.headers.get('code')]).toEqual([507, 'disk-full']);
    expect(await rows(node)).toBe(before);
  });

  test('schedules and the operator go on', async () => {
    await using node = await onDisk(Number.MAX_SAFE_INTEGER);
    const process = await node.client(stranger).spawn({ tags: { 'execution-device': 'test-device@1.0' } } as never);
    expect((await fetch(`${node.url}/${process}/slot/current`)).status).toBe(200);
    await node.client(operator).request('/~cache@1.0/write', { type: 'single', body: 'kept' });
  });
});

test('with more of it everything is kept', async () => {
  await using node = await onDisk(0);
  await node.client(stranger).upload({ tags: { type: 'x' }, data: 'x' });
  expect((await location(node, 'https://elsewhere.example')).status).toBe(200);
});

test('a location record is a few words', async () => {
  await using node = await victim();
  const reply = await location(node, `https://elsewhere.example/${'x'.repeat(20_000)}`);
  expect(reply.status).toBe(413);
  expect((await fetch(`${node.url}/~scheduler@1.0/location?address=${stranger.address}`)).status).toBe(404);
});

test('the disk is looked at once a second, and a change is told once', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const said: boolean[] = [];
  let [free, looks] = [100, 0];
  const space = new FreeSpace({
    directories: ['/a', '/b'],
    reserveBytes: 50,
    changed: (isShort) => said.push(isShort),
    freeAt: (directory) => {
      looks++;
      return directory === '/b' ? free : 1_000;
    },
  });
  expect(space.isShort).toBe(false);
  free = 10;
  for (let i = 0; i < 1_000; i++) void space.isShort;
  expect(looks).toBe(2);
  vi.advanceTimersByTime(999);
  expect(space.isShort).toBe(false);
  vi.advanceTimersByTime(1);
  expect([space.isShort, space.isShort]).toEqual([true, true]);
  expect(said).toEqual([true]);
});
