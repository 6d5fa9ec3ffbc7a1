import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, testWallet, world } from '../../test/support/world.ts';
import { device } from '../core/device.ts';
import type { Input, Message } from '../core/message.ts';
import { ok } from '../core/outcome.ts';
import { createEventCounters } from '../observe/events.ts';
import { profile } from './profile.ts';

const events = createEventCounters();

const counted = device({
  name: 'counted@1.0',
  doc: 'Is counted.',
  uses: ['events'],
  keys: {
    call: {
      doc: 'Counts itself.',
      run({ events }) {
        events.count('counted', 'call');
        return ok('done');
      },
    },
  },
});

const profiled = (options: { [name: string]: Input } = {}) =>
  world({ devices: [profile, counted], options, capabilities: { events }, wallet: testWallet('rsa4096-1') });
const base = { device: 'profile@1.0' };

describe('profile@1.0', () => {
  test('[row SDX28x] engine event counts what happens; what cannot be done is said', async () => {
    const { resolve, value } = profiled();
    events.count('counted', 'call', 5);
    const counts = await value(base, { path: 'run', run: '/~counted@1.0/call', engine: 'event' });
    expect(toNotation(counts)).toEqual({ counted: { call: 1 } });
    expect(await resolve(base, 'run')).toMatchObject({ error: { value: 'Path key `run` not found in request.' } });
    expect(await resolve(base, { path: 'run', run: '/x', engine: 'nope' })).toMatchObject({
      error: { value: 'Unsupported engine `nope`' },
    });
    expect(await profiled({ profiling: false }).resolve(base, { path: 'run', run: '/x' })).toMatchObject({
      error: { value: 'Profiling is disabled.' },
    });
  });

  test('[row SD33/34, SD35/36] the sampling engines eprof and eflame are not offered, and that is said', async () => {
    for (const engine of ['eprof', 'eflame']) {
      const request = { path: 'run', run: '/~counted@1.0/call', engine, 'return-mode': 'message' };
      expect(await profiled().resolve(base, request)).toMatchObject({
        error: { value: `Unsupported engine \`${engine}\`` },
      });
    }
  });

  test('a list of addresses lets in only their signatures', async () => {
    const { resolve, ao } = profiled({ profiling: [testWallet('rsa4096-1').address] });
    const request = asValue({ path: 'run', run: '/~counted@1.0/call' }) as Message;
    expect(await resolve(base, request)).toMatchObject({ error: { code: 'unauthorized' } });
    expect(await resolve(base, await ao.commit(request))).toMatchObject({ status: 'ok' });
    const strangers = await ao.commit(request, undefined, testWallet('rsa4096-2'));
    expect(await resolve(base, strangers)).toMatchObject({ error: { code: 'unauthorized' } });
  });
});
