/**
 * wao's node client `HB`, as published, against a node of its own process (spec 06 §6). It signs a message by itself, puts that signature as
 * explicit commitments into the body of a request, and posts it.
 *
 * What needs an unsigned message to be scheduled (`scheduleFlat`, and with it `cacheScript`, `getLua` and `spawnLua`) is refused by default,
 * as by the reference (row obs-unsigned); a node with `verify-assignments: accept-unsigned` takes it.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runtimeFile } from '../../runtime/build.ts';
import { testJwk, testWallet } from '../../src/testing/index.ts';
import { type ChildNode, childNode } from '../support/child-node.ts';
import { requireWao } from './wao/install.ts';

type Fields = { readonly [name: string]: unknown };
interface Reply {
  readonly out: Fields;
  readonly body: string;
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
}
interface Scheduled {
  readonly slot: number;
  readonly pid: string;
}
interface ToSchedule {
  readonly pid: string;
  readonly tags?: Fields;
  readonly data?: string;
}
interface Point {
  readonly pid: string;
  readonly slot?: number;
  readonly path?: string;
}
interface ScheduledMessage {
  readonly Id: string;
  readonly Owner: string;
  readonly Data: string;
  readonly Tags: readonly { readonly name: string; readonly value: string }[];
}
interface Schedule {
  readonly edges: readonly { readonly cursor: number; readonly node: { readonly message: ScheduledMessage } }[];
}
interface HB {
  readonly operator: string;
  readonly addr: string;
  init(jwk: unknown): Promise<HB>;
  get(request: Fields): Promise<Reply>;
  g(path: string, query?: Fields): Promise<unknown>;
  getJSON(request: Fields): Promise<Fields>;
  post(request: Fields): Promise<Reply>;
  p(path: string, fields?: Fields): Promise<unknown>;
  postJSON(request: Fields): Promise<Fields>;
  spawn(tags?: Fields): Promise<{ readonly pid: string }>;
  spawnLegacy(options?: object): Promise<{ readonly pid: string }>;
  spawnAOS(image: string): Promise<{ readonly pid: string }>;
  spawnLua(): Promise<{ readonly pid: string }>;
  schedule(message: ToSchedule): Promise<Scheduled>;
  scheduleLegacy(message: ToSchedule): Promise<Scheduled>;
  scheduleLua(message: ToSchedule): Promise<Scheduled>;
  scheduleFlat(message: ToSchedule): Promise<Scheduled>;
  scheduleNP(message: ToSchedule): Promise<Scheduled>;
  message(message: ToSchedule): Promise<Scheduled & { readonly res: Fields }>;
  compute(at: Point): Promise<Fields>;
  computeLua(at: Point): Promise<Fields>;
  computeAOS(at: Point): Promise<{ readonly [index: string]: Fields }>;
  now(at: Point): Promise<Fields>;
  slot(at: Point): Promise<Fields>;
  messages(range: { readonly pid: string; readonly from?: number; readonly to?: number }): Promise<Schedule>;
  cacheScript(lua: string): Promise<string>;
  cacheBinary(bytes: Uint8Array, type: string): Promise<string>;
  getLua(): Promise<string>;
  results(options: object): Promise<unknown>;
  dryrun(options: object): Promise<unknown>;
  commit(fields: Fields, options: { readonly path: boolean }): Promise<{ [name: string]: unknown }>;
  sign(fields: Fields): Promise<unknown>;
  send(signed: unknown): Promise<Reply>;
}

// wao is installed when it isn't there yet; the nodes are processes of their own, and machines are busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const address = testWallet('second').address;
let HB: new (options: { readonly url: string }) => HB;
let node: ChildNode;
let hb: HB;

beforeAll(async () => {
  ({ HB } = (await requireWao()) as { readonly HB: typeof HB });
  node = await childNode();
  hb = await new HB({ url: node.url }).init(testJwk('second'));
});
afterAll(() => node?.[Symbol.asyncDispose]());

test('knows the node’s operator once it is initialised', () => {
  expect([hb.operator, hb.addr]).toEqual([node.address, address]);
});

describe('requests', () => {
  test('read single values and messages, with their types', async () => {
    expect(await hb.g('/~message@1.0/hello', { hello: 'world' })).toBe('world');
    // A single value is text to this client, whatever its type.
    expect(await hb.g('/~message@1.0/n', { 'n+integer': 3 })).toBe('3');
    expect(await hb.g('/~message@1.0/set', { a: 'b', 'n+integer': 3 })).toMatchObject({ a: 'b', n: 3 });
    const reply = await hb.get({ path: '/~meta@1.0/info/address' });
    expect([reply.status, reply.body]).toEqual([200, node.address]);
    expect(await hb.getJSON({ path: '/~message@1.0/set', a: 'b', 'n+integer': 3 })).toMatchObject({ a: 'b', n: 3 });
  });

  test('post fields, lists and nested messages', async () => {
    const fields = { text: 'a b', n: 5, f: 1.5, list: [1, 'two'], nested: { deep: { x: 1 } } };
    expect(await hb.p('/~message@1.0/set', { text: 'a b', n: 5 })).toMatchObject({ text: 'a b', n: 5 });
    expect(await hb.postJSON({ path: '/~message@1.0/set', ...fields })).toMatchObject({
      text: 'a b',
      n: 5,
      f: 1.5,
      list: [1, 'two'],
      nested: { deep: { x: 1 } },
    });
  });

  test('that fail reject with status and text', async () => {
    await expect(hb.post({ path: '/~message@1.0/missing' })).rejects.toThrow('404: not_found');
    expect((await hb.get({ path: '/~message@1.0/missing' })).status).toBe(404);
  });
});

describe('processes', () => {
  test('spawn, schedule, slot, messages', async () => {
    const { pid } = await hb.spawn();
    expect(pid).toMatch(/^[\w-]{43}$/);
    expect((await hb.schedule({ pid, tags: { action: 'Inc' } })).slot).toBe(1);
    expect((await hb.schedule({ pid, tags: { action: 'Inc' }, data: 'line 1\nline 2' })).slot).toBe(2);
    expect(await hb.slot({ pid })).toMatchObject({ process: pid, current: 2 });
    const { edges } = await hb.messages({ pid });
    expect(edges.map(({ cursor }) => cursor)).toEqual([0, 1, 2]);
    expect(edges.map(({ node: { message } }) => message.Owner)).toEqual(Array(3).fill(address));
    expect(edges[2]!.node.message.Data).toBe('line 1\nline 2');
    expect((await hb.messages({ pid, from: 1, to: 1 })).edges.map(({ cursor }) => cursor)).toEqual([1]);
  });

  test('compute, now, message', async () => {
    const { pid } = await hb.spawn();
    const { slot, res } = await hb.message({ pid, tags: { action: 'Inc' } });
    expect(slot).toBe(1);
    expect(res).toMatchObject({ 'at-slot': 1, 'already-seen': [1, 0] });
    await hb.schedule({ pid, tags: { action: 'Inc' } });
    expect(await hb.now({ pid })).toMatchObject({ 'at-slot': 2 });
    expect(await hb.compute({ pid, slot: 1 })).toMatchObject({ 'at-slot': 1 });
    expect(await hb.g(`/${pid}/now/at-slot`)).toBe('2');
  });

  test('definitions and messages with numbers, lists and nested messages keep their signatures', async () => {
    const { pid } = await hb.spawn({ 'device-stack': ['stack@1.0', 'patch@1.0'], passes: 2 });
    const tags = { list: [1, 'two'], f: 1.5, yes: true, nested: { deep: { x: 1 } } };
    expect((await hb.schedule({ pid, tags })).slot).toBe(1);
    const found = await hb.getJSON({ path: `/${pid}/schedule`, from: 1, to: 1 });
    expect(found['assignments']).toMatchObject({ 1: { body: { ...tags, yes: 'true' } } });
    expect((await hb.messages({ pid })).edges.map(({ node: { message } }) => message.Owner)).toEqual([
      address,
      address,
    ]);
    expect(await hb.g(`/${pid}/verify`)).toBe('true');
  });

  test('the definitions of AOS and of the legacy network are scheduled', async () => {
    const { pid } = await hb.spawnLegacy();
    expect((await hb.scheduleLegacy({ pid, data: '1 + 1' })).slot).toBe(1);
    expect(await hb.slot(await hb.spawnAOS('A'.repeat(43)))).toMatchObject({ current: 0 });
  });

  test('a body whose signature does not hold is refused', async () => {
    const { pid } = await hb.spawn();
    const fields = { type: 'Message', target: pid };
    // Children stand in the body of what is committed, as text.
    for (const [signed, changed] of [
      [{ data: 'honest' }, { data: 'changed' }],
      [{ n: 1 }, { n: 2 }],
      [{ list: ['a', 'b'] }, { list: '"a", "c"' }],
      [{ nested: { a: 'b' } }, { body: (text: string) => text.replace('a: b', 'a: c') }],
    ] as const) {
      const body = await hb.commit({ ...fields, ...signed }, { path: false });
      for (const [key, value] of Object.entries(changed)) {
        expect(body).toHaveProperty(key);
        body[key] = typeof value === 'function' ? value(String(body[key])) : value;
      }
      const request = await hb.sign({ path: `/${pid}/schedule`, body });
      await expect(hb.send(request), JSON.stringify(signed)).rejects.toThrow('400: Message is not valid.');
    }
    expect(await hb.slot({ pid })).toMatchObject({ current: 0 });
  });
});

describe('processes on our runtime', () => {
  let runtime: Fields;

  beforeAll(async () => {
    const { pid } = await hb.spawn();
    const data = readFileSync(runtimeFile, 'utf8');
    const { slot } = await hb.schedule({ pid, tags: { 'content-type': 'application/lua' }, data });
    const { edges } = await hb.messages({ pid, from: slot, to: slot });
    runtime = {
      module: edges[0]!.node.message.Id,
      'execution-device': 'lua@5.3a',
      'lua-dialect': 'standard',
      function: 'compute',
      authority: hb.operator,
    };
  });

  async function evaluate(pid: string, data: string): Promise<unknown> {
    const { slot } = await hb.scheduleLua({ pid, data });
    return (await hb.compute({ pid, slot, path: 'results/output' }))['data'];
  }

  test('Eval, results, errors', async () => {
    const { pid } = await hb.spawn({ ...runtime, name: 'wao' });
    const { slot } = await hb.scheduleLua({ pid, data: '1 + 1' });
    const prompt = 'wao@aos-2.0.16[Inbox:0]> ';
    expect(await hb.computeLua({ pid, slot })).toMatchObject({ info: 'hyper-aos', output: { data: '2', prompt } });
    const { res } = await hb.message({ pid, tags: { action: 'Eval' }, data: 'error("no")' });
    expect((res['results'] as Fields)['error']).toContain('no');
    expect(await evaluate(pid, '"still here"')).toBe('still here');
  });

  test('state by path', async () => {
    const { pid } = await hb.spawn(runtime);
    await evaluate(pid, `Publish({ supply = 100, balances = { alice = 60 } })`);
    expect(await hb.g(`/${pid}/now/cache/supply`)).toBe('100');
    expect(await hb.now({ pid, path: 'cache/balances' })).toMatchObject({ alice: 60 });
    expect(await hb.g(`/${pid}/compute/at-slot`)).toBe('1');
  });

  test('a message of one process to another, pushed by its slot; a dry run leaves no trace', async () => {
    const { pid: to } = await hb.spawn(runtime);
    const { pid } = await hb.spawn(runtime);
    const { slot } = await hb.scheduleLua({ pid, data: `Send({ Target = '${to}', Action = 'Note', Data = 'hi' })` });
    expect((await hb.computeAOS({ pid, slot }))['1']).toMatchObject({ target: to, action: 'Note', data: 'hi' });
    expect((await hb.get({ path: `/${pid}/push`, slot })).status).toBe(200);
    expect(await evaluate(to, `Inbox[1].From == '${pid}' and Inbox[1].Data`)).toBe('hi');
    // Nobody has signed this one: it goes to the inbox, for as long as the dry run lasts.
    const dry = `/${to}~process@1.0/as=execution/compute&action=Note/results/output/prompt`;
    expect(await hb.g(dry)).toContain('[Inbox:2]');
    expect(await evaluate(to, '#Inbox')).toBe('1');
    expect(await hb.slot({ pid: to })).toMatchObject({ current: 3 });
  });

  test('a push by the clock', async () => {
    const { pid: to } = await hb.spawn(runtime);
    const { pid } = await hb.spawn(runtime);
    const { slot } = await hb.scheduleLua({ pid, data: `Send({ Target = '${to}', Action = 'Tick' })` });
    const task = await hb.g('/~cron@1.0/every', { 'cron-path': `/${pid}/push`, slot, interval: '1-hour' });
    expect(task).toMatch(/^[\w-]{43}$/);
    await expect.poll(async () => (await hb.slot({ pid: to }))['current'], { timeout: 10_000 }).toBe(1);
    expect((await hb.get({ path: '/~cron@1.0/stop', task })).status).toBe(200);
  });
});

describe('what needs more than a node gives by default', () => {
  test('unsigned messages are not scheduled', async () => {
    const { pid } = await hb.spawn();
    await expect(hb.scheduleFlat({ pid, tags: { action: 'Inc' } })).rejects.toThrow('400: Message is not valid.');
    await expect(hb.cacheScript('return 1')).rejects.toThrow('400: Message is not valid.');
    expect(await hb.slot({ pid })).toMatchObject({ current: 0 });
  });

  test('devices that are not here are named', async () => {
    const binary = hb.cacheBinary(Uint8Array.of(0, 97, 115, 109), 'application/wasm');
    await expect(binary).rejects.toThrow('400: There is no device "wao@1.0" on this node.');
    const relayed = '400: There is no device "relay@1.0" on this node.';
    await expect(hb.results({ process: 'A'.repeat(43) })).rejects.toThrow(relayed);
    await expect(hb.dryrun({ pid: 'A'.repeat(43) })).rejects.toThrow(relayed);
  });

  test('with `verify-assignments: accept-unsigned` they are; the node’s own processes by name', async () => {
    const config = join(node.directory, 'wao.json');
    const own = { device: 'process@1.0', type: 'Process', 'execution-device': 'test-device@1.0' };
    const options = { 'verify-assignments': 'accept-unsigned', 'node-processes': { counter: own } };
    await writeFile(config, JSON.stringify(options));
    await using open = await childNode(['--config', config]);
    const opened = await new HB({ url: open.url }).init(testJwk('second'));
    const { pid } = await opened.spawn();
    expect((await opened.scheduleFlat({ pid, tags: { action: 'Inc' }, data: 'x' })).slot).toBe(1);
    expect(await opened.cacheScript('return 1')).toMatch(/^[\w-]{43}$/);
    // The hyper-aos that comes with wao. It knows signatures by the older name `alg`, here as little as on the reference.
    const lua = await opened.spawnLua();
    const { slot } = await opened.scheduleLua({ ...lua, data: '1 + 1' });
    expect(await opened.computeLua({ ...lua, slot })).toMatchObject({ output: { data: 'Message is not trusted.' } });
    expect(await opened.g('/counter~node-process@1.0/now/at-slot')).toBe('0');
    // It signs a path that it doesn't send.
    const signed = opened.scheduleNP({ pid: 'counter', tags: { action: 'Inc' } });
    await expect(signed).rejects.toThrow('400: Message is not valid.');
  });
});
