/** Programs that ask for a slot which waits for their own: refused at once, in one thread and over several. */
import { describe, expect, test } from 'vitest';
import { isMessage } from '../../src/core/message.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { luaWorld, value } from '../support/lua-world.ts';
import { workerNode } from '../support/worker-node.ts';

/** Asks for the path in `ask`, if there is one, and keeps what came of it. */
const asking = `
  function compute(s, m)
    s.seen = (s.seen or 0) + 1
    if m.body.ask then
      local status, res = ao.resolve(m.body.ask)
      s.status = status
      s.said = type(res) == 'table' and (res.body or res.seen) or res
      s.code = type(res) == 'table' and res.status or 0
    end
    return s
  end`;

interface World extends AsyncDisposable {
  program(code: string): Promise<string>;
  post(process: string, literal: { readonly [key: string]: string | number }): Promise<number>;
  get(path: string): Promise<Outcome>;
}

const inline = async (): Promise<World> => ({ ...(await luaWorld()), [Symbol.asyncDispose]: async () => undefined });

const sentence = 'Request creates infinite recursion.';

describe.each([
  ['one thread', inline],
  ['one worker', (): Promise<World> => workerNode({ workers: '1' })],
  ['three workers', (): Promise<World> => workerNode({ workers: '3' })],
])('%s', { timeout: 20_000 }, (_, open) => {
  test.each(['now', 'compute=1', 'compute=7', 'as=execution/compute'])(
    'a program that asks for %s of its own process sees a 508',
    async (key) => {
      await using world = await open();
      const process = await world.program(asking);
      await world.post(process, { ask: `/${process}/${key}` });
      const state = value(await world.get(`/${process}/now`));
      if (!isMessage(state)) throw new Error('no state');
      expect([state.get('status'), state.get('said'), state.get('code')]).toEqual(['error', sentence, 508]);
      // It goes on.
      await world.post(process, { n: 1 });
      expect(value(await world.get(`/${process}/now/seen`))).toBe(3);
    },
  );

  test('three processes in a circle: the one that would close it sees a 508', async () => {
    await using world = await open();
    const ring = await Promise.all([0, 1, 2].map(() => world.program(asking)));
    for (const [i, process] of ring.entries()) await world.post(process, { ask: `/${ring[(i + 1) % 3]}/now` });
    const [outcome] = await Promise.all(ring.map((process) => world.get(`/${process}/now`)));
    expect(outcome?.status).toBe('ok');
    const said = await Promise.all(ring.map(async (process) => value(await world.get(`/${process}/now/said`))));
    expect(said.filter((one) => one === sentence)).toHaveLength(1);
    expect(said.filter((one) => one === 2)).toHaveLength(2);
  });

  test('slots of its own that are computed already are answered, written or not', async () => {
    await using world = await open();
    const process = await world.program(asking);
    for (let n = 1; n < 5; n++) await world.post(process, { n });
    await world.post(process, { ask: `/${process}/compute=3` });
    expect(value(await world.get(`/${process}/now/said`))).toBe(4);
  });

  test('two programs that read a third one at a time both get it', async () => {
    await using world = await open();
    const [target, ...readers] = await Promise.all([0, 1, 2].map(() => world.program(asking)));
    for (const reader of readers) await world.post(reader, { ask: `/${target}/now` });
    await world.post(target!, { n: 1 });
    const said = await Promise.all(readers.map(async (reader) => value(await world.get(`/${reader}/now/said`))));
    expect(said).toEqual([2, 2]);
  });
});
