/**
 * What a codec must do (spec/cases-codecs §1): the matrix of cases that every format runs. Messages survive a round trip, keep their ids,
 * and their signatures verify before and after.
 *
 *     codecSuite({ name: 'httpsig@1.0, bundled', device: 'httpsig@1.0', bundle: true });
 *
 * A case that a format cannot run is left out by name with the reason.
 */
import { describe, expect, test } from 'vitest';
import { commit, normalizeCommitments } from '../../src/core/commit.ts';
import {
  committedKeys,
  everySigner,
  uncommitted,
  unsignedOnly,
  withOnlyCommitted,
} from '../../src/core/commitments.ts';
import { convert } from '../../src/core/convert.ts';
import type { Environment } from '../../src/core/environment.ts';
import { id } from '../../src/core/ids.ts';
import { load, loadAll } from '../../src/core/links.ts';
import { type MatchMode, match } from '../../src/core/match.ts';
import { type Input, isMessage, type Message, message, messageFrom } from '../../src/core/message.ts';
import { atom, Float, isList, Link, type Value } from '../../src/core/value.ts';
import { signers, verify } from '../../src/core/verify.ts';
import type { Wallet } from '../../src/core/wallet.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { cacheWorld, testWallet } from '../support/cache-world.ts';

export interface CodecUnderTest {
  /** Shown in the titles. */
  readonly name: string;
  readonly device: string;
  readonly bundle?: boolean;
  /** Key of the main content: `data` for items. */
  readonly mainKey?: 'body' | 'data';
  /** Cases that this codec does not run, by their names, with the reason. */
  readonly without?: { readonly [name: string]: string };
}

/** One case in one format. */
class World {
  readonly env: Environment;
  readonly codec: CodecUnderTest;
  readonly #wallet = testWallet();

  constructor(codec: CodecUnderTest) {
    this.codec = codec;
    this.env = cacheWorld(memoryStore()).env;
  }

  format(bundle = this.codec.bundle): Message {
    return message({ device: this.codec.device, bundle });
  }

  async encode(value: Value): Promise<Value> {
    return convert(value, this.format(), 'structured@1.0', this.env);
  }

  async decode(encoded: Value): Promise<Value> {
    return convert(encoded, 'structured@1.0', this.format(), this.env);
  }

  async trip<T extends Value>(value: T): Promise<T> {
    return (await this.decode(await this.encode(value))) as T;
  }

  async sign(
    value: Message,
    details: { readonly [key: string]: Input } = {},
    wallet: Wallet = this.#wallet,
  ): Promise<Message> {
    const request = message({ 'commitment-device': this.codec.device, bundle: this.codec.bundle, ...details });
    return commit(value, this.env, request, wallet);
  }

  async verifies(value: Message): Promise<void> {
    expect(await signers(value, this.env)).not.toEqual([]);
    expect(await verify(value, this.env)).toBe(true);
  }

  /** Everything under a message that has to be there, loaded. */
  async loaded(value: Value): Promise<Message> {
    return (await loadAll(value, this.env)) as Message;
  }

  async child(value: Message, key: string): Promise<Message> {
    return (await load(value.get(key)!, this.env)) as Message;
  }

  async same(a: Value, b: Value, mode: MatchMode = 'strict'): Promise<void> {
    const [x, y] = [onlySignatures(await loadAll(a, this.env)), onlySignatures(await loadAll(b, this.env))];
    expect(await match(x, y, this.env, mode)).toBe(true);
  }

  /** The round trip gives back the message. */
  async survives(value: Message): Promise<void> {
    await this.same(await this.trip(value), value);
  }

  /** Signed, and signed after a round trip, it verifies; the round trip changes nothing. */
  async survivesSigned(value: Message, details: { readonly [key: string]: Input } = {}): Promise<Message> {
    const signed = await this.sign(value, details);
    await this.verifies(signed);
    const decoded = await this.trip(signed);
    await this.verifies(decoded);
    await this.same(decoded, signed);
    return decoded;
  }
}

/** The value without unsigned commitments, at any depth: they come and go with formats and stores. */
function onlySignatures(value: Value): Value {
  if (isList(value)) return value.map(onlySignatures);
  if (!isMessage(value)) return value;
  return messageFrom(
    [...value.entries()].flatMap(([key, child]): (readonly [string, Value])[] => {
      if (key !== 'commitments') return [[key, onlySignatures(child)]];
      const signatures = (child as Message).filter((_, one) => isMessage(one) && one.has('committer'));
      return signatures.size === 0 ? [] : [[key, signatures]];
    }),
  );
}

