import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { world } from '../../test/support/world.ts';
import type { Input, Message } from '../core/message.ts';
import { getPrivate } from '../core/private.ts';
import { atom } from '../core/value.ts';

const { resolve, value } = world();
const on = (more: { [key: string]: Input } = {}): Input => ({ device: 'test-device@1.0', ...more });
const said = async (request: Input, base: Input = on()): Promise<unknown> => toNotation(await value(base, request));

describe('test-device@1.0', () => {
  test('[row SD30] a key given as atom', async () => {
    expect(await value(on(), atom('test_func'))).toBe('GOOD_FUNCTION');
    expect(await value(on(), 'Test-Func')).toBe('GOOD_FUNCTION');
  });

  test('[row SD31] compute, slot by slot', async () => {
    const assigned = (slot: number) => ({ path: 'compute', slot, body: { number: slot } });
    const started = await value(on(), 'init');
    const first = (await value(started, assigned(1))) as Message;
    expect((first.get('results') as Message).get('assignment-slot')).toBe(1);
    const second = (await value(first, assigned(2))) as Message;
    expect((second.get('results') as Message).get('assignment-slot')).toBe(2);
    expect(second.get('already-seen')).toEqual([2, 1]);
  });

  test('[row SD32] restore keeps privately what was seen', async () => {
    const restored = (await value(on({ 'already-seen': [1] }), 'restore')) as Message;
    expect(getPrivate(restored, 'test-key/started-state')).toEqual([1]);
  });

  test('[row SDX29x] init, compute, restore, index', async () => {
    expect(await said('init')).toEqual({ device: 'test-device@1.0', 'already-seen': [] });
    expect(await said({ path: 'compute', slot: 1 })).toEqual({
      device: 'test-device@1.0',
      'already-seen': [1],
      'random-key': 'random-value',
      results: { 'assignment-slot': 1 },
    });
    expect(await resolve(on(), 'restore')).toMatchObject({ error: { value: 'No viable state to restore.' } });
    expect(await said('index')).toEqual({ 'content-type': 'text/html', body: 'i like turtles!' });
    expect(await said('index', on({ name: 'snakes' }))).toMatchObject({ body: 'i like snakes!' });
  });

  test('[row SDX30x] mul, delay, load', async () => {
    expect(await said({ path: 'mul', args: [3, 4] }, on({ state: 1 }))).toEqual({ state: 1, results: [12] });
    expect(await said({ path: 'delay', duration: 1 })).toEqual({ result: 'slept' });
    expect(await said({ path: 'delay', duration: 1 }, on({ return: 'R' }))).toBe('R');
    expect(await said({ path: 'delay', duration: 1, body: 'BB' })).toBe('BB');
    expect(await said('load')).toEqual({ device: 'test-device@1.0' });
    expect(await resolve(on(), { path: 'delay', duration: 10_000_000 })).toMatchObject({
      error: { code: 'bad-request' },
    });
  });

  test('[row SDX31x] there are no workers', async () => {
    expect(await resolve(on(), 'update_state')).toMatchObject({ error: { value: 'No test ID found in message.' } });
    expect(await resolve(on(), { path: 'update-state', 'test-id': 'q' })).toMatchObject({
      error: { value: 'No test worker found.' },
    });
    expect(await resolve(on(), { path: 'increment-counter', 'test-id': 'q' })).toMatchObject({
      error: { value: 'No test worker found for increment.' },
    });
  });

  test('info, snapshot, postprocess, and data of the message', async () => {
    expect(await said('info')).toMatchObject({ status: 200, body: { version: '1.0' } });
    expect(await said('snapshot')).toEqual({});
    expect(await said({ path: 'postprocess', body: { a: 1 } })).toEqual({ a: 1 });
    expect(await said('colour', on({ colour: 'blue' }))).toBe('blue');
  });
});
