/** Cache control and stored results: rows CC of the core cases, and the rule that only what depends on messages alone is kept. */
import { describe, expect, test } from 'vitest';
import { uncommitted } from '../../src/core/commitments.ts';
import { device } from '../../src/core/device.ts';
import { Message, message } from '../../src/core/message.ts';
import { ok } from '../../src/core/outcome.ts';
import {
  type CacheSettings,
  cacheSettings,
  directives,
  nodeCacheControl,
} from '../../src/core/resolve/cache-control.ts';
import { keepResult } from '../../src/core/resolve/results.ts';
import type { Value } from '../../src/core/value.ts';
import { createLibrary } from '../../src/node/library.ts';
import { toNotation } from '../support/notation.ts';
import { messageOf, okValue } from '../support/outcomes.ts';

const cc = (words: Value): Message => message({ 'cache-control': words });
const settings = (store: boolean, lookup: boolean, onlyIfCached = false): CacheSettings => ({
  store,
  lookup,
  onlyIfCached,
});

describe('CC: settings', () => {
  test('[row CC01, CC1] opts_override_message_settings', () => {
    expect(cacheSettings(['always'], cc(['no-cache']), cc(['no-store']))).toEqual(settings(true, true));
  });
  test('[row CC02, CC2] msg_precidence_overrides', () => {
    expect(cacheSettings([], cc(['no-store']), cc(['always']))).toEqual(settings(false, true));
  });
  test('[row CC03, CC04, CC05, CC3, CC4, CC5] single words', () => {
    expect(cacheSettings([], cc(['no-store']))).toEqual(settings(false, true));
    expect(cacheSettings([], cc(['no-cache']))).toEqual(settings(false, false));
    expect(cacheSettings([], cc(['only-if-cached']))).toEqual(settings(false, true, true));
  });
  test('[row CC06, CC6] with hashpaths ignored nothing is stored', async () => {
    const { library, pure } = world();
    await okValue(library.resolve(pure, 'compute', { hashpath: 'ignore', cacheControl: ['always'] }));
    expect(await library.env.cache.readResult(library.id(pure), 'compute')).toBeUndefined();
  });
  test('[row CC07, CC7] several words', () => {
    expect(cacheSettings([], cc(['no-store', 'no-cache', 'only-if-cached']))).toEqual(settings(false, false, true));
  });
  test('[row CC08, CC09, CC8, CC9] nobody says anything', () => {
    expect(cacheSettings([])).toEqual(settings(false, true));
    expect(cacheSettings([], Message.empty)).toEqual(settings(false, true));
    expect(cacheSettings([], 'a literal', undefined)).toEqual(settings(false, true));
  });
  test('[row CC10, CC11] what one source says', () => {
    expect(directives(['no-store'])).toEqual({ store: false, lookup: undefined, onlyIfCached: undefined });
    expect(directives(['no-cache'])).toEqual({ store: undefined, lookup: false, onlyIfCached: undefined });
  });
  test('[row CC14x] the node stores nothing unless told to', () => {
    expect(cacheSettings(nodeCacheControl, 'r', message({ path: 'a' }))).toEqual(settings(false, false));
  });
  test('[row CC17x] request, result, and a header with commas (spec 01 §9 row 22)', () => {
    expect(cacheSettings([], undefined, cc('store')).store).toBe(true);
    expect(cacheSettings([], cc('no-store'), cc('store')).store).toBe(false);
    expect(cacheSettings([], undefined, cc('store, no-cache'))).toEqual(settings(true, false));
  });
});

