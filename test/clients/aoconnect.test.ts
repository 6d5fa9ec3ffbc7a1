/** `@permaweb/aoconnect` 0.0.98 against a node of its own process: mainnet mode, and what of legacy mode a node serves (spec 06 §2, §4). */
import { readFileSync } from 'node:fs';
import { connect, createDataItemSigner, createSigner } from '@permaweb/aoconnect';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runtimeFile } from '../../runtime/build.ts';
import { NodeClient } from '../../src/client.ts';
import { testJwk, testWallet } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';

interface Result {
  readonly Output: { readonly data?: string; readonly prompt?: string };
  readonly Messages: readonly { readonly Target: string; readonly Tags: readonly { name: string; value: string }[] }[];
  readonly Spawns: readonly unknown[];
  readonly Error?: string;
}

/** The part of the package's interface that its own types leave open. */
interface Ao {
  spawn(options: object): Promise<string>;
  message(options: object): Promise<unknown>;
  result(options: object): Promise<Result>;
  results(options: object): Promise<{ readonly edges: readonly { readonly cursor: string; readonly node: Result }[] }>;
  dryrun(options: object): Promise<Result>;
  request(fields: object): Promise<Response>;
}

// The node is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let node: ChildNode;
let ao: Ao;
let module: string;

beforeAll(async () => {
  node = await childNode();
  const signer = createSigner(testJwk('second'));
  ao = connect({ MODE: 'mainnet', URL: node.url, SCHEDULER: node.address, signer } as never) as unknown as Ao;
  using client = new NodeClient({ url: node.url, wallet: testWallet('second') });
  module = await client.upload({
    tags: { 'Content-Type': 'application/lua', Name: 'runtime' },
    data: readFileSync(runtimeFile, 'utf8'),
  });
});
afterAll(() => node[Symbol.asyncDispose]());

const tag = (name: string, value: string) => ({ name, value });

async function spawnRuntime(name: string, tags: readonly object[] = []): Promise<string> {
  return ao.spawn({
    module,
    authority: node.address,
    tags: [
      tag('execution-device', 'lua@5.3a'),
      tag('function', 'compute'),
      tag('lua-dialect', 'standard'),
      tag('Name', name),
      ...tags,
    ],
  });
}

async function evaluate(process: string, data: string): Promise<Result> {
  const slot = await ao.message({ process, tags: [tag('Action', 'Eval')], data });
  return ao.result({ process, slot });
}

/** Of the messages after the definition. */
async function idsOf(process: string): Promise<readonly string[]> {
  const listed = await fetch(`${node.url}/${process}/schedule?from=1&accept=application/aos-2`);
  const { edges } = (await listed.json()) as { edges: { node: { message: { Id: string } } }[] };
  return edges.map(({ node: { message } }) => message.Id);
}

