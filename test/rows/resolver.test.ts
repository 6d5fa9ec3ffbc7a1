/**
 * The resolver: rows RV (the reference's own suite, under its five sets of options) and RX of the core cases. Devices that the rows write
 * as maps of functions are declared with `device()` under names of their own.
 */
import { describe, expect, test } from 'vitest';
import { device } from '../../src/core/device.ts';
import { text } from '../../src/core/fields.ts';
import { isNumbered, numberedItems, toList } from '../../src/core/lists.ts';
import { type Input, Message, message, normalizeKey, numbered } from '../../src/core/message.ts';
import { fail, ok, skip } from '../../src/core/outcome.ts';
import { asMessage } from '../../src/core/resolve/force.ts';
import type { ResolveOptions } from '../../src/core/resolver.ts';
import { As, atom, Float, Link, NOT_FOUND, Sequence, UNDEFINED, UNSET, type Value } from '../../src/core/value.ts';
import { createLibrary } from '../../src/node/library.ts';
import { type Json, toNotation } from '../support/notation.ts';
import { expectError, expectThrown, messageOf, notationOf, okValue } from '../support/outcomes.ts';
import { testWallet } from '../support/world.ts';

// ---- devices of the rows ----------------------------------------------------------------------------------------------------

const args = device({
  name: 'args@1.0',
  doc: 'Functions of one, two and three arguments.',
  keys: {
    'key-using-only-state': {
      doc: 'The state key.',
      run: ({ base }) => ok(base.get('state-key') ?? base.get('state_key')!),
    },
    'key-using-state-and-msg': {
      doc: 'State key and message key.',
      request: { msg_key: text },
      run: ({ base, request }) => ok(`${String(base.get('state_key'))}${request.msg_key}`),
    },
  },
});

const withDefault = device({
  name: 'default@1.0',
  doc: 'One key, and a default.',
  keys: { state_key: { doc: 'A constant.', run: () => ok('STATE') } },
  otherKeys: () => ok('DEFAULT'),
});

const handler = device({
  name: 'handler@1.0',
  doc: 'One function for all keys but set.',
  keys: {},
  inherits: ['set'],
  otherKeys: () => ok('HANDLER VALUE'),
});

const countingSet = device({
  name: 'counting-set@1.0',
  doc: 'Counts how often it is set.',
  keys: {
    set: {
      doc: 'The message with one more dot.',
      run: ({ base }) => ok(base.with('set_count', `${String(base.get('set_count') ?? '')}.`)),
    },
  },
});

const ownSet = device({
  name: 'own-set@1.0',
  doc: 'Sets the first entry and says so.',
  keys: {
    set: {
      doc: 'The message with the first entry of the request.',
      run({ base, requestMessage }) {
        const key = requestMessage
          .keys()
          .find((one) => one !== 'path' && !one.startsWith('priv') && one !== 'set-mode')!;
        return ok(base.with(key, requestMessage.get(key)!).with('modified', true));
      },
    },
  },
});

const exporting = device({
  name: 'exporting@1.0',
  doc: 'Exactly two keys.',
  keys: {
    test1: { doc: 'Handled.', run: () => ok('Handler-Value') },
    test2: { doc: 'Handled.', run: () => ok('Handler-Value') },
  },
});

const excluding = device({
  name: 'excluding@1.0',
  doc: 'Everything but set.',
  keys: {},
  inherits: ['set'],
  otherKeys: () => ok('Handler-Value'),
});

const functions = device({
  name: 'functions@1.0',
  doc: 'One key for every kind of result.',
  keys: {
    'test-key': { doc: 'Text.', run: () => ok('F') },
    atom: { doc: 'The atom not_found.', run: () => ok(NOT_FOUND) },
    skip: { doc: 'Skips.', run: ({ base }) => skip(base) },
    fail: { doc: 'Fails.', run: () => fail('internal', 'boom', { value: 'boom' }) },
    err: {
      doc: 'An error with a value.',
      run: () => fail('bad-request', 'tea', { status: 418, value: message({ status: 418, body: 'tea' }) }),
    },
    thr: {
      doc: 'Throws.',
      run: () => {
        throw new Error('oops');
      },
    },
    lst: { doc: 'A list.', run: () => ok([1, 'two']) },
    res: { doc: 'A sequence.', run: () => ok(new Sequence([message({ q: 'Q' }), message({ path: 'q' })])) },
    echo: {
      doc: 'Base and request.',
      run: ({ base, requestMessage }) => ok(message({ m1: base, m2: requestMessage })),
    },
  },
});

const recursive = device({
  name: 'recursive@1.0',
  doc: 'Asks itself, in a lane.',
  lane: () => 'one',
  keys: { again: { doc: 'Asks again.', run: ({ base, resolve }) => resolve(base, 'again') } },
});

const devices = [args, withDefault, handler, countingSet, ownSet, exporting, excluding, functions, recursive];

const library = createLibrary({ devices, dialect: '2025-09' });
const { ao } = library;

const optionSets: { readonly [name: string]: ResolveOptions | undefined } = {
  normal: undefined,
  without_hashpath: { hashpath: 'ignore' },
  no_cache: { hashpath: 'ignore', cacheControl: ['no-cache', 'no-store'] },
  only_store: { hashpath: 'update', cacheControl: ['no-cache'] },
  only_if_cached: { hashpath: 'ignore', cacheControl: ['only-if-cached'] },
};

const testMessage = message({ device: 'test-device@1.0', test_func: { test_key: 'MESSAGE' } });

// ---- RV ---------------------------------------------------------------------------------------------------------------------

