import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import { device } from '../core/device.ts';
import type { Input, Message } from '../core/message.ts';
import { fail, type Outcome, ok } from '../core/outcome.ts';
import { atom } from '../core/value.ts';
import { hook, runHook } from './hook.ts';

/** What the handlers of the tests do, by the key `does` of the handler. */
const handler = device({
  name: 'handler@1.0',
  doc: 'Handles hooks.',
  keys: {
    h: {
      doc: 'Does what the handler says.',
      run({ base, requestMessage: request }): Outcome {
        switch (base.get('does')) {
          case 'fail':
            return fail('bad-request', 'Error in handler2', { value: 'Error in handler2' });
          case 'throw':
            throw new Error('zip');
          case 'literal':
            return ok('lit');
          case 'atom':
            return ok(atom('done'));
          case 'signers':
            return ok(request.with('signed', request.has('commitments')));
          default:
            return ok(request.with((base.get('key') as string | undefined) ?? 'x', base.get('value') ?? 2));
        }
      },
    },
  },
});

const wallet = testWallet('rsa4096-1');
const one = (more: { [key: string]: Input } = {}): Input => ({ device: 'handler@1.0', ...more });

async function run(handlers: Input | undefined, request: Input = { q: 1 }): Promise<Outcome> {
  const { ao } = world({ devices: [handler], wallet });
  const on = handlers === undefined ? undefined : asValue({ h: handlers });
  return runHook('h', asValue(request) as Message, on, ao);
}

async function value(handlers: Input, request?: Input): Promise<unknown> {
  const outcome = await run(handlers, request);
  return outcome.status === 'ok' ? toNotation(outcome.value) : outcome;
}

describe('hooks', () => {
  test('[row SD17, node/hook/no_handlers] without handlers the request is the result, at once', () => {
    const { ao } = world();
    const request = asValue({ test: 'value' }) as Message;
    expect(runHook('h', request, undefined, ao)).toEqual({ status: 'ok', value: request });
    expect(runHook('h', request, asValue({ other: one() }), ao)).toEqual({ status: 'ok', value: request });
  });

  test('[row SD18, SDX19x, node/hook/single_handler] a handler’s result', async () => {
    expect(await value(one())).toEqual({ q: 1, x: 2, path: 'h', method: 'GET' });
  });

  test('[row SD19, node/hook/multiple_handlers] each handler gets the result of the one before', async () => {
    const both = { q: 1, a: 1, b: 2, path: 'h', method: 'GET' };
    const handlers = [one({ key: 'a', value: 1 }), one({ key: 'b', value: 2 })];
    expect(await value(handlers)).toEqual(both);
    expect(await value({ 1: handlers[0], 2: handlers[1] }), 'an ordered map is a list').toEqual(both);
  });

  test('[row SD20, node/hook/halt_on_error] the first failure ends the run', async () => {
    expect(await run([one({ key: 'a' }), one({ does: 'fail' }), one({ does: 'throw' })])).toMatchObject({
      status: 'error',
      error: { value: 'Error in handler2' },
    });
  });

  test('[row SDX20x] what becomes of a handler’s result', async () => {
    expect(await value(one({ 'hook/result': 'ignore' }))).toEqual({ q: 1 });
    expect(await value(one({ hook: { result: 'ignore' } }))).toEqual({ q: 1 });
    const outcome = await run(one({ hook: { result: 'error' } }));
    expect(outcome.status === 'error' && toNotation(outcome.error.value!)).toEqual({
      q: 1,
      x: 2,
      path: 'h',
      method: 'GET',
    });
  });

  test('[row SDX21x] a handler without that key', async () => {
    expect(await run(one({ path: 'h2' }))).toMatchObject({ status: 'error', error: { code: 'not-found' } });
  });

  test('[row SDX22x] a handler that throws', async () => {
    expect(await run(one({ does: 'throw' }))).toMatchObject({
      status: 'error',
      error: { code: 'device-failed', message: 'Handler for hook `h` raised an exception: zip' },
    });
  });

  test('[row SDX23x] a handler that gives no message', async () => {
    expect(await run(one({ does: 'literal' }))).toEqual({ status: 'ok', value: 'lit' });
    expect(await run(one({ does: 'atom' }))).toEqual({ status: 'ok', value: atom('done') });
    expect(await run([one({ does: 'literal' }), one()])).toMatchObject({
      status: 'error',
      error: { code: 'bad-type' },
    });
  });

  test('the node signs the request for a handler that wants it', async () => {
    expect(await value(one({ does: 'signers', hook: { 'commit-request': 'true' } }))).toMatchObject({ signed: true });
    expect(await value(one({ does: 'signers' }))).toMatchObject({ signed: false });
  });

  test('[row SDX24x] find shows the handlers; running hooks is not to be had by path', async () => {
    const shown = world({ devices: [hook], options: { on: { h: one() } } });
    const listed = [{ device: 'handler@1.0' }];
    expect(toNotation(await shown.value({ device: 'hook@1.0' }, { path: 'find', body: 'h' }))).toEqual(listed);
    expect(toNotation(await shown.value({ device: 'hook@1.0' }, { path: 'find', target: 'n', n: 'h' }))).toEqual(
      listed,
    );
    expect(await shown.value({ device: 'hook@1.0' }, { path: 'find', body: 'none' })).toEqual([]);
    expect(await shown.resolve({ device: 'hook@1.0' }, 'on')).toMatchObject({
      status: 'error',
      error: { code: 'not-found' },
    });
  });
});
