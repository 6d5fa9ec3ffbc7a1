/** push@1.0: outboxes, spawns, assignments, other nodes, and what is left when a delivery fails (spec 04 §3). */
import { describe, expect, test } from 'vitest';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import { fail, type Outcome } from '../../src/core/outcome.ts';
import type { Peers } from '../../src/core/peers.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import type { Store } from '../../src/stores/store.ts';
import { type LuaWorld, luaWorld, value } from '../support/lua-world.ts';
import { courierOf, testWallet } from '../support/process-world.ts';
import { received } from '../support/received.ts';

const pingPong = `
function compute(state, assignment)
  local m = assignment.body
  state.seen = (state.seen or 0) + 1
  state.results = { outbox = {} }
  if m.action == 'Start' then
    state.results.outbox['1'] = { Target = m.peer, action = 'Ping', data = 'hello', n = 7 }
  elseif m.action == 'Ping' then
    state.results.outbox['1'] = { target = m['from-process'], action = 'Pong', data = m.data }
  elseif m.action == 'Pong' then
    state['last-pong'] = m.data
  elseif m.action == 'Send' then
    state.results.outbox = m.outbox
  elseif m.action == 'Spawned' then
    state.spawned = m.process
    state.reference = m.reference
    state['spawned-from'] = m['from-process']
  end
  return state
end`;

async function push(world: LuaWorld, process: string, request: Message): Promise<Outcome> {
  return world.library.resolve((await world.cache.read(process))!, request.with('path', 'push'));
}

async function pushed(world: LuaWorld, process: string, literal: Parameters<LuaWorld['sign']>[0], more = {}) {
  const body = await world.sign({ type: 'Message', target: process, ...literal });
  const outcome = await push(world, process, message({ method: 'POST', body, ...more }));
  const result = value(outcome);
  if (!isMessage(result)) throw new Error('no message');
  return result;
}

const send = (outbox: Message | readonly Message[]) => ({ action: 'Send', outbox });
const at = async (world: LuaWorld, base: Message, path: string) => world.library.ao.get(base, path);

/** The other node, reached by its library instead of a wire. */
function wire(other: () => LuaWorld, state: { down: boolean; asked: string[] }): Peers {
  return {
    async request(node, request) {
      state.asked.push(`${node}${String(request.get('path'))}`);
      if (state.down) return fail('peer-failed', 'other.test does not answer.');
      return other().library.request(request, { cacheControl: ['always'] });
    },
  };
}