for (const [name, options] of Object.entries(optionSets)) {
  describe(`RV: resolver suite, options ${name}`, () => {
    const resolve = (base: Value, request: Value) => library.resolve(base, request, options);
    const many = (...steps: readonly Value[]) => library.resolveMany(steps, options);
    const set = (base: Message, changes: Message) => ao.set(base, changes);

    test('[row RV01] resolve_simple', async () => {
      expect(await okValue(resolve(message({ a: 'RESULT' }), 'a'))).toBe('RESULT');
    });
    test('[row RV02] resolve_id', async () => {
      expect(await okValue(resolve(message({ test_key: '1' }), 'id'))).toHaveLength(43);
    });
    test('[row RV03] start_as', async () => {
      const directive = new As('test-device@1.0', message({ path: '' }));
      expect(await okValue(many(directive, message({ path: 'test_func' })))).toBe('GOOD_FUNCTION');
    });
    test('[row RV04] start_as_with_parameters: the device inside the message wins', async () => {
      expect(await okValue(many(new As('message@1.0', testMessage), message({ path: 'test_func' })))).toBe(
        'GOOD_FUNCTION',
      );
    });
    test('[row RV05] load_as', async () => {
      const id = await library.env.cache.write(testMessage);
      const steps = [new As('message@1.0', message({ path: id })), 'test_func', 'test_key'];
      expect(await okValue(many(...steps))).toBe('MESSAGE');
    });
    test('[row RV06] as_path', async () => {
      expect(await ao.get(testMessage, 'test_func')).toBe('GOOD_FUNCTION');
      const found = await messageOf(resolve(testMessage, new As('message@1.0', message({ path: 'test_func' }))));
      expect(found.get('test_key')).toBe('MESSAGE');
    });
    test('[row RV07] continue_as', async () => {
      const steps = [
        testMessage,
        new As('message@1.0', ''),
        message({ path: 'test_func' }),
        message({ path: 'test_key' }),
      ];
      expect(await okValue(many(...steps))).toBe('MESSAGE');
    });
    test('[row RV08] multiple_as_subresolutions', async () => {
      const start = message({
        device: 'test-device@1.0',
        'test-message': { 'test-key': 'MESSAGE-1', 'test-message-2': { 'test-key-2': 'MESSAGE-2' } },
      });
      const steps = [
        new As('message@1.0', start),
        message({ path: 'test-message' }),
        message({ path: 'test-message-2', extraneous: '1' }),
        'test-key-2',
      ];
      expect(await okValue(many(...steps))).toBe('MESSAGE-2');
    });
    test('[row RV09] resolve_key_twice', async () => {
      const base = message({ a: '1' });
      for (let i = 0; i < 2; i++) expect(await okValue(resolve(base, 'a'))).toBe('1');
    });
    test('[row RV10] resolve_from_multiple_keys: private keys are not listed', async () => {
      expect(await okValue(resolve(message({ a: '1', priv_a: '2' }), 'keys'))).toEqual(['a']);
    });
    test('[row RV11] resolve_path_element', async () => {
      expect(await okValue(resolve(message({ path: ['test_path'] }), 'path'))).toEqual(['test_path']);
      expect(await okValue(resolve(message({ Path: ['a'] }), 'Path'))).toEqual(['a']);
    });
    test('[row RV12] resolve_binary_key', async () => {
      expect(await okValue(resolve(message({ a: 'RESULT' }), new TextEncoder().encode('a')))).toBe('RESULT');
      expect(await okValue(resolve(message({ 'Test-Header': '1' }), 'Test-Header'))).toBe('1');
    });
    test('[row RV13] key_to_binary', () => {
      for (const key of [atom('a'), 'a', new TextEncoder().encode('a')]) expect(normalizeKey(key)).toBe('a');
    });
    test('[row RV14] key_from_id_device_with_args', async () => {
      const base = message({ device: 'args@1.0', state_key: '1' });
      expect(await okValue(resolve(base, message({ path: 'key_using_only_state', msg_key: '2' })))).toBe('1');
      expect(await okValue(resolve(base, message({ path: 'key_using_state_and_msg', msg_key: '3' })))).toBe('13');
    });
    test('[row RV15] device_with_handler_function', async () => {
      expect(await okValue(resolve(message({ device: 'handler@1.0', test_key: 'BAD' }), 'test_key'))).toBe(
        'HANDLER VALUE',
      );
    });
    test('[row RV16] device_with_default_handler_function', async () => {
      const base = message({ device: 'default@1.0' });
      expect(await okValue(resolve(base, 'state_key'))).toBe('STATE');
      expect(await okValue(resolve(base, 'any_random_key'))).toBe('DEFAULT');
    });
    test('[row RV17] basic_get', async () => {
      const base = message({ key1: 'value1', key2: 'value2' });
      expect(await ao.get(base, 'key1')).toBe('value1');
      expect(await ao.get(base, 'key2')).toBe('value2');
      expect(await okValue(resolve(base, ['key2']))).toBe('value2');
    });
    const deep = message({
      key1: 'value1',
      key2: { key3: 'value3', key4: { key5: 'value5', key6: { key7: 'value7' } } },
    });
    test('[row RV18, RV19] recursive_get, deep_recursive_get', async () => {
      expect(await okValue(resolve(deep, message({ path: 'key1' })))).toBe('value1');
      expect(await okValue(resolve(deep, message({ path: ['key2', 'key3'] })))).toBe('value3');
      expect(await okValue(resolve(deep, 'key2/key3'))).toBe('value3');
      expect(await ao.get(deep, 'key2/key3')).toBe('value3');
      expect(await okValue(resolve(deep, 'key2/key4/key6/key7'))).toBe('value7');
    });
    test('[row RV20] basic_set', async () => {
      const changed = await set(message({ key1: 'value1', key2: 'value2' }), message({ key1: 'new_value1' }));
      expect(toNotation(changed)).toEqual({ key1: 'new_value1', key2: 'value2' });
    });
    test('[row RV21] get_with_device', async () => {
      const base = message({ device: 'args@1.0', state_key: 'STATE' });
      expect(await okValue(resolve(base, 'state_key'))).toBe('STATE');
      expect(await okValue(resolve(base, 'key_using_only_state'))).toBe('STATE');
    });
    test('[row RV22] get_as_with_device', async () => {
      const base = message({ device: 'handler@1.0', test_key: 'ACTUAL VALUE' });
      expect(await ao.get(base, 'test_key')).toBe('HANDLER VALUE');
      expect(await ao.get(new As('message@1.0', base), 'test_key')).toBe('ACTUAL VALUE');
    });
    test('[row RV23] set_with_device', async () => {
      const once = await set(message({ device: 'counting-set@1.0', state_key: 'STATE' }), message({ state_key: 'X' }));
      const twice = await set(once, message({ state_key: 'X' }));
      expect([once.get('set_count'), twice.get('set_count'), twice.get('state_key')]).toEqual(['.', '..', 'STATE']);
    });
    test('[row RV24] deep_set', async () => {
      const two = await set(message({ a: { b: 'RESULT' } }), message({ 'a/b': 'RESULT2' }));
      expect(toNotation(two)).toEqual({ a: { b: 'RESULT2' } });
      const three = await set(message({ a: { b: { c: '1' } } }), message({ 'a/b/c': '2' }));
      expect(toNotation(three)).toEqual({ a: { b: { c: '2' } } });
    });
    test('[row RV25] deep_set_with_device', async () => {
      const base = message({
        device: 'own-set@1.0',
        modified: false,
        a: { modified: false, b: { device: 'own-set@1.0', modified: false, c: '1' } },
      });
      const changed = await set(base, message({ 'a/b/c': '2' }));
      expect(await ao.get(changed, 'a/b/c')).toBe('2');
      expect(await ao.get(changed, 'modified')).toBe(true);
      expect(await ao.get(changed, 'a/modified')).toBe(false);
      expect(await ao.get(changed, 'a/b/modified')).toBe(true);
    });
    test('[row RV26] device_exports', async () => {
      const base = message({ device: 'exporting@1.0', test1: 'BAD1', test3: 'GOOD3' });
      expect(await ao.get(base, 'test1')).toBe('Handler-Value');
      expect(await ao.get(base, 'test2')).toBe('Handler-Value');
      expect(await ao.get(base, 'test3')).toBe('GOOD3');
      expect(await ao.get(await set(base, message({ test4: 'GOOD4' })), 'test4')).toBe('GOOD4');
      expect(await ao.get(base, 'test5')).toBeUndefined();
    });
    test('[row RV27] device_excludes', async () => {
      const base = message({ device: 'excluding@1.0', 'Test-Key': 'Test-Value' });
      expect(await ao.get(base, 'test-key2')).toBe('Handler-Value');
      expect((await set(base, message({ 'test-key2': '2' }))).get('test-key2')).toBe('2');
    });
    test('[row RV28] denormalized_device_key: devices are named by text; the name is readable as data', async () => {
      const base = message({ device: 'test-device@1.0' });
      expect(await ao.get(base, 'device')).toBe('test-device@1.0');
      expect(await ao.get(base, 'test_func')).toBe('GOOD_FUNCTION');
    });
    test('[row RV29] list_transform', async () => {
      const list = ['A', 'B', 'C', 'D', 'E'];
      for (const [i, item] of list.entries()) expect(await okValue(resolve(list, i + 1))).toBe(item);
    });
    test('[row RV30] step_hook', async () => {
      let signalled = 0;
      const watch = device({
        name: 'watch@1.0',
        doc: 'Counts steps.',
        keys: {
          step: {
            doc: 'The hook.',
            run({ requestMessage }) {
              signalled++;
              return ok(requestMessage);
            },
          },
        },
      });
      const hooked = createLibrary({ devices: [watch], options: message({ on: { step: { device: 'watch@1.0' } } }) });
      expect(await okValue(hooked.resolve(message({ a: { b: { c: '1' } } }), 'a/b/c', options))).toBe('1');
      expect(signalled).toBe(3);
    });
    test('[row RV33] deep_set_new_messages', async () => {
      const one = await set(message({ a: { b: { c: '1' } } }), message({ 'd/e': '3', 'd/f': '4' }));
      expect(toNotation(one)).toEqual({ a: { b: { c: '1' } }, d: { e: '3', f: '4' } });
      const two = await set(one, message({ 'z/a': '0', 'z/b': '1', 'z/y/x': '2' }));
      expect(toNotation(two)).toEqual({
        a: { b: { c: '1' } },
        d: { e: '3', f: '4' },
        z: { a: '0', b: '1', y: { x: '2' } },
      });
    });
  });
}

