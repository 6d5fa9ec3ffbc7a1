/** What is scheduled becomes permanent: bundlers, confirmation modes (spec 04 §2.6), and the block that assignments tell (§2.4). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { itemName } from '../../src/codecs/ans104/item.ts';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { type FakeBundler, fakeBundler, fakeGateway, startNode, type TestNode } from '../../src/testing/index.ts';
import { localServer } from '../../src/testing/local-server.ts';
import { value } from '../support/lua-world.ts';

const directory = mkdtempSync(join(tmpdir(), 'uploads-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A process of this node's, and its messages, signed as data items throughout. */
async function spawn(node: TestNode, more: object = {}): Promise<Message> {
  const spec = { 'commitment-device': 'ans104@1.0' };
  const definition = { device: 'process@1.0', type: 'Process', scheduler: node.address, ...more };
  return node.resolver
    .ao()
    .commit(message({ ...definition, 'scheduler-commitment-spec': 'ans104@1.0' }), message(spec));
}

async function post(node: TestNode, body: Message): Promise<Outcome> {
  const base = message({ device: 'scheduler@1.0' });
  return node.resolver.ao().resolve(base, message({ path: 'schedule', method: 'POST', body }));
}

async function letter(node: TestNode, process: string, n: number): Promise<Message> {
  const spec = message({ 'commitment-device': 'ans104@1.0' });
  return node.resolver.ao().commit(message({ type: 'Message', target: process, n: String(n) }), spec);
}

const idOf = (node: TestNode, one: Message): string => node.resolver.ao().id(one, 'signed');
const uploaded = (bundler: FakeBundler): readonly string[] => bundler.items.map(itemName);
const arrives = (bundler: FakeBundler, ids: readonly string[]): Promise<void> =>
  expect.poll(() => new Set(uploaded(bundler)), { timeout: 20_000 }).toEqual(new Set(ids));
const pending = async (node: TestNode): Promise<number> => (await node.store.scan('uploads')).length;