describe('messages', () => {
  test('[row obs-push-tree, processes/4/multi_process_push] A sends to B, B answers A', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    const answer = await pushed(world, a, { action: 'Start', peer: b });
    expect([answer.get('process'), answer.get('slot')]).toEqual([a, 1]);
    expect(await at(world, answer, '1/target')).toBe(b);
    expect(await at(world, answer, '1/slot')).toBe(1);
    expect(await at(world, answer, '1/resulted-in/process')).toBe(b);
    expect(await at(world, answer, '1/resulted-in/1/target')).toBe(a);
    expect(await at(world, answer, '1/resulted-in/1/slot')).toBe(2);
    expect(await at(world, answer, '1/resulted-in/1/resulted-in/slot')).toBe(2);
    expect(await at(world, answer, '1/resulted-in/outbox')).toBeUndefined();
    expect(await at(world, answer, 'outbox/1/n')).toBe(7);
    expect(value(await world.get(`/${a}/now/last-pong`))).toBe('hello');
    expect(await world.outbox.waiting()).toEqual([]);
  });

  test('[row obs-push-keys] what the target gets', async () => {
    const world = await luaWorld({ dialect: '2025-09' });
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    await pushed(world, a, { action: 'Start', peer: b });
    const body = value(await world.get(`/${b}/schedule/assignments/1/body`)) as Message;
    const unsigned = world.library.id((await world.cache.read(a))!, 'unsigned');
    const expected = {
      action: 'Ping',
      data: 'hello',
      n: 7,
      'data-protocol': 'ao',
      variant: 'ao.N.1',
      type: 'Message',
      target: b,
      'from-process': a,
      'from-uncommitted': unsigned,
      'from-base': unsigned,
      'from-scheduler': world.wallet.address,
      'from-authority': world.wallet.address,
    };
    for (const [key, wanted] of Object.entries(expected)) expect(await at(world, body, key), key).toBe(wanted);
    expect(await world.library.signers(body, Object.keys(expected))).toEqual([world.wallet.address]);
    const commitments = (await at(world, body, 'commitments')) as Message;
    const types = await Promise.all(commitments.keys().map((id) => at(world, commitments, `${id}/type`)));
    expect(types.sort()).toEqual(['hmac-sha256', 'rsa-pss-sha512']);
  });

  test('[row obs-push-unknown-target, obs-push-no-target] entries that cannot be sent are reported in their place', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong);
    const nowhere = 'N'.repeat(43);
    const outbox = message({ 1: { target: nowhere, action: 'X' }, 2: { action: 'Y' }, 3: { target: a, action: 'Z' } });
    const answer = await pushed(world, a, send(outbox));
    const first = answer.get('1') as Message;
    expect(Object.fromEntries(first.entries())).toEqual({
      reason: 'Could not access target process!',
      response: 'error',
      status: 404,
      target: nowhere,
    });
    const second = answer.get('2') as Message;
    expect([second.get('status'), second.get('outbox-index'), second.get('reason')]).toEqual([
      404,
      '2',
      'Target process not available.',
    ]);
    expect(await at(world, answer, '2/message/action')).toBe('Y');
    expect(await at(world, answer, '3/slot')).toBe(2);
    expect((await world.outbox.deadLetters()).map((letter) => [letter.key, letter.target, letter.error])).toEqual([
      ['1', nowhere, 'Could not access target process!'],
    ]);
  });

  test('[row obs-push-slot-typed, obs-push-slot-string-depth, obs-push-twice] a slot pushed again', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    await pushed(world, a, { action: 'Start', peer: b });
    const again = value(await push(world, a, message({ slot: 1, 'result-depth': 3 }))) as Message;
    expect(await at(world, again, '1/slot')).toBe(2);
    expect(await at(world, again, '1/resulted-in/outbox/1/action')).toBe('Pong');
    const text = value(await push(world, a, message({ slot: '1', 'result-depth': '3' }))) as Message;
    expect(await at(world, text, '1/resulted-in/outbox/1/action')).toBe('Pong');
    expect(value(await world.get(`/${b}/now/seen`))).toBe(4);
  });

  test('[row processes/4/max_depth_zero_schedules_only, processes/4/max_depth_one_walks_one_hop] max-depth', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    const none = await pushed(world, a, { action: 'Start', peer: b }, { 'max-depth': 0 });
    expect(await at(world, none, '1/resulted-in')).toBe('skipped');
    expect(value(await world.get(`/${b}/slot/current`))).toBe(1);
    const one = await pushed(world, a, { action: 'Start', peer: b }, { 'max-depth': '1' });
    expect(await at(world, one, '1/resulted-in/1/resulted-in')).toBe('skipped');
  });

  test.each([
    ['not-a-number', true],
    [-1, true],
    ['', true],
    [false, true],
    [true, true],
    ['0', false],
    ['1', false],
  ] as const)('[row processes/4/parse_max_depth] max-depth %j', async (given, unbounded) => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    await pushed(world, a, { action: 'Start', peer: b }, { 'max-depth': given });
    await world.get(`/${a}/now`);
    const pong = await world.library.ao.get((await world.cache.read(a))!, 'now/last-pong');
    expect(pong).toBe(unbounded || given === '1' ? 'hello' : undefined);
  });

  test('an entry that cannot be kept keeps no other one back', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    const long = 'k'.repeat(3_000);
    const outbox = {
      1: { target: b, action: 'first' },
      2: { type: 'Assignment', message: 'x'.repeat(5_000), processes: b },
      3: { type: 'Assignment', message: 'a/../b', processes: b },
      4: { type: 'Assignment', message: a },
      5: { type: 'Assignment', message: a, processes: [b, 'n'.repeat(2_000)] },
      [long]: { target: b, action: 'x' },
      'a/b': { target: b, action: 'slash' },
      '..': { target: b, action: 'dots' },
      '': { target: b, action: 'nothing' },
      z: { target: b, action: 'last' },
    };
    const answer = await pushed(world, a, {
      action: 'Send',
      outbox: message({}).withAll(
        Object.entries(outbox).map(([key, entry]) => [key, message(entry as Parameters<typeof message>[0])]),
      ),
    });
    const said = (key: string, name: string) => {
      const entry = answer.get(key);
      return isMessage(entry) ? entry.get(name) : undefined;
    };
    expect([said('2', 'status'), said('2', 'reason')]).toEqual([404, 'The message to assign is not available.']);
    expect([said('3', 'status'), said('3', 'reason')]).toEqual([404, 'The message to assign is not available.']);
    expect([said('4', 'status'), said('4', 'reason')]).toEqual([404, 'Target process not available.']);
    expect([said(long, 'status'), said(long, 'reason')]).toEqual([
      400,
      'The key of an outbox entry may be 500 bytes long.',
    ]);
    expect(await at(world, answer, '5/1/reason')).toBe('Could not access target process!');
    expect(await at(world, answer, '5/2/slot')).toBeGreaterThan(0);
    for (const key of ['1', 'a/b', '..', '', 'z']) expect(said(key, 'slot'), key).toBeGreaterThan(0);
    expect(value(await world.get(`/${b}/slot/current`))).toBe(6);
    expect(await world.outbox.waiting()).toEqual([]);
    expect(await world.outbox.deadLetters()).toEqual([]);
  });

  test('a conversation without an end is cut off', async () => {
    const world = await luaWorld({ options: message({ 'push-max-messages': 12 }) });
    const a = await world.program(
      `function compute(s, m) s.results = { outbox = { ['1'] = { target = m.process } } } return s end`,
    );
    const answer = await pushed(world, a, { action: 'x' });
    expect(value(await world.get(`/${a}/slot/current`))).toBe(13);
    expect(await at(world, answer, `${'1/resulted-in/'.repeat(12)}1/status`)).toBe(429);
  });

  test('[row processes/4/push_as_identity] signed by the authority, assigned by every scheduler that is here', async () => {
    const authority = testWallet('rsa4096-2.json');
    const world = await luaWorld({ identities: [authority] });
    const a = await world.program(pingPong, {
      authority: authority.address,
      scheduler: [world.wallet.address, authority.address],
    });
    await pushed(world, a, { action: 'Start', peer: a });
    const assignment = value(await world.get(`/${a}/schedule/assignments/2`)) as Message;
    expect((await world.library.signers(assignment)).toSorted()).toEqual(
      [world.wallet.address, authority.address].toSorted(),
    );
    expect(await world.library.signers((await at(world, assignment, 'body')) as Message)).toEqual([authority.address]);
  });

  test('[row processes/4/oracle_push] an entry with `resolve` sends what the path gives', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong);
    const id = await world.cache.write(message({ action: 'Pong', data: 'from afar' }));
    const answer = await pushed(
      world,
      a,
      send(
        message({
          1: { target: a, resolve: `/${id}` },
          2: { target: a, resolve: '/~nope@1.0/x' },
        }),
      ),
    );
    expect(await at(world, answer, '1/slot')).toBe(2);
    expect(value(await world.get(`/${a}/now/last-pong`))).toBe('from afar');
    const report = value(await world.get(`/${a}/schedule/assignments/3/body`)) as Message;
    expect([report.get('resolve'), report.get('status'), report.get('outbox-index')]).toEqual(['error', 400, '2']);
  });

  test('[row obs-push-spawn] pushing a definition gives the assignment of slot 0', async () => {
    const world = await luaWorld();
    const body = await world.sign({
      device: 'process@1.0',
      type: 'Process',
      scheduler: world.wallet.address,
      'execution-device': 'test-device@1.0',
    });
    const answer = value(await world.library.resolve(body, message({ path: 'push', method: 'POST', body }))) as Message;
    expect([answer.get('slot'), answer.get('process')]).toEqual([0, world.library.id(body, 'signed')]);
  });

  test('[row processes/4/compute_push_hook_idempotent] compute&push pushes what had to be computed, once', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    await using courier = courierOf(world);
    courier.start();
    await world.post(a, { action: 'Start', peer: b });
    const definition = (await world.cache.read(a)) as Message;
    const ask = () => world.library.resolve(definition, message({ path: 'compute', slot: 1, push: 0 }));
    const both = await Promise.all([ask(), ask()]);
    expect(both.map((outcome) => outcome.status)).toEqual(['ok', 'ok']);
    await expect.poll(() => world.get(`/${b}/slot/current`).then(value)).toBe(1);
    value(await ask());
    await expect.poll(async () => (await world.store.scan('pushing')).length).toBe(0);
    expect(value(await world.get(`/${b}/slot/current`))).toBe(1);
    // Depth 0: scheduled there, and no further.
    expect(value(await world.get(`/${a}/slot/current`))).toBe(1);
    await world.post(a, { action: 'Start', peer: b });
    value(await world.library.resolve(definition, message({ path: 'compute', slot: 2, push: 'true' })));
    await expect.poll(async () => world.library.ao.get(definition, 'now/last-pong')).toBe('hello');
  });

  test('push-mode async answers before the outbox is walked', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    const answer = await pushed(world, a, { action: 'Start', peer: b }, { 'push-mode': 'async' });
    expect(answer.get('1')).toBeUndefined();
    await expect.poll(async () => world.library.ao.get((await world.cache.read(a))!, 'now/last-pong')).toBe('hello');
  });
});

