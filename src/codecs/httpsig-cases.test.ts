/** Cases of the reference's own tests for httpsig outside the matrix (cases-codecs §1.5, §2, §2.1, §7). */
import { describe, expect, test } from 'vitest';
import { cacheWorld, testWallet } from '../../test/support/cache-world.ts';
import { isBinary } from '../core/bytes.ts';
import { commit } from '../core/commit.ts';
import {
  commitmentsOf,
  committerOf,
  everySigner,
  type Selection,
  uncommitted,
  unsignedOnly,
  withOnlyCommitted,
} from '../core/commitments.ts';
import { convert } from '../core/convert.ts';
import type { DialectName } from '../core/dialect.ts';
import type { Environment } from '../core/environment.ts';
import { equal } from '../core/equal.ts';
import { id } from '../core/ids.ts';
import { loadAll } from '../core/links.ts';
import { match } from '../core/match.ts';
import { type Input, isMessage, type Message, message, messageFrom, numbered } from '../core/message.ts';
import { Float, Link, type Value } from '../core/value.ts';
import { signers, verify } from '../core/verify.ts';
import { memoryStore } from '../stores/memory.ts';
import { group } from './httpsig/multipart.ts';
import { toTabm } from './structured.ts';

const first = testWallet('rsa4096-1');
const second = testWallet('rsa4096-2');
const world = (): Environment => cacheWorld(memoryStore()).env;

async function sign(value: Message, env: Environment, details: { readonly [key: string]: Input } = {}, wallet = first) {
  return commit(value, env, message({ 'commitment-device': 'httpsig@1.0', ...details }), wallet);
}

const by = (...committers: readonly string[]): Selection => ({ committers, ids: 'none' });

describe('signatures of several', () => {
  test('[row codecs/1.5/Deep multi-signature, codecs/2/Multi-committed id] both signers verify, in any selection', async () => {
    const env = world();
    const given = message({ data: 'TEST DATA', 'test-key': 'TEST VALUE', body: { 'nested-key': 'NESTED VALUE' } });
    const both = await sign(await sign(given, env), env, {}, second);
    expect(new Set(await signers(both, env))).toEqual(new Set([first.address, second.address]));
    expect(id(both, 'unsigned', env)).not.toBe(id(both, 'signed', env));
    for (const selection of [
      by(),
      by(first.address),
      by(second.address),
      by(first.address, second.address),
      by(second.address, first.address),
      everySigner,
    ]) {
      expect(await verify(both, env, selection)).toBe(true);
    }
    expect(commitmentsOf(both)).toHaveLength(3);
  });

  test('[row codecs/1.5/Nested committed keys] reduced to its committed keys a message is what it was', async () => {
    const env = world();
    const large = new Uint8Array(1024 * 1024 + 1);
    const given = message({ a: 1, b: { c: { d: large } }, e: large });
    const kept = uncommitted(withOnlyCommitted(await sign(given, env)));
    expect(await match(kept, given, env)).toBe(true);
  });
});

test('[row codecs/2/Committed id] signed and unsigned ids differ', async () => {
  const env = world();
  const signed = await sign(message({ basic: 'value' }), env);
  expect(await verify(signed, env)).toBe(true);
  expect(id(signed, 'unsigned', env)).not.toBe(id(signed, 'signed', env));
});

test('[row codecs/2/Secret key] a secret has one signer, and only the secret verifies', async () => {
  const env = world();
  const secret = 'test-secret';
  const signed = await sign(message({ a: '1' }), env, { type: 'hmac-sha256', scheme: 'secret', secret });
  expect(
    commitmentsOf(signed)
      .map(([, one]) => committerOf(one))
      .filter(Boolean),
  ).toHaveLength(1);
  expect(await verify(signed, env, everySigner, message({ secret }))).toBe(true);
  expect(await verify(signed, env, everySigner, message({ secret: 'another' }))).toBe(false);
  expect(await verify(signed, env, everySigner)).toBe(false);
});

test('[row codecs/2/Sign and verify links] a message with nested untyped and typed messages, converted and signed', async () => {
  const env = world();
  const given = message({ a: { b: 'text' }, c: { d: 1, e: new Float(2.5) } });
  const linked = (await convert(given, 'structured@1.0', 'structured@1.0', env)) as Message;
  expect(linked.get('a')).toBeInstanceOf(Link);
  expect(await signers(await sign(linked, env), env)).toEqual([first.address]);
});