test('[row RV31, RV32] remote devices are refused, for the reference’s reasons: this node runs no code of its kind', async () => {
  const wallet = testWallet('rsa4096-1');
  const code = message({ 'data-protocol': 'ao', variant: 'ao.N.1', 'content-type': 'application/beam', body: 'code' });
  const refusal = async (options: { readonly [name: string]: Input }, stored: Message = code): Promise<Json> => {
    const node = createLibrary({ wallet, options: message(options) });
    const signed = await node.commit(stored);
    await node.env.cache.write(signed);
    const outcome = await node.resolve(message({ device: node.id(signed, 'signed') }), message({ path: 'echo/param' }));
    expect(outcome.status).toBe('error');
    const value = outcome.status === 'error' ? outcome.error.value : undefined;
    return (toNotation(value!) as Json[])[3]!;
  };
  const trusting = { 'load-remote-devices': true, 'trusted-device-signers': [wallet.address] };
  expect(await refusal({})).toEqual({ $atom: 'remote_devices_disabled' });
  expect(await refusal({ 'load-remote-devices': true })).toEqual({ $atom: 'device_signer_not_trusted' });
  expect(await refusal(trusting, code.with('content-type', 'x'))).toEqual({ $atom: 'incompatible_content_type' });
  expect(await refusal(trusting)).toEqual({ $atom: 'failed_requirements' });
});

test('[row RV34, RV35, RV36, RV37, RV38, RV39] the benchmarks’ work is done (speed is measured in bench/)', async () => {
  const base = message({ a: { b: { return: 'x' } }, c: '1' });
  for (let i = 0; i < 1_000; i++) {
    library.resolve(base, 'a/b/return');
    library.resolve(base, 'c');
    await ao.get(base, 'c');
  }
  const changed = await ao.set(base, message({ c: '2', d: '3', 'a/b/return': 'y' }));
  expect(toNotation(changed)).toEqual({ a: { b: { return: 'y' } }, c: '2', d: '3' });
});

// ---- RX ---------------------------------------------------------------------------------------------------------------------

const m1 = message({ a: 1 });
const nested = message({ a: { b: 'c' } });
const missing = 'NXNXNXNXNXNXNXNXNXNXNXNXNXNXNXNXNXNXNXNXNXN';
const always: ResolveOptions = { cacheControl: ['always'] };
const ignore: ResolveOptions = { hashpath: 'ignore' };
const resolve = (base: Value, request: Value, options?: ResolveOptions) => library.resolve(base, request, options);
const many = (steps: Value, options?: ResolveOptions) => library.resolveMany(steps, options);
const request = (path: string, options?: ResolveOptions) => library.request(path, options);
const stored = await library.env.cache.write(message({ a: 'stored', n: 5 }));
const storedDevice = await library.env.cache.write(message({ a: 'stored', device: 'test-device@1.0' }));