describe('spawns and assignments', () => {
  test('a process spawns a process and hears of it', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong);
    const module = message({ 'content-type': 'application/lua', body: pingPong });
    const definition = { type: 'Process', 'execution-device': 'lua@5.3a', module, reference: '9', Name: 'child' };
    const answer = await pushed(world, a, send(message({ 1: definition })));
    const child = (await at(world, answer, '1/process')) as string;
    expect(await at(world, answer, '1/slot')).toBe(0);
    expect(await at(world, answer, '1/spawned/target')).toBe(a);
    expect(value(await world.get(`/${a}/now/spawned`))).toBe(child);
    expect(value(await world.get(`/${a}/now/reference`))).toBe('9');
    expect(value(await world.get(`/${a}/now/spawned-from`))).toBe(a);
    const stored = (await world.cache.read(child)) as Message;
    const scheduler = world.wallet.address;
    const wanted = { 'from-process': a, name: 'child', device: 'process@1.0', scheduler, authority: scheduler };
    for (const [key, expected] of Object.entries(wanted)) expect(await at(world, stored, key), key).toBe(expected);
    expect(await world.library.signers(stored, ['from-process', 'scheduler'])).toEqual([scheduler]);
    const answer2 = await pushed(world, child, { action: 'Start', peer: a });
    expect(await at(world, answer2, '1/target')).toBe(a);
    expect(value(await world.get(`/${child}/now/last-pong`))).toBe('hello');
  });

  test('a message is assigned to processes that take it', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const open = await world.program(pingPong, { name: 'open', assignable: true });
    const closed = await world.program(pingPong, { name: 'closed' });
    const toA = await world.sign({ type: 'Message', target: a, action: 'Pong', data: 'for A' });
    const toNobody = await world.sign({ type: 'Message', action: 'Pong', data: 'for all' });
    await world.cache.write(toA);
    await world.cache.write(toNobody);
    const assign = (body: Message, ...processes: string[]) =>
      message({ type: 'Assignment', processes, message: world.library.id(body, 'signed') });
    const answer = await pushed(
      world,
      a,
      send(
        message({
          1: assign(toA, open, closed),
          2: assign(toNobody, closed),
          3: assign(toA, a),
          4: message({ type: 'Assignment', processes: [open], message: 'N'.repeat(43) }),
        }),
      ),
    );
    const [first, second] = answer.get('1') as unknown as readonly Message[];
    expect([first!.get('target'), first!.get('slot'), second!.get('response')]).toEqual([open, 1, 'error']);
    expect(value(await world.get(`/${open}/now/last-pong`))).toBe('for A');
    expect(value(await world.get(`/${closed}/now/last-pong`))).toBe('for all');
    expect(value(await world.get(`/${a}/now/last-pong`))).toBe('for A');
    expect(await at(world, answer, '4/reason')).toBe('The message to assign is not available.');
    const body = value(await world.get(`/${open}/schedule/assignments/1/body`)) as Message;
    expect(world.library.id(body, 'signed')).toBe(world.library.id(toA, 'signed'));
  });

  test('a request cannot assign: only an outbox can', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B', assignable: true });
    const body = await world.sign({ type: 'Message', target: a, action: 'Pong', data: 'x' });
    const request = message({ path: 'schedule', method: 'POST', 'assign-to': b, body });
    value(await world.library.resolve((await world.cache.read(b))!, request));
    expect(value(await world.get(`/${b}/slot/current`))).toBe(0);
    expect(value(await world.get(`/${a}/slot/current`))).toBe(1);
  });
});

