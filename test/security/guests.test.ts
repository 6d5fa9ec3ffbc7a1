/** Lua programs that strangers write into a request: they get little, and nobody else waits for them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { message } from '../../src/core/message.ts';
import type { TestNode, TestNodeOptions } from '../../src/testing/start-node.ts';
import { value } from '../support/lua-world.ts';
import { type WorkerNode, workerNode } from '../support/worker-node.ts';
import { victim } from './attack.ts';

/** `f` of a program, as anybody may ask for it. */
function asking(body: string, path = 'f', device = 'lua@5.3a'): string {
  return `/~${device}&content-type="application/lua"&body="${encodeURIComponent(body)}"/${path}`;
}

const loop = asking('function f() while true do end end');

async function answer(url: string): Promise<{ readonly reply: Response; readonly text: string }> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  return { reply, text: await reply.text() };
}

const programs: { readonly [name: string]: readonly [path: string, says: RegExp] } = {
  'a loop': [loop, /time limit|instruction limit/],
  'a loop while it is loaded': [asking('while true do end'), /time limit|instruction limit/],
  memory: [asking('function f() local t = {} while true do t[#t+1] = ("x"):rep(1e6) .. #t end end'), /memory|limit/],
  'a loop of calls': [asking("function f() while true do ao.resolve('/~message@1.0&a=1/keys') end end"), /limit/],
  'programs that begin programs': [
    asking("function f(b) return ao.resolve(b, 'f') end"),
    /limit|nested|deep|too many|stack overflow|time/i,
  ],
  'many programs, each within its own budget': [
    asking(
      "function f(b) for i = 1, 1e6 do ao.resolve(b, 'g') end end function g() for i = 1, 1e6 do end return 1 end",
    ),
    /limit/,
  ],
  'programs with devices of their own that begin programs': [
    asking("function f(b) b['device-sandbox'] = {'lua@5.3a'} return ao.resolve(b, 'f') end"),
    /limit|nested|deep|time/i,
  ],
};

describe.each([
  [
    'in the thread that answers',
    async (options: TestNodeOptions['options']) => victim({ options: { 'lua-guest-waiting': 3, ...options } }),
  ],
  ['in a worker', async (options: TestNodeOptions['options']) => (await besideWorkers(options)) as unknown as TestNode],
])('a program of a stranger, %s', (_, open) => {
  let node: { readonly url: string; close(): Promise<void> };
  beforeAll(async () => {
    node = await open({});
    await answer(node.url + asking('function f() return 1 end'));
  }, 30_000);
  afterAll(() => node.close());

  test.each(Object.entries(programs))('%s ends', { timeout: 90_000 }, async (_, [path, says]) => {
    const { reply, text } = await answer(node.url + path);
    expect(reply.status, text).toBeGreaterThanOrEqual(400);
    expect(reply.status).toBeLessThan(600);
    expect(text + JSON.stringify([...reply.headers])).toMatch(says);
  });

  test('more than may wait are told so', { timeout: 30_000 }, async () => {
    const replies = await Promise.all(Array.from({ length: 12 }, () => answer(node.url + loop)));
    const refused = replies.filter(({ reply }) => reply.status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.text + JSON.stringify([...refused[0]!.reply.headers])).toContain('Ask again');
    expect((await answer(node.url + asking('function f() return 7 end'))).text).toBe('7');
  });
});

/** A node with one worker; closing it closes all. */
async function besideWorkers(options: TestNodeOptions['options'] = {}) {
  const flags = Object.fromEntries(Object.entries(options).map(([name, set]) => [name, String(set)]));
  const world = await workerNode({ workers: '1', 'lua-guest-waiting': '3', ...flags });
  return { url: world.node.url, world, close: () => world[Symbol.asyncDispose]() };
}

test('beside them other requests and the operator’s programs are answered', { timeout: 90_000 }, async () => {
  // Long enough for whoever doesn't wait to be answered meanwhile on any machine.
  await using world = await workerNode({
    workers: '1',
    'lua-guest-time-limit': '6000',
    'lua-guest-instructions': '9000000000',
  });
  const { url } = world.node;
  await answer(url + asking('function f() return 1 end'));
  let hasEnded = false;
  const looping = answer(url + loop).then(() => {
    hasEnded = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (let i = 0; i < 5; i++) expect((await answer(`${url}/~message@1.0&a=${i}/a`)).text).toBe(String(i));
  expect(value(await world.node.resolver.ao().resolve(program('function f() return 1 end'), 'f'))).toBe(1);
  expect(hasEnded).toBe(false);
  await looping;
});

describe('budgets of guests', () => {
  let world: WorkerNode;
  const count = 'function f() local n = 0 for i = 1, 1000000 do n = i end return n end';
  beforeAll(async () => {
    world = await workerNode({ workers: '1', 'lua-guest-instructions': '100000' });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('are a stranger’s', async () => {
    expect((await answer(world.node.url + asking(count))).reply.status).toBe(500);
  });

  test('end what eats memory, however much time it has', { timeout: 90_000 }, async () => {
    await using node = await victim({
      options: { 'lua-guest-time-limit': 60_000, 'lua-guest-instructions': 9_000_000_000 },
    });
    const { reply, text } = await answer(node.url + programs['memory']![0]);
    expect([reply.status, text + JSON.stringify([...reply.headers])]).toEqual([500, expect.stringMatching(/memory/)]);
  });

  test('are not the operator’s', async () => {
    expect(value(await world.node.resolver.ao().resolve(program(count), 'f'))).toBe(1_000_000);
  });

  test('are not those of a process, nor of what it calls outside of itself', async () => {
    const process = await world.program(`${count}
      function compute(s, m)
        local module = {['content-type'] = 'application/lua', body = '${count}'}
        local _, outside = ao.resolve({device = 'lua@5.3a', module = module}, 'f')
        return {inside = f(), outside = outside}
      end`);
    expect(value(await world.get(`/${process}/now/inside`))).toBe(1_000_000);
    expect(value(await world.get(`/${process}/now/outside`))).toBe(1_000_000);
  });
});

function program(body: string) {
  return message({ device: 'lua@5.3a', module: message({ 'content-type': 'application/lua', body }) });
}

describe('the page of a message', () => {
  test('is made for the caller, not for the node: it lends no key', async () => {
    await using node = await victim();
    const code = `function index()
      local s, m = ao.resolve('/~message@1.0&operator=EVIL/commit')
      return {body = 'signed: ' .. tostring(type(m) == 'table' and m.commitments ~= nil), ['content-type'] = 'text/html'} end`;
    const module = await node.cache.write(message({ 'content-type': 'application/lua', body: code }));
    const reply = await fetch(`${node.url}/~lua@5.3a&module=${module}`, { headers: { accept: 'text/html' } });
    const text = await reply.text();
    expect(text).toContain('signed: ');
    expect(text).toContain('signed: false');
  });
});
