/** A process that another node schedules: its schedule in pages, checked, kept, and what happens when the other node fails (spec 04 §2.8). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { commitmentsOf } from '../../src/core/commitments.ts';
import { type Input, isMessage, type Message, message } from '../../src/core/message.ts';
import { fail, type Outcome, ok } from '../../src/core/outcome.ts';
import type { Peers } from '../../src/core/peers.ts';
import { startNode, type TestNode, testWallet } from '../../src/testing/index.ts';
import { value } from '../support/lua-world.ts';

const there = testWallet('first');
const here = testWallet('second');

/** A node that schedules, one that computes, and a process between them. */
async function pair(slots: number, options: { readonly [option: string]: unknown } = {}) {
  const keeper = await startNode({ wallet: there });
  const reader = await startNode({ wallet: here, options });
  const ao = keeper.resolver.ao();
  const sign = (literal: { readonly [key: string]: Input }) => ao.commit(message(literal), undefined, there);
  const definition = await sign({
    device: 'process@1.0',
    type: 'Process',
    scheduler: `${there.address}?hint=${keeper.url}`,
    'execution-device': 'test-device@1.0',
  });
  const process = ao.id(definition, 'signed');
  const post = async (body: Message): Promise<void> => {
    value(await ao.resolve(definition, message({ path: 'schedule', method: 'POST', body })));
  };
  await post(definition);
  const body = await sign({ type: 'Message', target: process });
  for (let n = 1; n < slots; n += 50) {
    await Promise.all(Array.from({ length: Math.min(50, slots - n) }, () => post(body)));
  }
  await reader.cache.write(definition);
  const close = async () => {
    await reader.close();
    await keeper.close();
  };
  return { keeper, reader, process, post: () => post(body), [Symbol.asyncDispose]: close };
}

/** What this node asks of others from now on. */
function watched(node: TestNode) {
  const peers = node.resolver.env.capabilities.peers as Peers;
  const original = peers.request;
  const spy = vi.spyOn(peers, 'request');
  return {
    asked: () => spy.mock.calls.map(([, request]) => String(request.get('path'))),
    ranges: () =>
      spy.mock.calls.map(([, request]) => String(request.get('path'))).filter((path) => path.includes('from=')),
    answer(with_: (path: string, real: () => Promise<Outcome>) => Promise<Outcome>) {
      spy.mockImplementation((to, request, options) =>
        with_(String(request.get('path')), () => original.call(peers, to, request, options)),
      );
    },
  };
}

const get = async (node: TestNode, path: string): Promise<Outcome> =>
  node.resolver.resolveRequest(path, { cacheControl: ['always'] });

