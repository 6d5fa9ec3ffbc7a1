/** `@permaweb/aoconnect` 0.0.90, mainnet mode: `request()` in both signing formats (spec 06 §3, §7.2). */
import { connect, createSigner } from 'aoconnect-0.0.90';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testJwk } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';
import { runtimeDefinition } from '../support/runtime-definition.ts';

/** Every header of the answer as a member, and its body. */
interface Answer {
  readonly [header: string]: unknown;
  readonly body: string;
}

type Fields = { readonly [name: string]: unknown };

// The node is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let node: ChildNode;
let request: (fields: object) => Promise<Answer>;
let definition: { readonly [name: string]: string };

beforeAll(async () => {
  node = await childNode();
  const signer = createSigner(testJwk('second'));
  ({ request } = connect({ MODE: 'mainnet', URL: node.url, signer } as never) as unknown as {
    request(fields: object): Promise<Answer>;
  });
  definition = await runtimeDefinition(node);
});
afterAll(() => node[Symbol.asyncDispose]());

/** As the aos command line client of that time does it. */
async function spawn(format: string): Promise<string> {
  const answer = await request({
    path: '/push',
    method: 'POST',
    type: 'Process',
    ...definition,
    'data-protocol': 'ao',
    variant: 'ao.N.1',
    'random-seed': crypto.randomUUID(),
    name: format,
    'signing-format': format,
  });
  return String(answer['process']);
}

function push(format: string, process: string, data: string): Promise<Answer> {
  return request({
    path: `/${process}/push`,
    method: 'POST',
    type: 'Message',
    action: 'Eval',
    accept: 'application/json',
    'accept-bundle': 'true',
    target: process,
    data,
    'data-protocol': 'ao',
    variant: 'ao.N.1',
    'signing-format': format,
  });
}

describe.each(['ANS-104', 'HTTP'])('signing-format %s', (format) => {
  test('spawn, Eval, live feed', async () => {
    const process = await spawn(format);
    expect(process).toMatch(/^[\w-]{43}$/);
    const answer = await push(format, process, "require('.process')._version");
    const result = JSON.parse(answer.body) as {
      readonly slot: number;
      readonly process: string;
      readonly info: string;
      readonly output: { readonly data: string; readonly prompt: string };
    };
    expect(result).toMatchObject({ slot: 1, process, info: 'hyper-aos' });
    expect(result.output.data).toBe('2.0.16');
    expect(result.output.prompt).toBe(`${format}@aos-2.0.16[Inbox:0]> `);

    const current = await request({ path: `/${process}/slot/current`, method: 'POST', 'signing-format': format });
    expect(current.body).toBe('1');
    const seen = await fetch(`${node.url}/${process}/compute=1`, {
      headers: { accept: 'application/json', 'accept-bundle': 'true' },
    });
    expect(await seen.json()).toMatchObject({ results: { output: { data: '2.0.16' } } });
  });

  test('code of several lines', async () => {
    const process = await spawn(format);
    const answer = await push(format, process, 'local x = 20\nlocal y = 22\nreturn x + y');
    expect(JSON.parse(answer.body)).toMatchObject({ output: { data: '42' } });
  });

  test('handlers, an error, and a message of one process to another', async () => {
    const [from, to] = [await spawn(format), await spawn(format)];
    const twice = 'msg.reply({ Action = "Doubled", Data = tostring(Utils.integer(msg.Quantity) * 2) })';
    await push(format, to, `Handlers.add('Double', function(msg) ${twice} end)`);
    await push(format, from, `Handlers.add('Doubled', function(msg) Answer = msg.Data .. " " .. msg.From end)`);
    const failed = JSON.parse((await push(format, from, 'error("no")')).body) as Fields;
    expect(failed['error']).toContain('no');
    await push(format, from, `Send({ Target = '${to}', Action = 'Double', Quantity = '21' })`);
    const answered = async (): Promise<unknown> => JSON.parse((await push(format, from, 'Answer')).body);
    await expect.poll(answered, { timeout: 10_000 }).toMatchObject({ output: { data: `42 ${to}` } });
  });

  test('published state by path', async () => {
    const process = await spawn(format);
    await push(format, process, 'Publish({ supply = 100, balances = { alice = 60 } })');
    const path = `/${process}~process@1.0/now/cache/balances/alice`;
    expect((await request({ path, method: 'POST', 'signing-format': format })).body).toBe('60');
  });

  test('a push by the clock', async () => {
    const [from, to] = [await spawn(format), await spawn(format)];
    const message = {
      type: 'Message',
      target: from,
      action: 'Eval',
      data: `Send({ Target = '${to}', Action = 'Tick' })`,
    };
    await request({ path: `/${from}/schedule`, method: 'POST', ...message, 'signing-format': format });
    const task = { 'cron-path': `/${from}/push`, slot: '1' };
    const cron = await request({ path: '/~cron@1.0/once', method: 'POST', ...task, 'signing-format': format });
    expect(cron.body).toMatch(/^[\w-]{43}$/);
    const current = async (): Promise<string> => (await fetch(`${node.url}/${to}/slot/current`)).text();
    await expect.poll(current, { timeout: 10_000 }).toBe('1');
  });

  test('reads by path', async () => {
    // The form of items has a body, which a GET must not have.
    const method = format === 'HTTP' ? 'GET' : 'POST';
    const answer = await request({ path: '/~message@1.0&hello=world/hello', method, 'signing-format': format });
    expect(answer.body).toBe('world');
  });

  test('a key that is missing is an error with its status', async () => {
    await expect(request({ path: '/~message@1.0/missing', method: 'POST', 'signing-format': format })).rejects.toThrow(
      /^404/,
    );
  });
});