test('[row codecs/2/Group maps] a part for every level that has fields, named by its path', () => {
  const env = world();
  const body = message({ b: { x: '10', y: { z: '20' }, foo: { bar: { fizz: 'buzz' } } }, c: { empty: {} } });
  const parts = group(new Map(body.entries()), env);
  const shown = Object.fromEntries([...parts].map(([name, part]) => [name, isBinary(part) ? part : [...part]]));
  expect(shown).toEqual({
    b: [['x', '10']],
    'b/foo/bar': [['fizz', 'buzz']],
    'b/y': [['z', '20']],
    'c/empty': [['ao-types', 'empty-message']],
  });
});

test('[row codecs/2/Encode lazily read] a message with lazy links encodes as the original', async () => {
  const env = world();
  const large = 'x'.repeat(100_000);
  const given = message({ 'immediate-key': 'value', 'typed-key': 4, large });
  const path = await env.cache.write(given);
  const lazy = messageFrom(
    [...given.entries()].map(([key, value]) => [key, key === 'large' ? lazyLink(path, key) : value]),
  );
  for (const one of [given, lazy, (await env.cache.read(path)) as Message]) {
    const decoded = await convert(
      await convert(uncommitted(one), 'httpsig@1.0', 'structured@1.0', env),
      'structured@1.0',
      'httpsig@1.0',
      env,
    );
    expect(await match(uncommitted(decoded as Message), given, env)).toBe(true);
  }
});

const lazyLink = (path: string, key: string): Link => new Link(`${path}/${key}`, true);

describe('links', () => {
  const cases: readonly (readonly [string, Message])[] = [
    ['Offload', message({ a: { b: { c: 'deep' }, d: 'x' }, e: 1 })],
    ['Offload list', message({ 'list-key': [new Float(1), new Float(2), new Float(3)] })],
  ];
  test.each(cases)(
    '[row codecs/7/%s] children written to the store and loaded again are the original',
    async (_, given) => {
      const env = world();
      const tabm = await convert(given, 'tabm', 'structured@1.0', env);
      const back = await loadAll(await convert(tabm, 'structured@1.0', 'tabm', env), env);
      expect(equal(withoutAnyCommitments(back), given)).toBe(true);
    },
  );
});

function withoutAnyCommitments(value: Value): Value {
  if (!isMessage(value)) return value;
  return messageFrom(
    [...value.entries()]
      .filter(([key]) => key !== 'commitments')
      .map(([key, child]) => [key, withoutAnyCommitments(child)]),
  );
}

// ---- what changes of a signed message do to its verification (cases-codecs §2.1) ---------------------------------------------

type Change = (signed: Message, rsa: string) => Message;

/** The signed message with its RSA commitment changed. */
function commitmentWith(changes: { readonly [field: string]: Value | undefined }): Change {
  return (signed, rsa) => {
    const all = signed.get('commitments') as Message;
    const one = (all.get(rsa) as Message).withAll(Object.entries(changes));
    return signed.with('commitments', all.with(rsa, one));
  };
}

function committed(change: (keys: readonly Value[]) => Value): Change {
  return (signed, rsa) => {
    const one = (signed.get('commitments') as Message).get(rsa) as Message;
    return commitmentWith({ committed: change(one.get('committed') as readonly Value[]) })(signed, rsa);
  };
}

async function outcome(
  given: Message,
  change: Change,
  details: { readonly [key: string]: Input } = {},
): Promise<boolean> {
  const env = world();
  const signed = await sign(given, env, details);
  const [rsa] = commitmentsOf(signed).find(([, one]) => committerOf(one) !== undefined)!;
  return verify(change(signed, rsa), env);
}

const plain = message({ a: '1', b: '2' });
const typed = message({ a: '1', n: 1 });
const withChild = message({ a: '1', c: { x: 1 } });