describe('other nodes', () => {
  test('[row processes/4/push_with_redirect_hint] a hint leads to the node that schedules the target', async () => {
    const state = { down: false, asked: [] as string[] };
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    const world = await luaWorld({ peers: wire(() => there, state) });
    const a = await world.program(pingPong);
    const b = await there.program(pingPong, { authority: world.wallet.address });
    const answer = await pushed(world, a, { action: 'Start', peer: `${b}?hint=http://other.test` });
    expect(await at(world, answer, '1/slot')).toBe(1);
    expect(value(await there.get(`/${b}/now/seen`))).toBe(2);
    expect(state.asked).toContain(`http://other.test/${b}/push`);
  });

  test('a node that is away gets its letter when it is back: once', async () => {
    const state = { down: false, asked: [] as string[] };
    const store: Store = memoryStore();
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    const world = await luaWorld({ store, peers: wire(() => there, state) });
    const a = await world.program(pingPong);
    const b = await there.program(pingPong);
    await world.cache.write((await there.library.ao.loadAll((await there.cache.read(b))!)) as Message);
    state.down = true;
    const answer = await pushed(world, a, { action: 'Start', peer: `${b}?hint=http://other.test` });
    expect(await at(world, answer, '1/response')).toBe('error');
    const [letter] = await world.outbox.waiting();
    expect([letter?.tries, letter?.error]).toEqual([1, 'other.test does not answer.']);
    state.down = false;
    await using courier = courierOf(world);
    courier.start();
    await expect.poll(() => world.outbox.waiting(), { timeout: 5_000 }).toEqual([]);
    const body = value(await there.get(`/${b}/schedule/assignments/1/body`)) as Message;
    expect(there.library.id(body, 'signed')).toBe(letter?.id);
    expect(value(await there.get(`/${b}/slot/current`))).toBe(1);
  });
});