describe('RX: plain reads', () => {
  test('[row RX01x] no path: an error instead of an exception', async () => {
    await expectError(resolve(m1, Message.empty), 'bad-request');
    await expectError(resolve(m1, message({ path: '' })), 'bad-request');
    await expectError(resolve(m1, ''), 'bad-request');
  });
  test('[row RX02x] the path / is the message', async () => {
    expect(await notationOf(resolve(m1, message({ path: '/' })))).toEqual({ a: 1 });
    expect(await notationOf(resolve(m1, '/'))).toEqual({ a: 1 });
  });
  test('[row RX03x] a missing key', async () => {
    expect(await expectError(resolve(m1, 'b'), 'not-found')).toEqual({ $atom: 'not_found' });
  });
  test('[row RX04x] a message result has a hashpath', async () => {
    const result = await messageOf(resolve(nested, 'a'));
    expect(result.get('b')).toBe('c');
    expect(library.hashpath(result)).toBe('zvbc8-0cQJA4E0u6R0B2KjQFiOE412C3xFttvb-fqTk/a');
  });
  test('[row RX05x] every spelling of a path', async () => {
    for (const path of ['a/b', ['a', 'b'], [atom('a'), atom('b')], 'A/B'] as Value[]) {
      expect(await okValue(resolve(nested, path))).toBe('c');
    }
  });
  test('[row RX06x] below a literal, below nothing', async () => {
    await expectError(resolve(nested, 'a/b/c'), 'not-found');
    await expectError(resolve(nested, 'a/x/c'), 'not-found');
  });
  test('[row RX07x] only the asked key is folded', async () => {
    await expectError(resolve(message({ A: 1 }), 'a'), 'not-found');
    expect(await okValue(resolve(message({ A: 1 }), 'A'))).toBe(1);
  });
  test('[row RX08x] id', async () => {
    for (const key of ['id', 'ID'])
      expect(await okValue(resolve(m1, key))).toBe('Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA');
  });
  test('[row RX09x] a data key called id cannot be reached', async () => {
    expect(await okValue(resolve(message({ id: 'literal' }), 'id'))).toBe(
      'tIMWPysZFHsslXgl1xcTijIRvhoNhDqP-6HvNIdcaLE',
    );
  });
  test('[row RX10x] a data key called keys', async () => {
    expect(await okValue(resolve(message({ keys: 'literal' }), 'keys'))).toEqual(['keys']);
  });
  test('[row RX11x] get as a key answers for the key it is given, instead of raising', async () => {
    await expectError(resolve(m1, 'get'), 'not-found');
    expect(await okValue(resolve(m1, message({ path: 'get', key: 'a' })))).toBe(1);
  });
  test('[row RX12x] info', async () => {
    expect((await messageOf(resolve(m1, 'info'))).get('name')).toBe('message@1.0');
  });
  test('[row RX13x] device, commitments', async () => {
    await expectError(resolve(m1, 'device'), 'not-found');
    await expectError(resolve(m1, 'commitments'), 'not-found');
  });
  test('[row RX14x] committers, committed, verify of an uncommitted message', async () => {
    expect(await okValue(resolve(m1, 'committers'))).toEqual([]);
    expect(await okValue(resolve(m1, 'committed'))).toEqual([]);
    expect(await okValue(resolve(m1, 'verify'))).toBe(true);
  });
  test('[row RX15x] remove without parameters', async () => {
    await expectError(resolve(m1, 'remove'), 'bad-request');
  });
  test('[row RX16x] a list as base', async () => {
    const list = ['x', 'y'];
    expect(await okValue(resolve(list, 2))).toBe('y');
    expect(await okValue(resolve(list, '2'))).toBe('y');
    expect(await okValue(resolve(list, 'keys'))).toEqual(['1', '2']);
    expect(await okValue(resolve(list, 'id'))).toBe('yN5y5bHn0ydG6sGVRVOSe3sOPtH_kl7UfaTTIW4lN8M');
  });
});

describe('RX: ids as base, cache control', () => {
  test('[row RX17x] literals and ids without lookup', async () => {
    for (const base of ['binary', missing, stored]) await expectError(resolve(base, 'a'), 'not-found');
  });
  test('[row RX18x, RX19x] a stored base with lookup', async () => {
    expect(await okValue(resolve(stored, 'a', always))).toBe('stored');
    expect(await okValue(resolve(stored, 'n', always))).toBe(5);
    await expectError(resolve(stored, 'zz', always), 'not-found');
    expect(await okValue(resolve(stored, 'a', { cacheControl: ['cache'] }))).toBe('stored');
  });
  test('[row RX20x, RX22x] only-if-cached', async () => {
    const miss = { status: 504, 'cache-status': 'miss', body: 'Computed result not available in cache.' };
    const only: ResolveOptions = { cacheControl: ['only-if-cached'] };
    expect(await expectError(resolve(stored, 'a', only), 'not-cached')).toEqual(miss);
    expect(await expectError(resolve(stored, message({ path: 'a', x: '1' }), only), 'not-cached')).toEqual(miss);
    expect(await expectError(resolve(missing, 'a', only), 'not-cached')).toEqual(miss);
  });
  test('[row RX21x] a base that is nowhere', async () => {
    expect(await expectError(resolve(missing, 'a', always), 'necessary-message-not-found')).toEqual({
      status: 404,
      body: 'Necessary messages not found in cache.',
    });
  });
  test('[row RX23x, RX24x, RX25x, RX26x] ids in a path', async () => {
    await expectError(request(`/${missing}`), 'not-found');
    expect(await notationOf(request(`/${stored}`))).toEqual({ a: 'stored', n: 5 });
    await expectError(request(`/${stored}/n`), 'not-found');
    expect(await okValue(request(`/${stored}/n`, always))).toBe(5);
    expect(await okValue(request(`/${stored}~message@1.0/n`))).toBe(5);
  });
});

