/** What a lane promises: dry runs, failures, lost machines, restarts (architecture §5). */
import { describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { isMessage, message } from '../../src/core/message.ts';
import { type Outcome, ok } from '../../src/core/outcome.ts';
import { defaultLuaMachinesOptions } from '../../src/devices/lua/machines.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { counter, type LuaWorld, luaWorld, sameSchedule, value } from '../support/lua-world.ts';

async function posted(world: LuaWorld, process: string, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await world.post(process, { n });
}

function error(outcome: Outcome) {
  if (outcome.status !== 'error') throw new Error('this should have failed');
  return outcome.error;
}

describe('dry runs', () => {
  test('[row obs-dry-run] a dry run computes on the newest state and changes nothing', async () => {
    const world = await luaWorld();
    const process = await world.program(counter);
    await posted(world, process, 7);
    expect(value(await world.get(`/${process}/now/count`))).toBe(8);
    for (let i = 0; i < 40; i++) {
      expect(value(await world.get(`/${process}/as=execution/compute/count`))).toBe(9);
      expect(value(await world.get(`/${process}/as=execution/compute/hidden`))).toBe(9);
    }
    expect(value(await world.get(`/${process}/compute/count`))).toBe(8);
    expect(value(await world.get(`/${process}/slot/current`))).toBe(7);
    await posted(world, process, 1);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(9);
    expect(world.machines.count).toBe(1);
  });

  test('a dry run that fails leaves the machine as it was', async () => {
    const world = await luaWorld();
    const process = await world.program(`${counter} function spoil() hidden = 1000 error('no') end`);
    await posted(world, process, 2);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(3);
    expect(error(await world.get(`/${process}/as=execution/spoil`)).status).toBe(500);
    await posted(world, process, 1);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(4);
  });

  const busy = `${counter}
    function loop() hidden = 1000 while true do end end
    function caught() hidden = 1000 while true do pcall(function() while true do end end) end end
    function wait(state, message) hidden = 1000 ao.resolve('/~waiting@1.0/wait') return { body = 'waited' } end
    function nested() hidden = 1000 ao.resolve({ device = 'lua@5.3a', module = looping }, 'loop') return { body = 'done' } end
    looping = { ['content-type'] = 'application/lua', body = 'function loop() while true do end end' }`;
  const waiting = device({
    name: 'waiting@1.0',
    doc: 'A device that takes its time.',
    uses: [],
    keys: {
      wait: {
        doc: 'Waits.',
        async run({ signal }) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          return ok('late');
        },
      },
    },
  });

  test.each(['loop', 'caught', 'wait', 'nested'])(
    'a dry run (%s) gets little time and leaves the machine as it was, with the budgets of its process',
    async (name) => {
      const limits = { ...defaultLuaMachinesOptions.limits, timeMs: 60_000 };
      const world = await luaWorld({
        machines: { ...defaultLuaMachinesOptions, limits },
        devices: [waiting],
        lane: { dryRunTimeMs: 200 },
      });
      const heavy = `function heavy(s) for i = 1, 2e7 do hidden = hidden + 1 end s.hidden = hidden return s end`;
      const process = await world.program(
        `${busy} ${heavy} local plain = compute
         function compute(s, m) if m.body.heavy then return heavy(s) end return plain(s, m) end`,
      );
      await posted(world, process, 2);
      expect(value(await world.get(`/${process}/now/hidden`))).toBe(3);
      const started = performance.now();
      const outcome = await world.get(`/${process}/as=execution/${name}`);
      expect(performance.now() - started).toBeLessThan(5_000);
      if (name === 'loop' || name === 'caught') {
        expect(error(outcome).code).toBe('timeout');
        expect(error(outcome).hint).toContain('dry-run-time-limit');
      }
      await world.post(process, { heavy: true });
      expect(value(await world.get(`/${process}/now/hidden`))).toBe(2e7 + 3);
    },
  );

  test('a dry run of a device that ends at no signal is left behind', async () => {
    const deaf = device({
      name: 'deaf@1.0',
      doc: 'A device that never answers what it is asked for in a dry run.',
      uses: [],
      keys: {
        init: { doc: 'Begins.', run: ({ base }) => ok(base) },
        compute: { doc: 'Computes.', run: ({ base }) => ok(base.with('done', true)) },
        wait: { doc: 'Waits.', run: () => new Promise<Outcome>(() => undefined) },
      },
    });
    const world = await luaWorld({ devices: [deaf], lane: { dryRunTimeMs: 100 } });
    const process = await world.spawn({ 'execution-device': 'deaf@1.0' });
    expect(value(await world.get(`/${process}/now/done`))).toBe(true);
    expect(error(await world.get(`/${process}/as=execution/wait`)).hint).toContain('dry-run-time-limit');
    await posted(world, process, 1);
    expect(value(await world.get(`/${process}/now/at-slot`))).toBe(1);
  });

  test('slots of a process go before dry runs that wait, and too many of these are refused', async () => {
    const world = await luaWorld({ lane: { dryRunTimeMs: 100 } });
    const process = await world.program(busy);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(1);
    const dry = Array.from({ length: 60 }, () => world.get(`/${process}/as=execution/loop`));
    let done = 0;
    for (const one of dry) void one.then((outcome) => error(outcome).code === 'timeout' && done++);
    await posted(world, process, 1);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(2);
    expect(done).toBeLessThan(10);
    const codes = (await Promise.all(dry)).map((outcome) => error(outcome).code);
    expect(codes.filter((code) => code === 'unavailable').length).toBeGreaterThan(20);
    expect(codes.filter((code) => code === 'timeout').length).toBeGreaterThan(20);
  });

  test('a dry run after a restart sees the newest computed state, not the newest snapshot', async () => {
    const store = memoryStore();
    const first = await luaWorld({ store, lane: { snapshotEveryMs: 1e9 } });
    const process = await first.program(counter);
    await posted(first, process, 5);
    expect(value(await first.get(`/${process}/compute=2/count`))).toBe(3);
    await first.processes[Symbol.asyncDispose]();
    const second = await luaWorld({ store, lane: { snapshotEveryMs: 1e9 } });
    expect(value(await second.get(`/${process}/now/count`))).toBe(6);
    // The second node dies without saving: its snapshot is the one of slot 2.
    const third = await luaWorld({ store });
    expect(value(await third.get(`/${process}/as=execution/compute/hidden`))).toBe(7);
  });

  test('saving a snapshot leaves no trace in the program', async () => {
    const collecting = `
      weak = setmetatable({}, { __mode = 'k' })
      function compute(state)
        weak[{}] = true
        local n = 0
        for _ in pairs(weak) do n = n + 1 end
        state.weak = n
        state.name = tostring({})
        return state
      end`;
    const first = await luaWorld();
    const process = await first.program(collecting, { 'lua-dialect': 'standard' });
    await posted(first, process, 20);
    const states = await Promise.all(
      [0, 1e9].map(async (snapshotEveryMs) => {
        const world = await luaWorld({ store: await sameSchedule(first.store), lane: { snapshotEveryMs } });
        return [value(await world.get(`/${process}/now/weak`)), value(await world.get(`/${process}/now/name`))];
      }),
    );
    expect(states[0]).toEqual(states[1]);
  });
});

