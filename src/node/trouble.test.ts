/** What a node does when something it stands on fails: a full disk, a broken store. */
import { expect, test } from 'vitest';
import { raise } from '../core/errors.ts';
import { message } from '../core/message.ts';
import { memoryStore } from '../stores/memory.ts';
import type { Store, WriteOptions } from '../stores/store.ts';
import { startNode, testWallet } from '../testing/index.ts';
import { createLibrary } from './library.ts';

/** A store whose disk fills up when the test says so. */
function fillable(): { readonly store: Store; full: boolean } {
  const inner = memoryStore();
  const state = {
    full: false,
    store: new Proxy<Store>(inner, {
      get(target, name) {
        if (name === 'write' && state.full) {
          return (batch: Parameters<Store['write']>[0], _options?: WriteOptions) =>
            batch.length === 0 ? true : raise('disk-full', 'The disk is full. Nothing was written.');
        }
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(target) : value;
      },
    }),
  };
  return state;
}

test('a full disk refuses writes with 507 and keeps serving reads', async () => {
  const disk = fillable();
  await using node = await startNode({ store: disk.store });
  const id = await node.cache.write(message({ said: 'before' }));
  disk.full = true;

  const library = createLibrary();
  const write = await library.commit(
    message({ path: '/~cache@1.0/write', method: 'POST', type: 'single', body: 'x' }),
    undefined,
    testWallet(),
  );
  const encoded = await library.convert(write, 'httpsig@1.0');
  const { body, ...headers } = Object.fromEntries((encoded as typeof write).entries()) as { [name: string]: string };
  const post = () =>
    fetch(`${node.url}/~cache@1.0/write`, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
  const refused = await post();
  expect(refused.status).toBe(507);
  expect(refused.headers.get('code')).toBe('disk-full');
  expect(await refused.text()).not.toContain('    at ');

  for (let i = 0; i < 20; i++) {
    const read = await fetch(`${node.url}/${id}/said`);
    expect([read.status, await read.text()]).toEqual([200, 'before']);
  }
  expect((await fetch(`${node.url}/~meta@1.0/info/address`)).status).toBe(200);
  expect((await fetch(`${node.url}/readyz`)).status).toBe(200);

  disk.full = false;
  expect((await post()).status).toBe(200);
});