describe('RX: requests', () => {
  test('[row RX27x, RX28x, RX29x] singletons', async () => {
    const text27 = 'Attempted to resolve a message without a path.';
    expect(await expectError(library.request(message({ k: 'v' })), 'bad-request')).toBe(text27);
    expect(await okValue(library.request(message({ k: 'v', path: 'k' })))).toBe('v');
    expect(await expectError(request(''), 'bad-request')).toBe('Attempted to resolve an empty message sequence.');
  });
  test('[row RX30x] a lone directive is its own result', async () => {
    expect(await okValue(request('/~message@1.0'))).toEqual(new As('message@1.0', Message.empty));
    expect(await okValue(request('/~message@1.0&a=1'))).toEqual(new As('message@1.0', message({ a: '1' })));
  });
  const values: readonly (readonly [string, string, Value])[] = [
    ['RX31x', '/~message@1.0&a=1/a', '1'],
    ['RX31x', '/~message@1.0&a=1&b+integer=5/b', 5],
    ['RX32x', '/~message@1.0&a=1/keys', ['a', 'device']],
    ['RX33x', '/~message@1.0&a=1/set&b=2/b', '2'],
    ['RX34x', '/a?a=5', '5'],
    ['RX35x', '/~message@1.0&k=(/~message@1.0&z=Q/z)/k', 'Q'],
    ['RX36x', '/~message@1.0&k=(/~message@1.0&z=Q)/k', new As('message@1.0', message({ z: 'Q' }))],
    ['RX37x', '/(~message@1.0&z=Q/set&y=R)/y', 'R'],
    ['RX38x', '/~message@1.0&Q=RES&z=Q/(~message@1.0&z=Q/z)', 'RES'],
    ['RX40x', '/~message@1.0&a=1/id', 'NOGJRJD74vb-sQKnkqXBfxIs7ulYdf0yB7_J_wgGM_k'],
    ['RX42x', '/~message@1.0&config+map="key1=1, key2=?1"/config/key2', true],
    ['RX44x', '/~message@1.0&greeting="Hello"&count+integer=42/count', 42],
    ['RX46x', '/~message@1.0&a=1/a&k=(/~message@1.0&z=Q/z)', '1'],
    ['RX47x', '/~test-device@1.0/test-func', 'GOOD_FUNCTION'],
    ['RX47x', '/~test-device@1.0/Test_Func', 'GOOD_FUNCTION'],
    ['RX47x', '/~message@1.0&x=y/test-func~test-device@1.0', 'GOOD_FUNCTION'],
    ['RX47x', '/~message@1.0&x=y/~test-device@1.0/test-func', 'GOOD_FUNCTION'],
    ['RX48x', '/~message@1.0&x=y/x~test-device@1.0', 'y'],
    ['RX50x', '/~message@1.0&x=y/~test-device@1.0/info/body/version', '1.0'],
    ['RX92x', '/~message@1.0&x=1/test_func~(~message@1.0&q=test-device@1.0/q)', 'GOOD_FUNCTION'],
  ];
  for (const [id, path, value] of values) {
    const why = id === 'RX92x' ? ' – a device by sub-path works instead of raising' : '';
    test(`[row ${id}] ${path}${why}`, async () => expect(await okValue(request(path))).toEqual(value));
  }
  test('[row RX33x] set keeps the device', async () => {
    expect(await notationOf(request('/~message@1.0&a=1/set&b=2', ignore))).toEqual({
      a: '1',
      b: '2',
      device: 'message@1.0',
    });
  });
  test('[row RX34x] a global key is no step', async () => await expectError(request('/x/y?x=5'), 'not-found'));
  test('[row RX39x] unknown devices, names are case-sensitive', async () => {
    await expectError(request('/~nope@1.0/x'), 'device-not-found');
    await expectError(request('/~Test-Device@1.0/test-func'), 'device-not-found');
  });
  test('[row RX41x] with forced messages the 2025-09 state wraps every step, later ones only the last', async () => {
    const forced: ResolveOptions = { forceMessage: true };
    const wrapped = { 'ao-result': 'body', body: 'y' };
    expect(await notationOf(request('/~message@1.0&x=y/x/body', forced))).toEqual(wrapped);
    await expectError(request('/~message@1.0&x=y/x/body'), 'not-found');
    const newer = createLibrary();
    await expectError(newer.request('/~message@1.0&x=y/x/body', forced), 'not-found');
    expect(await notationOf(newer.request('/~message@1.0&x=y/x', forced))).toEqual(wrapped);
  });
  test('[row RX43x] a map with strings cannot be written inline', async () => {
    await expectError(request('/~message@1.0&config+map=key1="val1",key2=?1/config/key1'), 'bad-structured-field');
  });
  test('[row RX45x] a sub-path in a request is worked out before the device sees it (spec 01 §9 row 6)', async () => {
    const path = '/~message@1.0&a=1/set&k=(/~message@1.0&z=Q/z)';
    const expected = { a: '1', device: 'message@1.0', k: 'Q' };
    expect(await notationOf(request(path))).toEqual(expected);
    expect(await notationOf(request(path, ignore))).toEqual(expected);
  });
  test('[row RX46x] the same with forced messages', async () => {
    const path = '/~message@1.0&a=1/a&k=(/~message@1.0&z=Q/z)';
    expect(await notationOf(request(path, { forceMessage: true }))).toEqual({ 'ao-result': 'body', body: '1' });
  });
  test('[row RX49x] a device with parameters in the middle', async () => {
    const expected = { device: 'test-device@1.0', x: 'y', z: '9' };
    expect(await notationOf(request('/~message@1.0&x=y/~test-device@1.0&z=9', ignore))).toEqual(expected);
  });
});

const md = message({ device: 'functions@1.0', 'test-key': 'literal', plain: 1 });

