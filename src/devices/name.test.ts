import { describe, expect, test } from 'vitest';
import { asValue, world } from '../../test/support/world.ts';
import { device } from '../core/device.ts';
import { type Input, isMessage, type Message } from '../core/message.ts';
import { notFound, ok } from '../core/outcome.ts';
import { NOT_FOUND } from '../core/value.ts';
import { name } from './name.ts';

/** A resolver whose names are in its `names`. */
const table = device({
  name: 'table@1.0',
  doc: 'Knows names.',
  keys: {
    lookup: {
      doc: 'The name’s value.',
      run({ base, requestMessage }) {
        const names = base.get('names');
        const found = isMessage(names) ? names.get(requestMessage.get('key') as string) : undefined;
        return found === undefined ? notFound : ok(found);
      },
    },
  },
});

const named = (...resolvers: Input[]) => world({ devices: [name, table], options: { 'name-resolvers': resolvers } });
const resolver = (names: Input): Input => ({ device: 'table@1.0', names });
const base = { device: 'name@1.0' };

describe('name@1.0', () => {
  test('[row SD26, node/name/no_resolvers] nobody knows the name', async () => {
    expect(await world({ devices: [name] }).value(base, 'hello')).toBe(NOT_FOUND);
  });

  test('[row SD27, node/name/single_resolver] one resolver', async () => {
    expect(await named(resolver({ hello: 'world' })).value(base, { path: 'hello', load: false })).toBe('world');
  });

  test('[row SD28, node/name/multiple_resolvers] the first that knows', async () => {
    const { value } = named(resolver({ irrelevant: 'world' }), resolver({ hello: 'bigger-world' }));
    expect(await value(base, { path: 'hello', load: false })).toBe('bigger-world');
  });

  test('[row SD29, node/name/load_and_execute] the message that the name stands for', async () => {
    const names = world({ devices: [name, table] });
    const id = await names.env.cache.write(asValue({ deep: 'PING' }));
    const { library } = world({
      devices: [name, table],
      cache: names.env.cache,
      options: { 'name-resolvers': [resolver({ testkey: id })] },
    });
    const steps = [base, { path: 'testkey' }, { path: 'deep' }].map(asValue);
    expect(await library.resolveMany(steps)).toEqual({ status: 'ok', value: 'PING' });
  });

  test('[row SDX25x] load, and values that lead nowhere', async () => {
    const { value } = named(resolver({ k: 'val' }));
    expect(await value(base, { path: 'k', load: 'false' })).toBe('val');
    expect(await value(base, 'k')).toBe(NOT_FOUND);
    expect(await value(base, 'unknown')).toBe(NOT_FOUND);
  });

  test('a resolver may be a plain table, or a path to something that knows', async () => {
    const { value } = named({ lookup: 'not this', hello: 'plain' }, '/~message@1.0&other=by-path');
    expect(await value(base, { path: 'hello', load: false })).toBe('plain');
    expect(await value(base, { path: 'other', load: false })).toBe('by-path');
    expect(await value(base, { path: 'nobody', load: false })).toBe(NOT_FOUND);
  });

  test('a value that is a message needs no loading', async () => {
    const found = (await named({ hello: { deep: 'PING' } }).value(base, 'hello')) as Message;
    expect(found.get('deep')).toBe('PING');
  });
});