type Case = (world: World) => Promise<void>;

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 151 + seed * 77 + 11) % 256);
const name43 = (seed: number): string => bytes(32, seed).toBase64({ alphabet: 'base64url', omitPadding: true });
const floats = (...values: number[]): Input => values.map((value) => new Float(value));

const basic: { readonly [name: string]: Case } = {
  'Binary to binary': async (world) => {
    expect(await world.trip('THIS IS A BINARY, NOT A NORMAL MESSAGE')).toBe('THIS IS A BINARY, NOT A NORMAL MESSAGE');
  },
  Match: (world) => world.survives(message({ a: 1, b: 2 })),
  'Basic encode/decode': (world) => world.survives(message({ normal_key: 'NORMAL_VALUE' })),
  'Priv survives conversion': async (world) => {
    const given = message({ data: 'TEST_DATA', priv: { test_key: 'TEST_VALUE' } });
    const decoded = await world.trip(given);
    await world.same(decoded, given);
    expect((decoded.get('priv') as Message).get('test_key')).toBe('TEST_VALUE');
  },
  'Message with body': (world) => world.survives(message({ body: 'NORMAL_VALUE', 'test-key': 'Test-Value' })),
  'Large keys': (world) =>
    world.survives(
      message({
        'normal-key': 'x',
        'large-key': zeros(1025),
        'another-large-key': zeros(1025),
        'another-normal-key': 'y',
      }),
    ),
  'Atom parsing': (world) => world.survives(message({ highly_unusual_http_header: atom('highly_unusual_value') })),
  'Integer parsing': (world) => world.survives(message({ integer_field: 1234567890 })),
  'Unsigned id': async (world) => {
    const given = message({ data: 'TEST_DATA' });
    expect(id(await world.trip(given), 'unsigned', world.env)).toBe(id(given, 'unsigned', world.env));
  },
};

function balances(count: number): Message {
  return messageFrom(Array.from({ length: count }, (_, i) => [name43(i), (i * 7919 * 104_729) % 1e15] as const));
}

const nested: { readonly [name: string]: Case } = {
  'Simple nested': (world) => world.survives(message({ a: '1', nested: { b: '1' }, c: '3' })),
  'Embedded list': (world) => world.survives(message({ list: ['value-1', 'value-2', 'value-3'] })),
  'Nested empty map': (world) => world.survives(message({ body: { 'empty-map-test': {} } })),
  'Empty body': async (world) => {
    const signed = await world.sign(message({ body: '' }));
    await world.same(await world.trip(signed), signed);
  },
  'Nested typed': (world) => world.survives(message({ a: { b: 1 } })),
  'Single layer': (world) =>
    world.survives(
      message({ anchor: bytes(32, 1), target: bytes(32, 2), data: 'DATA', 'special-key': 'SPECIAL_VALUE' }),
    ),
  'Nested body list': (world) =>
    world.survives(message({ body: [1, 2, 3].map((n) => ({ 'test-key': `TEST VALUE #${n}` })) })),
  'Nested strings': (world) => world.survives(message({ dev: { stderr: 'aa', stdin: 'b', stdout: 'c' } })),
  'Deep typed id': async (world) => {
    const given = complex();
    expect(id(await world.trip(given), 'unsigned', world.env)).toBe(id(given, 'unsigned', world.env));
  },
  'Small balance table': async (world) => world.same(uncommitted(await world.trip(balances(5))), balances(5)),
  'Large balance table': async (world) => world.same(uncommitted(await world.trip(balances(1000))), balances(1000)),
  'Normalise commitments': async (world) => {
    const given = message({ a: 1, b: { c: 2, d: { e: 3, f: { g: 4 } } } });
    const normal = (await normalizeCommitments(given, world.env)) as Message;
    let level: Value | undefined = normal;
    for (const key of ['b', 'd', 'f', '']) {
      expect((level as Message).has('commitments')).toBe(true);
      level = (level as Message).get(key);
    }
    expect(await verify(normal, world.env, unsignedOnly)).toBe(true);
  },
};

function complex(): Message {
  return message({ data: 'TEST DATA', 'deep-data': { data: 'DEEP DATA', 'complex-key': 1337, list: [1, 2, 3] } });
}