describe('letters that wait', () => {
  test('though nothing can be written for a while', async () => {
    const state = { down: true, asked: [] as string[] };
    const store = memoryStore();
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    const asking = wire(() => there, state);
    // From the first failed delivery on, as long as the other node is down.
    let full = false;
    const peers: Peers = {
      request(...asked) {
        full = state.down;
        return asking.request(...asked);
      },
    };
    const write = store.write.bind(store);
    store.write = (...what) => (full ? Promise.reject(new Error('The disk is full.')) : write(...what));
    const here = await luaWorld({ store, peers });
    const a = await here.program(pingPong);
    const b = await there.program(pingPong);
    await here.cache.write((await there.library.ao.loadAll((await there.cache.read(b))!)) as Message);
    await using courier = courierOf(here);
    courier.start();
    const target = `${b}?hint=http://other.test`;
    const answer = await pushed(here, a, send(message({ 1: { target, n: 1 }, 2: { target, n: 2 } })));
    expect([await at(here, answer, '1/response'), await at(here, answer, '2/response')]).toEqual(['error', 'error']);
    expect((await here.outbox.waiting()).length).toBe(2);
    full = false;
    state.down = false;
    await expect.poll(() => here.outbox.waiting(), { timeout: 10_000 }).toEqual([]);
    expect(value(await there.get(`/${b}/slot/current`))).toBe(2);
  });

  test('for a node that is away, though nothing is known of the target but where it is', async () => {
    const state = { down: true, asked: [] as string[] };
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    const world = await luaWorld({ peers: wire(() => there, state) });
    await using courier = courierOf(world);
    courier.start();
    const a = await world.program(pingPong, { name: 'A' });
    const near = await world.program(pingPong, { name: 'B' });
    const b = await there.program(pingPong, { name: 'B' });
    const outbox = message({
      1: { target: `${b}?hint=http://other.test`, action: 'far' },
      2: { target: near, action: 'near' },
    });
    const answer = await pushed(world, a, send(outbox));
    expect(await at(world, answer, '1/reason')).toBe('other.test does not answer.');
    expect(await at(world, answer, '2/slot')).toBe(1);
    expect(await world.outbox.deadLetters()).toEqual([]);
    expect((await world.outbox.waiting()).map(({ tries }) => tries)).toEqual([1]);
    state.down = false;
    // Nobody wakes the courier but the letter's own time.
    await expect.poll(() => world.outbox.waiting(), { timeout: 5_000 }).toEqual([]);
    expect(value(await there.get(`/${b}/schedule/assignments/1/body/action`))).toBe('far');
    expect(value(await there.get(`/${b}/slot/current`))).toBe(1);
  });

  test('a hint to a node that does not have the target is no reason to wait', async () => {
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    const world = await luaWorld({ peers: wire(() => there, { down: false, asked: [] }) });
    const a = await world.program(pingPong, { name: 'A' });
    const answer = await pushed(world, a, { action: 'Start', peer: `${'N'.repeat(43)}?hint=http://other.test` });
    expect(await at(world, answer, '1/reason')).toBe('Could not access target process!');
    expect(await world.outbox.waiting()).toEqual([]);
    expect((await world.outbox.deadLetters()).length).toBe(1);
  });

  test('what a process sends when its module has come at last is sent', async () => {
    const world = await luaWorld();
    await using courier = courierOf(world);
    courier.start();
    const a = await world.program(pingPong, { name: 'A' });
    const module = await world.sign({ 'content-type': 'application/lua', body: pingPong });
    const b = await world.spawn({ 'execution-device': 'lua@5.3a', module: world.library.id(module, 'signed') });
    const answer = await pushed(world, a, { action: 'Start', peer: b });
    expect(String(await at(world, answer, '1/reason'))).toContain('not found');
    await world.cache.write(module);
    await expect
      .poll(async () => world.library.ao.get((await world.cache.read(a))!, 'now/last-pong'), { timeout: 5_000 })
      .toBe('hello');
  });

  test('for a node that never answers hold up no other process', async () => {
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    let asked = 0;
    const peers: Peers = {
      request: (_node, _request, options) => {
        asked++;
        return new Promise((answer) => {
          const enough = (): void => answer(fail('cancelled', 'Enough.'));
          if (options?.signal?.aborted === true) enough();
          options?.signal?.addEventListener('abort', enough);
        });
      },
    };
    const world = await luaWorld({ peers });
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    const c = await world.program(pingPong, { name: 'C' });
    const far = await there.program(pingPong);
    await using courier = courierOf(world);
    courier.start();
    const later = { 'push-mode': 'async' };
    await pushed(world, a, { action: 'Start', peer: `${far}?hint=http://tar.test` }, later);
    await expect.poll(() => asked).toBe(1);
    await pushed(world, b, { action: 'Start', peer: c }, later);
    await expect.poll(async () => value(await world.get(`/${c}/slot/current`)), { timeout: 3_000 }).toBe(1);
    await expect
      .poll(async () => world.library.ao.get((await world.cache.read(b))!, 'now/last-pong'), { timeout: 3_000 })
      .toBe('hello');
    // The next message of the process that waits is sent after the one before it.
    await pushed(world, a, { action: 'Start', peer: c }, later);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(value(await world.get(`/${c}/slot/current`))).toBe(1);
  });

  test('a slot that nobody has given is not waited for', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const outcome = await push(world, a, message({ slot: 5 }));
    expect(outcome.status === 'error' && outcome.error.status).toBe(404);
    expect(await world.store.scan('pushing')).toEqual([]);
  });
});

