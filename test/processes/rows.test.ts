/** Rows of cases-processes.md for process@1.0, scheduler@1.0 and lua@5.3a, on a node's processes without HTTP. */
import { describe, expect, test } from 'vitest';
import { isMessage, type Message, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Value } from '../../src/core/value.ts';
import { type LuaWorld, luaWorld, value } from '../support/lua-world.ts';
import { testWallet } from '../support/process-world.ts';

const counting = `
function inc(s, m) s.count = (s.count or 0) + 1 return s end
function compute(s, m)
  s.count = (s.count or 0) + 1
  s.results = { output = { body = 'slot ' .. m.slot } }
  return s
end`;

const onTestDevice = { 'execution-device': 'test-device@1.0' };
const failure = (outcome: Outcome) => {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
};
const said = (outcome: Outcome, key: string): Value | undefined => {
  const { value: told } = failure(outcome);
  return isMessage(told) ? told.get(key) : undefined;
};

async function at(world: LuaWorld, path: string): Promise<Value> {
  return value(await world.get(path));
}

async function counted(slots: number, dialect: '2025-09' | '2025-11' = '2025-11') {
  const world = await luaWorld({ dialect });
  const process = await world.program(counting);
  for (let n = 1; n <= slots; n++) await world.post(process, { n });
  return { world, process };
}

describe('process@1.0', () => {
  test('[row processes/1/schedule_on_process] two messages stand in the schedule in their order', async () => {
    const world = await luaWorld();
    const process = await world.spawn(onTestDevice);
    await world.post(process, { 'test-label': 'TEST TEXT 1' });
    await world.post(process, { 'test-label': 'TEST TEXT 2' });
    // The definition was scheduled, too: it has slot 0.
    expect(await at(world, `/${process}/schedule/assignments/1/body/test-label`)).toBe('TEST TEXT 1');
    expect(await at(world, `/${process}/schedule/assignments/2/body/test-label`)).toBe('TEST TEXT 2');
  });

  test('[row processes/1/get_scheduler_slot, processes/1/recursive_path_resolution] slot and slot/current', async () => {
    const world = await luaWorld();
    const process = await world.spawn(onTestDevice);
    expect(await at(world, `/${process}/slot/current`)).toBe(0);
    await world.post(process, { n: 1 });
    const slot = (await at(world, `/${process}/slot`)) as Message;
    expect([slot.get('current'), slot.get('process'), slot.get('cache-control')]).toEqual([1, process, 'no-store']);
  });

  test('[row processes/1/now_results, processes/1/prior_results_accessible] now, then an earlier slot', async () => {
    const { world, process } = await counted(2);
    expect(await at(world, `/${process}/now/results/output/body`)).toBe('slot 2');
    expect(await at(world, `/${process}/compute=1/results/output/body`)).toBe('slot 1');
  });

  test('[row obs-slot-path] compute/2 is a key of the newest state', async () => {
    const { world, process } = await counted(3);
    await at(world, `/${process}/now/count`);
    expect((await world.get(`/${process}/compute/2/count`)).status).toBe('error');
  });

  test('[row obs-bad-slot] a slot that is no number', async () => {
    const { world, process } = await counted(1);
    expect(failure(await world.get(`/${process}/compute&slot=abc`)).status).toBe(500);
  });

  test('[row obs-state-keys] what a state consists of', async () => {
    const { world, process } = await counted(3);
    const state = (await at(world, `/${process}/now`)) as Message;
    const definition = (await world.cache.read(process)) as Message;
    expect([state.get('at-slot'), state.get('initialized'), state.get('input-prefix')]).toEqual([3, 'true', 'process']);
    expect(world.library.id(state.get('process')!, 'signed')).toBe(process);
    expect(state.get('scheduler')).toBe(definition.get('scheduler'));
    expect([state.has('results'), state.has('snapshot'), state.has('priv')]).toEqual([true, false, false]);
  });

  test('[row obs-snapshot-early] no snapshot before anything is computed', async () => {
    const { world, process } = await counted(1);
    expect(failure(await world.get(`/${process}/snapshot`)).status).toBe(500);
    await at(world, `/${process}/now/count`);
    expect(isMessage(await at(world, `/${process}/snapshot`))).toBe(true);
    await world.post(process, { n: 2 });
    expect(await at(world, `/${process}/now/count`)).toBe(3);
  });

  test('[row obs-as-key] as=scheduler', async () => {
    const { world, process } = await counted(2);
    expect(await at(world, `/${process}/as=scheduler/slot/current`)).toBe(2);
  });

  test('[row obs-results-param] results=1 selects slot 1: the reference ignores the parameter, clients mean it', async () => {
    const { world, process } = await counted(3);
    await at(world, `/${process}/now/count`);
    expect(await at(world, `/${process}/compute/results=1/output/body`)).toBe('slot 1');
  });

  test.each([
    ['[row obs-error-table] a table as error', 'error({ code = 7 })'],
    ['[row obs-div-zero] division by zero', 'local x = 1 // 0'],
  ])('%s', async (_, code) => {
    const world = await luaWorld();
    const process = await world.program(`function compute(s, m) if m.slot == 1 then ${code} end return s end`);
    await world.post(process, { n: 1 });
    const outcome = await world.get(`/${process}/compute=1`);
    expect([failure(outcome).status, said(outcome, 'phase')]).toEqual([500, 'compute']);
    expect(said(outcome, 'trace')).toBeDefined();
  });

  test('[row obs-big-integer, obs-big-integer-ok] integers of any size in a state can be read', async () => {
    const world = await luaWorld();
    const process = await world.program(
      `function compute(s, m) s.small = 999999999999999 if m.slot == 1 then s.big = 10^15 // 1 | 0 end return s end`,
    );
    await world.post(process, { n: 1 });
    expect(await at(world, `/${process}/compute=1/small`)).toBe(999999999999999);
    expect(Number(await at(world, `/${process}/compute=1/big`))).toBe(1e15);
    expect(await at(world, `/${process}/compute/at-slot`)).toBe(1);
  });

  test('latest, and now from the cache only', async () => {
    const { world, process } = await counted(1);
    const outcome = await world.get(`/${process}/latest`);
    expect(failure(outcome).message).toBe('No cached state available.');
    await at(world, `/${process}/now/count`);
    await world.post(process, { n: 2 });
    expect(await at(world, `/${process}/latest/count`)).toBe(2);
    expect(await at(world, `/${process}/compute/count`)).toBe(2);
    expect(await at(world, `/${process}/now/count`)).toBe(3);
  });
});

