import { describe, expect, test } from 'vitest';
import { toNotation } from '../../test/support/notation.ts';
import { asValue, world } from '../../test/support/world.ts';
import { type Device, device } from '../core/device.ts';
import { type Input, type Message, message } from '../core/message.ts';
import { ok } from '../core/outcome.ts';

function appender(name: `${string}@1.0`, sep: string): Device {
  return device({
    name,
    doc: 'Appends.',
    keys: {
      append: {
        doc: 'Appends.',
        run: ({ base, requestMessage }) =>
          ok(base.with('result', `${base.get('result')}${sep}${requestMessage.get('bin')}`)),
      },
    },
  });
}

const devices = [appender('d2@1.0', '+D2'), appender('d3@1.0', '+D3')];
const idOfB = '335w5QIVRPSDS77mSp43if68S-gUcN9inK1t2wMyClw';
const idOfC = 'ayPA1fNdGxH5toPwsKYXNV3rESd9ka4JHTmcZVuHlA0';

async function run(on: Input, bins: readonly string[]): Promise<unknown> {
  const { value } = world({ devices });
  let state = on;
  for (const bin of bins) state = (await value(state, { path: 'append', bin })) as Message;
  return (state as Message).get('result');
}

describe('dedup@1.0', () => {
  const stack = (...names: string[]): Input => ({
    device: 'stack@1.0',
    'dedup-subject': 'request',
    'device-stack': Object.fromEntries(names.map((name, i) => [i + 1, name])),
    result: 'INIT',
  });

  test('[row SD02] every request once', async () => {
    expect(await run(stack('dedup@1.0', 'd2@1.0', 'd3@1.0'), ['_', '_', '/', '/'])).toBe('INIT+D2_+D3_+D2/+D3/');
  });

  test('[row SD03] later passes over the same request run', async () => {
    const on = asValue(stack('dedup@1.0', 'd2@1.0', 'd3@1.0', 'multipass@1.0')) as Message;
    expect(await run(on.with('passes', 2), ['_', '_', '/', '/'])).toBe('INIT+D2_+D3_+D2_+D3_+D2/+D3/+D2/+D3/');
  });

  test('[row SDX02x, SDX03x] remembers ids, newest first, and skips what it knows', async () => {
    const { resolve, value } = world();
    const first = (await value({ device: 'dedup@1.0' }, { path: 'x', body: 'B' })) as Message;
    expect(first.get('dedup')).toEqual([idOfB]);
    expect(await resolve(first, { path: 'x', body: 'B' })).toEqual({ status: 'skip', value: first });
    const second = (await value(first, { path: 'x', body: 'C' })) as Message;
    expect(second.get('dedup')).toEqual([idOfC, idOfB]);
  });

  test('[row SDX04x] nothing happens in later passes or without a subject; every key runs the handler', async () => {
    const { value } = world();
    const on = message({ device: 'dedup@1.0', dedup: [idOfB] });
    expect(await value(on.with('pass', 2), { path: 'x', body: 'D' })).toEqual(on.with('pass', 2));
    for (const key of ['x', 'dedup', 'id', 'commit']) expect(toNotation(await value(on, key))).toEqual(toNotation(on));
    expect(await value(on, 'keys')).toEqual(['dedup', 'device']);
  });

  test('[row SDX05x] the request as subject', async () => {
    const { value } = world();
    const on = { device: 'dedup@1.0', 'dedup-subject': 'request' };
    expect(((await value(on, { path: 'x', q: 1 })) as Message).get('dedup')).toEqual([
      'kdtp4ZvbwdRVxzLoAvJKFB4VMfsB52vCTRYgLVvec2Q',
    ]);
  });

  test('[row SDX06x] another key as subject', async () => {
    const { value } = world();
    const request = { path: 'x', 'dedup-subject': 'q', q: 'zzz' };
    expect(((await value({ device: 'dedup@1.0' }, request)) as Message).get('dedup')).toEqual([
      'F_Fl1aW6aV8nwCOoOqKzRj4jgQ42C3UXEn6QFh7rq9o',
    ]);
  });

  test('in 2026 what was seen is a trie; a state keeps the form it has', async () => {
    const { resolve, value } = world({ dialect: '2026' });
    const first = (await value({ device: 'dedup@1.0' }, { path: 'x', body: 'B', slot: 7 })) as Message;
    expect(toNotation(first.get('dedup')!)).toEqual({ device: 'trie@1.0', [idOfB]: 7 });
    expect(await resolve(first, { path: 'x', body: 'B', slot: 8 })).toMatchObject({ status: 'skip' });
    const listed = (await value({ device: 'dedup@1.0', dedup: [idOfB] }, { path: 'x', body: 'C' })) as Message;
    expect(listed.get('dedup')).toEqual([idOfC, idOfB]);
    const older = world({ dialect: '2025-11' });
    expect(await older.resolve(first, { path: 'x', body: 'B' })).toMatchObject({ status: 'skip' });
  });
});