describe('a slot on another node', () => {
  test.each(['lost on the way there', 'answered, and the answer is lost'])('is pushed there, once: %s', async (how) => {
    const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
    const state = { down: false, asked: [] as string[] };
    const real = wire(() => there, state);
    let broken = true;
    const peers: Peers = {
      async request(node, request, options) {
        const pushes = String(request.get('path')).endsWith('/push');
        if (pushes && broken && how.startsWith('answered')) await real.request(node, request, options);
        if (pushes && broken) return fail('peer-failed', 'other.test does not answer.');
        return real.request(node, request, options);
      },
    };
    const world = await luaWorld({ peers });
    const a = await world.program(pingPong, { name: 'A' });
    const c = await there.program(pingPong, { name: 'C' });
    const b = await there.program(
      `function compute(s, m) if m.slot > 0 then s.results = { outbox = { ['1'] = { target = '${c}', action = 'Pong', data = 'x' } } } end return s end`,
    );
    const answer = await pushed(world, a, { action: 'Start', peer: `${b}?hint=http://other.test` });
    expect(await at(world, answer, '1/response')).toBe('error');
    expect((await world.outbox.waiting()).map(({ arrived }) => arrived)).toEqual([1]);
    broken = false;
    await using courier = courierOf(world);
    courier.start();
    await expect.poll(() => world.outbox.waiting(), { timeout: 5_000 }).toEqual([]);
    expect(value(await there.get(`/${b}/slot/current`))).toBe(1);
    expect(value(await there.get(`/${c}/slot/current`))).toBe(1);
    expect(value(await there.get(`/${c}/now/last-pong`))).toBe('x');
  });
});

