import { describe, expect, test } from 'vitest';
import { processWorld } from '../../test/support/process-world.ts';
import { type Input, type Message, message } from '../core/message.ts';
import { nodeProcess } from './node-process.ts';

const definition: Input = { device: 'process@1.0', 'execution-device': 'test-device@1.0', type: 'Process' };

function node() {
  const options = message({ 'node-processes': { tester: definition } });
  const world = processWorld({ devices: [nodeProcess], options });
  const { library } = world;
  return {
    ...world,
    named: async (request: Input) =>
      library.resolve(message({ device: 'node-process@1.0' }), message({ request }).get('request')!),
  };
}

describe('node-process@1.0', () => {
  test('[row node/node-process/lookup_no_spawn] nothing is started where there is no definition, or not to be started', async () => {
    const { named } = node();
    expect(await named('name1')).toMatchObject({ status: 'error', error: { code: 'not-found' } });
    expect(await named({ path: 'tester', spawn: false })).toMatchObject({
      status: 'error',
      error: { code: 'not-found' },
    });
  });

  test('[row node/node-process/lookup_spawn] the first request starts it, later ones find the same', async () => {
    const { named, wallet, library } = node();
    const outcomes = await Promise.all([named('tester'), named('tester')]);
    outcomes.push(await named({ path: 'tester', spawn: false }));
    const ids = outcomes.map((one) => (one.status === 'ok' ? library.id(one.value, 'signed') : one.status));
    expect(new Set(ids).size).toBe(1);
    const process = (outcomes[0] as { readonly value: Message }).value;
    expect(process.get('device')).toBe('process@1.0');
    expect([process.get('scheduler'), process.get('authority')]).toEqual([wallet.address, wallet.address]);
    expect(await library.signers(process)).toEqual([wallet.address]);
  });

  test('[row node/node-process/lookup_execute] it runs like any process', async () => {
    const { named, get, post, library } = node();
    const process = (await named('tester')) as { readonly value: Message };
    const id = library.id(process.value, 'signed');
    expect(await post(id, { a: 1 })).toBe(1);
    expect(await get('/tester~node-process@1.0/now/results/assignment-slot')).toMatchObject({ status: 'ok', value: 1 });
  });

  test('addresses that the definition names stay; ours comes last', async () => {
    const options = message({
      'node-processes': { tester: { ...(definition as object), authority: ['A'.repeat(43)] } },
    });
    const { library, wallet } = processWorld({ devices: [nodeProcess], options });
    const outcome = await library.resolve(message({ device: 'node-process@1.0' }), 'tester');
    expect((outcome as { readonly value: Message }).value.get('authority')).toEqual(['A'.repeat(43), wallet.address]);
  });
});