describe('RX: what devices return', () => {
  test('[row RX51x] keys of devices are folded, as in later states', async () => {
    for (const key of ['test_key', 'test-key', 'TEST_KEY']) expect(await okValue(resolve(md, key))).toBe('F');
  });
  test('[row RX52x] a data key', async () => expect(await okValue(resolve(md, 'plain'))).toBe(1));
  test('[row RX53x, RX54x] what a device does not declare is data or nothing; a key is never a non-function', async () => {
    await expectError(resolve(md, 'suffix'), 'not-found');
    await expectError(resolve(md, 'k4'), 'not-found');
  });
  test('[row RX55x] the atom not_found is a value', async () =>
    expect(await okValue(resolve(md, 'atom'))).toBe(NOT_FOUND));
  test('[row RX56x] skip, failure, error', async () => {
    expect(await resolve(md, 'skip')).toEqual({ status: 'skip', value: md });
    expect(await expectError(resolve(md, 'fail'), 'internal')).toBe('boom');
    expect(await expectError(resolve(md, 'err'), 'bad-request')).toEqual({ status: 418, body: 'tea' });
  });
  test('[row RX57x] a sequence stops at what is not ok', async () => {
    expect(await expectError(resolve(md, 'err/body'), 'bad-request')).toEqual({ status: 418, body: 'tea' });
    expect(await expectError(resolve(md, 'fail/body'), 'internal')).toBe('boom');
  });
  test('[row RX58x] an exception is an error outcome that carries it, never thrown', async () => {
    const outcome = await resolve(md, 'thr');
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'device-failed', cause: new Error('oops') } });
  });
  test('[row RX59x] lists', async () => {
    expect(await okValue(resolve(md, 'lst'))).toEqual([1, 'two']);
    expect(await okValue(resolve(md, 'lst/2'))).toBe('two');
  });
  test('[row RX60x] a sequence as result is resolved', async () => expect(await okValue(resolve(md, 'res'))).toBe('Q'));
  test('[row RX61x] a device gets base and request', async () => {
    const echoed = await notationOf(resolve(md, message({ path: 'echo', x: 1 }), ignore));
    expect(echoed).toEqual({ m1: toNotation(md), m2: { path: 'echo', x: 1 } });
  });
  test('[row RX62x] how a caller resolves is no business of the device: it sees its own options only', async () => {
    let seen: unknown;
    const curious = device({
      name: 'curious@1.0',
      doc: 'Looks at its options.',
      keys: {
        look: {
          doc: 'Looks.',
          run({ options }) {
            seen = options;
            return ok('done');
          },
        },
      },
    });
    const lib = createLibrary({ devices: [curious], options: message({ zed: 1 }) });
    await okValue(lib.resolve(message({ device: 'curious@1.0' }), 'look', { ...always, forceMessage: true }));
    expect(seen).toEqual({});
  });
  test('[row RX63x, RX64x] get: errors are nothing, skip is the message', async () => {
    expect(await ao.get(md, 'fail')).toBeUndefined();
    expect(await ao.get(md, 'err')).toBeUndefined();
    expect(await ao.get(md, 'atom')).toBeUndefined();
    expect(await ao.get(md, 'skip')).toBe(md);
  });
  test('[row RX65x, RX66x] forced messages', async () => {
    const forced: ResolveOptions = { forceMessage: true, hashpath: 'ignore' };
    const body = (value: unknown) => ({ 'ao-result': 'body', body: value });
    expect(await notationOf(resolve(md, 'test-key', forced))).toEqual(body('F'));
    expect(await notationOf(resolve(md, 'lst', forced))).toEqual({ 1: 1, 2: 'two' });
    expect(await notationOf(resolve(md, 'lst/2', forced))).toEqual(body('two'));
    expect(await notationOf(resolve(md, 'atom', forced))).toEqual(body({ $atom: 'not_found' }));
    expect(await notationOf(resolve(md, 'res', forced))).toEqual(body('Q'));
    expect(await notationOf(resolve(md, 'plain', forced))).toEqual(body(1));
  });
  test('[row RX67x] errors keep their value; whoever sends them makes it a message', async () => {
    expect(await expectError(resolve(md, 'fail', { forceMessage: true }), 'internal')).toBe('boom');
    expect(toNotation(asMessage('boom', 'failure'))).toEqual({ 'ao-result': 'body', body: 'boom' });
    expect(toNotation(asMessage(message({ status: 418, body: 'tea' }), 'error'))).toEqual({ status: 418, body: 'tea' });
    expect(toNotation(asMessage(NOT_FOUND, 'error'))).toEqual({ 'ao-result': 'body', body: { $atom: 'not_found' } });
  });
  test('[row RX68x] a pair in message form is marked as one', () => {
    const pair = { status: atom('ok'), body: 'x' };
    expect(toNotation(asMessage(message(pair), 'ok'))).toEqual({
      'ao-result': 'body',
      body: 'x',
      status: { $atom: 'ok' },
    });
    expect(toNotation(asMessage(message({ status: 200, body: 'x' }), 'ok'))).toEqual({ status: 200, body: 'x' });
  });
});

