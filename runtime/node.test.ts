/**
 * The runtime as a process of a node: real signatures, schedule, `lua@5.3a`, push and state, as clients read them.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { message } from '../src/core/message.ts';
import { LuaMachines } from '../src/devices/lua/machines.ts';
import { lua } from '../src/devices/lua.ts';
import { type Json, toNotation } from '../test/support/notation.ts';
import { type ProcessWorld, processWorld, testWallet } from '../test/support/process-world.ts';
import { runtimeFile } from './build.ts';
import { dialects } from './test-process.ts';

const stranger = testWallet('rsa4096-2.json');

describe.each(dialects)('on the %s machine', (dialect) => {
  let world: ProcessWorld;
  let module: string;

  beforeAll(async () => {
    world = processWorld({ devices: [lua], capabilities: { lua: await LuaMachines.open() } });
    module = await world.cache.write(
      message({ 'content-type': 'application/lua', name: 'runtime', body: readFileSync(runtimeFile, 'utf8') }),
    );
  });

  const spawn = (definition: { readonly [key: string]: string } = {}) =>
    world.spawn({
      'execution-device': 'lua@5.3a',
      'lua-dialect': dialect,
      module,
      function: 'compute',
      name: 'test',
      ...definition,
    });

  async function get(path: string): Promise<Json> {
    const outcome = await world.get(path);
    if (outcome.status === 'error') throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
    return toNotation(outcome.value);
  }

  async function push(process: string, slot: number): Promise<Json> {
    const request = message({ path: `/${process}~process@1.0/push&slot+integer=${slot}`, method: 'POST' });
    const outcome = await world.library.request(request, {});
    if (outcome.status === 'error') throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
    return toNotation(outcome.value);
  }

  it('evaluates for the owner and shows the result where clients look', async () => {
    const process = await spawn({ 'on-boot': 'Data', data: "print('hello from ' .. Name)" });
    expect(await get(`/${process}~process@1.0/compute=0/results/output/data`)).toBe('hello from test');
    const slot = await world.post(process, { action: 'Eval', data: 'ao.id' });
    expect(await get(`/${process}~process@1.0/compute=${slot}/results/output/data`)).toBe(process);
    expect(await get(`/${process}~process@1.0/compute=${slot}/results/raw/Output/data`)).toBe(process);
    expect(await get(`/${process}~process@1.0/now/results/output/prompt`)).toBe('test@aos-2.0.16[Inbox:0]> ');
  });

  it('does not evaluate for others', async () => {
    const process = await spawn();
    const body = await world.sign({ type: 'Message', target: process, action: 'Eval', data: 'Owner = nil' }, stranger);
    const definition = (await world.cache.read(process))!;
    await world.library.resolve(definition, message({ path: 'schedule', method: 'POST', body }));
    expect(await get(`/${process}~process@1.0/now/results/output/data`)).toContain('New Message From');
    await world.post(process, { action: 'Eval', data: 'Owner ~= nil' });
    expect(await get(`/${process}~process@1.0/now/results/output/data`)).toBe('true');
  });

  it('answers a message whose path names some other function as well', async () => {
    const process = await spawn();
    await world.post(process, { path: 'print', data: 'x' });
    expect(await get(`/${process}~process@1.0/now/results/output/data`)).toContain('New Message From');
  });

  it('publishes state', async () => {
    const process = await spawn();
    await world.post(process, { action: 'Eval', data: "Publish('supply', 100) Publish('balances', { alice = 60 })" });
    expect(await get(`/${process}~process@1.0/now/cache/supply`)).toBe(100);
    expect(await get(`/${process}~process@1.0/now/cache/balances/alice`)).toBe(60);
  });

  it('talks to other processes through push', async () => {
    const [client, service] = [await spawn(), await spawn({ name: 'service' })];
    await world.post(service, {
      action: 'Eval',
      data: "Handlers.add('Double', function(msg) msg.reply({ Data = tostring(msg.N * 2) }) end)",
    });
    const slot = await world.post(client, {
      action: 'Eval',
      data: `Send({ Target = '${service}', Action = 'Double', N = 21 }).onReply(function(msg) Publish('answer', msg.Data) end)`,
    });
    await push(client, slot);
    expect(await get(`/${client}~process@1.0/now/cache/answer`)).toBe('42');
  });

  it('goes on after an error', async () => {
    const process = await spawn();
    const bad = await world.post(process, { action: 'Eval', data: 'local x = nil\nreturn x.y' });
    const good = await world.post(process, { action: 'Eval', data: '1 + 1' });
    expect(await get(`/${process}~process@1.0/compute=${bad}/results/error`)).not.toBe('');
    expect(await get(`/${process}~process@1.0/compute=${good}/results/output/data`)).toBe('2');
  });

  it('reads amounts of data items and definitions exactly', async () => {
    const process = await spawn();
    await world.post(process, {
      action: 'Eval',
      data: "Handlers.add('Add', function(msg) Total = (Total or 0) + Utils.integer(msg.Quantity) print(Total) end)",
    });
    await world.post(process, { action: 'Add', quantity: '1000' });
    await world.post(process, { action: 'Add', quantity: 5 });
    expect(await get(`/${process}~process@1.0/now/results/output/data`)).toBe('1005');
  });
});