describe('scheduler@1.0', () => {
  test('[row processes/3/status, obs-status, processes/3/register_new_process] a posted process is known', async () => {
    const { world, process } = await counted(0);
    const status = (await at(world, '/~scheduler@1.0/status')) as Message;
    expect([status.get('address'), status.get('cache-control')]).toEqual([world.wallet.address, 'no-store']);
    expect(status.get('processes')).toContain(process);
  });

  test('[row processes/3/http_post_schedule] an envelope with the message inside', async () => {
    const { world, process } = await counted(0);
    const body = await world.sign({ inner: 'test-message', target: process, type: 'Message' });
    const envelope = await world.library.commit(message({ path: '/~scheduler@1.0/schedule', method: 'POST', body }));
    const reply = value(await world.library.request(envelope, { cacheControl: ['always'] })) as Message;
    expect((reply.get('body') as Message).get('inner')).toBe('test-message');
    expect(await at(world, `/~scheduler@1.0/slot&target=${process}/current`)).toBe(1);
    expect(await at(world, `/${process}/slot/current`)).toBe(1);
  });

  test('[row processes/3/get_local_schedule, processes/3/http_get_schedule, obs-range] ranges of the schedule', async () => {
    const { world, process } = await counted(10);
    const slots = async (query: string): Promise<readonly string[]> => {
      const page = (await at(world, `/${process}/schedule${query}`)) as Message;
      expect([page.get('type'), page.get('process'), page.get('continues')]).toEqual(['schedule', process, false]);
      return (page.get('assignments') as Message).keys();
    };
    expect(await slots('')).toHaveLength(11);
    expect(await slots('?from=0&to=10')).toHaveLength(11);
    expect(await slots('?from=1&to=1')).toEqual(['1']);
  });

  test('[row obs-range-empty, obs-range-negative, obs-range-reversed] ranges with nothing in them', async () => {
    const { world, process } = await counted(2);
    const base = (await world.cache.read(process)) as Message;
    const count = async (asked: { readonly [key: string]: string | number }): Promise<number> => {
      const outcome = await world.library.resolve(base, message({ path: 'schedule', method: 'GET', ...asked }));
      const page = value(outcome) as Message;
      expect(page.get('continues')).toBe(false);
      return (page.get('assignments') as Message).size;
    };
    expect(await count({ from: 3 })).toBe(0);
    expect(await count({ from: '-5', to: '0' })).toBe(0);
    expect(await count({ from: -5 })).toBe(3);
    expect(await count({ from: 3, to: 1 })).toBe(0);
  });

  test('[row obs-range-long] pages of a long schedule', async () => {
    const { world, process } = await counted(0);
    const body = await world.sign({ type: 'Message', target: process });
    const base = (await world.cache.read(process)) as Message;
    const request = message({ path: 'schedule', method: 'POST', body });
    for (let n = 0; n < 10; n++) {
      await Promise.all(Array.from({ length: 101 }, async () => value(await world.library.resolve(base, request))));
    }
    const page = async (query: string) => {
      const read = (await at(world, `/${process}/schedule?${query}`)) as Message;
      const slots = (read.get('assignments') as Message)
        .keys()
        .map(Number)
        .sort((a, b) => a - b);
      return [slots[0], slots.at(-1), slots.length, read.get('continues')];
    };
    expect(await page('from=0')).toEqual([0, 1000, 1001, true]);
    expect(await page('from=0&to=1000')).toEqual([0, 1000, 1001, false]);
    expect(await page('from=1001')).toEqual([1001, 1010, 10, false]);
    expect(await page('from=10&to=20')).toEqual([10, 20, 11, false]);
  }, 120_000);

  test('[row obs-concurrent] many clients with the same message: no gap, no duplicate', async () => {
    const { world, process } = await counted(0);
    const body = await world.sign({ type: 'Message', target: process });
    const base = (await world.cache.read(process)) as Message;
    const request = message({ path: 'schedule', method: 'POST', body });
    const slots: number[] = [];
    const client = async (): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        const assignment = value(await world.library.resolve(base, request)) as Message;
        slots.push(assignment.get('slot') as number);
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    expect(slots.sort((a, b) => a - b)).toEqual(Array.from({ length: 160 }, (_, i) => i + 1));
  });

  test('[row obs-aos2, processes/3/http_get_json_schedule] the legacy list', async () => {
    const { world, process } = await counted(3, '2025-09');
    const base = (await world.cache.read(process)) as Message;
    const request = message({ path: 'schedule', method: 'GET', from: 0, to: 10, accept: 'application/aos-2' });
    const answer = value(await world.library.resolve(base, request)) as Message;
    expect(answer.get('content-type')).toBe('application/json');
    const { page_info: info, edges } = JSON.parse(answer.get('body') as string) as {
      readonly page_info: { readonly [key: string]: unknown };
      readonly edges: readonly {
        readonly cursor: number;
        readonly node: {
          readonly [key: string]: { readonly Id: string; readonly Tags: readonly { readonly name: string }[] };
        };
      }[];
    };
    expect(edges.map(({ cursor }) => cursor)).toEqual([0, 1, 2, 3]);
    expect([info['process'], info['has_next_page'], typeof info['timestamp'], info['block-height']]).toEqual([
      process,
      false,
      'string',
      '0',
    ]);
    expect(edges[0]!.node['message']!.Id).toBe(process);
    expect(edges[1]!.node['assignment']!.Tags.map(({ name }) => name)).toContain('Hash-Chain');
  });

  test('[row processes/3/redirect_to_hint] without following redirects the answer is where to go', async () => {
    const world = await luaWorld({ options: message({ 'scheduler-follow-redirects': false }) });
    const stranger = `${testWallet('rsa4096-2.json').address}?hint=http://test.computer`;
    const body = await world.sign({ device: 'process@1.0', type: 'Process', scheduler: stranger });
    const answer = value(
      await world.library.resolve(body, message({ path: 'schedule', method: 'POST', body })),
    ) as Message;
    expect([answer.get('status'), answer.get('location')]).toEqual([307, 'http://test.computer']);
  });

  test('[row obs-location-missing, processes/3/register_scheduler] location records', async () => {
    const world = await luaWorld();
    const address = testWallet('rsa4096-2.json').address;
    const none = (await at(world, `/~scheduler@1.0/location?address=${address}`)) as Message;
    expect([none.get('status'), none.get('body')]).toEqual([404, `No location found for address: ${address}`]);
    const asked = await world.sign({ url: 'https://example.com', nonce: 1, 'require-codec': 'ans104@1.0' });
    const base = message({ device: 'scheduler@1.0' });
    const record = value(
      await world.library.resolve(
        base,
        asked.withAll([
          ['path', 'location'],
          ['method', 'POST'],
        ]),
      ),
    ) as Message;
    expect(record.get('url')).toBe('https://example.com');
    const found = (await at(world, `/~scheduler@1.0/location?address=${world.wallet.address}`)) as Message;
    expect(await world.library.ao.get(found, 'body/url')).toBe('https://example.com');
    const older = await world.library.resolve(
      base,
      asked.withAll([
        ['path', 'location'],
        ['method', 'POST'],
      ]),
    );
    expect(failure(older).message).toBe('Known nonce higher than requested nonce.');
  });

  test('[row processes/3/concurrent_scheduler_write, processes/3/large_assignment_volume] many processes side by side', async () => {
    const world = await luaWorld();
    const processes = await Promise.all(Array.from({ length: 20 }, (_, i) => world.spawn({ ...onTestDevice, i })));
    await Promise.all(processes.flatMap((process) => [1, 2, 3].map((n) => world.post(process, { n }))));
    for (const process of processes) expect(await at(world, `/${process}/slot/current`)).toBe(3);
  });

  test('a message for an unknown process is half scheduled nowhere', async () => {
    const world = await luaWorld();
    const body = await world.sign({ type: 'Message', target: 'N'.repeat(43) });
    const outcome = await world.library.resolve(
      message({ device: 'scheduler@1.0' }),
      message({ path: 'schedule', method: 'POST', body }),
    );
    expect(failure(outcome).status).toBe(404);
    expect(await world.store.scan('schedule')).toEqual([]);
  });
});

describe('lua@5.3a in processes', () => {
  test('[row processes/5/pure_lua_process, processes/5/pure_lua_restore] a handler named by the message’s path', async () => {
    const { world, process } = await counted(0);
    await world.post(process, { path: 'inc' });
    expect(await at(world, `/${process}/now/count`)).toBe(2);
    await world.post(process, { path: 'inc' });
    expect(await at(world, `/${process}/now/count`)).toBe(3);
  });

  test('[row processes/5/post_invocation_message_validation] what a program changes is not the stored message', async () => {
    const world = await luaWorld();
    const module = message({
      'content-type': 'application/lua',
      body: `function f(base) base['test-key'] = 'changed' return base end`,
    });
    const stored = await world.sign({ device: 'lua@5.3a', module, 'test-key': 'original' });
    await world.cache.write(stored);
    const result = value(await world.library.resolve(stored, 'f')) as Message;
    expect([result.get('test-key'), stored.get('test-key')]).toEqual(['changed', 'original']);
    expect(await world.library.signers(result)).toEqual([]);
    expect(await world.library.verify(result)).toBe(true);
  });
});
