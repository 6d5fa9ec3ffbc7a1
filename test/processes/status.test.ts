/** `/~scheduler@1.0/status` on a node with many processes. */
import { expect, test } from 'vitest';
import { encode } from '../../src/core/encode.ts';
import { type Message, message } from '../../src/core/message.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { put } from '../../src/stores/store.ts';
import { value } from '../support/lua-world.ts';
import { processWorld } from '../support/process-world.ts';

test('[row obs-status] the processes of a node come in pages', async () => {
  const store = memoryStore();
  const ids = Array.from({ length: 2_500 }, (_, i) => String(i).padStart(4, '0').padStart(43, 'P'));
  await store.write(ids.map((id) => put(`schedule-head/${id}`, encode(message({ slot: 0 })))));
  const world = processWorld({ store });
  const page = async (from: string): Promise<Message> =>
    value(await world.library.request(`/~scheduler@1.0/status${from}`)) as Message;
  const first = await page('');
  expect([...first.keys()].sort()).toEqual(['address', 'cache-control', 'next', 'processes']);
  expect(first.get('processes')).toEqual(ids.slice(0, 1_000));
  expect(first.get('next')).toBe(ids[1_000]);
  const second = await page(`?from=${ids[1_000]}`);
  expect(second.get('processes')).toEqual(ids.slice(1_000, 2_000));
  const third = await page(`?from=${ids[2_000]}`);
  expect(third.get('processes')).toEqual(ids.slice(2_000));
  expect(third.has('next')).toBe(false);
  for (const from of ['%00', '..%2F..%2Fdata', 'A'.repeat(400), 'zzz']) {
    expect((await page(`?from=${from}`)).get('processes'), from).toBeDefined();
  }
});