describe('changes to a signed message', () => {
  const changes: readonly (readonly [string, Message, Change, boolean, { readonly [key: string]: Input }?])[] = [
    ['none; key added that is not committed', plain, (one) => one, true],
    ['none; key added that is not committed', plain, (one) => one.with('new', 'x'), true],
    ['none; key added that is not committed', plain, (one) => one.with('new', 5), true],
    ['integer key added when ao-types is committed', typed, (one) => one.with('new', 5), false],
    ['committed value changed or removed', plain, (one) => one.with('a', 'x'), false],
    ['committed value changed or removed', plain, (one) => one.without('a'), false],
    ['typed value replaced by text', typed, (one) => one.with('n', '1'), false],
    ['child inline instead of link', withChild, (one) => one.with('c', message({ x: 1 })), true],
    ['child inline instead of link', withChild, (one) => one.with('c', message({ x: 2 })), false],
    ['bundle flag added or removed', plain, commitmentWith({ bundle: 'true' }), false],
    ['bundle flag added or removed', withChild, commitmentWith({ bundle: undefined }), false, { bundle: true }],
    ['tag or created added', plain, commitmentWith({ tag: 'x' }), false],
    ['tag or created added', plain, commitmentWith({ created: 123 }), false],
    [
      'committed list reordered, plain, with duplicate or unknown key',
      plain,
      committed((keys) => keys.toReversed()),
      true,
    ],
    [
      'committed list reordered, plain, with duplicate or unknown key',
      plain,
      committed((keys) => numbered(keys)),
      true,
    ],
    [
      'committed list reordered, plain, with duplicate or unknown key',
      plain,
      committed((keys) => [...keys, 'a']),
      true,
    ],
    [
      'committed list reordered, plain, with duplicate or unknown key',
      plain,
      committed((keys) => [...keys, 'nope']),
      true,
    ],
    ['committed list shortened', plain, committed((keys) => keys.slice(1)), false],
    ['signature corrupted', plain, commitmentWith({ signature: 'AAAA' }), false],
    ['keyid of another wallet, or not canonical', plain, commitmentWith({ keyid: 'AAAA' }), false],
    ['uncommitted key changed in a subset commitment', plain, (one) => one.with('b', 'x'), true, { committed: ['a'] }],
    ['committer falsified; commitment under another id', plain, commitmentWith({ committer: second.address }), false],
    [
      'committer falsified; commitment under another id',
      plain,
      (one, rsa) => {
        const all = one.get('commitments') as Message;
        const moved = messageFrom(
          [...all.entries()].map(([name, value]) => [name === rsa ? 'A'.repeat(43) : name, value]),
        );
        return one.with('commitments', moved);
      },
      false,
    ],
    ['no commitments at all', plain, (one) => uncommitted(one), true],
  ];
  for (const [title, given, change, expected, details] of changes) {
    test(`[row codecs/2.1/${title}]`, async () => {
      expect(await outcome(given, change, details)).toBe(expected);
    });
  }

  test('[row codecs/2.1/signature in standard base64] is the same signature', async () => {
    const standard: Change = (signed, rsa) => {
      const one = (signed.get('commitments') as Message).get(rsa) as Message;
      const signature = (one.get('signature') as string).replaceAll('-', '+').replaceAll('_', '/');
      return commitmentWith({ signature })(signed, rsa);
    };
    expect(await outcome(plain, standard)).toBe(true);
  });

  test('[row codecs/2.1/HMAC corrupted] only the unsigned selection notices', async () => {
    const env = world();
    const signed = await sign(plain, env);
    const all = signed.get('commitments') as Message;
    const [hmac, one] = commitmentsOf(signed).find(([, each]) => committerOf(each) === undefined)!;
    const corrupted = signed.with('commitments', all.with(hmac, one.with('signature', 'A'.repeat(43))));
    expect(await verify(corrupted, env)).toBe(true);
    expect(await verify(corrupted, env, unsignedOnly)).toBe(false);
  });

  test('[row codecs/2.1/unknown signer requested] is an error', async () => {
    const env = world();
    const signed = await sign(plain, env);
    await expect((async () => verify(signed, env, by(second.address)))()).rejects.toThrow('bad-commitment');
  });

  test('a received content-digest that is not the body’s is refused', async () => {
    const env = world();
    const signed = await sign(message({ body: 'the body' }), env);
    const encoded = (await convert(signed, 'httpsig@1.0', 'structured@1.0', env)) as Message;
    const decode = async (one: Message) => convert(one, 'structured@1.0', 'httpsig@1.0', env);
    expect(await signers((await decode(encoded)) as Message, env)).toEqual([first.address]);
    await expect(decode(encoded.with('body', 'another body'))).rejects.toThrow('bad-signature');
    await expect(decode(encoded.with('content-digest', 'sha-256=:AAAA:'))).rejects.toThrow('bad-signature');
  });

  test('typed values are verified as they were spelt', async () => {
    const env = world();
    const tabm = message({ f: '1.5', l: '1, 2', 'ao-types': 'l="list", f=float' });
    const { commit: commitTabm } = env.codecs.get('httpsig@1.0')!.committer!;
    const signed = await commitTabm(tabm, { type: 'signed', wallet: first }, env);
    const sent = (await convert(signed, 'httpsig@1.0', 'tabm', env)) as Message;
    const received = (await convert(sent, 'structured@1.0', 'httpsig@1.0', env)) as Message;
    expect(equal(received.get('f')!, new Float(1.5))).toBe(true);
    expect(equal(received.get('l')!, [1, 2])).toBe(true);
    expect(await signers(received, env)).toEqual([first.address]);
    await env.cache.write(received);
    const stored = (await env.cache.read(id(received, 'signed', env))) as Message;
    expect(await signers(stored, env)).toEqual([first.address]);
    expect(await signers(received.with('f', new Float(2)), env)).toEqual([]);
    expect((toTabm(received.with('x', 'y').without('commitments'), 'link', env) as Message).get('f')).not.toBe('1.5');
  });
});