describe('processes', () => {
  test('[row processes/11/client library] spawn, message, result', async () => {
    const process = await spawnRuntime('first');
    expect(process).toMatch(/^[\w-]{43}$/);
    const slot = await ao.message({ process, tags: [tag('Action', 'Eval')], data: '1 + 1' });
    expect(slot).toBe(1);
    const result = await ao.result({ process, slot });
    expect(result.Output.data).toBe('2');
    expect(result.Output.prompt).toBe('first@aos-2.0.16[Inbox:0]> ');
    expect(result.Error).toBeUndefined();
  });

  test('the result of an older slot is that of this slot', async () => {
    const process = await spawnRuntime('older');
    for (const code of ['X = 1 return X', 'X = 2 return X']) await evaluate(process, code);
    expect((await ao.result({ process, slot: 1 })).Output.data).toBe('1');
    expect((await ao.result({ process, slot: 2 })).Output.data).toBe('2');
    const { edges } = await ao.results({ process });
    expect(edges.map(({ cursor, node: { Output } }) => [cursor, Output.data])).toEqual([['2', '2']]);
  });

  test('an error is a result; the process goes on', async () => {
    const process = await spawnRuntime('erring');
    expect((await evaluate(process, 'error("no")')).Error).toContain('no');
    expect((await evaluate(process, '"still here"')).Output.data).toBe('still here');
  });

  test('[row processes/11/client library] a dry run sees the newest state and leaves no trace', async () => {
    const process = await spawnRuntime('dry');
    await evaluate(
      process,
      `Handlers.add('Count', function(msg) N = (N or 0) + 1 msg.reply({ Data = tostring(N) }) end)`,
    );
    const slot = await ao.message({ process, tags: [tag('Action', 'Count')] });
    expect((await ao.result({ process, slot })).Messages[0]).toMatchObject({ Data: '1' });
    for (let i = 0; i < 2; i++) {
      const dry = await ao.dryrun({ process, tags: [tag('Action', 'Count')] });
      expect(dry.Messages[0]).toMatchObject({ Data: '2' });
    }
    expect((await evaluate(process, 'N')).Output.data).toBe('1');
  });

  test('unknown processes and slots are refused', async () => {
    await expect(ao.message({ process: 'A'.repeat(43), tags: [], data: 'x' })).rejects.toThrow('Error sending message');
    const process = await spawnRuntime('short');
    await expect(ao.result({ process, slot: 99 })).rejects.toThrow('Error getting result');
  });

  test('request() reaches any path', async () => {
    const reply = await ao.request({ path: '/~meta@1.0/info/address', method: 'GET' });
    expect(await reply.text()).toBe(node.address);
  });

  test('without a scheduler the node’s own address is taken; with the signer for data items', async () => {
    const signer = createDataItemSigner(testJwk('second'));
    const plain = connect({ MODE: 'mainnet', URL: node.url, signer } as never) as unknown as Ao;
    const tags = [tag('execution-device', 'lua@5.3a'), tag('function', 'compute'), tag('lua-dialect', 'standard')];
    const process = await plain.spawn({ module, tags });
    const slot = await plain.message({ process, tags: [tag('Action', 'Eval')], data: '1 + 1' });
    expect((await plain.result({ process, slot })).Output.data).toBe('2');
    for (const key of ['scheduler', 'authority']) {
      expect(await (await fetch(`${node.url}/${process}/${key}`)).text()).toBe(node.address);
    }
  });

  test('a message answers with its slot, its id, or its result', async () => {
    const process = await spawnRuntime('answers');
    const options = { process, tags: [tag('Action', 'Eval')], data: '1 + 1' };
    const id = await ao.message({ ...options, returnMessageId: true });
    expect(await idsOf(process)).toEqual([id]);
    expect(await ao.message({ ...options, returnMessageId: true, returnAssignmentSlot: true })).toEqual({
      slot: 2,
      id: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(await ao.message({ ...options, opts: { fullResponse: true } })).toMatchObject({ Output: { data: '2' } });
    expect((await ao.result({ process, message: '3' })).Output.data).toBe('2');
  });

  test('what the package cannot do in this mode it does not offer', () => {
    for (const name of ['assign', 'monitor', 'unmonitor'] as const) expect(ao).not.toHaveProperty(name);
  });

  test('cron by request(): a push again and again, until it is stopped', async () => {
    const to = await spawnRuntime('cron-target');
    const from = await spawnRuntime('cron-source');
    const data = `Send({ Target = '${to}', Action = 'Tick' })`;
    const scheduled = await ao.request({
      path: `/${from}/schedule`,
      method: 'POST',
      target: from,
      action: 'Eval',
      data,
      'signing-format': 'ans104',
    });
    expect(scheduled.headers.get('slot')).toBe('1');
    const current = async (): Promise<number> => Number(await (await fetch(`${node.url}/${to}/slot/current`)).text());
    const task = { 'cron-path': `/${from}/push`, slot: '1', interval: '200-milliseconds' };
    const id = await (await ao.request({ path: '/~cron@1.0/every', method: 'GET', ...task })).text();
    await expect.poll(current, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    expect((await ao.request({ path: '/~cron@1.0/stop', method: 'GET', task: id })).status).toBe(200);
    const stopped = await fetch(`${node.url}/~cron@1.0/stop?task=${id}`);
    expect([stopped.status, await stopped.text()]).toEqual([400, 'Task not found.']);
  });
});

describe('the process runtime', () => {
  test('handlers answer, and two processes talk to each other', async () => {
    const service = await spawnRuntime('service');
    const client = await spawnRuntime('client');
    await evaluate(
      service,
      `Handlers.add('Double', function(msg) msg.reply({ Action = 'Doubled', Data = tostring(Utils.integer(msg.Quantity) * 2) }) end)`,
    );
    await evaluate(client, `Handlers.add('Doubled', function(msg) Answer = msg.Data From = msg.From end)`);
    const sent = await evaluate(client, `Send({ Target = '${service}', Action = 'Double', Quantity = '21' })`);
    expect(sent.Messages.map(({ Target }) => Target)).toEqual([service]);
    await expect.poll(async () => (await evaluate(client, 'Answer')).Output.data, { timeout: 10_000 }).toBe('42');
    expect((await evaluate(client, `From == '${service}'`)).Output.data).toBe('true');
  });

  test('what no handler takes waits in the Inbox', async () => {
    const process = await spawnRuntime('inbox');
    await ao.message({ process, tags: [tag('Action', 'Note')], data: 'remember' });
    expect((await evaluate(process, '#Inbox')).Output.data).toBe('1');
    expect((await evaluate(process, 'Inbox[1].Data .. " from " .. Inbox[1].From')).Output.data).toBe(
      `remember from ${testWallet('second').address}`,
    );
  });

  test('only its owner may Eval', async () => {
    const process = await spawnRuntime('owned');
    const other = connect({
      MODE: 'mainnet',
      URL: node.url,
      SCHEDULER: node.address,
      signer: createSigner(testJwk('first')),
    } as never) as unknown as Ao;
    await other.message({ process, tags: [tag('Action', 'Eval')], data: 'Stolen = true' });
    expect((await evaluate(process, 'tostring(Stolen)')).Output.data).toBe('nil');
  });

  test('ao.spawn starts a process that announces itself', async () => {
    const process = await spawnRuntime('parent');
    const spawned = await evaluate(process, `ao.spawn(ao._module, { Name = 'child' }) return 'asked'`);
    expect(spawned.Spawns.length).toBe(1);
    await evaluate(process, `Handlers.add('Spawned', function(msg) Child = msg.Process end)`);
    const child = await expect
      .poll(async () => (await evaluate(process, 'tostring(Child or (Inbox[1] and Inbox[1].Process))')).Output.data, {
        timeout: 10_000,
      })
      .toMatch(/^[\w-]{43}$/)
      .then(async () => (await evaluate(process, 'Child or Inbox[1].Process')).Output.data);
    const reply = await fetch(`${node.url}/${child}/name`);
    expect(await reply.text()).toBe('child');
  });

  test('published state is read by path, with its type', async () => {
    const process = await spawnRuntime('publisher');
    await evaluate(process, `Publish({ supply = 100, balances = { alice = 60, bob = 40 } })`);
    const state = `${node.url}/${process}~process@1.0/now/cache`;
    expect(await (await fetch(`${state}/balances/alice`)).text()).toBe('60');
    const reply = await fetch(`${state}/supply?require-codec=application/json&accept-bundle=true`);
    expect(await reply.json()).toMatchObject({ body: 100 });
  });
});

describe('legacy mode', () => {
  interface Legacy {
    message(options: object): Promise<string>;
    signMessage(options: object): Promise<object>;
    sendSignedMessage(signed: object): Promise<string>;
  }

  test.each([
    ['a schedule', '/~scheduler@1.0/schedule?codec-device=ans104@1.0'],
    ['a push', '/PID~process@1.0/push?codec-device=ans104@1.0'],
  ])('messages to the path of %s as messenger', async (_, path) => {
    const process = await spawnRuntime('legacy');
    const url = node.url + path.replace('PID', process);
    const legacy = connect({ MODE: 'legacy', MU_URL: url, CU_URL: url, GATEWAY_URL: url }) as unknown as Legacy;
    const signer = createDataItemSigner(testJwk('second'));
    const options = { process, tags: [tag('Action', 'Eval')], signer };
    const id = await legacy.message({ ...options, data: 'Count = 1' });
    const second = await legacy.signMessage({ ...options, data: 'Count = Count + 1 return Count' });
    const ids = [id, await legacy.sendSignedMessage(second)];
    expect(await idsOf(process)).toEqual(ids);
    expect((await ao.result({ process, slot: 2 })).Output.data).toBe('2');
  });
});

test('a node that is told to stop finishes and ends with 0', async () => {
  await using another = await childNode();
  expect(await (await fetch(`${another.url}/readyz`)).json()).toEqual({ status: 'ready' });
  expect(await another.stop()).toBe(0);
  expect(another.output()).toContain('Stopping');
});