describe('CC: results', () => {
  test('[row CC12] cache_binary_result', async () => {
    const { library } = world();
    const base = message({ 'test-key': 'test-message' });
    expect(await okValue(library.resolve(base, 'test-key', { cacheControl: ['always'] }))).toBe('test-message');
    for (let i = 0; i < 2; i++) {
      expect(await okValue(library.resolve(base, 'test-key', { cacheControl: ['only-if-cached'] }))).toBe(
        'test-message',
      );
    }
  });
  test('[row CC13] cache_message_result', async () => {
    const { library } = world();
    const base = message({
      'test-key': { purpose: 'Test-Message', aux: { aux: 'Aux' }, 'test-key': 7 },
      local: 'Binary',
    });
    const results = [];
    for (const words of ['always', 'only-if-cached', 'only-if-cached']) {
      results.push(toNotation(await okValue(library.resolve(base, 'test-key', { cacheControl: [words] }))));
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
  test('[row CC15x] a stored literal is found under the base’s id, and is no key of the base (spec 01 §9 row 4)', async () => {
    const { library } = world();
    const base = message({ a: 1 });
    await keepResult(library.env, base, 'b', 'r');
    const id = library.id(base);
    expect(await library.env.cache.readResult(id, 'b')).toBe('r');
    expect(toNotation(uncommitted((await library.env.cache.read(id)) as Message))).toEqual({ a: 1 });
    expect(await library.env.cache.read('data/RUNJ5CLwUpcZHq0T4h09tSDlq-9SBV5JZLgvshP1k6E')).toBe('r');
  });
  test('[row CC16x] integers are not stored', async () => {
    const { library, pure } = world();
    expect(await okValue(library.resolve(pure, 'number', { cacheControl: ['store'] }))).toBe(5);
    expect(await library.env.cache.readResult(library.id(pure), 'number')).toBeUndefined();
  });
  test('[row CC18x, CC19x] a base that is here is never looked up', async () => {
    const { library } = world();
    const base = message({ a: 1 });
    expect(await okValue(library.resolve(base, 'a', { cacheControl: ['only-if-cached'] }))).toBe(1);
    const request = message({ path: 'a', 'cache-control': 'no-store' });
    expect(await okValue(library.resolve(base, request, { cacheControl: ['always'] }))).toBe(1);
  });
  test('a pure result is computed once for an id and found again, whether literal or message (spec 01 §9 rows 3, 5)', async () => {
    const { library, pure, calls } = world();
    const id = await library.env.cache.write(pure);
    for (let i = 0; i < 3; i++) {
      expect(await okValue(library.resolve(id, 'compute', { cacheControl: ['always'] }))).toBe('computed');
      const made = await messageOf(library.resolve(id, message({ path: 'make', x: 1 }), { cacheControl: ['always'] }));
      expect(toNotation(made.get('made')!)).toBe(true);
    }
    expect(calls).toEqual({ compute: 1, make: 1, now: 0 });
    expect(await okValue(library.resolve(id, 'compute', { cacheControl: ['only-if-cached'] }))).toBe('computed');
  });
  test('what depends on anything but messages is computed every time, also through another device', async () => {
    const { library, pure, calls } = world();
    const id = await library.env.cache.write(pure);
    for (let i = 0; i < 3; i++) await okValue(library.resolve(id, 'through', { cacheControl: ['always'] }));
    expect(calls.now).toBe(3);
  });
});

/** A library with a pure device and one that looks at the clock, and how often each was called. */
function world() {
  const calls = { compute: 0, make: 0, now: 0 };
  const pure = device({
    name: 'pure@1.0',
    doc: 'Depends on nothing.',
    keys: {
      compute: {
        doc: 'Text.',
        run: () => {
          calls.compute++;
          return ok('computed');
        },
      },
      make: {
        doc: 'A message.',
        run: ({ base }) => {
          calls.make++;
          return ok(base.with('made', true));
        },
      },
      number: { doc: 'An integer.', run: () => ok(5) },
      through: { doc: 'What the time is.', run: ({ resolve }) => resolve(message({ device: 'timely@1.0' }), 'now') },
    },
  });
  const timely = device({
    name: 'timely@1.0',
    doc: 'Looks at the clock.',
    uses: ['clock'],
    keys: {
      now: {
        doc: 'The time.',
        run: ({ clock }) => {
          calls.now++;
          return ok(String(clock.now()));
        },
      },
    },
  });
  return { library: createLibrary({ devices: [pure, timely] }), pure: message({ device: 'pure@1.0' }), calls };
}
