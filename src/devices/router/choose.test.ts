import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Message, message } from '../../core/message.ts';
import { bigId, type Choice, chooseNodes, ringDistance } from './choose.ts';
import { routeTarget, targetUri } from './target.ts';

/** A seeded generator: the tests are about distributions, and must not depend on luck. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const idOf = (seed: string): string =>
  sha256(new TextEncoder().encode(seed)).toBase64({ alphabet: 'base64url', omitPadding: true });

const nodes = (count: number): readonly Message[] =>
  Array.from({ length: count }, (_, i) =>
    message({ prefix: `https://${i}`, wallet: idOf(`node ${i}`), weight: i + 1 }),
  );

const choice = (strategy: string, count: number, more: Partial<Choice> = {}): Choice => ({
  strategy,
  count,
  base: bigId(idOf('base'))!,
  routeBy: undefined,
  random: seeded(7),
  ...more,
});

describe('choosing nodes', () => {
  test('[row node/router/weighted_random_strategy] the lighter of two nodes is chosen rarely, but is', () => {
    const two = [message({ weight: 1 }), message({ weight: 99 })];
    const random = seeded(1);
    let first = 0;
    for (let i = 0; i < 1_000; i++) if (chooseNodes(two, choice('By-Weight', 1, { random }))[0] === two[0]) first++;
    expect(first / 1_000).toBeLessThan(0.05);
    expect(first / 1_000).toBeGreaterThanOrEqual(0.0001);
  });

  for (const strategy of ['Random', 'By-Base', 'Nearest', 'random', 'by_base']) {
    test(`[row node/router/strategy_suite ${strategy}] distinct nodes, evenly`, () => {
      const five = nodes(5);
      const random = seeded(2);
      const hits = new Map<unknown, number>();
      const rounds = 1_500;
      for (let i = 0; i < rounds; i++) {
        const base = bigId(idOf(`base ${i}`))!;
        const chosen = chooseNodes(five, choice(strategy, 5, { base, random }));
        expect(new Set(chosen).size).toBe(5);
        const one = chooseNodes(five, choice(strategy, 1, { base, random }))[0];
        hits.set(one, (hits.get(one) ?? 0) + 1);
      }
      // Five points on a ring own unequal arcs, so only the hashed strategies spread evenly.
      if (strategy !== 'Nearest') {
        const sigma = Math.sqrt(rounds * 0.2 * 0.8);
        for (const count of hits.values()) expect(Math.abs(count - rounds / 5)).toBeLessThan(4 * sigma);
      }
      expect(hits.size).toBe(5);
    });
  }

  test('[row node/router/by_base_determinism] the same base goes to the same nodes', () => {
    const five = nodes(5);
    for (let i = 0; i < 100; i++) {
      const base = bigId(idOf(`id ${i}`))!;
      const [a, b] = [seeded(i), seeded(i + 1)].map((random) =>
        chooseNodes(five, choice('By-Base', 2, { base, random })),
      );
      expect(a).toEqual(b);
    }
  });

  test('ring distance goes the shorter way', () => {
    expect(ringDistance(1n, (1n << 256n) - 1n)).toBe(2n);
    expect(ringDistance(5n, 3n)).toBe(2n);
    expect(ringDistance(undefined, 3n)).toBe(1n << 256n);
  });

  test('Nearest-Integer, Range and Shuffled-X', () => {
    const ranges = [
      message({ center: 5, min: 0, max: 9 }),
      message({ center: 15, min: 10, max: 19 }),
      message({ name: 'no position' }),
    ];
    expect(chooseNodes(ranges, choice('Nearest-Integer', 2, { routeBy: 12 }))).toEqual([ranges[1], ranges[0]]);
    expect(chooseNodes(ranges, choice('Range', 3, { routeBy: 12 }))).toEqual([ranges[1]]);
    expect(chooseNodes(ranges, choice('Range', 3))).toEqual([]);
    const shuffled = chooseNodes(nodes(20), choice('Shuffled-All', 1));
    expect(new Set(shuffled).size).toBe(20);
  });
});

describe('addresses', () => {
  const asked = { path: '/arweave/tx/1', routeBy: undefined, sha256, random: seeded(3) };
  const uri = (node: object): string | undefined => targetUri(routeTarget(message({ node: node as Message }), asked));

  test('prefix, suffix, match and with, uri', () => {
    expect(uri({ prefix: 'https://a' })).toBe('https://a/arweave/tx/1');
    expect(uri({ suffix: '/x' })).toBe('/arweave/tx/1/x');
    expect(uri({ match: '^/arweave', with: 'https://arweave.net' })).toBe('https://arweave.net/tx/1');
    expect(uri({ match: '^/(\\w+)/(\\w+)', with: 'http://\\1.$0.\\2' })).toBe('http://arweave.$0.tx/1');
    expect(uri({ uri: 'https://fixed' })).toBe('https://fixed');
  });

  test('a route with several nodes keeps them, each with its address', () => {
    const route = message({ nodes: [{ prefix: 'http://a' }, { prefix: 'http://b' }] });
    const target = routeTarget(route, asked) as Message;
    expect((target.get('nodes') as Message[]).map(targetUri)).toEqual([
      'http://a/arweave/tx/1',
      'http://b/arweave/tx/1',
    ]);
  });

  test('no nodes, no target', () => {
    expect(routeTarget(message({ nodes: [], strategy: 'Random' }), asked)).toBeUndefined();
    expect(routeTarget(message({ nodes: [{ min: 5, max: 6 }], strategy: 'Range' }), asked)).toBeUndefined();
  });
});
