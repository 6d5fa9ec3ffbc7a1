/** Single defences, each of which is the only one between a stranger and something: these tests fail when one is taken away. */
import { describe, expect, test } from 'vitest';
import { toBase64Url } from '../../src/core/bytes.ts';
import { device } from '../../src/core/device.ts';
import { encode } from '../../src/core/encode.ts';
import { isMessage, type Message, message, messageFrom } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import { getPrivate, setPrivate } from '../../src/core/private.ts';
import { sha256 } from '../../src/crypto/hash.ts';
import { LuaMachines } from '../../src/devices/lua/machines.ts';
import { snapshotBody } from '../../src/devices/lua/snapshots.ts';
import { Snapshots } from '../../src/devices/process/snapshots.ts';
import { lowerKeys } from '../../src/devices/push/letter.ts';
import { slotName } from '../../src/devices/scheduler/slot-name.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { put } from '../../src/stores/store.ts';
import { luaWorld, value } from '../support/lua-world.ts';
import { operator, send, victim } from './attack.ts';

const program = (body: string, more: { readonly [key: string]: Message } = {}): Message =>
  message({ device: 'lua@5.3a', module: message({ 'content-type': 'application/lua', body }), ...more });

describe('handles of Lua machines', () => {
  test('cannot be made up', async () => {
    const machines = await LuaMachines.open();
    const live = machines.create('network', 0);
    const handle = machines.handle(live);
    expect(machines.find(handle)).toBe(live);
    const [id, version, secret] = handle.split(':') as [string, string, string];
    for (const forged of [
      `${id}:${version}`,
      `${id}:${version}:`,
      `${id}:${version}:undefined`,
      `${id}:${version}:x`,
    ]) {
      expect(machines.find(forged), forged).toBeUndefined();
      machines.release(setPrivate(message({}), 'lua-machine/self', forged));
      expect(machines.count, forged).toBe(1);
    }
    expect(secret).toMatch(/^[0-9a-f-]{36}$/);
    expect((await LuaMachines.open()).find(handle)).toBeUndefined();
  });
});

describe('private data and Lua programs', () => {
  test('a program sees none, of its base or its request', async () => {
    const world = await luaWorld();
    const code = `function f(base, request)
      local seen = {}
      for _, m in ipairs({base, request}) do for k in pairs(m) do if k:sub(1, 4):lower() == 'priv' then seen[#seen + 1] = k end end end
      return #seen end`;
    const base = setPrivate(program(code), 'ip', '6.6.6.6');
    const request = setPrivate(message({ path: 'f', a: 1 }), 'ip', '6.6.6.6');
    expect(value(await world.library.resolve(base, request))).toBe(0);
  });

  test('a program makes none', async () => {
    const world = await luaWorld();
    const code = `function f(base) base.priv = {ip = '6.6.6.6', ['lua-machine'] = {self = '1:0:x'}} base.x = 1 return base end`;
    const result = value(await world.library.resolve(setPrivate(program(code), 'ip', '1.1.1.1'), 'f')) as Message;
    expect([result.get('x'), getPrivate(result, 'ip')]).toEqual([1, '1.1.1.1']);
    expect(getPrivate(result, 'lua-machine/self')).not.toBe('1:0:x');
  });

  test('a program hands none on', async () => {
    const probe = device({
      name: 'probe@1.0',
      doc: 'Tells what the node would believe of its base and its request.',
      keys: {
        seen: {
          doc: 'Both.',
          run: ({ base, requestMessage }) => ok(`${getPrivate(base, 'ip')} ${getPrivate(requestMessage, 'ip')}`),
        },
      },
    });
    const world = await luaWorld({ devices: [probe] });
    const code = `function f()
      local s, m = ao.resolve({device = 'probe@1.0', priv = {ip = '6.6.6.6'}}, {path = 'seen', priv = {ip = '6.6.6.6'}})
      return m end`;
    expect(value(await world.library.resolve(program(code), 'f'))).toBe('undefined undefined');
  });

  test('letters have none, however it is spelt', () => {
    const letter = messageFrom([
      ['Target', 'T'],
      ['Priv', message({ ip: '6.6.6.6' })],
      ['PRIVATE', 'x'],
      [
        'Deep',
        messageFrom([
          ['pRiv', 'x'],
          ['a', 1],
        ]),
      ],
    ]);
    const lower = lowerKeys(letter) as Message;
    expect([...lower.keys()].sort()).toEqual(['deep', 'target']);
    const deep = lower.get('deep');
    expect(isMessage(deep) && deep.keys()).toEqual(['a']);
  });
});

describe('images of Lua machines', () => {
  test('a stranger’s own image is not used', async () => {
    const machines = await LuaMachines.open();
    const forged = machines.create('network', 0);
    await forged.machine.load('forged', 'function f() return "forged" end');
    const snapshot = message({ body: snapshotBody(forged.machine.snapshot()) });
    const world = await luaWorld();
    const base = program('function f() return "own" end', { snapshot });
    const ao = world.library.resolver.ao({ lendsKey: false });
    expect(value(await ao.resolve(base, 'f'))).toBe('own');
    expect((await ao.resolve(base, 'normalize')).status).toBe('error');
    // It is an image that works, for those who may bring one.
    expect(value(await world.library.resolver.ao().resolve(base, 'f'))).toBe('forged');
  });

  test('one that is no image, or of another program, is refused', async () => {
    const world = await luaWorld();
    for (const body of [new Uint8Array(0), new Uint8Array(100_000), new TextEncoder().encode('hbl1'.repeat(9_000))]) {
      const base = program('function f() return 1 end', { snapshot: message({ body }) });
      const outcome = await world.library.resolver.ao().resolve(base, 'f');
      expect(outcome.status === 'error' && outcome.error.code, String(body.length)).toBe('bad-encoding');
    }
  });
});

describe('orders that were given before', () => {
  test('registering a name works once per signature', async () => {
    await using node = await victim();
    const order = async (as: string) =>
      (
        await node.resolver
          .ao()
          .commit(message({ path: '/~local-name@1.0/register', key: 'home', value: as }), undefined, operator)
      ).with('method', 'POST');
    const [first, second] = [await order('one'), await order('two')];
    const lookup = async () => (await fetch(`${node.url}/~local-name@1.0/lookup?key=home`)).text();
    expect((await send(node, first)).status).toBe(200);
    expect((await send(node, second)).status).toBe(200);
    expect(await lookup()).toBe('two');
    expect((await send(node, first)).status).toBe(409);
    expect(await lookup()).toBe('two');
  });
});

describe('snapshots of processes', () => {
  test.each([
    ['of no pages', [], 1e12],
    ['larger than its pages', ['a'], 16 * 1024 + 1],
    ['of no size', ['a'], -1],
  ])('one %s is damaged, and takes no memory', async (_, names, size) => {
    const store = memoryStore();
    const page = new Uint8Array(16 * 1024).fill(7);
    const hash = toBase64Url(sha256(page));
    await store.write([
      put(`pages/${hash}`, page),
      put(
        `snapshots/P/${slotName(3)}`,
        encode(message({ body: message({ 'page-list': names.map(() => hash), size }) })),
      ),
    ]);
    await expect(new Snapshots(store, sha256).latest('P', 5)).rejects.toMatchObject({ code: 'bad-encoding' });
  });
});