describe('failures', () => {
  test('[row obs-halt] a slot that raises is the end of the process; earlier slots stay', async () => {
    const world = await luaWorld();
    const process = await world.program(
      `function compute(s, m) if m.slot == 4 then error('boom') end s.n = m.slot return s end`,
    );
    await posted(world, process, 6);
    for (let i = 0; i < 2; i++) {
      const failure = error(await world.get(`/${process}/now`));
      expect(failure.status).toBe(500);
      const said = failure.value;
      expect(isMessage(said) && [said.get('phase'), said.get('attempted-slot'), said.get('body')]).toEqual([
        'compute',
        4,
        'boom',
      ]);
      expect(await world.library.ao.get(said!, 'trace/1/parameters/1')).toBe('boom');
    }
    expect(value(await world.get(`/${process}/compute/at-slot`))).toBe(3);
    expect(value(await world.get(`/${process}/compute=3/n`))).toBe(3);
    expect(error(await world.get(`/${process}/compute=4`)).status).toBe(500);
    const status = value(await world.get(`/${process}/process-status`));
    expect(isMessage(status) && [status.get('state'), status.get('slot')]).toEqual(['failed', 4]);
  });

  test.each([
    ['a number', 'return 5'],
    ['nothing', 'return'],
    ['a status that is none', "return 'later', s"],
    ['skip', "return 'skip', s"],
    ['three values', 'return 1, 2, 3'],
  ])('[row obs-non-message] a program that returns %s fails its slot', async (_, code) => {
    const world = await luaWorld();
    const process = await world.program(`function compute(s, m) if m.slot == 1 then ${code} end return s end`);
    await posted(world, process, 2);
    expect(error(await world.get(`/${process}/now`)).status).toBe(500);
    expect(value(await world.get(`/${process}/compute/at-slot`))).toBe(0);
  });

  test('[row obs-error-pair] an error returned by the program has status 400', async () => {
    const world = await luaWorld();
    const process = await world.program(
      `function compute(s, m) if m.slot == 1 then return 'error', 'nope' end return s end`,
    );
    await posted(world, process, 1);
    const failure = error(await world.get(`/${process}/compute=1`));
    const said = failure.value;
    expect(isMessage(said) && [said.get('error'), said.get('phase'), said.get('attempted-slot')]).toEqual([
      'nope',
      'compute',
      1,
    ]);
  });

  test('a failed slot is a stored result: a restarted node does not run it again', async () => {
    const store = memoryStore();
    const first = await luaWorld({ store });
    const process = await first.program(`function compute(s, m) if m.slot == 2 then error('boom') end return s end`);
    await posted(first, process, 3);
    expect(error(await first.get(`/${process}/now`)).status).toBe(500);
    const second = await luaWorld({ store });
    const before = second.machines.count;
    expect(error(await second.get(`/${process}/now`)).status).toBe(500);
    expect(second.machines.count).toBe(before);
    expect(value(await second.get(`/${process}/as=execution/compute/at-slot`))).toBe(1);
  });

  const greedy: readonly (readonly [string, string, string])[] = [
    ['loops', 'while true do end', 'program-budget'],
    ['eats memory', 'local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end', 'program-budget'],
    ['recurses', 'local function f() return 1 + f() end f()', 'program-budget'],
    ['loops in a library function', '("a"):rep(1e5):find((".-"):rep(50) .. "b")', 'program-budget'],
  ];
  test.each(greedy)('a script that %s is cut off, and its neighbour goes on', async (_, code, expected) => {
    const limits = { instructions: 20_000_000, timeMs: 5_000, memoryBytes: 16 * 1024 * 1024 };
    const world = await luaWorld({ machines: { ...defaultLuaMachinesOptions, limits } });
    const bad = await world.program(`function compute(s, m) if m.slot == 1 then ${code} end return s end`);
    const good = await world.program(counter);
    await posted(world, bad, 2);
    await posted(world, good, 2);
    const [failure, fine] = await Promise.all([world.get(`/${bad}/now`), world.get(`/${good}/now/count`)]);
    expect(error(failure).code).toBe(expected);
    expect(value(fine)).toBe(3);
    expect(value(await world.get(`/${bad}/compute/at-slot`))).toBe(0);
  });

  const failing: readonly (readonly [string, string, RegExp])[] = [
    ['raises an error', "error('boom')", /boom/],
    ['loops', 'while true do end', /instruction limit reached/],
    ['recurses', 'local function f() return 1 + f() end f()', /not enough memory|stack overflow/],
    ['gives back no state', 'return 5', /something else than the next state/],
  ];
  test.each(failing)('with `on-failure: skip` a process goes on behind a slot that %s', async (_, code, sentence) => {
    const limits = { instructions: 20_000_000, timeMs: 5_000, memoryBytes: 16 * 1024 * 1024 };
    const store = memoryStore();
    const options = { store, machines: { ...defaultLuaMachinesOptions, limits } };
    const world = await luaWorld(options);
    // The third and the fifth message spoil what the machine remembers before they fail.
    const process = await world.program(
      `hidden = 0
       function compute(s, m)
         hidden = hidden + 1
         if m.slot == 2 or m.slot == 4 then hidden = 1000 ${code} end
         s.hidden = hidden
         return s
       end`,
      { 'on-failure': 'skip' },
    );
    await posted(world, process, 5);
    const at = async (given: LuaWorld, path: string) => value(await given.get(`/${process}/${path}`));
    expect(await at(world, 'now/hidden')).toBe(4);
    expect(await at(world, 'compute=2/hidden')).toBe(2);
    expect(await at(world, 'compute=2/at-slot')).toBe(2);
    expect(await at(world, 'compute=2/results/error')).toMatch(sentence);
    expect(await at(world, 'compute=4/results/raw/Error')).toMatch(sentence);
    expect(await at(world, 'compute=3/hidden')).toBe(3);
    expect((await world.get(`/${process}/compute=3/results`)).status).toBe('error');
    // A node that begins anew with what is stored, and one that computes everything itself, come to the same.
    const restarted = await luaWorld(options);
    await posted(restarted, process, 1);
    expect(await at(restarted, 'now/hidden')).toBe(5);
    const other = await luaWorld({ ...options, store: await sameSchedule(store) });
    expect(await at(other, 'now/hidden')).toBe(5);
    expect(await at(other, 'compute=4/results/error')).toMatch(sentence);
  });

  test('with `on-failure: skip` a slot that was skipped is not run again after a restart', async () => {
    const store = memoryStore();
    const limits = { instructions: 2_000_000_000, timeMs: 60_000 };
    const options = { store, machines: { ...defaultLuaMachinesOptions, limits }, lane: { snapshotEveryMs: 1e9 } };
    const program = `n = 0 function compute(s, m) n = n + 1 if m.slot == 1 then while true do end end s.n = n return s end`;
    const first = await luaWorld(options);
    const process = await first.program(program, { 'on-failure': 'skip' });
    await posted(first, process, 2);
    const started = performance.now();
    expect(value(await first.get(`/${process}/now/n`))).toBe(2);
    const once = performance.now() - started;
    const second = await luaWorld(options);
    await posted(second, process, 1);
    const again = performance.now();
    expect(value(await second.get(`/${process}/now/n`))).toBe(3);
    expect(performance.now() - again).toBeLessThan(once / 3);
  });

  test('a slot that runs out of time is not tried again at once', async () => {
    const world = await luaWorld({ machines: { ...defaultLuaMachinesOptions, limits: { timeMs: 500 } } });
    const process = await world.program(
      `function compute(s, m) if m.slot == 1 then while true do end end return s end`,
    );
    await posted(world, process, 1);
    expect(error(await world.get(`/${process}/now`)).code).toBe('timeout');
    const started = performance.now();
    for (let i = 0; i < 20; i++) expect(error(await world.get(`/${process}/now`)).code).toBe('timeout');
    // Tried anew each of them would take half a second.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('a program that waits for what never comes is cut off', async () => {
    const never = device({
      name: 'never@1.0',
      doc: 'Does not answer.',
      keys: { wait: { doc: 'Waits.', run: () => new Promise<Outcome>(() => undefined) } },
    });
    const world = await luaWorld({ lane: { slotTimeMs: 300 }, devices: [never] });
    const process = await world.program(
      `function compute(s, m) if m.slot == 1 then ao.resolve({ device = 'never@1.0' }, 'wait') end return s end`,
    );
    await posted(world, process, 1);
    const outcome = await world.get(`/${process}/now`);
    expect(outcome.status).toBe('error');
    expect(value(await world.get(`/${process}/compute/at-slot`))).toBe(0);
  });

  test('a process whose module is missing says so, and recovers when it appears', async () => {
    const world = await luaWorld();
    const module = message({ 'content-type': 'application/lua', body: counter });
    const id = world.library.id(module);
    const process = await world.spawn({ 'execution-device': 'lua@5.3a', module: id });
    await posted(world, process, 2);
    const failure = error(await world.get(`/${process}/now`));
    expect([failure.status, failure.message]).toEqual([404, `Lua module '${id}' not found.`]);
    const status = value(await world.get(`/${process}/process-status`));
    const told = isMessage(status) ? ['state', 'slot', 'for'].map((key) => status.get(key)) : [];
    expect(told).toEqual(['waiting', -1, `Lua module '${id}'`]);
    await world.cache.write(module);
    expect(value(await world.get(`/${process}/now/count`))).toBe(3);
    expect(value(await world.get(`/${process}/process-status/state`))).toBe('idle');
  });
});

