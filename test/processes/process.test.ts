import { describe, expect, test } from 'vitest';
import { isMessage, message } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { verify } from '../../src/core/verify.ts';
import { LuaMachines } from '../../src/devices/lua/machines.ts';
import { lua } from '../../src/devices/lua.ts';
import { processWorld } from '../support/process-world.ts';

function value(outcome: Outcome): unknown {
  if (outcome.status !== 'ok')
    throw new Error(
      JSON.stringify(
        outcome.status === 'error' ? { ...outcome.error, cause: String(outcome.error.cause) } : outcome.status,
      ),
    );
  return outcome.value;
}

describe('process@1.0 on test devices', () => {
  test('[row processes/1/test_device_compute] two devices in a stack see every slot', async () => {
    const world = processWorld();
    const pid = await world.spawn({
      'execution-device': 'stack@1.0',
      'device-stack': ['test-device@1.0', 'test-device@1.0'],
    });
    await world.post(pid, { 'test-label': 'TEST TEXT 1' });
    expect(await world.post(pid, { 'test-label': 'TEST TEXT 2' })).toBe(2);
    expect(value(await world.get(`/${pid}/schedule/assignments/2/body/test-label`))).toBe('TEST TEXT 2');
    expect(value(await world.get(`/${pid}/compute=1/results/assignment-slot`))).toBe(1);
    expect(value(await world.get(`/${pid}/compute=1/already-seen`))).toEqual([1, 1, 0, 0]);
    expect(value(await world.get(`/${pid}/now/at-slot`))).toBe(2);
  });

  test('[row obs-slot-forms] every form of naming a slot', async () => {
    const world = processWorld();
    const pid = await world.spawn({ 'execution-device': 'test-device@1.0' });
    for (let i = 1; i <= 3; i++) await world.post(pid, { n: i });
    for (const path of [
      'compute=2/at-slot',
      'compute&slot=2/at-slot',
      'compute/at-slot?slot=2',
      'compute+integer=2/at-slot',
      'compute/at-slot?slot+integer=2',
    ]) {
      expect(value(await world.get(`/${pid}/${path}`)), path).toBe(2);
    }
  });

  test('[row obs-beyond] a slot that is not scheduled yet is 404 with its number', async () => {
    const world = processWorld();
    const pid = await world.spawn({ 'execution-device': 'test-device@1.0' });
    const outcome = await world.get(`/${pid}/compute=4`);
    expect(outcome.status).toBe('error');
    if (outcome.status !== 'error') return;
    expect(outcome.error.status).toBe(404);
    const said = outcome.error.value;
    expect(isMessage(said) && [said.get('attempted-slot'), said.get('phase'), said.get('reason')]).toEqual([
      1,
      'get-schedule',
      'Requested slot not yet available in schedule.',
    ]);
  });

  test('[row obs-duplicate] the same message twice takes two slots; the assignment is signed by the scheduler', async () => {
    const world = processWorld();
    const pid = await world.spawn({ 'execution-device': 'test-device@1.0' });
    const body = await world.sign({ type: 'Message', target: pid, n: 1 });
    const base = (await world.cache.read(pid))!;
    const request = message({ path: 'schedule', method: 'POST', body });
    const first = value(await world.library.resolve(base, request));
    const second = value(await world.library.resolve(base, request));
    expect(isMessage(first) && first.get('slot')).toBe(1);
    expect(isMessage(second) && second.get('slot')).toBe(2);
    expect(isMessage(second) && (await verify(second, world.library.env))).toBe(true);
    expect(isMessage(second) && (await world.library.signers(second))).toEqual([world.wallet.address]);
  });

  test('[row obs-unsigned] an unsigned message is refused', async () => {
    const world = processWorld();
    const pid = await world.spawn({ 'execution-device': 'test-device@1.0' });
    const body = message({ type: 'Message', target: pid });
    const outcome = await world.library.resolve(
      (await world.cache.read(pid))!,
      message({ path: 'schedule', method: 'POST', body }),
    );
    expect(outcome.status === 'error' && outcome.error.status).toBe(400);
  });

  test('concurrent posts get consecutive slots', async () => {
    const world = processWorld();
    const pid = await world.spawn({ 'execution-device': 'test-device@1.0' });
    const slots = await Promise.all(Array.from({ length: 30 }, (_, i) => world.post(pid, { n: i })));
    expect([...slots].sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });
});

describe('lua@5.3a in a process', () => {
  const module = (body: string) => ({ 'content-type': 'application/lua', body, name: 'm' });

  test('a sender can choose neither the arguments nor a function of the language', async () => {
    const machines = await LuaMachines.open();
    const world = processWorld({ devices: [lua], capabilities: { lua: machines } });
    const pid = await world.spawn({
      'execution-device': 'lua@5.3a',
      module: module('function compute(base) base.n = (base.n or 0) + 1 return base end'),
    });
    await world.post(pid, { function: 'compute', parameters: [{ n: 1000 }, {}] });
    expect(value(await world.get(`/${pid}/compute=1/n`))).toBe(2);
    await world.post(pid, { function: 'setmetatable', parameters: [{ n: 1000 }, {}] });
    const outcome = await world.get(`/${pid}/compute=2/n`);
    expect(outcome.status === 'error' && outcome.error.code).toBe('program-failed');
    expect(value(await world.get(`/${pid}/compute/at-slot`))).toBe(1);
  });
});

test('a program that changes its copy of the definition does not change the definition', async () => {
  const machines = await LuaMachines.open();
  const world = processWorld({ devices: [lua], capabilities: { lua: machines } });
  const body =
    'function compute(base) base.process.type = "Other" base.process.commitments = nil base.n = 1 return base end';
  const pid = await world.spawn({
    'execution-device': 'lua@5.3a',
    module: { 'content-type': 'application/lua', body, name: 'm' },
  });
  expect(value(await world.get(`/${pid}/compute=0/process/type`))).toBe('Process');
  expect(value(await world.get(`/${pid}/compute=0/n`))).toBe(1);
  const state = value(await world.get(`/${pid}/compute=0`));
  expect(isMessage(state) && world.library.id(state.get('process')!, 'signed')).toBe(pid);
});