// ---- dialects ---------------------------------------------------------------------------------------------------------------

const dialectNames: readonly DialectName[] = ['2025-09', '2025-11', '2026'];
const idKey = '48MuC1RmQNL6R8C0exlGXGU-RckYJdqoKykBcf279gY';

const everyShape: { readonly [name: string]: Message } = {
  flat: message({ a: '1', path: '/x', method: 'GET' }),
  typed: message({ a: 1, f: new Float(0.1), t: true }),
  body: message({ body: 'the body', 'content-type': 'text/plain', k: 'v' }),
  'empty body': message({ body: '', k: 'v' }),
  data: message({ data: 'the data', k: 'v' }),
  'data and body': message({ data: 'the data', body: 'the body', zz: 'v' }),
  'data and a body of parts': message({ data: 'the data', body: { nested: 'x' }, k: 'v' }),
  child: message({ a: '1', c: { x: 1, y: { z: 'deep' } } }),
  'child with a body and a type': message({ m: { body: 'code', 'content-type': 'application/lua' } }),
  list: message({ l: [1, 'two', { three: 3 }] }),
  'id keys': message({ [idKey]: 5, k: 'v' }),
  'long value': message({ long: 'x'.repeat(5000), k: 'v' }),
  'many keys': messageFrom(Array.from({ length: 50 }, (_, i) => [`key-${i}`, i % 2 === 0 ? i : `v${i}`])),
};

/** What one dialect signs every other verifies, in memory and as it is sent. Exceptions have their reason. */
const never: { readonly [shape: string]: string } = {
  'id keys from 2025-09': 'an ao-ids header cannot be mapped back to the keys that were signed (spec 02 §9)',
};

describe('dialects verify each other', () => {
  for (const [shape, given] of Object.entries(everyShape)) {
    for (const from of dialectNames) {
      if (never[`${shape} from ${from}`] !== undefined) continue;
      for (const bundle of [false, true]) {
        test(`${shape}, signed by ${from}${bundle ? ' as a bundle' : ''}`, async () => {
          const origin = cacheWorld(memoryStore(), from).env;
          const signed = await sign(given, origin, bundle ? { bundle } : {});
          expect(await signers(signed, origin)).toEqual([first.address]);
          const sent = await convert(
            signed,
            message({ device: 'httpsig@1.0', bundle: true }),
            'structured@1.0',
            origin,
          );
          for (const to of dialectNames) {
            const there = cacheWorld(memoryStore(), to).env;
            expect(await signers(signed, there), `${to}, in memory`).toEqual([first.address]);
            const received = (await convert(sent, 'structured@1.0', 'httpsig@1.0', there)) as Message;
            expect(await signers(received, there), `${to}, sent`).toEqual([first.address]);
          }
        });
      }
    }
  }
});