describe('RX: sequences and directives', () => {
  test('[row RX69x, RX70x] short sequences', async () => {
    const text69 = 'Attempted to resolve an empty message sequence.';
    expect(await expectError(many([]), 'bad-request')).toBe(text69);
    expect(await notationOf(many([m1]))).toEqual({ a: 1 });
    expect(await okValue(many(['x']))).toBe('x');
  });
  test('[row RX71x] a numbered message is a sequence', async () => {
    expect(await okValue(many(message({ 1: { a: 'b' }, 2: { path: 'a' } })))).toBe('b');
    await expectError(many(message({ 1: { a: 'b' }, 3: { path: 'a' } })), 'bad-key');
  });
  test('[row RX72x] a bare directive', async () => {
    expect(await notationOf(many(new As('message@1.0', m1)))).toEqual({ a: 1, device: 'message@1.0' });
    expect(await okValue(many(new As('message@1.0', message({ path: 'keys' })), ignore))).toEqual(['device']);
  });
  const seq = (...steps: readonly Value[]) => new Sequence(steps);
  test('[row RX73x, RX74x, RX75x] sequences in place of base and request', async () => {
    expect(await okValue(many([seq(m1, 'a')]))).toBe(1);
    expect(await okValue(many([message({ a: 1, b: 'a' }), seq(message({ z: 'b' }), 'z')]))).toBe('a');
    expect(await okValue(many([m1, seq(message({ z: { path: 'a' } }), 'z')]))).toBe(1);
  });
  test('[row RX76x] a sequence that fails', async () => {
    await expectError(many([m1, seq(message({ z: 1 }), 'nope')]), 'not-found');
    await expectError(many([seq(message({ z: 1 }), 'nope'), 'k']), 'not-found');
  });
  test('[row RX77x] forced messages inside a base sequence, 2025-09', async () => {
    const outcome = many([seq(message({ z: 'lit' }), 'z'), 'body'], { forceMessage: true });
    expect(await notationOf(outcome)).toEqual({ 'ao-result': 'body', body: 'lit' });
  });
  const onTest = message({ a: 1, device: 'test-device@1.0' });
  test('[row RX78x, RX79x, RX80x] directives as request', async () => {
    expect(await okValue(many([onTest, new As('message@1.0', message({ path: 'a' }))]))).toBe(1);
    expect(await okValue(many([onTest, new As('message@1.0', Message.empty), 'device']))).toBe('message@1.0');
    const laid = new As('message@1.0', message({ n: 5 }));
    expect(await notationOf(many([onTest, laid]))).toEqual({ a: 1, device: 'message@1.0', n: 5 });
    expect(await okValue(many([onTest, laid, 'n']))).toBe(5);
  });
  test('[row RX81x] a directive without a device', async () => {
    expect(await notationOf(many([m1, new As(UNDEFINED, message({ n: 5 }))]))).toEqual({ a: 1, n: 5 });
  });
  test('[row RX82x, RX83x, RX84x] directives inside paths', async () => {
    const two = message({ a: { b: 2 } });
    expect(await okValue(resolve(two, message({ path: new As('message@1.0', message({ path: 'a/b' })) })))).toBe(2);
    expect(await notationOf(resolve(two, new As('message@1.0', 'a')))).toEqual({ b: 2 });
    expect(await okValue(resolve(two, ['a', new As('test-device@1.0', 'test_func')]))).toBe('GOOD_FUNCTION');
    expect(await okValue(resolve(new As('test-device@1.0', message({ a: 2 })), 'test-func'))).toBe('GOOD_FUNCTION');
  });
  test('[row RX85x, RX86x] directives on stored messages', async () => {
    expect(await okValue(many([new As('message@1.0', storedDevice), 'a']))).toBe('stored');
    const extra = new As('message@1.0', message({ path: storedDevice, extra: 'E' }));
    expect(await okValue(many([extra, 'extra']))).toBe('E');
    const merged = { z: 1, a: 'stored', device: 'test-device@1.0' };
    expect(await notationOf(many([message({ z: 1 }), new As('message@1.0', storedDevice)], ignore))).toEqual(merged);
  });
  test('[row RX87x] an id as request is a key', async () => {
    await expectError(many([message({ z: 1 }), storedDevice]), 'not-found');
    await expectError(many([message({ z: 1 }), storedDevice, 'a']), 'not-found');
    await expectError(request(`/~message@1.0&z=1/${storedDevice}`), 'not-found');
  });
  test('[row RX88x, RX89x] links are loaded, also inside a directive (spec 01 §9 row 7)', async () => {
    const link = new Link(storedDevice);
    expect(await okValue(many([link, 'a']))).toBe('stored');
    expect(await okValue(many([message({ m: link }), 'm', 'a']))).toBe('stored');
    expect(await okValue(many([new As('message@1.0', link), 'a']))).toBe('stored');
  });
  test('[row RX90x, RX91x] what is needed and missing', async () => {
    await expectError(many([new As('message@1.0', missing), 'a']), 'necessary-message-not-found');
    await expectError(resolve(message({ m: new Link(missing) }), 'm'), 'necessary-message-not-found');
  });
});

describe('RX: selecting the function', () => {
  test('[row RX93x] the device of the request is irrelevant', async () => {
    expect(
      await okValue(
        resolve(message({ device: 'message@1.0', a: 1 }), message({ path: 'a', device: 'test-device@1.0' })),
      ),
    ).toBe(1);
  });
  test('[row RX94x, RX95x] exported keys match in any spelling, as in later states; others are data', async () => {
    const base = message({ device: 'exporting@1.0' });
    expect(await okValue(resolve(base, 'TEST1'))).toBe('Handler-Value');
    await expectError(resolve(base, 'other'), 'not-found');
  });
  test('[row RX96x, RX97x, RX98x] a default takes every key but those it leaves to messages', async () => {
    const base = message({ device: 'excluding@1.0', v: 9 });
    for (const key of ['anything', 'id', 'keys', 'info'])
      expect(await okValue(resolve(base, key))).toBe('Handler-Value');
    expect((await messageOf(resolve(base, message({ path: 'set', k: 1 })))).get('k')).toBe(1);
  });
  test('[row RX99x] a device inherits the keys of messages', async () => {
    expect(await okValue(resolve(message({ device: 'test-device@1.0', a: 5 }), 'a'))).toBe(5);
    expect(await okValue(resolve(message({ device: 'test-device@1.0' }), 'keys'))).toEqual(['device']);
  });
  test('[row RX100x] a device named by an id', async () => {
    await expectError(resolve(message({ device: missing }), 'a'), 'device-not-trusted');
  });
  test('[row RX101x] a message as device has no functions', async () => {
    expect(await okValue(resolve(message({ device: {}, k: 4 }), 'k'))).toBe(4);
  });
  test('[row RX102x] Device is not device', async () => {
    await expectError(resolve(message({ Device: 'test-device@1.0' }), 'test_func'), 'not-found');
  });
  test('[row RX103x] directives as values', async () => {
    expect(await okValue(resolve(message({ a: new Sequence([message({ q: 7 }), 'q']) }), 'a'))).toBe(7);
    expect(await okValue(resolve(message({ a: new As('message@1.0', message({ q: 7 })) }), 'a/q'))).toBe(7);
  });
  test('[row RX104x] a call that waits for itself', async () => {
    const outcome = await resolve(message({ device: 'recursive@1.0' }), 'again');
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'infinite-recursion', status: 508 } });
  });
  test('[row RX105x] private keys', async () => {
    await expectError(resolve(message({ privacy: 1, a: 2 }), 'privacy'), 'not-found');
    expect(library.id(message({ privacy: 1, a: 2 }))).toBe(library.id(message({ a: 2 })));
  });
  test('[row RX106x] undefined, not_found, nothing', async () => {
    expect(await okValue(resolve(message({ a: UNDEFINED }), 'a'))).toBe(UNDEFINED);
    await expectError(resolve(message({ a: NOT_FOUND }), 'a'), 'not-found');
    expect(await okValue(resolve(message({ a: '' }), 'a'))).toBe('');
  });
  test('[row RX107x] empty commitments', async () => {
    expect(await okValue(resolve(message({ commitments: {}, a: 1 }), 'id'))).toBe(
      'Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA',
    );
  });
  test('[row RX108x, RX109x, RX110x] signed requests work (spec 01 §9 row 2)', async () => {
    const wallet = testWallet('rsa4096-1');
    const sign = (path: string) => library.commit(message({ path }), undefined, wallet);
    expect(await okValue(resolve(m1, await sign('id')))).toBe('Fw6WjtgZ_dz5YcW1hMFCwE98adFvWtAOyVbl6K3CrDA');
    const signed = await sign('a');
    expect(await okValue(resolve(m1, signed))).toBe(1);
    const result = await messageOf(resolve(message({ a: { b: 1 } }), signed));
    const sum = library.id(signed, 'all-commitments');
    expect(library.hashpath(result)).toBe(`h35vcqZt1aT8XBh878lO2tUBkTEFev5S22FRdAP05uk/${sum}`);
  });
});

