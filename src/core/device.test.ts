/** What `device()` makes of a declaration. What must not compile is in test/types/device.ts. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLibrary } from '../node/library.ts';
import { device, foldKey } from './device.ts';
import { integer, listOf, optional, text } from './fields.ts';
import { message } from './message.ts';
import { ok } from './outcome.ts';

const greeter = device({
  name: 'greeter@1.0',
  doc: 'Says hello.',
  uses: ['clock'],
  options: z.object({ greeting: z.string().default('hello'), 'max-names': z.int().default(3) }),
  keys: {
    hello: {
      doc: 'A greeting for `name`.',
      aliases: ['hi'],
      request: { name: text, times: optional(integer, 1), friends: optional(listOf(text)) },
      run({ request, options, clock, base, requestMessage }) {
        // Fields are read and typed, options validated, capabilities those that were listed.
        const name: string = request.name;
        const times: number = request.times;
        const friends: readonly string[] | undefined = request.friends;
        const greeting: string = options.greeting;
        const now: number = clock.now();
        return ok(
          `${greeting} ${name} ${times} ${friends?.length ?? 0} ${now > 0} ${base.size} ${requestMessage.size}`,
        );
      },
    },
  },
});

describe('device()', () => {
  const base = message({ device: 'greeter@1.0' });

  test('keys answer in any spelling and under their aliases', async () => {
    expect(foldKey('Say_Hello')).toBe('say-hello');
    const library = createLibrary({ devices: [greeter] });
    for (const path of ['hello', 'HELLO', 'hi']) {
      const outcome = await library.resolve(base, message({ path, name: 'Ann', friends: ['Bo'] }));
      expect(outcome).toEqual(ok('hello Ann 1 1 true 1 3'));
    }
  });

  test('a missing or wrong field is named', async () => {
    const library = createLibrary({ devices: [greeter] });
    expect(await library.resolve(base, 'hello')).toMatchObject({
      status: 'error',
      error: { code: 'bad-request', message: 'The request needs `name`, text.' },
    });
    expect(await library.resolve(base, message({ path: 'hello', name: 'Ann', times: 'often' }))).toMatchObject({
      error: { code: 'bad-request', message: '`times` has to be an integer.' },
    });
  });

  test('options come from the node message', async () => {
    const library = createLibrary({ devices: [greeter], options: message({ greeting: 'ahoy', other: { k: 1 } }) });
    expect(await library.resolve(base, message({ path: 'hello', name: 'Ann' }))).toEqual(ok('ahoy Ann 1 0 true 1 2'));
  });

  test('a device that cannot work says why, at start and when it is called', async () => {
    const needy = device({
      name: 'needy@1.0',
      doc: 'Needs a key.',
      uses: ['wallet'],
      keys: { k: { doc: '', run: () => ok(1) } },
    });
    const library = createLibrary({ devices: [needy, greeter], options: message({ 'max-names': 'many' }) });
    const sentences = library.resolver.problems().map((problem) => problem.message);
    expect(sentences).toHaveLength(2);
    expect(sentences[0]).toContain('needy@1.0 needs "wallet"');
    expect(sentences[1]).toContain('`max-names`');
    expect(await library.resolve(message({ device: 'needy@1.0' }), 'k')).toMatchObject({
      error: { code: 'unavailable' },
    });
  });
});