describe('a message that has a slot', () => {
  test('keeps it if it is posted `once`, also when both posts come at the same time', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong);
    const body = await world.sign({ type: 'Message', target: a, action: 'Pong', data: 'x' });
    const definition = (await world.cache.read(a)) as Message;
    const once = async () => {
      const request = message({ path: 'schedule', method: 'POST', once: 'true', body });
      return (value(await world.library.resolve(definition, request)) as Message).get('slot');
    };
    expect(await Promise.all([once(), once(), once()])).toEqual([1, 1, 1]);
    expect(await once()).toBe(1);
    expect(await world.post(a, { action: 'Other' })).toBe(2);
    expect(await once()).toBe(1);
    // Without it a message gets a slot every time, as on every node.
    const again = message({ path: 'schedule', method: 'POST', body });
    expect((value(await world.library.resolve(definition, again)) as Message).get('slot')).toBe(3);
    expect(await once()).toBe(3);
  });
});

describe('after a crash', () => {
  test.each(['a hint', 'the scheduler device'])(
    'a letter that another node has got already, by %s, gets no second slot there',
    async (way) => {
      const state = { down: false, asked: [] as string[] };
      const there = await luaWorld({ wallet: testWallet('rsa4096-2.json') });
      const store = memoryStore();
      const peers = wire(() => there, state);
      const first = await luaWorld({ store, peers });
      const a = await first.program(pingPong);
      const keeper = `${there.wallet.address}?hint=http://other.test`;
      const b = await there.program(pingPong, way === 'a hint' ? {} : { scheduler: keeper });
      await first.cache.write((await there.library.ao.loadAll((await there.cache.read(b))!)) as Message);
      // The crash: the other node has scheduled it, and nobody lives to record that.
      first.outbox.delivered = () => new Promise(() => undefined);
      first.outbox.replace = () => new Promise(() => undefined);
      void pushed(first, a, { action: 'Start', peer: way === 'a hint' ? `${b}?hint=http://other.test` : b });
      await expect.poll(async () => value(await there.get(`/${b}/slot/current`))).toBe(1);
      const second = await luaWorld({ store, peers });
      await using courier = courierOf(second);
      courier.start();
      await expect.poll(() => second.outbox.waiting(), { timeout: 5_000 }).toEqual([]);
      expect(value(await there.get(`/${b}/slot/current`))).toBe(1);
    },
  );

  test('letters that were recorded are sent once, the very same, and answered', async () => {
    const store = memoryStore();
    const first = await luaWorld({ store });
    const a = await first.program(pingPong, { name: 'A' });
    const b = await first.program(pingPong, { name: 'B' });
    // The crash: the letter is recorded and scheduled, but nobody lives to strike it off.
    const delivered = first.outbox.delivered.bind(first.outbox);
    first.outbox.delivered = () => new Promise(() => undefined);
    void pushed(first, a, { action: 'Start', peer: b });
    await expect.poll(async () => value(await first.get(`/${b}/slot/current`))).toBe(1);
    first.outbox.delivered = delivered;
    const second = await luaWorld({ store });
    const [letter] = await second.outbox.waiting();
    expect(letter?.target).toBe(b);
    await using courier = courierOf(second);
    courier.start();
    await expect.poll(async () => second.library.ao.get((await second.cache.read(a))!, 'now/last-pong')).toBe('hello');
    expect(value(await second.get(`/${b}/slot/current`))).toBe(1);
    expect(await second.outbox.waiting()).toEqual([]);
  });

  test('a slot whose outbox was not walked yet is walked', async () => {
    const store = memoryStore();
    const first = await luaWorld({ store });
    const a = await first.program(pingPong, { name: 'A' });
    const b = await first.program(pingPong, { name: 'B' });
    first.outbox.record = () => new Promise(() => undefined);
    void pushed(first, a, { action: 'Start', peer: b });
    await expect.poll(async () => (await store.scan('pushing')).length).toBe(1);
    const second = await luaWorld({ store });
    await using courier = courierOf(second);
    courier.start();
    await expect.poll(async () => second.library.ao.get((await second.cache.read(a))!, 'now/last-pong')).toBe('hello');
    await expect.poll(async () => (await store.scan('pushing')).length).toBe(0);
  });
});