const signed: { readonly [name: string]: Case } = {
  'Sign, encode, decode, verify': async (world) => {
    await world.survivesSigned(message({ 'test-1': '1', 'test-2': '2', 'test-3': '3', 'test-4': '4', 'test-5': '5' }));
  },
  'Specific order': async (world) => {
    const given = message({ 'key-1': 'v1', 'key-2': 'v2', 'key-3': 'v3' });
    await world.verifies(await world.sign(given, { committed: ['key-3', 'key-1', 'key-2'] }));
  },
  'Specific order, nested': async (world) => {
    const given = message({
      'key-1': 'v1',
      'key-2': { body: [1, 2] },
      'key-3': 'v3',
      'key-4': { body: [3, 4] },
      'key-5': 'v5',
    });
    await world.verifies(await world.sign(given, { committed: ['key-3', 'key-5', 'key-1', 'key-2', 'key-4'] }));
  },
  'Only committed `data`': async (world) => {
    const one = await world.sign(message({ data: 'DATA' }));
    const kept = withOnlyCommitted(one);
    await world.same(kept, one);
    await world.verifies(kept);
  },
  'Simple nested signed': async (world) => {
    const one = await world.sign(message({ a: '1', nested: { b: '1' }, c: '3' }));
    await world.verifies(one);
    const decoded = await world.trip(one);
    await world.same(uncommitted(one), uncommitted(decoded), 'primary');
    await world.verifies(decoded);
  },
  'Nested signed child': async (world) => {
    const child = await world.sign(message({ 'inner-b': '2', 'inner-list': [1, 2, 3] }));
    const outer = message({ 'outer-a': '1', inner: child });
    await world.env.cache.write(outer);
    const decoded = await world.trip(outer);
    await world.same(uncommittedDeep(outer), uncommittedDeep(await world.loaded(decoded)), 'primary');
    expect(await verify(decoded, world.env)).toBe(true);
    await world.verifies(await world.child(decoded, 'inner'));
  },
  'Committed keys': async (world) => {
    const one = await world.sign(message({ a: 1, b: 2, c: 3 }));
    await world.verifies(one);
    const keys = committedKeys(one.with('bad-key', 'BAD VALUE'), everySigner);
    expect(keys).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect(keys).not.toContain('bad-key');
  },
  'Committed empty values': async (world) => {
    const one = await world.sign(message({ very: '', exciting: {}, values: [], 'non-empty': 'TEST' }));
    await world.verifies(one);
    const keys = committedKeys(one, everySigner);
    expect(keys).toEqual(expect.arrayContaining(['very', 'exciting', 'values', 'non-empty']));
  },
  'Signed list': async (world) => {
    await world.survivesSigned(message({ 'key-with-list': floats(1, 2, 3) }));
  },
  'Node message': async (world) => {
    await world.survivesSigned(configuration());
  },
  'Complex signed': async (world) => {
    await world.survivesSigned(complex());
  },
  'Nested large keys': (world) =>
    world.survives(message({ a: '1', long_data: zeros(1025), nested: { b: '1' }, c: '3' })),
  'Nested complex signed': async (world) => {
    const inner = await world.sign(
      message({
        type: 'Message',
        function: 'fac',
        parameters: { a: 1 },
        'content-type': 'application/html',
        body: '<html>\n<h1>Hello, multiline message</h1>\n</html>',
      }),
    );
    await world.verifies(inner);
    await world.verifies(await world.loaded(inner));
    const outer = await world.sign(message({ path: 'schedule', method: 'POST', body: inner }));
    await world.verifies(outer);
    const decoded = await world.trip(outer);
    await world.verifies(decoded);
    await world.same(uncommittedDeep(await world.loaded(decoded)), uncommittedDeep(await world.loaded(outer)));
    const body = await world.child(decoded, 'body');
    await world.verifies(body);
    await world.verifies(await world.loaded(body));
  },
};

/** Without the commitments of any level: whether they are equal is a question of the formats. */
function uncommittedDeep(value: Message): Message {
  const strip = (item: Value): Value =>
    isMessage(item)
      ? messageFrom(
          [...item.entries()].filter(([key]) => key !== 'commitments').map(([key, child]) => [key, strip(child)]),
        )
      : isList(item)
        ? item.map(strip)
        : item;
  return strip(value) as Message;
}

/** A message like a node's configuration: many keys, nested and typed. */
function configuration(): Message {
  return message({
    ...Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`option-${i}`, i % 3 === 0 ? i : `value ${i}`])),
    http_extra_opts: { force_message: true, cache_control: ['always'] },
    preloaded_devices: [
      { name: 'message@1.0', module: atom('dev_message') },
      { name: 'meta@1.0', module: atom('dev_meta') },
    ],
    port: 8734,
    debug_print: false,
    rate: new Float(0.25),
    on: { request: { device: 'auth-hook@1.0', path: 'request' } },
  });
}