describe('local confirmation', () => {
  test('messages and their assignments are uploaded after the answer; what has no bundler is not', async () => {
    await using bundler = await fakeBundler();
    await using node = await startNode({ options: { 'bundler-ans104': bundler.url } });
    const definition = await spawn(node);
    const process = idOf(node, definition);
    const ids = [process, idOf(node, value(await post(node, definition)) as Message)];
    for (let n = 1; n <= 3; n++) {
      const one = await letter(node, process, n);
      ids.push(idOf(node, one), idOf(node, value(await post(node, one)) as Message));
    }
    await arrives(bundler, ids);
    await expect.poll(() => pending(node)).toBe(0);
    // Signed with httpsig, for which there is none.
    const other = await node.resolver.ao().commit(message({ type: 'Message', target: process, other: 'x' }));
    ids.push(idOf(node, value(await post(node, other)) as Message));
    await arrives(bundler, ids);
  });

  test('what a bundler could not take is uploaded when it can, also by the next run of the node', async () => {
    await using bundler = await fakeBundler();
    bundler.fail(503);
    const options = { 'data-dir': join(directory, 'again'), 'bundler-ans104': bundler.url, 'peer-retries': 0 };
    const ids: string[] = [];
    {
      await using node = await startNode({ options });
      const definition = await spawn(node);
      ids.push(idOf(node, definition), idOf(node, value(await post(node, definition)) as Message));
      await expect.poll(() => bundler.requests.length, { timeout: 10_000 }).toBeGreaterThan(0);
      expect(await pending(node)).toBe(1);
    }
    bundler.fail(503, 1);
    await using node = await startNode({ options });
    await arrives(bundler, ids);
    await expect.poll(() => pending(node)).toBe(0);
  });

  test('what a bundler refuses is not sent again, and the slot stays', async () => {
    await using bundler = await fakeBundler();
    bundler.fail(400, 1);
    await using node = await startNode({ options: { 'bundler-ans104': bundler.url } });
    const definition = await spawn(node);
    value(await post(node, definition));
    await expect.poll(() => pending(node), { timeout: 10_000 }).toBe(0);
    expect(bundler.requests.length).toBe(1);
    const slot = await post(node, await letter(node, idOf(node, definition), 1));
    expect((value(slot) as Message).get('slot')).toBe(1);
  });

  test('httpsig messages go to their own bundler as they were signed', async () => {
    await using bundler = await localServer(() => ({ status: 200, body: 'taken' }));
    await using node = await startNode({ options: { 'bundler-httpsig': bundler.url } });
    const definition = await node.resolver
      .ao()
      .commit(message({ device: 'process@1.0', type: 'Process', scheduler: node.address }));
    value(await post(node, definition));
    await expect.poll(() => bundler.requests.length, { timeout: 10_000 }).toBe(2);
    expect(bundler.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /tx', 'POST /tx']);
    await expect.poll(() => pending(node)).toBe(0);
  });
});

describe('remote confirmation', () => {
  test('the answer comes when the bundler has the assignment', async () => {
    await using bundler = await fakeBundler();
    const options = { 'bundler-ans104': bundler.url, 'scheduling-mode': 'remote-confirmation' };
    await using node = await startNode({ options });
    const definition = await spawn(node);
    const assignment = value(await post(node, definition)) as Message;
    expect(uploaded(bundler)).toEqual([idOf(node, definition), idOf(node, assignment)]);
    expect(await pending(node)).toBe(0);
  });

  test('[row processes/3/remote_confirmation_upload_failure_unlinks] without a bundler nothing is scheduled', async () => {
    await using node = await startNode({ options: { 'scheduling-mode': 'remote-confirmation' } });
    const definition = await spawn(node);
    const refused = await post(node, definition);
    expect(refused).toMatchObject({ status: 'error', error: { code: 'unavailable' } });
    const status = value(await node.resolver.ao().resolve(message({ device: 'scheduler@1.0' }), 'status')) as Message;
    expect(status.get('processes')).toEqual([]);
    // Assignments of this process would be signed in a codec that has none.
    await using bundler = await fakeBundler();
    const options = { 'bundler-ans104': bundler.url, 'scheduling-mode': 'remote-confirmation' };
    await using other = await startNode({ options });
    const plain = await other.resolver
      .ao()
      .commit(message({ device: 'process@1.0', type: 'Process', scheduler: other.address }));
    expect(await post(other, plain)).toMatchObject({ status: 'error', error: { code: 'unavailable' } });
    expect(uploaded(bundler)).toEqual([]);
  });

  test('an upload that fails is told with the slot, which stays and is uploaded later', async () => {
    await using bundler = await fakeBundler();
    const options = {
      'bundler-ans104': bundler.url,
      'scheduling-mode': 'remote-confirmation',
      'peer-retries': 0,
    };
    await using node = await startNode({ options });
    const definition = await spawn(node);
    bundler.fail(503, 1);
    const failed = await post(node, definition);
    expect(failed).toMatchObject({ status: 'error', error: { code: 'peer-failed', status: 502 } });
    expect(failed.status === 'error' && failed.error.message).toMatch(/has slot 0 but could not be uploaded/);
    const next = value(await post(node, await letter(node, idOf(node, definition), 1))) as Message;
    expect(next.get('slot')).toBe(1);
    await expect.poll(() => pending(node), { timeout: 20_000 }).toBe(0);
    expect(uploaded(bundler)).toContain(idOf(node, definition));
  });
});

describe('blocks', () => {
  test('assignments, slots and schedules tell the newest block that the gateway knows', async () => {
    await using gateway = await fakeGateway();
    gateway.height = 1_700_000;
    await using node = await startNode({ options: { gateway: gateway.url, 'gateway-blocks': true } });
    const definition = await spawn(node);
    const assignment = value(await post(node, definition)) as Message;
    expect(assignment.get('block-height')).toBe(1_700_000);
    expect(assignment.get('block-hash')).toMatch(/^[A-Za-z0-9_-]{64}$/);
    expect(assignment.get('block-timestamp')).toBeGreaterThan(1_500_000_000);
    const target = idOf(node, definition);
    const slot = value(
      await node.resolver.ao().resolve(message({ device: 'scheduler@1.0' }), message({ path: 'slot', target })),
    );
    expect(isMessage(slot) && slot.get('block-height')).toBe(1_700_000);
  });

  test('a gateway that fails or talks nonsense leaves what was known', async () => {
    let body = '{"height": 7, "timestamp": 8, "indep_hash": "nonsense"}';
    await using gateway = await localServer(() => ({ status: 200, contentType: 'application/json', body }));
    await using node = await startNode({ options: { gateway: gateway.url, 'gateway-blocks': true } });
    const assignment = value(await post(node, await spawn(node))) as Message;
    expect([assignment.get('block-height'), assignment.get('block-hash')]).toEqual([0, 'A'.repeat(43)]);
    body = '';
    expect((value(await post(node, await spawn(node, { name: 'x' }))) as Message).get('block-height')).toBe(0);
    // Asked once in a while, not for every message.
    expect(gateway.requests.length).toBe(1);
  });
});