describe('the operator', () => {
  test('what is more than one push may send is kept as it was written, and can be sent', async () => {
    const world = await luaWorld({ options: message({ 'push-max-messages': 2 }) });
    const a = await world.program(pingPong, { name: 'A' });
    const b = await world.program(pingPong, { name: 'B' });
    const c = await world.program(pingPong, { name: 'C' });
    const known = await world.sign({ type: 'Message', action: 'Known' });
    await world.cache.write(known);
    const module = message({ 'content-type': 'application/lua', body: pingPong });
    const assignment = { type: 'Assignment', processes: `${b},${c}`, message: world.library.id(known, 'signed') };
    const outbox = message({
      1: { target: b, action: 'One' },
      2: { target: b, action: 'Two' },
      3: { target: b, action: 'Three', amount: 3 },
      4: { target: b, resolve: `/${await world.cache.write(message({ action: 'Four' }))}` },
      5: { type: 'Process', 'execution-device': 'lua@5.3a', module, reference: 'five' },
      6: assignment,
    });
    await pushed(world, a, send(outbox), { async: true });
    const dead = () => world.outbox.deadLetters();
    await expect.poll(async () => (await dead()).map(({ key }) => key)).toEqual(['3', '4', '5', '6', '6']);
    for (const { error } of await dead()) {
      expect(error).toBe('This push had sent as many messages as one may (`push-max-messages`).');
    }
    await expect.poll(() => world.outbox.waiting()).toEqual([]);
    expect(value(await world.get(`/${b}/slot/current`))).toBe(2);
    for (const key of ['3', '4', '5', '6']) {
      const request = message({ process: a, slot: 1, key });
      const asked = await received(world.library.ao, 'push@1.0', 'redeliver', request, world.wallet);
      const report = value(await world.library.resolve(message({ device: 'push@1.0' }), asked)) as Message;
      expect(await at(world, report, 'delivered/1/slot'), key).toBeGreaterThanOrEqual(0);
    }
    expect(await dead()).toEqual([]);
    expect(await world.outbox.waiting()).toEqual([]);
    const got = async (path: string) => value(await world.get(`/${path}`));
    expect(await got(`${b}/schedule/assignments/3/body/action`)).toBe('Three');
    expect(await got(`${b}/schedule/assignments/3/body/from-process`)).toBe(a);
    expect(await got(`${b}/schedule/assignments/4/body/action`)).toBe('Four');
    expect(await got(`${b}/schedule/assignments/5/body/action`)).toBe('Known');
    expect(await got(`${c}/schedule/assignments/1/body/action`)).toBe('Known');
    expect(await got(`${a}/now/reference`)).toBe('five');
  });

  test('dead letters are listed and redelivered for the operator alone', async () => {
    const world = await luaWorld();
    const a = await world.program(pingPong, { name: 'A' });
    const late = await world.sign({
      device: 'process@1.0',
      type: 'Process',
      scheduler: world.wallet.address,
      authority: world.wallet.address,
      'execution-device': 'test-device@1.0',
    });
    const id = world.library.id(late, 'signed');
    await pushed(world, a, send(message({ 1: { target: id, action: 'Hello' } })));
    const ask = async (key: string, by = world.wallet): Promise<Outcome> =>
      world.library.resolve(
        message({ device: 'push@1.0' }),
        await received(world.library.ao, 'push@1.0', key, message({ process: a, slot: 1, key: '1' }), by),
      );
    const stranger = await ask('redeliver', testWallet('rsa4096-2.json'));
    expect(stranger.status === 'error' && stranger.error.status).toBe(403);
    const list = value(await ask('outbox')) as Message;
    expect(await at(world, list, 'dead/1/error')).toBe('Could not access target process!');
    const stillNot = value(await ask('redeliver')) as Message;
    expect(await at(world, stillNot, 'delivered/1/response')).toBe('error');
    value(await world.library.resolve(late, message({ path: 'schedule', method: 'POST', body: late })));
    const report = value(await ask('redeliver')) as Message;
    expect(await at(world, report, 'delivered/1/slot')).toBe(1);
    expect(value(await world.get(`/${id}/schedule/assignments/1/body/from-process`))).toBe(a);
    expect(await world.outbox.deadLetters()).toEqual([]);
  });
});
