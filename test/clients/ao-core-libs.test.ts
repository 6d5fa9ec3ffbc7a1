/**
 * `@permaweb/ao-core-libs` against a node of its own process: what it sends is read as it means it, signed in headers or as a data item or not
 * at all (spec 06 §5), and what the node answers is what it reads. It doesn't verify answers. The library is loaded with `require`,
 * because its declared types aren't in the package.
 */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testJwk, testWallet } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';
import { runtimeDefinition } from '../support/runtime-definition.ts';

type Fields = { readonly [name: string]: unknown };
interface AoCore {
  request(fields: Fields): Promise<Response>;
}
interface AoCoreLibs {
  readonly default: { init(options: { readonly jwk?: unknown; readonly url: string }): AoCore };
}

// The node is a process of its own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const { init } = (createRequire(import.meta.url)('@permaweb/ao-core-libs') as AoCoreLibs).default;
const address = testWallet('second').address;
const item = { method: 'POST', 'signing-format': 'ans104' };
const json = { 'require-codec': 'application/json', 'accept-bundle': 'true' };

let node: ChildNode;
let signed: AoCore;
let unsigned: AoCore;

beforeAll(async () => {
  node = await childNode();
  signed = init({ jwk: testJwk('second'), url: node.url });
  unsigned = init({ url: node.url });
});
afterAll(() => node[Symbol.asyncDispose]());

describe('requests', () => {
  test('an unsigned read', async () => {
    const response = await unsigned.request({ path: '~message@1.0&hello=world/hello' });
    expect([response.status, await response.text()]).toEqual([200, 'world']);
  });

  test('fields become keys, typed', async () => {
    const response = await unsigned.request({ path: '~message@1.0/custom', custom: 42 });
    expect([await response.text(), response.headers.get('ao-types')]).toEqual([
      '42',
      expect.stringContaining('integer'),
    ]);
  });

  test('a read signed in headers names its signer', async () => {
    const response = await signed.request({ path: '~message@1.0/committers', custom: 'x' });
    expect(response.headers.get('1')).toBe(address);
  });

  test('a data item names its signer, and its tags are keys', async () => {
    expect((await signed.request({ ...item, path: '~message@1.0/committers' })).headers.get('1')).toBe(address);
    const response = await signed.request({ ...item, path: '~message@1.0/custom', custom: 'tagged' });
    expect(await response.text()).toBe('tagged');
  });

  test('a wish for JSON in a tag is heard', async () => {
    const response = await signed.request({ ...item, ...json, path: '~message@1.0/set', custom: 'tagged' });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ custom: 'tagged' });
  });

  test('a path with a question mark is escaped by the library and still a query', async () => {
    expect(await (await unsigned.request({ path: 'a?a=5' })).text()).toBe('5');
  });

  test('errors are statuses', async () => {
    expect((await unsigned.request({ path: '~message@1.0&a=b/nope' })).status).toBe(404);
  });
});

// Of an item's type the library knows only the field `Type`; the names of headers go out in lower case.
describe.each<[string, Fields, 'Type' | 'type']>([
  ['as data items', item, 'Type'],
  ['signed in headers', { method: 'POST' }, 'type'],
])('processes, %s', (_, form, type) => {
  let definition: Fields;

  beforeAll(async () => {
    definition = { [type]: 'Process', ...(await runtimeDefinition(node)) };
  });

  async function spawn(): Promise<string> {
    const fields = { ...definition, 'random-seed': crypto.randomUUID() };
    const response = await signed.request({ ...form, path: 'push', ...fields });
    expect([response.status, response.headers.get('slot')]).toEqual([200, '0']);
    return response.headers.get('process')!;
  }

  async function push(process: string, fields: Fields): Promise<Fields> {
    const to = { path: `${process}~process@1.0/push`, [type]: 'Message', target: process };
    return (await (await signed.request({ ...form, ...json, ...to, ...fields })).json()) as Fields;
  }

  const evaluate = (process: string, data: string): Promise<Fields> => push(process, { action: 'Eval', data });

  const read = async (path: string): Promise<string> => (await signed.request({ path })).text();

  test('spawn, message, result, state', async () => {
    const process = await spawn();
    expect(process).toMatch(/^[\w-]{43}$/);
    const answer = await evaluate(process, 'Publish({ supply = 100 }) return 1 + 1');
    expect(answer).toMatchObject({ slot: 1, process, status: 200, output: { data: '2' } });
    const result = await signed.request({ ...form, ...json, path: `${process}~process@1.0/compute/results=1` });
    expect(await result.json()).toMatchObject({ raw: { Output: { data: '2' } } });
    expect(await read(`${process}~process@1.0/compute=1/results/output/data`)).toBe('2');
    expect(await read(`${process}~process@1.0/now/cache/supply`)).toBe('100');
    expect(await read(`${process}/slot/current`)).toBe('1');
    const state = await unsigned.request({ ...json, path: `${process}~process@1.0/now/cache` });
    expect(await state.json()).toMatchObject({ supply: 100 });
  });

  test('an error of the program is a result; the process goes on', async () => {
    const process = await spawn();
    expect(await evaluate(process, 'error("no")')).toMatchObject({ slot: 1, error: expect.stringContaining('no') });
    expect(await evaluate(process, 'Owner')).toMatchObject({ slot: 2, output: { data: address } });
  });

  test('a message of one process to another', async () => {
    const [from, to] = [await spawn(), await spawn()];
    await evaluate(from, `Send({ Target = '${to}', Action = 'Note', Data = 'hi' })`);
    expect(await evaluate(to, 'Inbox[1].Data .. " " .. Inbox[1].From')).toMatchObject({
      output: { data: `hi ${from}` },
    });
  });

  test('a push by the clock', async () => {
    const [from, to] = [await spawn(), await spawn()];
    const scheduled = { path: `${from}/schedule`, [type]: 'Message', target: from, action: 'Eval' };
    await signed.request({ ...form, ...scheduled, data: `Send({ Target = '${to}', Action = 'Tick' })` });
    const cron = { path: '~cron@1.0/once', 'cron-path': `/${from}/push`, slot: '1' };
    expect(await (await signed.request({ ...form, ...cron })).text()).toMatch(/^[\w-]{43}$/);
    await expect.poll(() => read(`${to}/slot/current`), { timeout: 10_000 }).toBe('1');
  });

  test('what cannot be had is a status with a sentence', async () => {
    const nowhere = 'A'.repeat(43);
    const unknown = await signed.request({ ...form, path: `${nowhere}~process@1.0/push`, target: nowhere });
    expect([unknown.status, unknown.headers.get('code')]).toEqual([404, 'necessary-message-not-found']);
    const process = await spawn();
    expect((await signed.request({ path: `${process}~process@1.0/compute=99` })).status).toBe(404);
    const nobody = await unsigned.request({ path: `${process}~process@1.0/schedule`, method: 'POST', action: 'Eval' });
    expect([nobody.status, await nobody.text()]).toEqual([400, 'Message is not valid.']);
  });
});