describe('machines', () => {
  test('a machine that is lost is rebuilt, and no slot is lost with it', async () => {
    const world = await luaWorld();
    const process = await world.program(counter);
    await posted(world, process, 3);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(4);
    world.machines.clear();
    await posted(world, process, 1);
    expect(value(await world.get(`/${process}/now/hidden`))).toBe(5);
    world.machines.clear();
    expect(value(await world.get(`/${process}/as=execution/compute/hidden`))).toBe(6);
  });

  test('lanes that are put away free their machines', async () => {
    const world = await luaWorld({ maxWarm: 3 });
    const processes = await Promise.all(Array.from({ length: 8 }, (_, i) => world.program(counter, { i })));
    for (const process of processes) {
      await posted(world, process, 2);
      expect(value(await world.get(`/${process}/now/hidden`))).toBe(3);
    }
    await expect.poll(() => world.machines.count).toBeLessThanOrEqual(4);
    for (const process of processes) {
      await posted(world, process, 1);
      expect(value(await world.get(`/${process}/now/hidden`))).toBe(4);
    }
  });

  test('[row processes/1/restore] a restarted node goes on from the snapshot', async () => {
    const store = memoryStore();
    const first = await luaWorld({ store });
    const process = await first.program(counter);
    await posted(first, process, 4);
    expect(value(await first.get(`/${process}/now/hidden`))).toBe(5);
    await first.processes[Symbol.asyncDispose]();
    expect(first.machines.count).toBe(0);
    const second = await luaWorld({ store });
    await posted(second, process, 1);
    expect(value(await second.get(`/${process}/now/hidden`))).toBe(6);
    expect(value(await second.get(`/${process}/compute=2/hidden`))).toBe(3);
  });
});