const complexCases: { readonly [name: string]: Case } = {
  'Large keys and content': (world) =>
    world.survives(
      message({
        'depth-1': 'small',
        'large-1': zeros(2048),
        'large-2': zeros(2048),
        'depth-2': 'small',
        [mainKey(world)]: 'BODY TEXT',
      }),
    ),
  'Nested large content': (world) =>
    world.survives(
      message({
        depth: 'outer',
        [mainKey(world)]: {
          map_item: { depth: 'inner', large_data_inner: zeros(1025) },
          large_data_outer: zeros(1025),
        },
      }),
    ),
  'Deeply nested content': (world) => {
    const key = mainKey(world);
    const inner = { depth: 'inner', [key]: { depth: 'deep', [key]: 'DEEPEST TEXT' } };
    return world.survives(message({ depth: 'outer', [key]: { depth: 'middle', map_item: inner } }));
  },
  'Deeply nested only content': (world) => {
    const key = mainKey(world);
    return world.survives(message({ depth1: 'outer', [key]: { [key]: { [key]: 'depth2-body' } } }));
  },
  'Signed deep': async (world) => {
    const given = message({
      'test-key': 'TEST VALUE',
      body: { 'nested-1': { body: 'NESTED BODY', 'nested-2': 'NESTED-2' }, 'nested-3': 'NESTED-3' },
    });
    const one = await world.sign(await world.trip(given));
    await world.verifies(one);
    const again = await world.trip(one);
    await world.verifies(again);
    await world.same(again, one);
  },
  'Signed nested data key': async (world) => {
    const given = message({ 'outer-data': 'outer', body: { 'inner-data': 'inner', data: 'DATA' } });
    const one = await world.sign(given);
    await world.same(given, uncommittedDeep(await world.loaded(await world.trip(one))), 'primary');
  },
  Hashpath: async (world) => {
    const hashpath = `${name43(1)}/${name43(2)}`;
    const decoded = await world.survivesSigned(
      message({ data: 'TEST DATA', body: { key: 'value' }, priv: { hashpath } }),
    );
    expect(await verify(decoded, world.env)).toBe(true);
  },
  'Derived components': async (world) => {
    await world.survivesSigned(
      message({
        path: '/test',
        authority: 'example.com',
        scheme: 'https',
        method: 'GET',
        'target-uri': '/test',
        'request-target': '/test',
        status: '200',
        'reason-phrase': 'OK',
        body: 'TEST_DATA',
        'content-digest': 'TEST_DIGEST',
        normal: 'hello',
      }),
    );
  },
  'Large body committed': async (world) => {
    const encoded = await world.trip(message({ a: 1, b: 2, c: { d: zeros(1024 * 1024 + 1) } }));
    const keys = committedKeys((await world.sign(encoded)).with('bad-key', 'BAD VALUE'), everySigner);
    expect(keys).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect(keys).not.toContain('bad-key');
  },
  'Inner signed': async (world) => {
    const inner = await world.sign(message({ c: 'abc', e: 5 }));
    const extended =
      world.codec.device === 'httpsig@1.0' ? inner.with('f', 'not-signed').with('g', 'not-signed') : inner;
    const outer = await world.sign(message({ a: 1, inner: extended }));
    const decoded = await world.trip(outer);
    for (const one of [outer, decoded]) {
      await world.verifies(one);
      const kept = withOnlyCommitted(await world.child(one, 'inner'));
      await world.same(kept, inner, 'primary');
      await world.verifies(kept);
    }
  },
  'Recursive list': (world) => {
    const three = (make: () => Input): Input => [make(), make(), make()];
    return world.survives(message({ body: three(() => three(() => three(() => 'text'))) }));
  },
  'Sign links': async (world) => {
    await world.verifies(await world.sign(message({ 'immediate-key': 'value', 'submap+link': name43(3) })));
  },
  'Id of linked message': async (world) => {
    const given = message({ 'immediate-key': 'value', 'link-key': new Link(name43(4)) });
    expect(id(await world.trip(given), 'unsigned', world.env)).toBe(id(given, 'unsigned', world.env));
  },
  'Sign lazily read message': async (world) => {
    const given = message({
      'immediate-key': 'value',
      'link-key': { 'immediate-key-2': 'v', 'link-key-2': { deep: 'v' } },
    });
    const read = (await world.env.cache.read(await world.env.cache.write(given))) as Message;
    const one = await world.sign(uncommitted(read));
    for (const [key, value] of one.entries()) if (key !== 'commitments') expect(isMessage(value)).toBe(false);
    await world.verifies(one);
  },
  'Id deep = id linked': async (world) => {
    const given = message({
      'immediate-key': 'value',
      'link-key': { 'immediate-key-2': 'v', 'link-key-2': { deep: 'v' } },
    });
    const linked = await convert(given, 'structured@1.0', 'structured@1.0', world.env);
    expect(id(linked, 'unsigned', world.env)).toBe(id(given, 'unsigned', world.env));
  },
  'Non-bundle is bundlable': async (world) => {
    const given = message({ target: name43(5), type: 'Message', function: 'fac', parameters: floats(5) });
    const one = await world.sign(given, { bundle: false });
    const decoded = await world.trip(one);
    await world.verifies(decoded);
    await world.same(decoded, one);
  },
  'Bundled ordering': async (world) => {
    const given = message({
      a: '1',
      b: '2',
      'b-2': { nested: { n: 2 } },
      c: '3',
      'c-2': { nested: { n: 3 } },
      d: '4',
    });
    const one = await world.sign(given, { committed: ['a', 'b', 'b-2', 'c', 'c-2', 'd'] });
    const decoded = await world.trip(one);
    await world.same(uncommittedDeep(await world.loaded(decoded)), given, 'primary');
    await world.verifies(decoded);
  },
  'Codec round trip idempotent': async (world) => {
    for (const given of await threeMessages(world)) {
      const first = await world.trip(given);
      const second = await world.trip(first);
      const third = await world.trip(second);
      await world.same(second, first);
      await world.same(third, first);
    }
  },
  'Bundled/un-bundled ids differ': async (world) => {
    const given = message({ 'immediate-key': 'value', nested: { 'immediate-key-2': 'value-2' } });
    const ids = await Promise.all(
      [false, true].map(async (bundle) => {
        const type = world.codec.device === 'ans104@1.0' ? 'signed' : 'unsigned';
        const one = await world.sign(given, { bundle, type });
        return (one.get('commitments') as Message).keys()[0];
      }),
    );
    expect(ids[0]).not.toBe(ids[1]);
  },
  'TABM conversion idempotent': async (world) => {
    for (const given of await threeMessages(world)) {
      const tabm = await convert(given, 'tabm', 'structured@1.0', world.env);
      const twice = await convert(tabm, 'tabm', 'structured@1.0', world.env);
      await world.same(twice, tabm);
      const rich = await convert(tabm, 'structured@1.0', 'tabm', world.env);
      await world.same(await convert(rich, 'structured@1.0', 'tabm', world.env), rich);
    }
  },
};

