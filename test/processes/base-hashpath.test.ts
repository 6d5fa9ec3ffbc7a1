/** What ties a slot to those before it in the dialect of 2026 (spec 04 §2.5): the hashpath of the state that it is applied to. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fromBase64 } from '../../src/core/bytes.ts';
import { type Message, message } from '../../src/core/message.ts';
import { StoreLog } from '../../src/devices/scheduler/store-log.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { value } from '../support/lua-world.ts';
import { type ProcessWorld, processWorld } from '../support/process-world.ts';

async function post(world: ProcessWorld, process: string, n: number): Promise<Message> {
  const body = await world.sign({ type: 'Message', target: process, n });
  const request = message({ path: 'schedule', method: 'POST', body });
  return value(await world.library.resolve(message({ device: 'scheduler@1.0' }), request)) as Message;
}

/** The links as the specification has them, from the ids of the assignments. */
function links(process: string, ids: readonly string[]): readonly string[] {
  const out = [process];
  for (const id of ids) {
    const [first, second] = out.at(-1)!.split('/') as [string, string | undefined];
    const base =
      second === undefined
        ? first
        : createHash('sha256').update(fromBase64(first)!).update(fromBase64(second)!).digest('base64url');
    out.push(`${base}/${id}`);
  }
  return out;
}

const log = async (world: ProcessWorld, process: string): Promise<readonly Message[]> =>
  new StoreLog(world.cache, () => world.library.env).range(process, 0, 99);

test('every assignment tells the hashpath before it, also those that are posted together and after a restart', async () => {
  const store = memoryStore();
  const world = processWorld({ store, dialect: '2026' });
  const process = await world.spawn({ name: 'x' });
  await Promise.all(Array.from({ length: 5 }, (_, n) => post(world, process, n)));
  const again = processWorld({ store, dialect: '2026' });
  await post(again, process, 6);
  const slots = await log(again, process);
  const ids = slots.map((slot) => world.library.id(slot, 'signed'));
  expect(slots.map((slot) => slot.get('base-hashpath'))).toEqual(links(process, ids).slice(0, slots.length));
  expect(slots.some((slot) => slot.has('hash-chain'))).toBe(false);
});

test('a schedule that began under earlier rules goes on as if it had always told them', async () => {
  const store = memoryStore();
  const before = processWorld({ store });
  const process = await before.spawn({ name: 'x' });
  for (let n = 1; n <= 3; n++) await post(before, process, n);
  const after = processWorld({ store, dialect: '2026' });
  await Promise.all([post(after, process, 4), post(after, process, 5)]);
  const slots = await log(after, process);
  const ids = slots.map((slot) => after.library.id(slot, 'signed'));
  const expected = links(process, ids);
  expect(slots.slice(4).map((slot) => slot.get('base-hashpath'))).toEqual(expected.slice(4, 6));
  expect(slots[3]!.has('hash-chain')).toBe(true);
});