describe('the schedule of another node', () => {
  test('1,500 slots are caught up with a handful of requests, and again with none', async () => {
    await using world = await pair(1_500);
    const { reader, process } = world;
    const watch = watched(reader);
    expect(value(await get(reader, `/${process}/now/at-slot`))).toBe(1_499);
    expect(watch.ranges().length).toBeLessThanOrEqual(5);
    const before = watch.ranges().length;
    const page = value(await get(reader, `/${process}/schedule?from=100&to=900`)) as Message;
    expect((page.get('assignments') as Message).size).toBe(801);
    expect(watch.ranges()).toHaveLength(before);
    expect(value(await get(reader, `/${process}/schedule&from=1400/assignments/1499/slot`))).toBe(1_499);
  }, 120_000);

  test('a worker fetches for the processes that live in it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hb-remote-'));
    try {
      await using world = await pair(300, { 'data-dir': directory, workers: 1 });
      const { reader, process } = world;
      const watch = watched(reader);
      expect(value(await get(reader, `/${process}/now/at-slot`))).toBe(299);
      const page = value(await get(reader, `/${process}/schedule?from=0&to=299`)) as Message;
      expect((page.get('assignments') as Message).size).toBe(300);
      // The worker has asked the other node itself, and kept what it got for everybody.
      expect(watch.asked().filter((path) => !path.endsWith('/slot'))).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  }, 60_000);

  test('a node that fails part-way: what came is computed and kept, the error says where it ended', async () => {
    await using world = await pair(400);
    const { reader, process } = world;
    const watch = watched(reader);
    let down = false;
    watch.answer(async (path, real) => {
      if (down && path.includes('from=')) return fail('peer-failed', 'The keeper is gone.');
      // The first page arrives.
      down ||= path.includes('from=');
      return real();
    });
    const outcome = await get(reader, `/${process}/compute=399`);
    if (outcome.status !== 'error' || !isMessage(outcome.error.value)) throw new Error('this should have failed');
    expect(outcome.error.message).toBe('The keeper is gone.');
    expect(outcome.error.value.get('phase')).toBe('get-schedule');
    expect(outcome.error.value.get('attempted-slot')).toBe(128);
    expect(value(await get(reader, `/${process}/compute/at-slot`))).toBe(127);
    down = false;
    watch.answer((_, real) => real());
    const before = watch.ranges().length;
    expect(value(await get(reader, `/${process}/compute=399/at-slot`))).toBe(399);
    expect(watch.ranges().slice(before)[0]).toContain('from=128&');
  }, 60_000);

  test('pages too large for one answer are asked for in parts, and short answers are continued', async () => {
    await using world = await pair(100);
    const { reader, process } = world;
    const watch = watched(reader);
    watch.answer(async (path, real) => {
      const [, from, to] = /from=(\d+)&to=(\d+)/.exec(path) ?? [];
      const tooLarge = Number(to) - Number(from) > 40;
      return tooLarge ? fail('limit-exceeded', 'The answer is longer than it may be.', { status: 502 }) : real();
    });
    const page = value(await get(reader, `/${process}/schedule?from=0&to=99`)) as Message;
    expect((page.get('assignments') as Message).size).toBe(100);
    expect(watch.ranges().map((path) => path.slice(path.indexOf('?')))).toEqual([
      '?from=0&to=99',
      '?from=0&to=24',
      '?from=25&to=49',
      '?from=50&to=74',
      '?from=75&to=99',
    ]);
  }, 60_000);

  test('an answer ends where it would not fit into memory well; a fold goes on from there', async () => {
    await using world = await pair(100);
    const { reader, process } = world;
    const watch = watched(reader);
    watch.answer(async (path, real) => {
      const [, from, to] = /from=(\d+)&to=(\d+)/.exec(path) ?? [];
      return Number(to) - Number(from) > 40 ? fail('limit-exceeded', 'Too long.', { status: 502 }) : real();
    });
    const { copies } = reader.resolver.env.capabilities.schedules!.log;
    const keep = copies.keep.bind(copies);
    vi.spyOn(copies, 'keep').mockImplementation(async (...given) => {
      await keep(...given);
      return 40 * 1024 * 1024;
    });
    const page = value(await get(reader, `/${process}/schedule?from=0&to=99`)) as Message;
    expect([(page.get('assignments') as Message).size, page.get('continues')]).toEqual([50, true]);
    expect(value(await get(reader, `/${process}/compute=99/at-slot`))).toBe(99);
  }, 60_000);

  test('beyond its end the schedule has no slot yet; what is scheduled later is found', async () => {
    await using world = await pair(3);
    const { reader, process } = world;
    const outcome = await get(reader, `/${process}/compute=3`);
    expect(outcome.status === 'error' && [outcome.error.status, outcome.error.message]).toEqual([
      404,
      'Requested slot not yet available in schedule.',
    ]);
    await world.post();
    expect(value(await get(reader, `/${process}/compute=3/at-slot`))).toBe(3);
    const page = value(await get(reader, `/${process}/schedule`)) as Message;
    expect([(page.get('assignments') as Message).size, page.get('continues')]).toEqual([4, false]);
    const json = value(await get(reader, `/${process}/schedule?accept=application/aos-2`)) as Message;
    expect(JSON.parse(json.get('body') as string)).toMatchObject({ edges: [{}, {}, {}, { cursor: 3 }] });
  });

  test('without following redirects readers are sent on, and folds go on', async () => {
    await using world = await pair(3);
    const { reader, keeper, process } = world;
    await using strict = await startNode({
      wallet: here,
      store: reader.store,
      options: { 'scheduler-follow-redirects': false },
    });
    const answer = value(await get(strict, `/${process}/schedule`)) as Message;
    expect([answer.get('status'), answer.get('location')]).toEqual([307, keeper.url]);
    expect(value(await get(strict, `/${process}/compute=2/at-slot`))).toBe(2);
  });
});

describe('what another node says is checked', () => {
  const changes: readonly (readonly [string, RegExp, (slot: Message, other: Message) => Promise<Message> | Message])[] =
    [
      ['another slot', /is slot 1|has signed/, (_, other) => other],
      ['a changed timestamp', /has signed/, (slot) => slot.with('timestamp', 1)],
      ['no signature', /has signed/, (slot) => slot.without('commitments')],
      [
        'a signature of somebody else',
        /has signed/,
        async (slot) => {
          await using stranger = await startNode({ wallet: here });
          return stranger.resolver.ao().commit(slot.without('commitments'), undefined, here);
        },
      ],
      [
        'a message whose content was changed under its id',
        /do not hold|has signed/,
        (slot) => slot.with('body', (slot.get('body') as Message).with('target', 'T'.repeat(43))),
      ],
    ];

  test.each(changes)('%s', async (_, sentence, change) => {
    await using world = await pair(3);
    const { reader, process } = world;
    const watch = watched(reader);
    watch.answer(async (path, real) => {
      const outcome = await real();
      if (!path.includes('from=') || outcome.status !== 'ok' || !isMessage(outcome.value)) return outcome;
      const slots = outcome.value.get('assignments') as Message;
      const forged = await change(slots.get('2') as Message, slots.get('1') as Message);
      return ok(outcome.value.with('assignments', slots.with('2', forged)));
    });
    const outcome = await get(reader, `/${process}/schedule`);
    expect(outcome.status === 'error' && outcome.error.message).toMatch(sentence);
    expect(await reader.store.scan(`schedule-copies/${process}`)).toEqual([]);
  });

  test('what nobody signed is left out', async () => {
    await using world = await pair(2);
    const { reader, process } = world;
    const watch = watched(reader);
    watch.answer(async (path, real) => {
      const outcome = await real();
      if (!path.includes('from=') || outcome.status !== 'ok' || !isMessage(outcome.value)) return outcome;
      const slots = outcome.value.get('assignments') as Message;
      const signed = slots.get('1') as Message;
      const more = signed.withAll([
        ['trusted', 'yes'],
        ['body', (signed.get('body') as Message).with('action', 'Transfer')],
      ]);
      return ok(outcome.value.with('assignments', slots.with('1', more)));
    });
    const page = value(await get(reader, `/${process}/schedule`)) as Message;
    const slot = (page.get('assignments') as Message).get('1') as Message;
    expect([slot.has('trusted'), (slot.get('body') as Message).has('action')]).toEqual([false, false]);
    expect(commitmentsOf(slot).length).toBeGreaterThan(0);
  });
});