describe('RX: convenience operations', () => {
  const set = async (base: Message, changes: Message) => toNotation(await ao.set(base, changes));
  test('[row RX120x, RX121x] set', async () => {
    expect(await set(m1, message({ b: 2, 'c/d': 3 }))).toEqual({ a: 1, b: 2, c: { d: 3 } });
    expect(await set(message({ a: { x: 1 } }), message({ a: { y: 2 } }))).toEqual({ a: { x: 1, y: 2 } });
  });
  test('[row RX122x] below a literal', async () =>
    await expectThrown(() => ao.set(m1, message({ 'a/b': 2 })), 'bad-key'));
  test('[row RX123x] the root', async () => {
    expect(await set(m1, message({ '/': { z: 1 } }))).toEqual({ a: 1, z: 1 });
    await expectThrown(() => ao.set(m1, message({ '/': 5 })), 'bad-request');
  });
  test('[row RX124x] undefined, unset, reserved', async () => {
    expect(await set(m1, message({ a: UNDEFINED }))).toEqual({ a: 1 });
    expect(await set(m1, message({ a: UNSET }))).toEqual({});
    expect(await set(m1, message({ id: 'x' }))).toEqual({ a: 1 });
  });
  test('[row RX125x] private keys and hashpath are never set', async () => {
    const changed = await ao.set(m1, message({ hashpath: 'x', priv: { q: 1 }, 'priv-x': 1 }));
    expect([...changed.keys()]).toEqual(['a']);
    expect([...(await ao.set(m1, message({ privacy: 2 }))).keys()]).toEqual(['a']);
  });
  test('[row RX126x, RX127x, RX128x, RX129x] devices and paths', async () => {
    expect(await set(m1, message({ device: 'message@1.0', z: 1 }))).toEqual({ a: 1, device: 'message@1.0', z: 1 });
    await expectThrown(() => ao.set(m1, message({ device: 'nope@1.0', z: 1 })), 'device-not-found');
    expect(await set(m1, message({ path: 'x/y' }))).toEqual({ a: 1, path: 'x/y' });
  });
  test('[row RX128x] a device alone is set like any key', async () => {
    const changed = await messageOf(resolve(m1, message({ path: 'set', device: 'nope@1.0' })));
    expect(toNotation(changed)).toEqual({ a: 1, device: 'nope@1.0' });
  });
  test('[row RX130x] lists are replaced as a whole; a path into one makes it a message', async () => {
    expect(await set(message({ a: [1, 2] }), message({ 'a/1': 9 }))).toEqual({ a: { 1: 9, 2: 2 } });
    expect(await set(message({ a: [1, 2] }), message({ a: [3] }))).toEqual({ a: [3] });
    expect(await set(message({ a: { x: 1 } }), message({ a: [3] }))).toEqual({ a: [3] });
  });
  test('[row RX131x] a numbered message grows like a list', async () => {
    expect(await set(numbered([1, 2]), message({ 3: 3 }))).toEqual({ 1: 1, 2: 2, 3: 3 });
  });
  test('[row RX132x] keys', async () => {
    expect(await ao.keys(message({ b: 1, a: 2, priv: 1, path: 3 }))).toEqual(['a', 'b', 'path']);
    expect(await ao.keys([5, 6])).toEqual(['1', '2']);
  });
  test('[row RX133x] the first that is there', async () => {
    expect((await ao.get(m1, 'b')) ?? (await ao.get(message({ b: 2 }), 'b'))).toBe(2);
    expect((await ao.get(m1, 'b')) ?? 'dflt').toBe('dflt');
  });
  test('[row RX134x] remove: the key is no path', async () => {
    const both = message({ a: 1, b: { c: 1 } });
    expect(await notationOf(resolve(both, message({ path: 'remove', item: 'a' })))).toEqual({ b: { c: 1 } });
    expect(await notationOf(resolve(both, message({ path: 'remove', item: 'b/c' })))).toEqual({ a: 1, b: { c: 1 } });
  });
  test('[row RX135x, RX136x] normalised keys', () => {
    expect([atom('a'), 5, ['a', atom('b'), 3]].map(normalizeKey)).toEqual(['a', '5', 'a/b/3']);
    expect(normalizeKey(new Float(1.5))).toBeUndefined();
    expect(toNotation(numbered(['x', 'y']))).toEqual({ 1: 'x', 2: 'y' });
  });
  test('[row RX137x, RX138x] messages as lists', async () => {
    expect(toList(message({ 1: 'a', 2: 'b' }))).toEqual(['a', 'b']);
    expect(toList(message({ 2: 'a', 3: 'b' }))).toEqual(['a', 'b']);
    expect(toList(message({ 0: 'a', 1: 'b', priv: {} }))).toEqual(['a', 'b']);
    await expectThrown(() => toList(message({ 2: 'a', 4: 'b' })), 'bad-key');
    await expectThrown(() => toList(message({ a: 'a' })), 'bad-key');
    expect(isNumbered(message({ 1: 'a', 2: 'b' }))).toBe(true);
    expect(isNumbered(message({ 2: 'b' }))).toBe(false);
    expect(numberedItems(message({ 1: 'a', x: 'c', 2: 'b' }))).toEqual(['a', 'b']);
  });
});