async function threeMessages(world: World): Promise<readonly Message[]> {
  const simple = message({ a: '1', b: 2 });
  const inner = await world.sign(
    message({ body: 'inner body', 'content-type': 'text/plain', nested: { n: 1 }, other: 'x' }),
  );
  return [simple, inner, message({ outer: 'value', inner })];
}

function mainKey(world: World): 'body' | 'data' {
  return world.codec.mainKey ?? 'body';
}

const sections: { readonly [section: string]: { readonly [name: string]: Case } } = {
  '1.1': basic,
  '1.2': nested,
  '1.3': signed,
  '1.4': complexCases,
};

export function codecSuite(codec: CodecUnderTest): void {
  describe(`codec matrix: ${codec.name}`, () => {
    // The cases stand in the order of the rows MVS01…MVS54 of the core cases, which name the same tests.
    let number = 0;
    for (const [section, cases] of Object.entries(sections)) {
      for (const [name, run] of Object.entries(cases)) {
        const row = `MVS${String(++number).padStart(2, '0')}`;
        if (codec.without?.[name] !== undefined) continue;
        test(`[row codecs/${section}/${name}, ${row}] ${codec.name}`, () => run(new World(codec)));
      }
    }
  });
}

/** Cases of formats that keep children as links. */
export const needsLinks: { readonly [name: string]: string } = {
  'Sign links': 'a bundle holds its children, and the target does not exist',
  'Id of linked message': 'a bundle holds its children, and the target does not exist',
  'Sign lazily read message': 'a bundle holds its children',
};

/** Cases of bundles. */
export const needsBundle: { readonly [name: string]: string } = {
  'Non-bundle is bundlable': 'about bundles',
  'Bundled ordering': 'about bundles',
  'Bundled/un-bundled ids differ': 'about bundles',
};
